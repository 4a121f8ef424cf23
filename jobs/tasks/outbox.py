"""The outbox's own housekeeping."""

from app.runtime import Runtime
from jobs import messages
from jobs.registry import sweep


@sweep("outbox.forget_done", every_seconds=3600, timeout_seconds=300)
async def forget_done(runtime: Runtime) -> None:
    """Delete rows that were done a week ago, in short transactions."""
    while True:
        async with runtime.db.transaction() as session:
            if await messages.forget_done(session) < messages.BATCH:
                return
