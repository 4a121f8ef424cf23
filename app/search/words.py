"""Words that people type, as a query of PostgreSQL's full-text search.

A word matches words that begin with it. One that begins no word of any published place is taken
for a slip, and matches the known words that are most like it (by trigrams).
"""

from collections.abc import Sequence

from sqlalchemy import ARRAY, Text, bindparam, func, select

from app.errors import Invalid
from db.statements import Reader, Statement

MAX_TEXT = 200
MAX_WORDS = 8

_MEANT: Statement[str] = Statement(
    lambda query: query,
    lambda: select(func.search_query(func.unnest(bindparam("words", type_=ARRAY(Text))))),
)


async def query(reader: Reader, text: str | None) -> str | None:
    """What a text asks for: all of its words. None for one without any. Raises Invalid."""
    words = split(text)
    if not words:
        return None
    return " & ".join(f"({each})" for each in await _MEANT.fetch(reader, words=words))


def split(text: str | None) -> Sequence[str]:
    """The words of a text that have letters or digits. Raises Invalid for what is no text."""
    found = searchable(text, "text").split()
    return [each for each in found if any(map(str.isalnum, each))][:MAX_WORDS]


def searchable(text: str | None, field: str) -> str:
    """The text, empty for None. Raises Invalid for one that PostgreSQL would not take."""
    text = text or ""
    if len(text) > MAX_TEXT:
        raise Invalid(f"At most {MAX_TEXT} characters are possible.", field=field)
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Invalid("This text has characters that cannot be searched for.", field=field)
    return text
