"""`python -m tests.jobs.process`: a real worker that also knows the tests' own tasks."""

import asyncio
from typing import ClassVar

from sqlalchemy import text

from app.config import load
from app.outbox import Event
from app.runtime import Runtime
from jobs import worker
from jobs.registry import task

TABLE = """
    CREATE TABLE effects (
        number int, pid int DEFAULT pg_backend_pid(), at timestamptz DEFAULT clock_timestamp()
    )
"""


class Noted(Event, frozen=True, kw_only=True):
    """Something to write down in `effects`, after a while if need be."""

    tasks: ClassVar[tuple[str, ...]] = ("tests.note",)
    number: int
    seconds: float = 0


class Refused(Event, frozen=True, kw_only=True):
    """Something that never works."""

    tasks: ClassVar[tuple[str, ...]] = ("tests.refuse",)
    number: int


def register() -> None:
    """Add the tests' tasks to the registry."""
    task("tests.note", timeout_seconds=5)(note)
    task("tests.refuse", timeout_seconds=5, max_attempts=2)(refuse)


async def note(runtime: Runtime, event: Noted) -> None:
    """Take a while, then write the number down."""
    await asyncio.sleep(event.seconds)
    async with runtime.db.transaction() as session:
        await session.execute(
            text("INSERT INTO effects (number) VALUES (:number)"), {"number": event.number}
        )


async def refuse(runtime: Runtime, event: Refused) -> None:
    """Fail, with words that must not be kept."""
    raise RuntimeError(f"the password of {event.number} is hunter2")


if __name__ == "__main__":
    register()
    worker.run(load())
