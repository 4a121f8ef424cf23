"""Photos over HTTP: sent to a folder of ours and to a bucket, shown in every size."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from litestar import Litestar
from msgspec.structs import replace
from PIL import Image

from app.config import Settings
from app.http.state import RUNTIME
from app.properties.photos.service import MAX_BYTES
from jobs import tasks
from tests.http.conftest import client_of, serving
from tests.http.test_sessions import Device, register
from tests.journeys import operations as op
from tests.pictures.test_squares import picture
from tests.schema.face import gid
from tests.support.drain import drain
from tests.support.s3 import S3
from tests.support.world import add_property

FILES = "https://cdn.roost.example"
PHOTO = picture(size=(1_500, 1_000))
SHOWN = """query ($id: ID!) { property(id: $id) {
  photos { id width height placeholder url small: url(size: SMALL) medium: url(size: MEDIUM) }
  photoUploads { status failure photo { id } } } }"""


@pytest.fixture
async def remote(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Litestar]:
    """The API with a bucket for its pictures."""
    s3 = S3()
    s3.start()
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    settings = replace(settings, storage_url=s3.storage_url, storage_public_url=FILES)
    async with serving(settings) as app:
        app.state["s3"] = s3
        yield app
    s3.stop()


class Host:
    """A host with a property, at an API."""

    def __init__(self, api: Litestar) -> None:
        self.api = api
        self.runtime = api.state[RUNTIME]

    async def begin(self, name: str) -> None:
        tasks.load()
        client = client_of(self.api)
        await register(client, name)
        self.device = Device(client, "phone")
        await self.device.sign_in(name)
        (row,) = await self._rows("SELECT id FROM users")
        self.place = await add_property(self.runtime.db, row.id)
        self.id = gid("Property", self.place)

    async def _rows(self, sql: str) -> Any:
        async with self.runtime.db.read() as connection:
            return list(await connection.exec_driver_sql(sql))

    async def ask(self, query: str, **variables: Any) -> Any:
        answer = await self.device.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def request(self, size: int) -> Any:
        file = {"contentType": "image/jpeg", "size": size}
        found = await self.ask(op.CREATE_PHOTO_UPLOADS, propertyId=self.id, files=[file])
        return found["createPhotoUploads"]["requests"][0]

    async def complete(self, request: Any) -> Any:
        ids = [request["upload"]["id"]]
        return (await self.ask(op.COMPLETE_PHOTO_UPLOADS, ids=ids))["completePhotoUploads"]

    async def shown(self) -> Any:
        return (await self.ask(SHOWN, id=self.id))["property"]


@pytest.fixture
async def host(api: Litestar) -> Host:
    host = Host(api)
    await host.begin("hedy")
    return host


async def put(
    client: httpx2.AsyncClient, request: Any, raw: bytes, **query: str
) -> httpx2.Response:
    headers = {each["name"]: each["value"] for each in request["headers"]}
    parts = urlsplit(request["uploadUrl"])
    asked = dict(each.split("=") for each in parts.query.split("&")) | query
    return await client.request(
        request["method"], parts.path, params=asked, headers=headers, content=raw
    )


async def test_a_photo_in_a_folder(host: Host, client: httpx2.AsyncClient) -> None:
    request = await host.request(len(PHOTO))
    assert request["uploadUrl"].startswith("http://localhost:8000/uploads/")
    # Whoever has the address can send it; nobody is signed in here.
    assert (await put(client, request, PHOTO)).status_code == 204
    completed = await host.complete(request)
    assert completed["uploads"] == [{"id": request["upload"]["id"], "status": "PROCESSING"}]
    before = await host.shown()
    assert (len(before["photos"]), len(before["photoUploads"])) == (1, 1)
    await drain(host.runtime, skip="notifications")
    after = await host.shown()
    assert after["photoUploads"] == []
    photo = after["photos"][1]
    assert (photo["width"], photo["height"], len(photo["placeholder"])) == (1_500, 1_000, 28)
    for name, width in (("small", 480), ("medium", 1_080), ("url", 1_500)):
        answer = await client.get(urlsplit(photo[name]).path)
        assert answer.headers["content-type"] == "image/webp"
        assert "immutable" in answer.headers["cache-control"]
        assert Image.open(BytesIO(answer.content)).width == width
    # What was not sent here has one size.
    assert after["photos"][0]["small"] == after["photos"][0]["url"]


async def test_a_photo_in_a_bucket(remote: Litestar) -> None:
    s3: S3 = remote.state["s3"]
    host = Host(remote)
    await host.begin("hedy")
    request = await host.request(len(PHOTO))
    async with httpx2.AsyncClient(trust_env=False) as browser:
        headers = {each["name"]: each["value"] for each in request["headers"]}
        sent = await browser.put(request["uploadUrl"], content=PHOTO, headers=headers)
        assert sent.status_code == 200, sent.text
    s3.is_down = True
    answer = await host.device.ask(op.COMPLETE_PHOTO_UPLOADS, ids=[request["upload"]["id"]])
    assert answer["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    s3.is_down = False
    await host.complete(request)
    await drain(host.runtime, skip="notifications")
    photo = (await host.shown())["photos"][1]
    assert photo["url"].startswith(f"{FILES}/photos/")
    assert {each.split("/")[0] for each in s3.files} == {"photos"}
    assert len(s3.files) == 3
    assert s3.headers[photo["small"].removeprefix(f"{FILES}/")]["content-type"] == "image/webp"
    # Files are sent to the bucket, not here; and a person's picture lies there, too.
    here = await host.device.client.put(
        "/uploads/a", params={"size": 1, "expires": 1, "signature": "a"}, content=b"1"
    )
    assert here.status_code == 404
    answer = await host.device.client.put("/me/picture", content=PHOTO, headers=host.device.bearer)
    assert answer.json()["pictureUrl"].startswith(f"{FILES}/people/")


async def test_what_an_address_does_not_take(host: Host, client: httpx2.AsyncClient) -> None:
    request = await host.request(5)
    for raw in (b"", b"1234", b"123456", bytes(1_000_000)):
        answer = await put(client, request, raw)
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_USER_INPUT")
    refused = await put(client, request, bytes(MAX_BYTES + 1))
    assert (refused.status_code, refused.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    for change in ({"size": "6"}, {"expires": "9999999999"}, {"signature": "0" * 64}):
        answer = await put(client, request, b"123456"[: int(change.get("size", 5))], **change)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    nothing = await host.complete(request)
    assert (nothing["__typename"], nothing["code"]) == ("InvalidInputError", "INVALID_INPUT")
    assert (await put(client, request, b"12345")).status_code == 204
    await host.complete(request)
    await drain(host.runtime, skip="notifications")
    [upload] = (await host.shown())["photoUploads"]
    assert upload == {"status": "FAILED", "failure": "UNREADABLE", "photo": None}
    # What is waiting to be looked at is nobody's to see.
    assert (
        await client.get(f"/media/.uploads/{urlsplit(request['uploadUrl']).path[9:]}")
    ).status_code == 404
