"""How names are compared: without accents, case and punctuation."""

import re
import unicodedata

# Letters that no decomposition takes apart.
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ə": "a"}
)
BETWEEN_WORDS = re.compile(r"[\W_]+")
# "L'Aquila" and "St. John's" are typed with and without.
WITHIN_WORDS = re.compile(r"['’ʻʼ`.]")


def fold(name: str) -> str:
    """The name as it is compared: `São  Tomé` → `sao tome`. Folding twice changes nothing."""
    name = WITHIN_WORDS.sub("", name)
    if not name.isascii():
        parts = unicodedata.normalize("NFKD", name.casefold())
        name = "".join(part for part in parts if not unicodedata.combining(part))
        name = unicodedata.normalize("NFC", name).translate(LETTERS)
    return BETWEEN_WORDS.sub(" ", name.lower()).strip()
