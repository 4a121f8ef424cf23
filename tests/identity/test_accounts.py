"""Registration, sign-in and becoming a host, on a real database."""

import asyncio
import threading
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select, update

from app.config import Settings
from app.errors import Invalid, Unavailable
from app.identity import entry, flows, passwords, tokens
from app.identity.client import Client
from app.identity.errors import SignInRefused, UsernameTaken
from app.identity.flows import Registration
from app.identity.service import SignedIn
from app.limits import Limiter
from db.models import OutboxMessage, RefreshToken, SignInSession, User
from db.session import Database
from tests.support.statements import counted

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PASSWORD = "gravel otter lamp"
ADA = Registration(
    email="Ada@Example.com",
    username="Ada.L",
    password=PASSWORD,
    first_name="Ada",
    last_name="Lovelace",
)
CLIENT = Client(user_agent="tests", address="192.0.2.1")


async def sign_in(db: Database, settings: Settings, login: str, password: str) -> SignedIn:
    keys = tokens.load_keys(settings)
    signed_in = await flows.sign_in(db, alone(), keys, login, password, CLIENT, NOW)
    assert isinstance(signed_in, SignedIn)
    return signed_in


def alone() -> Limiter:
    """A process that has counted nothing yet, and has no Redis to ask."""
    return Limiter("redis://127.0.0.1:9")


async def register(db: Database, wanted: Registration = ADA) -> None:
    await flows.register(db, alone(), wanted, CLIENT, NOW)


async def tasks(db: Database) -> list[tuple[str, dict[str, Any]]]:
    async with db.read() as connection:
        rows = await connection.execute(
            select(OutboxMessage.task, OutboxMessage.payload).order_by(OutboxMessage.id)
        )
        return [(task, payload) for task, payload in rows]


async def count(db: Database, model: Any) -> int:
    async with db.read() as connection:
        found: int = (
            await connection.execute(select(func.count()).select_from(model))
        ).scalar_one()
        return found


async def user_id(db: Database, username: str = "Ada.L") -> Any:
    async with db.read() as connection:
        found = await connection.execute(select(User.id).where(User.username == username))
        return found.scalar_one()


async def verify(db: Database) -> None:
    """As if everybody had followed the link in their mail."""
    async with db.transaction() as session:
        await session.execute(update(User).values(email_verified_at=NOW))


async def test_a_new_account_waits_for_its_address(db: Database) -> None:
    await register(db)
    assert [task for task, _ in await tasks(db)] == ["notifications.send_link"]
    async with db.read() as connection:
        row = (await connection.execute(select(User))).one()
    assert (row.email, row.username, row.first_name) == ("Ada@Example.com", "Ada.L", "Ada")
    assert row.password_hash.startswith("$argon2id$")
    assert not row.is_host
    assert row.email_verified_at is None


async def test_registering_does_the_same_whether_or_not_the_address_is_known(
    db: Database,
) -> None:
    await register(db)
    await verify(db)
    again = msgspec.structs.replace(ADA, email="ada@example.COM", username="other")
    with counted(db) as known:
        await register(db, again)
    with counted(db) as unknown:
        await register(db, msgspec.structs.replace(ADA, email="eve@example.com", username="eve"))
    assert known == unknown
    assert await count(db, User) == 3


async def test_a_username_is_taken_in_any_case(db: Database) -> None:
    await register(db)
    with pytest.raises(UsernameTaken):
        await register(db, msgspec.structs.replace(ADA, email="b@example.com", username="ADA.l"))
    # The same answer whether or not the address is known.
    with pytest.raises(UsernameTaken):
        await register(db)
    assert len(await tasks(db)) == 1


