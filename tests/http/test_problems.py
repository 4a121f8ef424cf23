"""Bad input of any kind gets a clear, typed error and changes nothing."""

from typing import Any

import httpx2
import msgspec
import pytest
from litestar import Litestar, get
from sqlalchemy import func, select

from app.config import Settings, SettingsError
from app.errors import Conflict, Forbidden, NotFound, Unavailable
from app.main import create_app
from db.models import OutboxMessage, User
from db.session import Database
from tests.http.conftest import client_of, serving

JSON = {"content-type": "application/json"}

MALFORMED = {
    "empty": b"",
    "null": b"null",
    "text": b'"x"',
    "number": b"1",
    "huge number": b"1e999",
    "long number": b"9" * 10_000,
    "not a number": b"NaN",
    "list": b"[]",
    "object cut off": b'{"login": "a"',
    "two documents": b"{}{}",
    "not UTF-8": b"\xff\xfe",
    "not UTF-8 inside": b'{"login": "\xff", "password": "b"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"login": "a", "password": "b"}'.encode("utf-16"),
    "half a surrogate pair": b'{"login": "\\ud800", "password": "b"}',
    "deeply nested lists": b"[" * 16_000,
    "deeply nested objects": b'{"a":' * 3_000,
    "nested in a field": b'{"login": ' + b"[" * 10_000,
    "wrong type": b'{"login": 1, "password": []}',
    "missing": b'{"login": "a"}',
    "unknown": b'{"login": "a", "password": "b", "admin": true}',
    "snake case": b'{"log_in": "a", "password": "b"}',
    "too long": b'{"login": "' + b"a" * 255 + b'", "password": "b"}',
}


def is_problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """The answer's problem, complete and of this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["code"]
    assert problem["type"]
    return problem


@pytest.mark.parametrize("path", ["/auth/login", "/auth/register", "/auth/refresh"])
async def test_malformed_bodies(client: httpx2.AsyncClient, path: str) -> None:
    # Whoever has the cookie may refresh without saying more.
    optional = {"empty", "null"} if path == "/auth/refresh" else set()
    for name in MALFORMED.keys() - optional:
        answer = await client.post(path, content=MALFORMED[name], headers=JSON)
        problem = is_problem(answer, 400)
        assert problem["code"] == "BAD_USER_INPUT", name
        assert problem["detail"], name


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@example.com\u0000"}, "email"),
        ({"username": "a b"}, "username"),
        ({"username": "\u0000\u0000\u0000"}, "username"),
        ({"password": "password123"}, "password"),
        ({"password": "short"}, "password"),
        ({"password": "a" * 257}, "password"),
        ({"firstName": "\u0000"}, "firstName"),
        ({"lastName": ""}, "lastName"),
        ({"lastName": "a\nb\u0007"}, "lastName"),
        ({"lastName": None}, "lastName"),
    ],
)
async def test_the_wrong_input_is_named(
    client: httpx2.AsyncClient, db: Database, change: dict[str, str], field: str
) -> None:
    body = {
        "email": "a@example.com",
        "username": "ada",
        "password": "gravel otter lamp",
        "firstName": "Ada",
        "lastName": "Lovelace",
    }
    problem = is_problem(await client.post("/auth/register", json=body | change), 400)
    assert [each["field"] for each in problem["errors"]] == [field]
    assert all(each["message"] for each in problem["errors"])
    assert "otter" not in str(problem)
    async with db.read() as connection:
        for model in (User, OutboxMessage):
            found = await connection.execute(select(func.count()).select_from(model))
            assert found.scalar_one() == 0


@pytest.mark.parametrize(
    "media",
    [
        b"",
        b"text/plain",
        b"multipart/form-data; boundary=x",
        b"application/x-www-form-urlencoded",
        b"application/x-msgpack",
        b"application/jsonp",
        b"\xff",
        b";" * 1_000,
    ],
)
async def test_other_bodies_are_not_guessed_at(client: httpx2.AsyncClient, media: bytes) -> None:
    answer = await client.post("/auth/login", content=b"{}", headers={b"content-type": media})
    assert is_problem(answer, 415)["code"] == "UNSUPPORTED_MEDIA_TYPE"


async def test_a_chunked_body_counts_too(client: httpx2.AsyncClient) -> None:
    async def chunks(count: int) -> Any:
        for _ in range(count):
            yield b" " * 1_024

    many = await client.post("/auth/login", content=chunks(17), headers=JSON)
    assert is_problem(many, 413)["code"] == "PAYLOAD_TOO_LARGE"
    is_problem(await client.post("/auth/login", content=chunks(2), headers=JSON), 400)
    is_problem(await client.post("/auth/login", content=chunks(2)), 415)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nothing", 404),
        ("POST", "/nothing/at/all", 404),
        ("GET", "/auth", 404),
        ("GET", "/health", 404),
        ("GET", "/docs/nothing", 404),
        ("GET", "/" + "a" * 8_000, 404),
        ("GET", "/%00", 404),
        ("GET", "/media/%00", 404),
        ("GET", "/media/%ff%fe", 404),
        ("GET", "/auth/login", 405),
        ("DELETE", "/auth/login", 405),
        ("PATCH", "/webhooks/stripe", 405),
        ("POST", "/health/live", 405),
        ("PUT", "/media/a.jpg", 405),
        ("BREW", "/auth/login", 405),
    ],
)
async def test_wrong_routes_and_methods(
    client: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    is_problem(answer, status)
    if status == 405:
        assert answer.headers["allow"]
    assert answer.headers["x-request-id"]


async def test_every_answer_is_hardened(client: httpx2.AsyncClient) -> None:
    for path in ("/health/live", "/nothing", "/auth/login"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("x"), 404, "NOT_FOUND"),
        (Forbidden("x"), 403, "FORBIDDEN"),
        (Conflict("x"), 409, "CONFLICT"),
        (Unavailable("x"), 503, "SERVICE_UNAVAILABLE"),
        (ValueError("a secret"), 500, "INTERNAL_SERVER_ERROR"),
        (KeyError("a secret"), 500, "INTERNAL_SERVER_ERROR"),
        (ConnectionRefusedError("a secret"), 503, "SERVICE_UNAVAILABLE"),
        (TimeoutError("a secret"), 503, "SERVICE_UNAVAILABLE"),
    ],
)
async def test_errors_become_problems_and_faults_are_masked(
    api: Litestar,
    client: httpx2.AsyncClient,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    code: str,
) -> None:
    @get("/boom")
    async def boom() -> None:
        raise error

    api.register(boom)
    answer = await client.get("/boom", headers={"x-request-id": "trace-1"})
    problem = is_problem(answer, status)
    assert problem["code"] == code
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] == "trace-1"
    if status == 503:
        assert answer.headers["retry-after"] == "5"
    if "secret" in str(error):
        assert problem["errorId"] in caplog.text
        assert "a secret" in caplog.text


async def test_without_postgresql_the_answer_is_503(settings: Settings) -> None:
    away = msgspec.structs.replace(settings, database_url="postgresql://x@127.0.0.1:9/x")
    async with serving(away) as app, client_of(app) as client:
        body = {"login": "ada", "password": "gravel otter lamp"}
        problem = is_problem(await client.post("/auth/login", json=body), 503)
        assert problem["errorId"]


def test_origins_are_named(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="WEB_ORIGINS"):
        create_app(msgspec.structs.replace(settings, web_origins=("*",)))
