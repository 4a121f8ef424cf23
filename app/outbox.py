"""The outbox: a fact and its consequences, committed together.

An event names the tasks that must run because of it. `emit` writes one row per task into the
transaction that makes the fact true; the relay (jobs.relay) hands the rows to the queue, and a row
stays until its task has finished. Nothing is lost when Redis, a worker or this process dies.
"""

from datetime import timedelta
from typing import ClassVar

import msgspec
from sqlalchemy import func, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app import pubsub
from app.ids import new_id
from db.models import OutboxMessage

# Tells the relays of all processes that there is something to fetch. Lost signals cost seconds:
# relays look anyway.
WAKE = "outbox"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact, named in the past tense, with the tasks that follow from it (jobs/tasks)."""

    tasks: ClassVar[tuple[str, ...]] = ()


async def emit(session: AsyncSession, event: Event, *, after: timedelta | None = None) -> None:
    """Record that `event` happened. Its tasks run after the commit, at the earliest `after` it."""
    if not event.tasks:
        return
    payload = msgspec.to_builtins(event)
    # The queue's clock is the database's, whoever reads it.
    due_at = func.now() if after is None else func.now() + after
    await session.execute(
        insert(OutboxMessage).values(
            [
                {
                    "id": new_id(),
                    "event": type(event).__name__,
                    "task": task,
                    "payload": payload,
                    "due_at": due_at,
                }
                for task in event.tasks
            ]
        )
    )
    if after is None:
        pubsub.announce(session, WAKE)
