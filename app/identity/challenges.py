"""Challenges: handed out, then answered once, soon, for one purpose, by whom they were given to.

A challenge is 32 random bytes, which are a WebAuthn challenge, too. They are kept (as a hash) in
PostgreSQL, so that each is met once, whichever processes hear of it and whether Redis is there.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.identity import tokens
from db.enums import ChallengePurpose
from db.models import Challenge

LIFETIMES = {
    ChallengePurpose.SECOND_FACTOR: timedelta(minutes=10),
    ChallengePurpose.PASSKEY_SIGN_IN: timedelta(minutes=5),
    ChallengePurpose.PASSKEY_REGISTRATION: timedelta(minutes=5),
    ChallengePurpose.PASSKEY_PROOF: timedelta(minutes=5),
    ChallengePurpose.PROOF: timedelta(minutes=5),
}


class Issued(msgspec.Struct, frozen=True):
    """A challenge on its way to the client: `token` there, `secret` for authenticators."""

    secret: bytes
    expires_in: int

    @property
    def token(self) -> str:
        return tokens.encode_token(self.secret)


async def issue(
    session: AsyncSession,
    purpose: ChallengePurpose,
    user_id: UUID | None,
    holder: str,
    now: datetime,
) -> Issued:
    """A new challenge, for `holder` alone: a client's fingerprint or a sign-in session's id."""
    secret, lifetime = tokens.new_token(), LIFETIMES[purpose]
    await session.execute(
        insert(Challenge).values(
            token_hash=tokens.token_hash(secret),
            purpose=purpose,
            user_id=user_id,
            holder=holder,
            created_at=now,
            expires_at=now + lifetime,
        )
    )
    return Issued(secret, int(lifetime.total_seconds()))


async def owner_of(
    connection: AsyncConnection | AsyncSession,
    secret: bytes,
    purpose: ChallengePurpose,
    holder: str,
    now: datetime,
) -> UUID | None:
    """Who is to answer a challenge that still stands; None when there is none."""
    found = await connection.execute(
        select(Challenge.user_id).where(*_standing(secret, purpose, holder, now))
    )
    return found.scalar_one_or_none()


async def use(
    session: AsyncSession, secret: bytes, purpose: ChallengePurpose, holder: str, now: datetime
) -> bool:
    """Use a challenge up. False when it does not stand (any more)."""
    used = await session.execute(
        delete(Challenge)
        .where(*_standing(secret, purpose, holder, now))
        .returning(Challenge.token_hash)
    )
    return used.first() is not None


async def void(session: AsyncSession, user_id: UUID) -> None:
    """Nobody who has begun to prove that they are this user may go on with it."""
    await session.execute(delete(Challenge).where(Challenge.user_id == user_id))


async def drop_expired(session: AsyncSession, now: datetime) -> None:
    """Forget challenges that nobody has met in time."""
    await session.execute(delete(Challenge).where(Challenge.expires_at <= now))


def _standing(
    secret: bytes, purpose: ChallengePurpose, holder: str, now: datetime
) -> tuple[ColumnElement[bool], ...]:
    return (
        Challenge.token_hash == tokens.token_hash(secret),
        Challenge.purpose == purpose,
        Challenge.holder == holder,
        Challenge.expires_at > now,
    )
