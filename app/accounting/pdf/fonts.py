"""Fonts that documents are set in: one for most, and one for each script that it lacks.

A character that no font has is written in Latin letters: names may look foreign, never empty.
"""

from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from unicodedata import category

from anyascii import anyascii
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

FOLDER = Path(__file__).with_name("fonts")
REGULAR, BOLD = FOLDER / "NotoSans-Regular.ttf", FOLDER / "NotoSans-Bold.ttf"
# In this order: a character is set in the first that has it.
OTHERS = (
    "NotoSansArabic-Regular",
    "NotoSansHebrew-Regular",
    "NotoSansArmenian-Regular",
    "NotoSansGeorgian-Regular",
    "NotoSansDevanagari-Regular",
    "NotoSansThai-Regular",
    # Chinese, Japanese and Korean.
    "DroidSansFallback",
)
# Marks that a text's order is told by; fonts need not have them.
INVISIBLE = frozenset("\u200c\u200d\u200e\u200f")


def path(name: str) -> Path:
    """Where a font lies."""
    return FOLDER / f"{name}.ttf"


@cache
def characters(font: Path) -> frozenset[str]:
    """What a font has."""
    with TTFont(font, lazy=True) as opened:
        return frozenset(map(chr, opened.getBestCmap()))


def needed(texts: Iterable[str]) -> list[str]:
    """Which of the other fonts texts are set in, besides the one for most."""
    left = set().union(*texts) - characters(REGULAR) - INVISIBLE
    found: list[str] = []
    for name in OTHERS:
        if left & characters(path(name)):
            found.append(name)
            left -= characters(path(name))
        if not left:
            break
    return found


def printable(text: str) -> str:
    """The text in characters that there are fonts for; whatever breaks lines is a blank."""
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character in INVISIBLE:
        return character
    # Blanks, and what fonts have without showing it: ends of lines and the like.
    if category(character)[0] in "ZC":
        return " "
    if character in characters(REGULAR) or _is_known(character):
        return character
    latin = anyascii(character)
    # Pictures have names between colons, which say nothing on paper.
    return "" if latin.startswith(":") else latin


def _is_known(character: str) -> bool:
    fonts: Collection[Path] = [path(name) for name in OTHERS]
    return any(character in characters(font) for font in fonts)
