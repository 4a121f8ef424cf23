"""Sign-in over HTTP: what clients send and get, cookies, and who may use them."""

from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest
from litestar import Litestar
from sqlalchemy import select, update

from app import clock
from app.config import Environment, Settings
from app.identity import tokens
from db.models import SignInSession, User
from db.session import Database
from schema import ids
from tests.http.conftest import client_of, serving

ADA = {
    "email": "ada@example.com",
    "username": "ada",
    "password": "gravel otter lamp",
    "firstName": "Ada",
    "lastName": "Lovelace",
}
LOGIN = {"login": "ada", "password": "gravel otter lamp"}
EVE = "https://eve.example"


@pytest.fixture
async def signed_in(client: httpx2.AsyncClient) -> dict[str, Any]:
    """Ada's first sign-in; the client has the cookie."""
    assert (await client.post("/auth/register", json=ADA)).status_code == 201
    answer = await client.post("/auth/login", json=LOGIN)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_taken_username_is_a_typed_conflict(client: httpx2.AsyncClient) -> None:
    await client.post("/auth/register", json=ADA)
    answer = await client.post("/auth/register", json=ADA | {"email": "b@example.com"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:roost:problem:username-taken",
        "title": "Username taken",
        "status": 409,
        "code": "USERNAME_TAKEN",
        "detail": "This username is taken.",
    }


async def test_login_answers_what_clients_count_on(
    signed_in: dict[str, Any], client: httpx2.AsyncClient, settings: Settings, db: Database
) -> None:
    assert set(signed_in) == {"accessToken", "expiresIn", "refreshToken", "user"}
    assert signed_in["expiresIn"] == 600
    async with db.read() as connection:
        user_id = (await connection.execute(select(User.id))).scalar_one()
    user = signed_in["user"]
    # One person, one id, in a client's cache.
    assert user["id"] == ids.encode("User", user_id)
    assert user["email"] == "ada@example.com"
    assert user["isHost"] is False
    assert "password" not in str(user).lower()
    actor = tokens.authenticate(
        f"Bearer {signed_in['accessToken']}", tokens.load_keys(settings), clock.now()
    )
    assert actor.user_id == user_id
    answer = await client.post(
        "/graphql",
        json={"query": "{ viewer { id email username } }"},
        headers={"authorization": f"Bearer {signed_in['accessToken']}"},
    )
    assert answer.json()["data"]["viewer"] == {
        key: user[key] for key in ("id", "email", "username")
    }


async def test_the_cookie_is_for_this_server_alone(client: httpx2.AsyncClient) -> None:
    await client.post("/auth/register", json=ADA)
    answer = await client.post("/auth/login", json=LOGIN)
    cookie = answer.headers["set-cookie"].lower()
    assert answer.json()["refreshToken"].lower() in cookie
    for part in ("httponly", "samesite=lax", "path=/auth", "max-age=2592000"):
        assert part in cookie
    assert "secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"


async def test_in_production_the_cookie_needs_https(settings: Settings) -> None:
    production = msgspec.structs.replace(
        settings, roost_env=Environment.PRODUCTION, public_url="https://api.roost.example"
    )
    async with serving(production) as app, client_of(app) as client:
        await client.post("/auth/register", json=ADA)
        answer = await client.post("/auth/login", json=LOGIN)
        assert "; secure" in answer.headers["set-cookie"].lower()
        assert "max-age" in answer.headers["strict-transport-security"]
        for page in ("/docs", "/docs/", "/docs/nothing", "/graphql"):
            answer = await client.get(page, headers={"accept": "text/html"})
            assert "html" not in answer.headers["content-type"], page


@pytest.mark.parametrize("password", ["gravel otter lamq", "", "x" * 1_024])
async def test_refused_logins_are_alike(
    signed_in: dict[str, Any], client: httpx2.AsyncClient, password: str
) -> None:
    wrong = await client.post("/auth/login", json={"login": "ada", "password": password})
    unknown = await client.post("/auth/login", json={"login": "eve", "password": password})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["code"] == "SIGN_IN_REFUSED"
    assert wrong.headers["www-authenticate"] == "Bearer"
    assert "set-cookie" not in wrong.headers


async def test_refresh_by_body_or_by_cookie(
    signed_in: dict[str, Any], client: httpx2.AsyncClient
) -> None:
    by_cookie = await client.post("/auth/refresh")
    assert by_cookie.status_code == 200
    assert by_cookie.json()["refreshToken"] != signed_in["refreshToken"]
    assert by_cookie.json()["user"] == signed_in["user"]
    token = by_cookie.json()["refreshToken"]
    client.cookies.clear()
    by_body = await client.post("/auth/refresh", json={"refreshToken": token})
    assert by_body.status_code == 200
    # That answer set a cookie again, and `{}` and null leave the choice to it.
    assert (await client.post("/auth/refresh", json={})).status_code == 200
    assert (await client.post("/auth/refresh", json={"refreshToken": None})).status_code == 200


async def test_without_any_token_there_is_nothing_to_refresh(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/auth/refresh")
    assert answer.status_code == 401
    assert answer.json()["code"] == "REFRESH_REFUSED"


async def test_a_stolen_token_ends_the_session_of_both(
    signed_in: dict[str, Any], client: httpx2.AsyncClient, api: Litestar
) -> None:
    assert (await client.post("/auth/refresh")).status_code == 200
    async with client_of(api, address="198.51.100.7") as thief:
        stolen = {"refreshToken": signed_in["refreshToken"]}
        assert (await thief.post("/auth/refresh", json=stolen)).status_code == 401
    ended = await client.post("/auth/refresh")
    assert ended.status_code == 401
    assert "max-age=0" in ended.headers["set-cookie"].lower()
    assert not client.cookies


async def test_a_lost_answer_can_be_asked_for_again(
    signed_in: dict[str, Any], client: httpx2.AsyncClient
) -> None:
    body = {"refreshToken": signed_in["refreshToken"]}
    first, again = [await client.post("/auth/refresh", json=body) for _ in range(2)]
    assert first.json()["refreshToken"] == again.json()["refreshToken"]


@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/logout"])
async def test_a_cookie_is_not_taken_from_a_strange_page(
    signed_in: dict[str, Any], client: httpx2.AsyncClient, path: str
) -> None:
    for origin in (EVE, "null", "http://localhost:8000.eve.example"):
        answer = await client.post(path, headers={"origin": origin})
        assert answer.status_code == 403, origin
        assert answer.json()["code"] == "FORBIDDEN"
    # Not a cookie's request: whoever has the token itself may use it.
    own = {"origin": EVE}
    body = {"refreshToken": signed_in["refreshToken"]}
    assert (await client.post(path, json=body, headers=own)).status_code < 300


async def test_pages_that_are_named_may_use_the_cookie(settings: Settings) -> None:
    app_origin = "https://app.roost.example"
    named = msgspec.structs.replace(settings, web_origins=(app_origin,))
    async with serving(named) as app, client_of(app) as client:
        await client.post("/auth/register", json=ADA)
        await client.post("/auth/login", json=LOGIN)
        for origin in (app_origin, "http://localhost:8000"):
            answer = await client.post("/auth/refresh", headers={"origin": origin})
            assert answer.status_code == 200
        preflight = {"access-control-request-method": "POST"} | {
            "access-control-request-headers": "content-type,authorization"
        }
        allowed = await client.options("/auth/login", headers={"origin": app_origin} | preflight)
        assert allowed.headers["access-control-allow-origin"] == app_origin
        assert allowed.headers["access-control-allow-credentials"] == "true"
        refused = await client.options("/auth/login", headers={"origin": EVE} | preflight)
        assert "access-control-allow-origin" not in refused.headers


async def test_logout_ends_the_session(
    signed_in: dict[str, Any], client: httpx2.AsyncClient, db: Database
) -> None:
    answer = await client.post("/auth/logout")
    assert answer.status_code == 204
    assert answer.content == b""
    assert not client.cookies
    async with db.read() as connection:
        reason = (await connection.execute(select(SignInSession.revoked_reason))).scalar_one()
    assert reason == "LOGGED_OUT"
    body = {"refreshToken": signed_in["refreshToken"]}
    assert (await client.post("/auth/refresh", json=body)).status_code == 401
    assert (await client.post("/auth/logout", json=body)).status_code == 204


async def test_logout_by_access_token_alone(
    signed_in: dict[str, Any], client: httpx2.AsyncClient
) -> None:
    client.cookies.clear()
    bearer = {"authorization": f"Bearer {signed_in['accessToken']}"}
    assert (await client.post("/auth/logout", headers=bearer)).status_code == 204
    body = {"refreshToken": signed_in["refreshToken"]}
    assert (await client.post("/auth/refresh", json=body)).status_code == 401


async def test_logout_without_anything_is_done_already(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/auth/logout")).status_code == 204
    nonsense = {"authorization": "Bearer nonsense"}
    assert (await client.post("/auth/logout", headers=nonsense)).status_code == 204


async def test_an_ended_access_token_is_refused(
    signed_in: dict[str, Any], client: httpx2.AsyncClient
) -> None:
    bearer = {"authorization": f"Bearer {signed_in['accessToken']}"}
    clock.freeze(clock.now() + timedelta(minutes=11))
    try:
        answer = await client.post("/graphql", json={"query": "{ viewer { id } }"}, headers=bearer)
    finally:
        clock.freeze(None)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_picture_of_ours_has_an_absolute_address(
    signed_in: dict[str, Any], client: httpx2.AsyncClient, db: Database
) -> None:
    async with db.transaction() as session:
        await session.execute(update(User).values(picture_url="/media/ada.jpg"))
    answer = await client.post("/auth/refresh")
    assert answer.json()["user"]["pictureUrl"] == "http://localhost:8000/media/ada.jpg"
