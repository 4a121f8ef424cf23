"""Words as people type them: accents, slips of the keyboard, signs that mean something in SQL."""

import pytest
from sqlalchemy import update

from app.search.filters import Filter
from app.search.pages import search
from app.search.sorts import Sort
from db.models import Property
from db.session import Database
from tests.search.slow_model import FEES
from tests.support.world import NOW, add_host, add_property

HOUSE = {
    "title": "Blaues Häuschen am Fluß",
    "description": "Quiet garden with a fireplace, 5-minute walk to the harbour.",
    "city": "Évora",
}
FINDS = [
    # Part of a word, accents, whatever case, all three texts, all words.
    "blau hauschen",
    "HÄUSCHEN evora",
    "fireplace",
    "fire harb",
    "fluss",
    "5-minute",
    # One letter wrong, missing, doubled, swapped.
    "gerden",
    "fireplce",
    "harrbour",
    "gardne",
    "gerden evorra",
    # Without letters or digits: nothing is asked.
    "  % _ \\ ' & | ! ( ) : *",
]
DOES_NOT_FIND = ["garage", "quiet pool", "gar'|'pool", "xyz", "gard:*&!quiet", "qui'et"]


@pytest.mark.parametrize(("texts", "expected"), [(FINDS, True), (DOES_NOT_FIND, False)])
async def test_finds_what_was_meant(db: Database, texts: list[str], expected: bool) -> None:
    key = await add_property(db, await add_host(db), **HOUSE)
    for text in texts:
        page = await search(db, Filter(text=text), Sort.NEWEST, 5, None, NOW, FEES)
        found = [edge.property.id for edge in page.edges]
        assert found == ([key] if expected else []), text


async def test_knows_the_words_of_what_is_published(db: Database) -> None:
    """Of a draft neither the words nor slips of them tell anything; later edits are learnt."""
    key = await add_property(db, await add_host(db), **HOUSE, status="UNPUBLISHED")

    async def finds(text: str) -> bool:
        page = await search(db, Filter(text=text), Sort.NEWEST, 5, None, NOW, FEES)
        return bool(page.edges)

    assert not await finds("gerden")
    for values, text in (
        ({"status": "PUBLISHED"}, "gerden"),
        ({"title": "Orangerie"}, "ornagerie"),
        ({"city": "Beja", "description": "A lighthouse."}, "lighthoose beja"),
    ):
        async with db.transaction() as session:
            await session.execute(update(Property).where(Property.id == key).values(**values))
        assert await finds(text), text
    assert not await finds("garden")
