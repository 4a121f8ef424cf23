"""An account that exists and one that does not: alike in words, and in the work that is done.

Time follows from the work, so the work is counted: statements sent, passwords hashed or looked at.
Clocks are asked as well, where accounts are tested (test_accounts, tests/identity).
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import msgspec
import pytest
from litestar import Litestar
from sqlalchemy import update

from app import clock
from app.http.state import RUNTIME
from app.identity import passwords
from db.models import User
from db.session import Database
from tests.http.conftest import client_of
from tests.http.test_sessions import PASSWORD, register
from tests.support.statements import counted

WRONG = "neither of the two"


class Done(msgspec.Struct, frozen=True):
    """What a request was answered, and what it took."""

    status: int
    body: bytes
    headers: frozenset[str]
    statements: tuple[str, ...]
    hashed: int


Send = Callable[..., Awaitable[Done]]


@pytest.fixture
async def send(api: Litestar, db: Database, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Sends as somebody new each time, to an API that knows Ada (verified) and Eve (not)."""
    hashed: list[str] = []
    for name in ("hash", "verify_and_update"):
        real = getattr(passwords._hasher, name)

        def noted(*given: Any, real: Any = real) -> Any:
            hashed.append(given[0])
            return real(*given)

        monkeypatch.setattr(passwords._hasher, name, noted)
    async with client_of(api) as client:
        for person in ("ada", "eve"):
            await register(client, person)
    async with db.transaction() as session:
        verified = update(User).where(User.username == "ada")
        await session.execute(verified.values(email_verified_at=clock.now()))
    await passwords.verify_password(PASSWORD, None)
    calls = iter(range(10**6))

    async def send(path: str, **body: str) -> Done:
        hashed.clear()
        async with client_of(api, address=f"198.51.100.{next(calls)}") as client:
            with counted(api.state[RUNTIME].db) as statements:
                answer: httpx2.Response = await client.post(f"/auth/{path}", json=body)
        # How many ids were put in is part of the text; which they are is not.
        return Done(
            answer.status_code,
            answer.content,
            frozenset(answer.headers),
            tuple(re.sub(r"\s+", " ", each) for each in statements),
            len(hashed),
        )

    return send


@pytest.mark.parametrize("known", ["ada@example.com", "ADA@example.com", "eve@example.com"])
@pytest.mark.parametrize("password", [WRONG, "", "x" * 300])
async def test_signing_in_by_address(send: Send, known: str, password: str) -> None:
    unknown = await send("login", login="nobody@example.com", password=password)
    assert unknown == await send("login", login=known, password=password)
    assert (unknown.status, unknown.hashed) == (401, 2)


@pytest.mark.parametrize("known", ["ada", "eve"])
async def test_signing_in_by_username(send: Send, known: str) -> None:
    unknown = await send("login", login="nobody", password=WRONG)
    assert unknown == await send("login", login=known, password=WRONG)
    assert unknown.status == 401
    assert unknown.hashed > 0


@pytest.mark.parametrize("known", ["ada@example.com", "eve@example.com"])
async def test_registering(send: Send, known: str) -> None:
    body = {"password": PASSWORD, "firstName": "Ada", "lastName": "Lovelace"}
    unknown = await send("register", email="new1@example.com", username="first1", **body)
    again = await send("register", email=known, username="second", **body)
    # The answer repeats what was sent.
    said = again.body.replace(known.encode(), b"new1@example.com").replace(b"second", b"first1")
    assert unknown == msgspec.structs.replace(again, body=said)
    assert (unknown.status, unknown.hashed) == (201, 1)
    taken = await send("register", email=known, username="ADA", **body)
    assert taken == await send("register", email="new2@example.com", username="ADA", **body)
    assert taken.status == 409


@pytest.mark.parametrize("known", ["ada@example.com", "eve@example.com"])
async def test_forgetting_a_password(send: Send, known: str) -> None:
    unknown = await send("forgot-password", email="nobody@example.com")
    assert unknown == await send("forgot-password", email=known)
    assert (unknown.status, unknown.body, unknown.hashed) == (204, b"", 0)
