"""SAQ, set up for jobs that may all be lost: the outbox row is the truth, a job only says "now".

Retries, delays and dead letters are the outbox's business (jobs.messages). What SAQ does to that
end is switched off here.
"""

import asyncio
from asyncio import Task
from collections.abc import Iterable
from typing import Any

import saq
from redis.asyncio import Redis
from redis.exceptions import RedisError
from saq.queue.redis import RedisQueue
from saq.types import ListenCallback

from jobs.registry import Lane

# An idle worker asks again this often; until then Redis holds its call open. An idle worker that
# is told to stop does so within this time.
DEQUEUE_SECONDS = 2.0
# A call that Redis lets hang fails after this; longer than a dequeue is meant to take.
SOCKET_SECONDS = DEQUEUE_SECONDS + 6
RETRY_SECONDS = 1.0
# SIGTERM: running tasks may take this long to finish.
GRACE_SECONDS = 20


class Queue(RedisQueue):
    """One lane's queue. Redis may go away and come back, or be wiped, at any time."""

    def __init__(self, redis: Redis, lane: Lane) -> None:
        super().__init__(redis, name=f"roost-{lane}")

    async def dequeue(self, timeout: float = 0.0, poll_interval: float = 0.0) -> saq.Job | None:
        """The next job; None after `timeout` seconds, or when Redis is away.

        The worker calls again at once, so waiting for Redis to come back happens here.
        """
        try:
            return await super().dequeue(timeout, poll_interval)
        except (RedisError, OSError):
            # The relay meets the same trouble, and says so once.
            await asyncio.sleep(RETRY_SECONDS)
            return None

    async def listen(
        self,
        job_keys: Iterable[str],
        callback: ListenCallback,
        timeout: float | None = 10,
        poll_interval: float = 0.5,
    ) -> None:
        """Never waits. SAQ's sweep would listen for a dead worker's answer, and the listener it
        starts for that spins when Redis goes away."""
        raise TimeoutError


class Worker(saq.Worker[Any]):
    """Runs one lane's jobs, `concurrency` at a time."""

    # Signals are for the whole process: jobs.worker handles them.
    SIGNALS = []  # noqa: RUF012  (declared so by SAQ)

    async def upkeep(self) -> "list[Task[None]]":
        """Nothing: schedules and retries are the outbox's, and stopping would wait for it."""
        return []

    async def process(self) -> bool:
        """One job. When Redis goes away under it, the outbox row knows how far it got."""
        try:
            return await super().process()
        except (RedisError, OSError):
            return False


def open_redis(url: str, connections: int) -> Redis:
    """A client for queues: `connections` calls may wait in it at once."""
    return Redis.from_url(
        url,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=2,
        max_connections=connections,
    )


def job(task: str, message_id: str, attempt: int, timeout_seconds: float) -> saq.Job:
    """The job for one attempt at an outbox row.

    Its key lasts as long as the attempt is not finished, so a row that still waits in the queue
    is not queued twice; the next attempt has another key, so it never waits for the remains of a
    killed worker's job.
    """
    return saq.Job(
        function=task,
        kwargs={"message_id": message_id, "attempt": attempt},
        key=f"{message_id}:{attempt}",
        # The attempt's own time-out comes first; this one is for the sweep.
        timeout=int(timeout_seconds) + 10,
        retries=1,
        # Nobody asks for results.
        ttl=-1,
    )
