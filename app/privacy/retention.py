"""What has served its time is forgotten: deleted in batches, each a short transaction of its own.

Each rule finds its rows by an index, and passes by those that somebody else holds.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    CursorResult,
    delete,
    func,
    inspect,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.privacy.erasure import allow
from db.base import Base
from db.models import (
    AccountLink,
    CoHost,
    DataExport,
    IdempotencyKey,
    OutboxMessage,
    ProviderEvent,
    RefreshToken,
    SignInEvent,
    SignInSession,
    User,
    ViewedProperty,
)
from db.session import Database

BATCH = 500
# Links are good for three days at most; then they are kept a little to tell what became of them.
LINKS_KEPT = timedelta(days=7)
# Clients send a request again within minutes; a month is for those that were switched off.
KEYS_KEPT = timedelta(days=30)
# Providers send a webhook again for three days; only its id is left by then.
WEBHOOKS_KEPT = timedelta(days=30)
# What somebody looked at half a year ago is not what they look for.
VIEWS_KEPT = timedelta(days=180)
# Somebody has looked at what was given up by then.
DEAD_MESSAGES_KEPT = timedelta(days=90)


class Rule(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Rows that are old at an instant: deleted, or with some columns set to `becomes`."""

    name: str
    model: type[Base]
    old: Callable[[Settings, datetime], ColumnElement[bool]]
    becomes: Callable[[datetime], dict[str, Any]] | None = None


def _is_over(settings: Settings, now: datetime) -> ColumnElement[bool]:
    """The session's end, whichever way it came."""
    ended = func.least(SignInSession.expires_at, SignInSession.revoked_at)
    return ended < now - timedelta(days=settings.ended_session_days)


def _was_never_verified(settings: Settings, now: datetime) -> ColumnElement[bool]:
    """An account that nobody has proven to be theirs, and nobody uses."""
    in_use = (
        select(SignInSession.id)
        .where(
            SignInSession.user_id == User.id,
            SignInSession.revoked_at.is_(None),
            SignInSession.expires_at > now,
        )
        .exists()
    )
    return (
        User.email_verified_at.is_(None)
        & User.erased_at.is_(None)
        & User.deletion_scheduled_at.is_(None)
        & User.is_host.is_(False)
        & (User.role == "USER")
        & (User.created_at < now - timedelta(days=settings.unverified_days))
        & ~in_use
    )


RULES = (
    Rule(
        name="links",
        model=AccountLink,
        old=lambda _, now: AccountLink.expires_at < now - LINKS_KEPT,
    ),
    Rule(
        name="invitations",
        model=CoHost,
        old=lambda _, now: CoHost.expires_at < now - LINKS_KEPT,
    ),
    Rule(name="sessions", model=SignInSession, old=_is_over),
    # Of sessions that last: who replays one this old is refused, but no thief is recognised.
    Rule(
        name="refresh tokens",
        model=RefreshToken,
        old=lambda settings, now: (
            RefreshToken.used_at < now - timedelta(days=settings.ended_session_days)
        ),
    ),
    Rule(
        name="idempotency keys",
        model=IdempotencyKey,
        old=lambda _, now: IdempotencyKey.created_at < now - KEYS_KEPT,
    ),
    Rule(
        name="webhooks",
        model=ProviderEvent,
        old=lambda _, now: (
            (ProviderEvent.received_at < now - WEBHOOKS_KEPT)
            & ProviderEvent.processed_at.is_not(None)
        ),
    ),
    Rule(
        name="dead messages",
        model=OutboxMessage,
        old=lambda _, now: OutboxMessage.dead_at < now - DEAD_MESSAGES_KEPT,
    ),
    Rule(
        name="viewed places",
        model=ViewedProperty,
        old=lambda _, now: ViewedProperty.viewed_at < now - VIEWS_KEPT,
    ),
    Rule(name="exports", model=DataExport, old=lambda _, now: DataExport.expires_at < now),
    # The line stays; where it came from is forgotten.
    Rule(
        name="sign-in traces",
        model=SignInEvent,
        old=lambda settings, now: (
            (SignInEvent.occurred_at < now - timedelta(days=settings.sign_in_trace_days))
            & or_(SignInEvent.address != "", SignInEvent.user_agent != "")
        ),
        becomes=lambda _: {"address": "", "user_agent": ""},
    ),
    # Erased as if they had asked for it: their trail refers to them for good.
    Rule(
        name="unverified accounts",
        model=User,
        old=_was_never_verified,
        becomes=lambda now: {"deletion_scheduled_at": now},
    ),
)


async def forget(db: Database, settings: Settings, now: datetime) -> dict[str, int]:
    """Forget all that is old. Returns how many rows each rule has found."""
    counts = {}
    for rule in RULES:
        counts[rule.name] = 0
        while True:
            count = await _some(db, rule, settings, now)
            counts[rule.name] += count
            if count < BATCH:
                break
    return counts


async def _some(db: Database, rule: Rule, settings: Settings, now: datetime) -> int:
    async def work(session: AsyncSession) -> int:
        key: list[Any] = list(inspect(rule.model).primary_key)
        old = (
            select(*key)
            .where(rule.old(settings, now))
            .limit(BATCH)
            .with_for_update(skip_locked=True, of=rule.model)
        )
        rows = tuple_(*key).in_(old)
        await allow(session)
        result = await session.execute(
            delete(rule.model).where(rows)
            if rule.becomes is None
            else update(rule.model).where(rows).values(**rule.becomes(now)),
            execution_options={"synchronize_session": False},
        )
        assert isinstance(result, CursorResult)
        return result.rowcount

    return await db.run(work)
