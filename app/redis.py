"""A Redis that one can do without: asked, but not waited for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

T = TypeVar("T")

log = structlog.get_logger(__name__)

# Redis answers within a millisecond, or is not worth waiting for much longer.
SECONDS = 0.5
CONNECTIONS = 8
# After a failure Redis is left alone this long, so that a hung one is not waited for each time.
AWAY_SECONDS = 5.0


class Away(Exception):
    """Redis does not answer, or has not answered a moment ago."""


class BriefRedis:
    """Connections of one purpose of a process, which is named by `what` in the log."""

    def __init__(self, url: str, what: str) -> None:
        self.redis = Redis.from_pool(
            BlockingConnectionPool.from_url(
                url,
                max_connections=CONNECTIONS,
                timeout=SECONDS,
                socket_timeout=SECONDS,
                socket_connect_timeout=SECONDS,
            )
        )
        self._what = what
        self._away_until = 0.0

    async def ask(self, command: Callable[[], Awaitable[T]]) -> T:
        """What a command of `redis` answers. Raises Away."""
        if time.monotonic() < self._away_until:
            raise Away
        try:
            async with asyncio.timeout(2 * SECONDS):
                return await command()
        except (RedisError, OSError, TimeoutError) as error:
            self._give_up(error)
            raise Away from error

    async def close(self) -> None:
        """Let go of Redis."""
        await self.redis.aclose()

    def _give_up(self, error: Exception) -> None:
        """Leave Redis alone for a while; of many calls that failed together, one says so."""
        now = time.monotonic()
        if now >= self._away_until:
            log.warning("Redis is away", what=self._what, error=type(error).__name__)
        self._away_until = now + AWAY_SECONDS
