"""Where one is signed in, ending it from elsewhere, and the trail of it all."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest
from litestar import Litestar
from sqlalchemy import select, update

from app.identity import tokens
from db.models import RefreshToken, User
from db.session import Database
from tests.http.conftest import client_of
from tests.http.test_process import close_code, socket
from tests.support.postgres import plain
from tests.support.processes import Stack

PASSWORD = "gravel otter lamp"
SESSIONS = "{ viewer { sessions { id userAgent createdAt lastUsedAt isCurrent revokedAt } } }"
REVOKE = """mutation ($id: ID!) { revokeSession(input: {sessionId: $id}) {
  ... on RevokeSessionSuccess { session { id revokedAt } } ... on Error { code } } }"""
REVOKE_ALL = """mutation ($keep: Boolean!) { revokeAllSessions(input: {keepCurrent: $keep}) {
  ... on RevokeAllSessionsSuccess { revokedCount } ... on Error { code } } }"""
TRAIL = "{ viewer { signInEvents { edges { node { kind address userAgent } } } } }"


class Device:
    """One signed-in program."""

    def __init__(self, client: httpx2.AsyncClient, name: str) -> None:
        self.client, self.name = client, name
        self.tokens: dict[str, Any] = {}

    async def sign_in(self, login: str, password: str = PASSWORD) -> httpx2.Response:
        answer = await self.client.post(
            "/auth/login",
            json={"login": login, "password": password},
            headers={"user-agent": self.name},
        )
        if answer.status_code == 200:
            self.tokens = answer.json()
        return answer

    async def refresh(self, token: str | None = None) -> httpx2.Response:
        return await self.client.post(
            "/auth/refresh",
            json={"refreshToken": token or self.tokens["refreshToken"]},
            headers={"user-agent": self.name},
        )

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['accessToken']}"}

    async def ask(self, query: str, **variables: Any) -> Any:
        answer = await self.client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers=self.bearer | {"user-agent": self.name},
        )
        return answer.json()

    async def sessions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.ask(SESSIONS))["data"]["viewer"]["sessions"]
        return found


async def register(client: httpx2.AsyncClient, name: str) -> None:
    body = {
        "email": f"{name}@example.com",
        "username": name,
        "password": PASSWORD,
        "firstName": name.title(),
        "lastName": "Tester",
    }
    assert (await client.post("/auth/register", json=body)).status_code == 201


@pytest.fixture
async def phone(api: Litestar) -> AsyncIterator[Device]:
    """Ada's, signed in first."""
    async with client_of(api) as client:
        await register(client, "ada")
        device = Device(client, "phone")
        await device.sign_in("ada")
        yield device


@pytest.fixture
async def laptop(api: Litestar, phone: Device) -> AsyncIterator[Device]:
    """Ada's, signed in later, elsewhere."""
    async with client_of(api, address="198.51.100.7") as client:
        device = Device(client, "lap\u0007top")
        await device.sign_in("ada")
        yield device


@pytest.fixture
async def stranger(api: Litestar) -> AsyncIterator[Device]:
    async with client_of(api, address="203.0.113.9") as client:
        await register(client, "eve")
        device = Device(client, "stranger")
        await device.sign_in("eve")
        yield device


