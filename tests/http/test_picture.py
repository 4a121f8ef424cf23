"""A person's picture over HTTP: uploaded, shown, replaced, taken away, and its files with it."""

from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from litestar import Litestar
from msgspec.structs import replace

from app.config import Settings
from app.errors import NotFound
from app.http.state import RUNTIME
from app.identity import pictures
from app.identity.pictures import MAX_BYTES
from app.ids import new_id
from app.storage.opening import open_storage
from db.session import Database
from jobs import tasks
from tests.http.test_sessions import Device, register
from tests.pictures.test_squares import picture
from tests.support.drain import drain

PICTURE = "{ viewer { pictureUrl small: pictureUrl(size: SMALL) } }"
PATH = "/me/picture"


@pytest.fixture
async def ada(client: httpx2.AsyncClient) -> Device:
    tasks.load()
    await register(client, "ada")
    device = Device(client, "phone")
    await device.sign_in("ada")
    return device


async def upload(device: Device, raw: bytes, **headers: str) -> httpx2.Response:
    return await device.client.put(
        PATH, content=raw, headers=device.bearer | {"content-type": "image/jpeg"} | headers
    )


def kept(settings: Settings) -> set[str]:
    folder = settings.media_dir / "people"
    return {each.name for each in folder.iterdir()} if folder.exists() else set()


async def drained(api: Litestar, within: timedelta = timedelta(0)) -> None:
    await drain(api.state[RUNTIME], within=within, skip="notifications")


async def fetched(device: Device, url: str) -> httpx2.Response:
    return await device.client.get(url.removeprefix("http://localhost:8000"))


async def test_a_picture_is_shown_in_two_sizes(ada: Device) -> None:
    answer = await upload(ada, picture(size=(900, 600)))
    assert answer.status_code == 200, answer.text
    shown = (await ada.ask(PICTURE))["data"]["viewer"]
    assert answer.json() == {
        "pictureUrl": shown["pictureUrl"],
        "smallPictureUrl": shown["small"],
    }
    for url in shown.values():
        found = await fetched(ada, url)
        assert found.status_code == 200
        assert found.headers["content-type"] == "image/jpeg"
    assert (await ada.refresh()).json()["user"]["pictureUrl"] == shown["pictureUrl"]


async def test_the_files_of_the_one_before_go(
    ada: Device, api: Litestar, settings: Settings
) -> None:
    first = (await upload(ada, picture())).json()["pictureUrl"]
    second = (await upload(ada, picture("PNG"))).json()["pictureUrl"]
    assert first != second
    assert len(kept(settings)) == 4
    # Also what was noted before each upload, an hour later.
    await drained(api, timedelta(hours=2))
    assert len(kept(settings)) == 2
    assert (await fetched(ada, first)).status_code == 404
    assert (await fetched(ada, second)).status_code == 200
    for _ in range(2):
        answer = await ada.client.delete(PATH, headers=ada.bearer)
        assert answer.status_code == 204
    await drained(api)
    assert kept(settings) == set()
    assert (await ada.ask(PICTURE))["data"]["viewer"] == {"pictureUrl": None, "small": None}


async def test_an_upload_that_never_ended_leaves_no_file(
    ada: Device,
    api: Litestar,
    settings: Settings,
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def crash(*_: object) -> None:
        raise RuntimeError("the process died here")

    monkeypatch.setattr(pictures, "replace", crash)
    assert (await upload(ada, picture())).status_code == 500
    assert len(kept(settings)) == 2
    await drained(api)
    assert len(kept(settings)) == 2
    await drained(api, timedelta(hours=2))
    assert kept(settings) == set()


@pytest.mark.parametrize(
    "raw", [b"", b"no picture", picture()[:300], picture(size=(100, 100))], ids=len
)
async def test_what_is_no_picture_changes_nothing(
    ada: Device, settings: Settings, raw: bytes
) -> None:
    answer = await upload(ada, raw)
    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_USER_INPUT")
    assert kept(settings) == set()
    assert (await ada.ask(PICTURE))["data"]["viewer"]["pictureUrl"] is None


async def test_its_content_tells_what_it_is(ada: Device) -> None:
    answer = await upload(ada, picture("WEBP"), **{"content-type": "text/html"})
    assert answer.status_code == 200


async def test_a_large_file_is_refused_before_it_is_read(ada: Device) -> None:
    answer = await upload(ada, bytes(MAX_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_only_one_s_own_and_not_too_often(ada: Device) -> None:
    for method in ("PUT", "DELETE"):
        answer = await ada.client.request(method, PATH)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    statuses = [(await upload(ada, b"")).status_code for _ in range(25)]
    assert statuses == [400] * 20 + [429] * 5


async def test_what_was_not_uploaded_here_is_left_alone(
    ada: Device, db: Database, settings: Settings, tmp_path: Path
) -> None:
    folder = open_storage(replace(settings, media_dir=tmp_path))
    (tmp_path / "people").mkdir()
    (tmp_path / "keep.jpg").write_bytes(b"")
    for url in (
        "https://pictures.example/a-512.jpg",
        "/media/demo/people/maria.svg",
        "/media/people/../keep.jpg",
    ):
        assert pictures.small(url) == url
        await pictures.drop_unused(db, folder, new_id(), url)
    assert (tmp_path / "keep.jpg").exists()
    async with db.transaction() as session:
        with pytest.raises(NotFound):
            await pictures.replace(session, new_id(), None)
