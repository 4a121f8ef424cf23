"""Ways through a provider: begun, come back from, exchanged. Each step is taken once, and soon.

Every function is inside the caller's transaction. All is in PostgreSQL, so any process can take
the next step, and Redis may be away.
"""

import secrets
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.oidc import rules
from app.identity.oidc.id_token import Person
from db.models import OidcSignIn

# To sign in at the provider, and to exchange the code afterwards.
LIFETIME = timedelta(minutes=10)
CODE_LIFETIME = timedelta(minutes=2)
# Deleted at once by the sweep.
BATCH = 1_000


class Returned(msgspec.Struct, frozen=True):
    """Somebody has come back to the browser in which they began."""

    state_hash: bytes
    return_to: str


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a provider has vouched for, cleaned."""

    provider: str
    subject: str
    email: str | None
    email_verified: bool
    first_name: str
    last_name: str


async def begin(
    session: AsyncSession,
    *,
    provider: str,
    browser: str,
    return_to: str,
    code_challenge: str,
    now: datetime,
) -> str:
    """Returns the state to take along."""
    state = secrets.token_urlsafe(32)
    await session.execute(
        insert(OidcSignIn).values(
            state_hash=rules.secret_hash(state),
            provider=provider,
            browser_hash=rules.secret_hash(browser),
            return_to=return_to,
            code_challenge=code_challenge,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    return state


async def come_back(
    session: AsyncSession, *, provider: str, browser: str, state: str, now: datetime
) -> Returned | None:
    """Use a state up; None for one of another provider or browser, or used, or over."""
    found = await session.execute(
        update(OidcSignIn)
        .where(
            OidcSignIn.state_hash == rules.secret_hash(state),
            OidcSignIn.browser_hash == rules.secret_hash(browser),
            OidcSignIn.provider == provider,
            OidcSignIn.used_at.is_(None),
            OidcSignIn.expires_at > now,
        )
        .values(used_at=now)
        .returning(OidcSignIn.state_hash, OidcSignIn.return_to)
    )
    row = found.first()
    return None if row is None else Returned(*row)


async def prove(session: AsyncSession, state_hash: bytes, person: Person, now: datetime) -> str:
    """Note whom the provider vouches for. Returns the code by which the client gets it."""
    code = secrets.token_urlsafe(32)
    await session.execute(
        update(OidcSignIn)
        .where(OidcSignIn.state_hash == state_hash)
        .values(
            code_hash=rules.secret_hash(code),
            subject=person.subject,
            email=person.email,
            email_verified=person.email_verified,
            first_name=person.first_name,
            last_name=person.last_name,
            expires_at=now + CODE_LIFETIME,
        )
    )
    return code


async def exchange(session: AsyncSession, code: str, verifier: str, now: datetime) -> Proof | None:
    """Use a code up, whoever tries it; None unless it is the one who began."""
    found = await session.execute(
        delete(OidcSignIn)
        .where(OidcSignIn.code_hash == rules.secret_hash(code), OidcSignIn.expires_at > now)
        .returning(
            OidcSignIn.code_challenge,
            OidcSignIn.provider,
            OidcSignIn.subject,
            OidcSignIn.email,
            OidcSignIn.email_verified,
            OidcSignIn.first_name,
            OidcSignIn.last_name,
        )
    )
    row = found.first()
    if row is None or not rules.answers(row.code_challenge, verifier):
        return None
    return msgspec.convert(row, Proof, from_attributes=True)


async def forget_expired(session: AsyncSession, now: datetime) -> int:
    """Delete what is over, some of it at a time. Returns how much."""
    over = select(OidcSignIn.state_hash).where(OidcSignIn.expires_at <= now).limit(BATCH)
    forgotten = await session.execute(
        delete(OidcSignIn)
        .where(OidcSignIn.state_hash.in_(over.with_for_update(skip_locked=True)))
        .returning(OidcSignIn.state_hash)
    )
    return len(forgotten.all())
