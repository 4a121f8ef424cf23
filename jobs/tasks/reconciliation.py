"""Comparing the books with payment providers: each night, and when somebody asks for it."""

import asyncio
from collections.abc import Callable

from app import clock
from app.reconciliation import flows
from app.reconciliation.events import ReconciliationRequested
from app.runtime import Runtime
from jobs.registry import sweep, task

# A walk is taken up again where it was, so no turn has to finish it.
TURN_SECONDS = 240.0
TASK_SECONDS = 20.0


def after(seconds: float) -> Callable[[], bool]:
    """Whether so many seconds are over."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    return lambda: loop.time() >= end


@task("reconciliation.begin")
async def begin(runtime: Runtime, event: ReconciliationRequested) -> None:
    """Begin at once what a member of staff asked for."""
    await flows.resume(runtime.db, runtime.providers, clock.now(), after(TASK_SECONDS))


@sweep("reconciliation.nightly", every_seconds=300, timeout_seconds=290)
async def nightly(runtime: Runtime) -> None:
    """Begin a walk when a night has come, and go on with those that are under way."""
    now = clock.now()
    await flows.begin_due(runtime.db, runtime.providers, now)
    await flows.resume(runtime.db, runtime.providers, now, after(TURN_SECONDS))


@sweep("reconciliation.look_again", every_seconds=300)
async def look_again(runtime: Runtime) -> None:
    """See whether what differs has been mended, so that payouts go on soon."""
    await flows.recheck(runtime.db, runtime.providers, clock.now())