async def test_twenty_at_once_make_one_account(db: Database) -> None:
    results = await asyncio.gather(*(register(db) for _ in range(20)), return_exceptions=True)
    assert results.count(None) == 1
    assert sum(isinstance(result, UsernameTaken) for result in results) == 19
    assert await count(db, User) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"username": "a b"}, "username"),
        ({"password": "short"}, "password"),
        ({"password": "Ada.L!!!!!!"}, "password"),
        ({"password": "lovelace1815"}, "password"),
        ({"first_name": ""}, "firstName"),
        ({"last_name": "\x00"}, "lastName"),
    ],
)
async def test_bad_input_changes_nothing(db: Database, change: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await register(db, msgspec.structs.replace(ADA, **change))
    assert refused.value.field == field
    assert await count(db, User) == 0


@pytest.mark.parametrize("login", ["ada@example.com", "ADA@EXAMPLE.COM", "ada.l", " Ada.L "])
async def test_sign_in_by_address_or_username(db: Database, settings: Settings, login: str) -> None:
    await register(db)
    await verify(db)
    signed_in = await sign_in(db, settings, login, PASSWORD)
    actor = tokens.authenticate(f"Bearer {signed_in.access_token}", tokens.load_keys(settings), NOW)
    assert actor.user_id == signed_in.user.id == await user_id(db)
    assert actor.session_id == signed_in.session_id
    assert signed_in.expires_in == 600
    async with db.read() as connection:
        stored = (await connection.execute(select(RefreshToken.token_hash))).scalar_one()
    assert stored.hex() not in signed_in.refresh_token


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("ada.l", "gravel otter lamq"),
        ("ada.l", ""),
        ("ada.l", PASSWORD + "\x00"),
        ("ada.l", PASSWORD * 10_000),
        ("nobody", PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("\x00", PASSWORD),
        ("", PASSWORD),
        ("%", PASSWORD),
        ("passwordless", "the password of nobody"),
    ],
)
async def test_refused_sign_ins_look_the_same(
    db: Database, settings: Settings, login: str, password: str
) -> None:
    await register(db)
    await register(db, msgspec.structs.replace(ADA, email="p@example.com", username="passwordless"))
    async with db.transaction() as session:
        await session.execute(
            update(User).where(User.username == "passwordless").values(password_hash=None)
        )
    with pytest.raises(SignInRefused) as refused:
        await sign_in(db, settings, login, password)
    assert refused.value.message == SignInRefused().message
    assert await count(db, SignInSession) == 0


@pytest.mark.usefixtures("real_hashes")
async def test_an_unknown_account_takes_as_long_as_a_wrong_password(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(db)
    verify = passwords._hasher.verify_and_update
    work: list[str] = []

    def noting(password: str, stored: str) -> tuple[bool, str | None]:
        # What a hash costs is written in front of its salt.
        work.append(stored.rsplit("$", 2)[0])
        return verify(password, stored)

    monkeypatch.setattr(passwords._hasher, "verify_and_update", noting)
    for login in ("ada.l", "nobody", "no body at all"):
        with pytest.raises(SignInRefused):
            await sign_in(db, settings, login, "gravel otter lamq")
    # One hash each, of some 20 ms; all else takes about one.
    assert work == ["$argon2id$v=19$m=19456,t=2,p=1"] * 3


@pytest.mark.usefixtures("real_hashes")
async def test_a_weaker_hash_is_replaced_at_sign_in(db: Database, settings: Settings) -> None:
    await register(db)
    weak = PasswordHash([Argon2Hasher(memory_cost=1024, time_cost=1, parallelism=1)]).hash(PASSWORD)
    async with db.transaction() as session:
        await session.execute(update(User).values(password_hash=weak))
    await sign_in(db, settings, "ada.l", PASSWORD)
    async with db.read() as connection:
        stored = (await connection.execute(select(User.password_hash))).scalar_one()
    assert "m=19456" in str(stored)
    await sign_in(db, settings, "ada.l", PASSWORD)


async def test_a_password_changed_during_sign_in_lets_nobody_in(
    db: Database, settings: Settings
) -> None:
    await register(db)
    async with db.transaction() as session:
        signed_in = await entry.begin(
            session,
            tokens.load_keys(settings),
            await user_id(db),
            CLIENT,
            NOW,
            password_hash="what it was when it was verified",
        )
    assert signed_in is None
    assert await count(db, SignInSession) == 0


@pytest.mark.usefixtures("real_hashes")
async def test_hashing_has_a_queue_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    places = threading.BoundedSemaphore(2)
    monkeypatch.setattr(passwords, "_places", places)
    results = await asyncio.gather(
        *(passwords.hash_password(PASSWORD) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(result, Unavailable) for result in results) == 3
    assert await passwords.hash_password(PASSWORD)


async def test_a_password_is_one_in_any_unicode_form() -> None:
    stored = await passwords.hash_password("cre\u0300me bru\u0302le\u0301e")
    assert await passwords.verify_password("crème brûlée", stored) == (True, None)
