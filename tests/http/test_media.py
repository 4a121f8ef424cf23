"""Pictures from a folder, and nothing but what lies in it."""

import os
from pathlib import Path

import httpx2
import pytest

from app.config import Settings
from app.http.media import locate

JPEG = b"\xff\xd8\xff\xe0 not really"


@pytest.fixture
def folder(settings: Settings) -> Path:
    """The media folder, with a picture, a hidden file, and a secret beside it."""
    root = settings.media_dir
    (root / "lisbon").mkdir(parents=True)
    (root / "lisbon" / "flat 1.jpg").write_bytes(JPEG)
    (root / ".hidden").write_text("hidden")
    (root / "page.html").write_text("<script>alert(1)</script>")
    (root.parent / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(root.parent / "secret.txt")
    os.mkfifo(root / "pipe")
    return root


async def test_a_picture(client: httpx2.AsyncClient, folder: Path) -> None:
    answer = await client.get("/media/lisbon/flat%201.jpg")
    assert answer.status_code == 200
    assert answer.content == JPEG
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"].startswith("public, max-age=")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    again = await client.get(
        "/media/lisbon/flat%201.jpg", headers={"if-none-match": answer.headers["etag"]}
    )
    assert again.status_code == 304
    assert again.content == b""
    head = await client.head("/media/lisbon/flat%201.jpg")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(JPEG))


async def test_what_never_changes_is_not_asked_about_again(
    client: httpx2.AsyncClient, settings: Settings
) -> None:
    for path, is_immutable in (("photos/a.webp", True), ("demo/photos/a.webp", False)):
        file = settings.media_dir / path
        file.parent.mkdir(parents=True)
        file.write_bytes(b"RIFF")
        answer = await client.get(f"/media/{path}")
        assert ("immutable" in answer.headers["cache-control"]) == is_immutable
        assert answer.headers["content-type"] == "image/webp"


async def test_a_page_among_the_pictures_can_do_nothing(
    client: httpx2.AsyncClient, folder: Path
) -> None:
    headers = (await client.get("/media/page.html")).headers
    assert not headers["content-type"].startswith("text/html")
    assert "sandbox" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "nothing.jpg",
        "lisbon",
        "lisbon/",
        ".hidden",
        "link.txt",
        "pipe",
        "../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "lisbon/..%2f..%2fsecret.txt",
        "lisbon/%2e%2e/%2e%2e/secret.txt",
        "..%5csecret.txt",
        "%2fetc%2fpasswd",
        "//etc/passwd",
        "%00",
        "lisbon/flat%201.jpg%00",
        "C:/x",
        "a" * 5_000,
        "a/" * 2_000,
        "%ff",
    ],
)
async def test_everything_else_is_not_there(
    client: httpx2.AsyncClient, folder: Path, path: str
) -> None:
    for method in ("GET", "HEAD"):
        answer = await client.request(method, f"/media/{path}")
        assert answer.status_code == 404, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["../secret.txt", "/../secret.txt", "lisbon/../../secret.txt"])
def test_no_path_leads_out_of_the_folder(folder: Path, path: str) -> None:
    assert locate(folder, path) is None
    assert locate(folder, "/lisbon/flat 1.jpg") is not None
    assert locate(folder / "nowhere", "flat 1.jpg") is None
