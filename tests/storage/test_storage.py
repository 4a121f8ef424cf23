"""Files in a folder and in a bucket: the same promises, kept by each in its way."""

import os
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from msgspec.structs import replace

from app import clock
from app.config import Settings, SettingsError
from app.errors import Forbidden, Invalid, NotFound, Unavailable
from app.storage import UPLOADS, Storage, bucket
from app.storage.folder import DRAFTS, Folder, Signed
from app.storage.opening import open_storage
from tests.support.s3 import S3

KEY, UPLOAD = "photos/" + "a" * 32 + "-480.webp", UPLOADS + "one"
FILES = "https://cdn.roost.example/pictures"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    s3 = S3()
    s3.start()
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    yield s3
    s3.stop()


@pytest.fixture
def folder(settings: Settings) -> Folder:
    made = open_storage(settings)
    assert isinstance(made, Folder)
    return made


@pytest.fixture
def remote(s3: S3, settings: Settings) -> Storage:
    return open_storage(
        replace(settings, storage_url=s3.storage_url, storage_public_url=FILES + "/")
    )


@pytest.fixture(params=["folder", "remote"])
def storage(request: pytest.FixtureRequest) -> Storage:
    made: Storage = request.getfixturevalue(request.param)
    return made


async def test_what_is_put_is_there_until_it_is_removed(storage: Storage) -> None:
    assert await storage.size(KEY) is None
    for content in (b"one", b"another"):
        await storage.put(KEY, content, "image/webp")
        assert await storage.read(KEY) == content
        assert await storage.size(KEY) == len(content)
    await storage.put(UPLOAD, b"", "image/webp")
    for _ in range(2):
        await storage.remove(KEY, UPLOAD, "photos/none")
    assert await storage.size(KEY) is None
    assert await storage.size(UPLOAD) is None
    with pytest.raises(NotFound):
        await storage.read(KEY)


async def test_a_bucket_says_what_it_has_and_for_how_long(s3: S3, remote: Storage) -> None:
    await remote.put(KEY, b"webp", "image/webp")
    assert s3.files == {KEY: b"webp"}
    assert s3.headers[KEY]["content-type"] == "image/webp"
    assert s3.headers[KEY]["cache-control"].endswith("immutable")


async def test_addresses(folder: Folder, remote: Storage) -> None:
    elsewhere, demo = "https://pictures.example/a.jpg", "/media/demo/1.svg"
    assert folder.address(f"/media/{KEY}") == f"http://localhost:8000/media/{KEY}"
    assert remote.address(f"/media/{KEY}") == f"{FILES}/{KEY}"
    for storage in (folder, remote):
        assert storage.address(elsewhere) == elsewhere
        assert storage.address(demo) == f"http://localhost:8000{demo}"


async def test_a_presigned_request_puts_one_file_for_a_while(s3: S3, remote: Storage) -> None:
    upload = await remote.upload(UPLOAD, 4, "image/png", clock.now() + MINUTE)
    async with httpx2.AsyncClient() as client:

        async def put(url: str) -> int:
            answer = await client.put(url, content=b"\x89PNG", headers=dict(upload.headers))
            return answer.status_code

        assert await put(upload.url) == 200
        assert await remote.read(UPLOAD) == b"\x89PNG"
        assert await put(upload.url.replace("one", "two")) == 403
        assert await put(upload.url.split("?")[0]) == 403
        s3.ahead = 2 * MINUTE
        assert await put(upload.url) == 403
    assert set(s3.files) == {UPLOAD}


