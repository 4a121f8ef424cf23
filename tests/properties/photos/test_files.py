"""The names of photos' files."""

import pytest

from app.properties.photos import files
from app.properties.photos.files import PhotoSize

NAME = "0123456789abcdef" * 2
PATH = f"/media/photos/{NAME}-1920.webp"


def test_one_path_tells_all_files() -> None:
    assert files.path_of(NAME) == PATH
    assert files.sized(PATH, PhotoSize.SMALL) == f"/media/photos/{NAME}-480.webp"
    assert files.sized(PATH, PhotoSize.LARGE) == PATH
    assert files.keys(PATH) == [f"photos/{NAME}-{side}.webp" for side in (480, 1080, 1920)]
    assert files.original(PATH) == f".uploads/{NAME}"


@pytest.mark.parametrize(
    "path",
    [
        "https://pictures.example/a-1920.webp",
        "/media/demo/1.svg",
        f"/media/people/{NAME}-1920.webp",
        f"/media/photos/../{NAME}-1920.webp",
        f"/media/photos/{NAME}-1920.webp/..",
        "/media/photos/-1920.webp",
    ],
)
def test_what_was_not_uploaded_has_one_size_and_no_files(path: str) -> None:
    assert [files.sized(path, size) for size in PhotoSize] == [path] * 3
    assert files.keys(path) == []
