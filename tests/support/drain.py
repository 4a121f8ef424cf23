"""Running what the outbox holds, in this process and at once, instead of by a worker."""

from datetime import timedelta

from sqlalchemy import select

from app.runtime import Runtime
from db.models import OutboxMessage
from jobs import execution
from jobs.registry import TASKS

ROUNDS = 20


async def drain(runtime: Runtime, *, within: timedelta = timedelta(0), skip: str = "") -> list[str]:
    """Run every task that is due (`within` some time from now), and what follows from it.

    Tasks whose name begins with `skip` stay where they are. Returns the names in the order run;
    AssertionError when one fails or the end is never reached.
    """
    done: list[str] = []
    for _ in range(ROUNDS):
        async with runtime.db.read() as connection:
            found = (
                await connection.execute(
                    select(
                        OutboxMessage.id,
                        OutboxMessage.task,
                        OutboxMessage.attempts,
                        OutboxMessage.due_at,
                        OutboxMessage.created_at,
                    )
                    .where(OutboxMessage.done_at.is_(None))
                    .order_by(OutboxMessage.id)
                )
            ).all()
        due = [
            row
            for row in found
            if row.due_at <= row.created_at + within and not (skip and row.task.startswith(skip))
        ]
        if not due:
            return done
        for row in due:
            await execution.execute(runtime, TASKS[row.task], row.id, row.attempts)
            async with runtime.db.read() as connection:
                message = (
                    await connection.execute(
                        select(OutboxMessage.done_at, OutboxMessage.last_error).where(
                            OutboxMessage.id == row.id
                        )
                    )
                ).one()
            assert message.done_at is not None, f"{row.task}: {message.last_error}"
            done.append(row.task)
    raise AssertionError(f"the outbox never empties: {done}")