async def test_wrong_credentials_and_outages_are_said(
    s3: S3, settings: Settings, remote: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    monkeypatch.setattr(bucket, "TRIES", 0)
    stranger = open_storage(replace(settings, storage_url=s3.storage_url, storage_public_url=FILES))
    for storage, is_down in ((stranger, False), (stranger, True)):
        s3.is_down = is_down
        for attempt in (
            storage.put(KEY, b"", "image/webp"),
            storage.size(KEY),
            storage.read(KEY),
            storage.remove(KEY),
        ):
            with pytest.raises(Unavailable):
                await attempt
    s3.is_down = False
    await remote.put(KEY, b"", "image/webp")


@pytest.mark.parametrize(
    ("url", "files"),
    [
        ("https://s3.example/bucket", FILES),
        ("s3:///pictures", FILES),
        ("s3://bucket?key=secret", FILES),
        ("s3://bucket", ""),
    ],
)
def test_what_is_no_bucket_is_refused(settings: Settings, url: str, files: str) -> None:
    with pytest.raises(SettingsError, match="STORAGE"):
        open_storage(replace(settings, storage_url=url, storage_public_url=files))


async def sent(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def signed(folder: Folder, size: int = 6, name: str = "one") -> Signed:
    upload = await folder.upload(UPLOADS + name, size, "image/png", clock.now() + MINUTE)
    parts = urlsplit(upload.url)
    query = {key: value for key, [value] in parse_qs(parts.query).items()}
    assert parts.path == f"/uploads/{name}"
    return Signed(
        name=name,
        size=int(query["size"]),
        expires=int(query["expires"]),
        signature=query["signature"],
    )


async def test_a_signed_address_takes_one_file_for_a_while(folder: Folder) -> None:
    address = await signed(folder)
    for content in (b"abc", b"xyz"):
        await folder.receive(address, sent(content, b"def"), clock.now())
        assert await folder.read(UPLOAD) == content + b"def"
    for other in (
        replace(address, name="two"),
        replace(address, size=7),
        replace(address, expires=address.expires + 60),
        replace(address, signature="0" * 64),
        replace(address, signature="ä"),
    ):
        with pytest.raises(Forbidden, match="not an address"):
            await folder.receive(other, sent(b"abcdef!"[: other.size]), clock.now())
    with pytest.raises(Forbidden, match="expired"):
        await folder.receive(address, sent(b"abcdef"), clock.now() + MINUTE)
    assert await folder.read(UPLOAD) == b"xyzdef"


@pytest.mark.parametrize("chunks", [(), (b"abc",), (b"abcdef", b"g"), (b"x" * 1_000_000,)])
async def test_of_another_size_nothing_is_kept(
    folder: Folder, settings: Settings, chunks: tuple[bytes, ...]
) -> None:
    with pytest.raises(Invalid, match="6 bytes"):
        await folder.receive(await signed(folder), sent(*chunks), clock.now())
    assert not [each for each in settings.media_dir.rglob("*") if each.is_file()]


async def test_what_a_crash_left_goes_after_a_day(folder: Folder, settings: Settings) -> None:
    drafts = settings.media_dir / DRAFTS
    drafts.mkdir(parents=True)
    for name, hours in (("old", 25), ("new", 23)):
        (drafts / name).write_bytes(b"abc")
        then = time.time() - hours * 3600
        os.utime(drafts / name, (then, then))
    await folder.remove(UPLOAD)
    assert [each.name for each in drafts.iterdir()] == ["new"]


async def test_older_keys_still_verify(settings: Settings, folder: Folder) -> None:
    address = await signed(folder)
    rotated = replace(settings, auth_signing_keys=("new", *settings.auth_signing_keys))
    storage = open_storage(rotated)
    assert isinstance(storage, Folder)
    await storage.receive(address, sent(b"abcdef"), clock.now())
    dropped = open_storage(replace(settings, auth_signing_keys=("new",)))
    assert isinstance(dropped, Folder)
    with pytest.raises(Forbidden):
        await dropped.receive(address, sent(b"abcdef"), clock.now())


@pytest.mark.parametrize("key", ["../outside", "/etc/hostname", "photos/../../outside"])
async def test_nothing_outside_the_folder(folder: Folder, tmp_path: Path, key: str) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    await folder.remove(key)
    assert (tmp_path / "outside").exists()
    for attempt in (folder.size(key), folder.read(key), folder.put(key, b"", "image/webp")):
        with pytest.raises(NotFound):
            await attempt
