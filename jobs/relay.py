"""The relay: takes due rows of the outbox and hands them to the queues.

It is woken by a live hint right after a commit, and looks once a second anyway. Redis or
PostgreSQL being away only makes it wait.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from app.outbox import WAKE
from app.runtime import Runtime
from jobs import messages
from jobs.queue import Queue, job
from jobs.registry import TASKS, Lane

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
# While a queue is full or a batch was.
BUSY_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 5.0

# So many jobs of a lane wait in Redis at most: few enough to be started within their lease, as
# the rest are safe (and in order) in the outbox.
QUEUE_LIMIT = 200


async def run(runtime: Runtime, queues: Mapping[Lane, Queue]) -> None:
    """Relay until cancelled. A cancelled hand-over comes again when its leases are over."""
    failures = 0
    async with runtime.live.subscribe(WAKE) as hints:
        while True:
            try:
                more = [await hand_over(runtime, lane, queue) for lane, queue in queues.items()]
            except Exception as error:
                failures += 1
                if failures == 1:
                    is_away = isinstance(error, RedisError | OSError | DBAPIError)
                    log.warning(
                        "relay: cannot hand over jobs, trying again: %s",
                        messages.describe(error),
                        exc_info=None if is_away else error,
                    )
                await asyncio.sleep(min(0.5 * 2 ** min(failures, 5), LONGEST_BACKOFF_SECONDS))
                continue
            if failures:
                log.warning("relay: handing over jobs again after %d failures", failures)
                failures = 0
            pause = BUSY_SECONDS if any(more) else POLL_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await hints.get()
            while not hints.empty():
                hints.get_nowait()


async def hand_over(runtime: Runtime, lane: Lane, queue: Queue) -> bool:
    """Move one batch of a lane's due rows to its queue. Returns whether there may be more.

    Rows of tasks that this worker does not know stay for one that does.
    """
    names = [task.name for task in TASKS.values() if task.lane is lane]
    # Redis is asked first: while it is away, no row is leased in vain.
    room = QUEUE_LIMIT - await queue.count("queued")
    if room <= 0:
        return True
    async with runtime.db.transaction() as session:
        leases = await messages.lease(session, names, room)
    for lease in leases:
        timeout = TASKS[lease.task].timeout_seconds
        await queue.enqueue(job(lease.task, str(lease.id), lease.attempt, timeout))
    return len(leases) == room
