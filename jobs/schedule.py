"""The schedule: runs every sweep from time to time.

Each worker has one. A short lock in Redis lets one of them take each turn; sweeps are safe without
it, so when Redis is away all of them run.
"""

import asyncio
import contextlib
import logging
import random

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.runtime import Runtime
from jobs import metrics
from jobs.registry import SWEEPS, Sweep

log = logging.getLogger(__name__)


async def run(runtime: Runtime, stop: asyncio.Event) -> None:
    """Run the sweeps until `stop` is set; those under way are finished first."""
    async with asyncio.TaskGroup() as group:
        for sweep in SWEEPS.values():
            group.create_task(_repeat(runtime, sweep, stop), name=f"sweep {sweep.name}")


async def _repeat(runtime: Runtime, sweep: Sweep, stop: asyncio.Event) -> None:
    every = sweep.every_seconds or runtime.settings.sweep_seconds
    is_failing = False
    # Sweeps and workers that start together need not all work at the same instant.
    await _pause(stop, random.uniform(0, min(every, 1)))
    while not stop.is_set():
        if await _is_our_turn(runtime.redis, sweep, every):
            try:
                async with asyncio.timeout(sweep.timeout_seconds):
                    await sweep.run(runtime)
            except Exception:
                metrics.SWEEPS.labels(sweep.name, "failed").inc()
                if not is_failing:
                    log.warning("sweep %s failed; it goes on trying", sweep.name, exc_info=True)
                is_failing = True
            else:
                metrics.SWEEPS.labels(sweep.name, "done").inc()
                if is_failing:
                    log.warning("sweep %s works again", sweep.name)
                is_failing = False
        await _pause(stop, every)


async def _is_our_turn(redis: Redis, sweep: Sweep, every: float) -> bool:
    """Whether this worker runs the sweep now: the first to ask in each interval does."""
    try:
        async with asyncio.timeout(1):
            # A little shorter than the interval, so that our own last turn never blocks the next.
            taken = await redis.set(
                f"roost:sweep:{sweep.name}", b"", nx=True, px=max(1, int(every * 900))
            )
    except (RedisError, OSError, TimeoutError):
        return True
    return bool(taken)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
