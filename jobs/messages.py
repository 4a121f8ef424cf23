"""The outbox as the worker sees it: leases, attempts, and how each of them ends.

A row is due when `due_at` has passed. Whoever takes it moves `due_at` to the end of a lease, so a
row that nothing more is heard of comes back by itself. `attempts` counts the starts, and is the
token of the attempt that runs: only one execution can raise it from n to n + 1. All times are the
database's.
"""

import random
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.errors import DomainError
from db.models import OutboxMessage
from db.session import sqlstate

# How long a row waits in the queue before it is handed over once more. A queue that still has it
# ignores the second time; a queue that was wiped gets it back.
QUEUED_LEASE = timedelta(seconds=20)
# What a running attempt gets on top of its task's time-out to write down how it went.
MARGIN = timedelta(seconds=5)

# Seconds between tries: 1, 2, 4 … 45, so that an effect comes within a minute after a fault that
# lasted up to an hour; a longer one is probed ever more rarely.
SHORT_DELAY = 45.0
SHORT_TRIES = 100
LONG_DELAY = 3600.0

KEPT = timedelta(days=7)
BATCH = 1_000


class Lease(msgspec.Struct, frozen=True):
    """A row to be started: `attempt` is how often that has happened before."""

    id: UUID
    attempt: int
    task: str


class Backlog(msgspec.Struct, frozen=True):
    """Rows neither done nor dead: all, those tried often without success, and the most overdue."""

    waiting: int
    failing: int
    overdue_seconds: float


async def lease(session: AsyncSession, tasks: Collection[str], limit: int) -> list[Lease]:
    """Take up to `limit` due rows of these tasks, oldest first, passing by those others take."""
    due = (
        select(OutboxMessage.id)
        .where(
            OutboxMessage.done_at.is_(None),
            OutboxMessage.dead_at.is_(None),
            OutboxMessage.due_at <= func.now(),
            OutboxMessage.task.in_(tasks),
        )
        .order_by(OutboxMessage.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    rows = await session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == due.c.id)
        .values(due_at=func.now() + QUEUED_LEASE)
        .returning(OutboxMessage.id, OutboxMessage.attempts, OutboxMessage.task)
    )
    # Ids grow with time: first come, first served.
    return sorted((Lease(*row) for row in rows), key=lambda lease: lease.id)


async def start(
    session: AsyncSession, id: UUID, attempt: int, timeout_seconds: float
) -> dict[str, Any] | None:
    """Begin the attempt after `attempt` earlier ones. Returns the row's payload.

    None when there is nothing to do: done, dead, or begun by another execution.
    """
    payload: dict[str, Any] | None = await session.scalar(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == id,
            OutboxMessage.attempts == attempt,
            OutboxMessage.done_at.is_(None),
            OutboxMessage.dead_at.is_(None),
        )
        .values(
            attempts=attempt + 1,
            due_at=func.now() + timedelta(seconds=timeout_seconds) + MARGIN,
        )
        .returning(OutboxMessage.payload)
    )
    return payload


async def finish(session: AsyncSession, id: UUID) -> None:
    """Note that the effect is there. The payload, which may name people, has done its work."""
    await session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == id)
        .values(done_at=func.now(), dead_at=None, last_error=None, payload={})
    )


async def postpone(
    session: AsyncSession, id: UUID, attempts: int, error: str, seconds: float
) -> None:
    """Note that try number `attempts` failed; the next one comes in so many seconds."""
    await session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == id,
            OutboxMessage.attempts == attempts,
            OutboxMessage.done_at.is_(None),
        )
        .values(last_error=error, due_at=func.now() + timedelta(seconds=seconds))
    )


async def bury(session: AsyncSession, id: UUID, error: str | None) -> bool:
    """Give up on a row, once. Returns whether this call did it."""
    values = {} if error is None else {"last_error": error}
    buried = await session.scalar(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == id, OutboxMessage.done_at.is_(None), OutboxMessage.dead_at.is_(None)
        )
        .values(dead_at=func.now(), **values)
        .returning(OutboxMessage.id)
    )
    return buried is not None


async def forget_done(session: AsyncSession) -> int:
    """Delete a batch of rows that were done long ago. Returns how many there were."""
    old = (
        select(OutboxMessage.id)
        .where(OutboxMessage.done_at < func.now() - KEPT)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    result = await session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(old)))
    assert isinstance(result, CursorResult)
    return result.rowcount


async def backlog(connection: AsyncConnection) -> Backlog:
    """What is waiting now."""
    overdue = func.extract("epoch", func.now() - func.min(OutboxMessage.due_at))
    row = (
        await connection.execute(
            select(
                func.count(),
                func.count().filter(OutboxMessage.attempts >= 10),
                func.greatest(overdue, 0),
            ).where(OutboxMessage.done_at.is_(None), OutboxMessage.dead_at.is_(None))
        )
    ).one()
    return Backlog(waiting=row[0], failing=row[1], overdue_seconds=float(row[2] or 0))


def delay(attempts: int) -> float:
    """Seconds until the next try after `attempts` failed ones, with up to 30 % of jitter off."""
    if attempts <= SHORT_TRIES:
        seconds = min(2.0 ** min(attempts - 1, 10), SHORT_DELAY)
    else:
        seconds = min(SHORT_DELAY * 2.0 ** min(attempts - SHORT_TRIES, 10), LONG_DELAY)
    return seconds * random.uniform(0.7, 1.0)


def describe(error: BaseException) -> str:
    """An error in a few words that may be stored.

    Only our own refusals are quoted: what libraries say may hold keys, addresses or parameters.
    """
    if isinstance(error, DomainError):
        return f"{type(error).__name__}: {error.message}"[:300]
    code = sqlstate(error) if isinstance(error, DBAPIError) else getattr(error, "code", None)
    return type(error).__qualname__ + (f" ({code})" if isinstance(code, str | int) else "")
