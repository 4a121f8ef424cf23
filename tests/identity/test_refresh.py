"""Refresh tokens: used once, retried for a moment, and a family that ends at the first theft."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select

from app.actor import ANONYMOUS, Actor
from app.config import Settings
from app.dev.secrets import new_signing_key
from app.identity import entry, flows, service, tokens
from app.identity.client import Client
from app.identity.errors import RefreshRefused
from app.identity.events import session_channel
from app.identity.service import SignedIn
from app.identity.tokens import TokenKeys
from app.pubsub import SESSION_KEY, LiveUpdates
from db.models import RefreshToken, SignInSession
from db.session import Database
from tests.support.world import add_user

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PHONE = Client(user_agent="phone", address="192.0.2.1")
THIEF = Client(user_agent="phone", address="198.51.100.7")
SignIn = Callable[[], Awaitable[SignedIn]]


@pytest.fixture
def keys(settings: Settings) -> TokenKeys:
    return tokens.load_keys(settings)


@pytest.fixture
async def sign_in(db: Database, keys: TokenKeys) -> SignIn:
    user_id = await add_user(db, password_hash="verified")

    async def open_session() -> SignedIn:
        async with db.transaction() as session:
            signed_in = await entry.begin(
                session, keys, user_id, PHONE, NOW, password_hash="verified"
            )
        assert isinstance(signed_in, SignedIn)
        return signed_in

    return open_session


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def unused_tokens(db: Database) -> int:
    """How many refresh tokens could still be exchanged."""
    async with db.read() as connection:
        found = await connection.execute(
            select(func.count())
            .select_from(RefreshToken)
            .join(SignInSession, SignInSession.id == RefreshToken.session_id)
            .where(RefreshToken.used_at.is_(None), SignInSession.revoked_at.is_(None))
        )
        return found.scalar_one()


async def test_each_token_is_followed_by_the_next(
    db: Database, keys: TokenKeys, sign_in: SignIn
) -> None:
    current = await sign_in()
    seen = {current.refresh_token}
    for step in range(1, 5):
        following = await flows.refresh(db, keys, current.refresh_token, PHONE, at(step * 600))
        assert following.session_id == current.session_id
        assert following.user == current.user
        assert following.refresh_token not in seen
        seen.add(following.refresh_token)
        current = following
    actor = tokens.authenticate(f"Bearer {current.access_token}", keys, at(2400))
    assert actor.expires_at == at(3000)
    assert await unused_tokens(db) == 1


async def test_a_retry_gets_the_same_successor(
    db: Database, keys: TokenKeys, sign_in: SignIn
) -> None:
    first = (await sign_in()).refresh_token
    second = await flows.refresh(db, keys, first, PHONE, at(0))
    again = await flows.refresh(db, keys, first, PHONE, at(10))
    assert again.refresh_token == second.refresh_token
    assert (await flows.refresh(db, keys, again.refresh_token, PHONE, at(11))).user == again.user


async def test_a_retry_after_a_key_rotation_gets_the_same_successor(
    db: Database, keys: TokenKeys, settings: Settings, sign_in: SignIn
) -> None:
    first = (await sign_in()).refresh_token
    second = await flows.refresh(db, keys, first, PHONE, at(0))
    rotated = tokens.load_keys(
        msgspec.structs.replace(
            settings, auth_signing_keys=(new_signing_key(), *settings.auth_signing_keys)
        )
    )
    again = await flows.refresh(db, rotated, first, PHONE, at(5))
    assert again.refresh_token == second.refresh_token


@pytest.mark.parametrize(("client", "seconds"), [(PHONE, 10.1), (THIEF, 1), (THIEF, 3600)])
async def test_a_reused_token_ends_the_family(
    db: Database, keys: TokenKeys, sign_in: SignIn, client: Client, seconds: float
) -> None:
    first = (await sign_in()).refresh_token
    other_device = (await sign_in()).refresh_token
    second = (await flows.refresh(db, keys, first, PHONE, at(0))).refresh_token
    with pytest.raises(RefreshRefused):
        await flows.refresh(db, keys, first, client, at(seconds))
    with pytest.raises(RefreshRefused):
        await flows.refresh(db, keys, second, PHONE, at(seconds))
    async with db.read() as connection:
        reasons = (await connection.execute(select(SignInSession.revoked_reason))).scalars().all()
    assert sorted(reasons, key=str) == [None, "REUSED"]
    await flows.refresh(db, keys, other_device, PHONE, at(seconds))


@pytest.mark.parametrize("clients", [[PHONE], [PHONE, THIEF]])
async def test_fifty_at_once_leave_at_most_one_living_token(
    db: Database, keys: TokenKeys, sign_in: SignIn, clients: list[Client]
) -> None:
    first = (await sign_in()).refresh_token
    results = await asyncio.gather(
        *(
            flows.refresh(db, keys, first, clients[turn % len(clients)], at(turn / 100))
            for turn in range(50)
        ),
        return_exceptions=True,
    )
    assert {type(result) for result in results} <= {SignedIn, RefreshRefused}
    successors = {result.refresh_token for result in results if isinstance(result, SignedIn)}
    assert len(successors) == 1
    # One client's fifty retries are all answered; of two clients, one is a thief.
    assert await unused_tokens(db) == (1 if len(clients) == 1 else 0)
    async with db.read() as connection:
        stored = (
            await connection.execute(select(func.count(RefreshToken.token_hash)))
        ).scalar_one()
    assert stored == 2


async def test_a_session_ends_when_it_is_not_used(
    db: Database, keys: TokenKeys, settings: Settings, sign_in: SignIn
) -> None:
    first = (await sign_in()).refresh_token
    limit = settings.refresh_token_seconds
    second = (await flows.refresh(db, keys, first, PHONE, at(limit - 1))).refresh_token
    with pytest.raises(RefreshRefused):
        await flows.refresh(db, keys, second, PHONE, at(2 * limit - 1))


@pytest.mark.parametrize("text", ["", "x", "é", "A" * 43, "A" * 100_000, "\x00" * 43])
async def test_what_was_never_issued_is_refused(
    db: Database, keys: TokenKeys, sign_in: SignIn, text: str
) -> None:
    await sign_in()
    with pytest.raises(RefreshRefused):
        await flows.refresh(db, keys, text, PHONE, NOW)
    assert await unused_tokens(db) == 1


async def test_logout_ends_the_session_of_either_token(
    db: Database, keys: TokenKeys, sign_in: SignIn
) -> None:
    by_refresh, by_access, other = await sign_in(), await sign_in(), await sign_in()
    async with db.transaction() as session:
        token = tokens.decode_token(by_refresh.refresh_token)
        await service.logout(session, ANONYMOUS, token, PHONE, NOW)
        actor = tokens.authenticate(f"Bearer {by_access.access_token}", keys, NOW)
        await service.logout(session, actor, None, PHONE, NOW)
        await service.logout(session, actor, tokens.new_token(), PHONE, NOW)
        await service.logout(session, Actor(), None, PHONE, NOW)
    for ended in (by_refresh, by_access):
        with pytest.raises(RefreshRefused):
            await flows.refresh(db, keys, ended.refresh_token, PHONE, NOW)
    await flows.refresh(db, keys, other.refresh_token, PHONE, NOW)


async def test_a_revoked_sessions_connections_are_told(
    db: Database, redis_url: str, sign_in: SignIn
) -> None:
    ended = await sign_in()
    async with Redis.from_url(redis_url) as redis:
        live = LiveUpdates(redis)
        db.session_info[SESSION_KEY] = live
        async with live.subscribe(session_channel(ended.session_id)) as hints:
            await asyncio.wait_for(hints.get(), 5)  # the RESYNC of the first connection
            async with db.transaction() as session:
                for ended_now in (True, False):
                    done = await service.revoke(
                        session, ended.session_id, service.REVOKED, PHONE, NOW
                    )
                    assert done is ended_now
            assert await asyncio.wait_for(hints.get(), 5) == service.REVOKED
        await live.close()
