"""The files of a photo: one for each size, and what the host has sent. Pure.

A row knows a photo by the path of its largest file.
"""

import re
from enum import StrEnum

from app.storage import PHOTOS, PREFIX, UPLOADS

MEDIA_TYPE = "image/webp"


class PhotoSize(StrEnum):
    SMALL = "SMALL"
    MEDIUM = "MEDIUM"
    LARGE = "LARGE"


# Pixels of the longer side, at most.
SIDES = {PhotoSize.SMALL: 480, PhotoSize.MEDIUM: 1080, PhotoSize.LARGE: 1920}
_ENDINGS = {size: f"-{side}.webp" for size, side in SIDES.items()}
_LARGEST = _ENDINGS[PhotoSize.LARGE]
# How the paths of uploaded photos begin.
UPLOADED = PREFIX + PHOTOS
_OURS = re.compile(rf"{UPLOADED}([0-9a-f]{{32}}){re.escape(_LARGEST)}")


def path_of(name: str) -> str:
    """What a row knows the photo by whose files have this name."""
    return f"{UPLOADED}{name}{_LARGEST}"


def sized(path: str, size: PhotoSize) -> str:
    """The path of another size; what was not uploaded here has one size only."""
    found = _OURS.fullmatch(path)
    return path.removesuffix(_LARGEST) + _ENDINGS[size] if found else path


def keys(path: str) -> list[str]:
    """The storage's keys of all sizes, smallest first; none for what was not uploaded here."""
    found = _OURS.fullmatch(path)
    return [f"{PHOTOS}{found[1]}{_ENDINGS[size]}" for size in SIDES] if found else []


def original(path: str) -> str:
    """The key of what the host sends for a photo that is to have this path."""
    return UPLOADS + path.removeprefix(UPLOADED).removesuffix(_LARGEST)
