"""Live updates between processes, over Redis.

A message is a hint to read again, never the truth: it may be lost, doubled or late. Whoever waits
for changes subscribes first, then reads, and reads again on every hint, on every RESYNC (Redis was
away, or too many hints came at once) and from time to time without any.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from db.session import after_commit

log = logging.getLogger(__name__)

# Hints may have been missed.
RESYNC = "*"
PREFIX = "roost:live:"
SESSION_KEY = "live"
QUEUE_SIZE = 64
RECONNECT_SECONDS = 0.5


class LiveUpdates:
    """One Redis subscription per process, fanned out to the process's own subscribers."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._queues: defaultdict[str, set[asyncio.Queue[str]]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()

    async def publish(self, channel: str, message: str = "") -> None:
        """Send a hint to every process. Raises RedisError when Redis is away."""
        await self._redis.publish(PREFIX + channel, message)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[asyncio.Queue[str]]:
        """The hints on one channel as long as the block runs, bounded: overflow is a RESYNC."""
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_SIZE)
        self._queues[channel].add(queue)
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen(), name="live-updates")
        # Without Redis the caller goes on: it reads now, and again from time to time.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._connected.wait(), timeout=1)
        try:
            yield queue
        finally:
            self._queues[channel].discard(queue)
            if not self._queues[channel]:
                del self._queues[channel]

    async def close(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
            self._listener = None

    async def _listen(self) -> None:
        """Listen to all channels on one connection, for ever, through Redis's failures.

        One pattern rather than a channel each: subscribing costs no round trip, and a process
        filters faster than it could follow 2,000 subscriptions coming and going.
        """
        away = False
        while True:
            try:
                async with self._redis.pubsub() as connection:
                    await connection.psubscribe(PREFIX + "*")
                    # Confirmed only when the first reply has come.
                    await connection.get_message(timeout=5)
                    self._connected.set()
                    if away:
                        log.info("live updates: Redis is back")
                    away = False
                    for channel in list(self._queues):
                        self._deliver(channel, RESYNC)
                    async for message in connection.listen():
                        if message["type"] == "pmessage":
                            channel = message["channel"].decode()[len(PREFIX) :]
                            self._deliver(channel, message["data"].decode())
            except (RedisError, OSError) as error:
                if not away:
                    log.warning("live updates: Redis is away (%s); trying again", error)
                away = True
            self._connected.clear()
            await asyncio.sleep(RECONNECT_SECONDS)

    def _deliver(self, channel: str, message: str) -> None:
        for queue in self._queues.get(channel, ()):
            if queue.full():
                # Too slow for the hints: forget them all and read everything once.
                while not queue.empty():
                    queue.get_nowait()
                message = RESYNC
            queue.put_nowait(message)


def announce(session: AsyncSession, channel: str, message: str = "") -> None:
    """Publish a hint once this transaction has committed; nothing happens if it rolls back."""
    live: LiveUpdates | None = session.info.get(SESSION_KEY)
    if live is None:
        return
    seen = session.info.setdefault("announced", set())
    if (channel, message) not in seen:
        seen.add((channel, message))
        after_commit(session, lambda: live.publish(channel, message))
