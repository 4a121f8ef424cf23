"""Whether this process lives, and whether it should be sent requests."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.openapi import ResponseSpec
from redis.asyncio import Redis
from sqlalchemy import text

from app.config import Settings
from app.http.problems import documented
from app.http.state import READINESS
from db.session import Database

CHECK_SECONDS = 1.0
# Probers come every few seconds; whoever comes in between is told what they were.
FRESH_SECONDS = 0.5

OK = "ok"
FAILING = "failing"


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str = OK


class Ready(msgspec.Struct, frozen=True):
    """`status` decides; Redis may be away, which costs live updates and seconds of delay."""

    status: str
    postgresql: str
    redis: str


class Readiness:
    """Checks the neighbours, on connections of its own: a busy pool is no outage."""

    def __init__(self, db: Database, redis: Redis, stopping: Callable[[], bool]) -> None:
        self._db = db
        self._redis = redis
        self._stopping = stopping
        self._lock = asyncio.Lock()
        self._checked_at = float("-inf")
        self._postgresql = self._redis_state = FAILING

    async def check(self) -> Ready:
        """What is the matter now, or was half a second ago."""
        async with self._lock:
            if time.monotonic() - self._checked_at > FRESH_SECONDS:
                self._postgresql, self._redis_state = await asyncio.gather(
                    _answers(self._select_one), _answers(self._ping)
                )
                self._checked_at = time.monotonic()
        status = "stopping" if self._stopping() else self._postgresql
        return Ready(status, self._postgresql, self._redis_state)

    async def _select_one(self) -> None:
        async with self._db.read() as connection:
            await connection.execute(text("SELECT 1"))

    async def _ping(self) -> None:
        # exists() rather than ping(), whose type says that it may not be awaitable.
        await self._redis.exists("roost:health")


@asynccontextmanager
async def open_readiness(
    settings: Settings, redis: Redis, stopping: Callable[[], bool]
) -> AsyncIterator[Readiness]:
    """A Readiness with one database connection; `stopping` tells when the process is to end."""
    db = Database(settings.database_url, pool_size=1)
    try:
        yield Readiness(db, redis, stopping)
    finally:
        await db.close()


@get(
    "/health/live",
    tags=["Health"],
    summary="Whether the process lives",
    response_description="It does.",
    responses=documented(),
)
async def live() -> Live:
    return Live()


@get(
    "/health/ready",
    tags=["Health"],
    summary="Whether to send requests here",
    response_description="Send them.",
    responses=documented()
    | {503: ResponseSpec(Ready, description="Send none.", generate_examples=False)},
)
async def ready(request: Request[Any, Any, Any]) -> Response[Ready]:
    readiness: Readiness = request.app.state[READINESS]
    found = await readiness.check()
    return Response(
        found,
        status_code=200 if found.status == OK else 503,
        headers={"cache-control": "no-store"},
    )


async def _answers(check: Callable[[], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception:
        return FAILING
    return OK