async def test_devices_are_listed_and_ended_one_by_one(phone: Device, laptop: Device) -> None:
    listed = await phone.sessions()
    assert [(each["userAgent"], each["isCurrent"]) for each in listed] == [
        ("laptop", False),
        ("phone", True),
    ]
    assert all(each["createdAt"] and each["lastUsedAt"] for each in listed)
    for _ in range(2):
        ended = (await phone.ask(REVOKE, id=listed[0]["id"]))["data"]["revokeSession"]["session"]
        assert ended["id"] == listed[0]["id"]
        assert ended["revokedAt"]
    assert [each["userAgent"] for each in await phone.sessions()] == ["phone"]
    assert (await laptop.refresh()).status_code == 401
    assert (await phone.refresh()).status_code == 200
    # What is left of the laptop's access token ends nothing any more.
    late = await laptop.ask(REVOKE, id=listed[1]["id"])
    assert late["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_all_are_ended_or_all_others(phone: Device, laptop: Device) -> None:
    ended = await phone.ask(REVOKE_ALL, keep=True)
    assert ended["data"]["revokeAllSessions"] == {"revokedCount": 1}
    assert (await laptop.refresh()).status_code == 401
    assert (await phone.refresh()).status_code == 200
    ended = await phone.ask(REVOKE_ALL, keep=False)
    assert ended["data"]["revokeAllSessions"] == {"revokedCount": 1}
    assert (await phone.refresh()).status_code == 401


async def test_nobody_sees_or_ends_anybody_else_s(phone: Device, stranger: Device) -> None:
    (theirs,) = await phone.sessions()
    refused = (await stranger.ask(REVOKE, id=theirs["id"]))["data"]["revokeSession"]
    assert refused == {"code": "NOT_FOUND"}
    for text in ("nonsense", phone.tokens["user"]["id"]):
        refused = (await stranger.ask(REVOKE, id=text))["data"]["revokeSession"]
        assert refused == {"code": "NOT_FOUND"}
    found = await stranger.ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on User {"
        " sessions { id } signInEvents { totalCount } } } }",
        ids=[theirs["id"], phone.tokens["user"]["id"]],
    )
    assert found["data"]["nodes"] == [
        None,
        {"__typename": "User", "sessions": None, "signInEvents": None},
    ]
    assert (await phone.refresh()).status_code == 200


async def kinds(device: Device) -> list[str]:
    edges = (await device.ask(TRAIL))["data"]["viewer"]["signInEvents"]["edges"]
    return [edge["node"]["kind"] for edge in edges]


async def test_everything_leaves_a_trail(phone: Device, laptop: Device) -> None:
    await laptop.sign_in("ada", "wrong")
    await laptop.sign_in("nobody", "wrong")
    stolen = phone.tokens["refreshToken"]
    phone.tokens = (await phone.refresh()).json()
    assert (await laptop.refresh(stolen)).status_code == 401
    body = {"currentPassword": "wrong", "newPassword": "seven quiet herons"}
    await laptop.client.post("/auth/change-password", json=body, headers=laptop.bearer)
    body["currentPassword"] = PASSWORD
    await laptop.client.post("/auth/change-password", json=body, headers=laptop.bearer)
    assert await kinds(laptop) == [
        "PASSWORD_CHANGED",
        "PASSWORD_REFUSED",
        "REFRESH_REUSED",
        "SIGN_IN_REFUSED",
        "SIGNED_IN",
        "SIGNED_IN",
    ]
    edges = (await laptop.ask(TRAIL))["data"]["viewer"]["signInEvents"]["edges"]
    # The thief's address, not the owner's.
    assert edges[2]["node"]["address"] == "198.51.100.7"
    assert edges[-1]["node"] == {"kind": "SIGNED_IN", "address": "192.0.2.1", "userAgent": "phone"}


async def test_staff_read_a_trail_at_their_desk_and_nowhere_else(
    phone: Device, stranger: Device, db: Database
) -> None:
    async with db.transaction() as session:
        await session.execute(update(User).where(User.username == "eve").values(role="SUPPORT"))
    await stranger.sign_in("eve")
    query = """query ($id: ID!) {
      node(id: $id) { ... on User { email sessions { id } signInEvents { totalCount } } }
      staffPeople(id: $id) { email signInEvents(kind: [SIGNED_IN]) { totalCount } } }"""
    found = (await stranger.ask(query, id=phone.tokens["user"]["id"]))["data"]
    assert found["node"] == {"email": None, "sessions": None, "signInEvents": None}
    assert found["staffPeople"] == [
        {"email": phone.tokens["user"]["email"], "signInEvents": {"totalCount": 1}}
    ]


async def test_the_trail_is_only_ever_added_to(phone: Device, database_url: str) -> None:
    connection = await asyncpg.connect(plain(database_url))
    try:
        for statement in (
            "UPDATE sign_in_events SET address = ''",
            "DELETE FROM sign_in_events",
            "TRUNCATE sign_in_events",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
        assert await connection.fetchval("SELECT count(*) FROM sign_in_events") == 1
    finally:
        await connection.close()


async def test_fifty_refreshes_at_once_leave_one_family(phone: Device, db: Database) -> None:
    token = phone.tokens["refreshToken"]
    answers = await asyncio.gather(*(phone.refresh(token) for _ in range(50)))
    alive = {answer.json()["refreshToken"] for answer in answers if answer.status_code == 200}
    # One client's retries: all get the same successor.
    assert len(alive) == 1
    async with db.read() as connection:
        unused = await connection.execute(
            select(RefreshToken.token_hash).where(RefreshToken.used_at.is_(None))
        )
    successor = tokens.decode_token(alive.pop())
    assert successor is not None
    assert unused.scalars().all() == [tokens.token_hash(successor)]


async def test_sockets_close_on_every_process_when_a_token_is_replayed_or_a_session_ended(
    stack: Stack,
) -> None:
    await stack.start("api")
    elsewhere = await stack.another_api()
    async with (
        httpx2.AsyncClient(base_url=stack.api.url, trust_env=False) as one,
        httpx2.AsyncClient(base_url=elsewhere.url, trust_env=False) as two,
    ):
        await register(one, "ada")
        phone, tablet, laptop = Device(one, "phone"), Device(one, "tablet"), Device(two, "laptop")
        for device in (phone, tablet, laptop):
            await device.sign_in("ada")
        async with (
            socket(stack, phone.bearer) as first,
            socket(stack, tablet.bearer) as second,
            socket(stack, laptop.bearer) as third,
        ):
            # Replayed by somebody else, at the other process.
            stolen = phone.tokens["refreshToken"]
            assert (await phone.refresh()).status_code == 200
            begun = time.monotonic()
            assert (await laptop.refresh(stolen)).status_code == 401
            assert await close_code(first) == 4403
            assert time.monotonic() - begun < 5
            # Ended by hand, at the other process.
            ids = {each["userAgent"]: each["id"] for each in await laptop.sessions()}
            assert set(ids) == {"tablet", "laptop"}
            begun = time.monotonic()
            await laptop.ask(REVOKE, id=ids["tablet"])
            assert await close_code(second) == 4403
            await laptop.ask(REVOKE_ALL, keep=False)
            assert await close_code(third) == 4403
            assert time.monotonic() - begun < 5
