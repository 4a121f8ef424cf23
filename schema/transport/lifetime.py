"""When a websocket or a stream over HTTP has to end, though its client is still there."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from schema.transport.errors import log

WatchSession = Callable[[Any], Awaitable[None]]
"""Given a context's `session_id`, returns when that session has been revoked."""


class End(NamedTuple):
    """Why a connection ends; `code` is the websocket's close code."""

    code: int
    reason: str


GOING_AWAY = End(1001, "Going away")
# graphql-ws clients come back after 4403, with fresh credentials, and give up after 4401.
EXPIRED = End(4403, "Token expired")
REVOKED = End(4403, "Session revoked")
TRY_AGAIN = End(1013, "Try again later")


class Draining:
    """Whether this process is about to stop. One object for all of its connections."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()
        self._open = 0
        self._closed = asyncio.Event()
        self._closed.set()

    @property
    def begun(self) -> bool:
        return self._begun.is_set()

    @property
    def open(self) -> int:
        """How many websockets and streams are open."""
        return self._open

    async def drain(self, seconds: float) -> None:
        """End every websocket (1001) and stream, and take no new ones; wait until they are gone.

        To be called when the process is told to stop, before the server is (`drain_on_signal`):
        uvicorn itself closes sockets with 1012 at once, and waits for streams for ever.
        """
        self._begun.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()

    async def wait(self) -> End:
        await self._begun.wait()
        return GOING_AWAY

    def __enter__(self) -> None:
        self._open += 1
        self._closed.clear()

    def __exit__(self, *_: object) -> None:
        self._open -= 1
        if not self._open:
            self._closed.set()


async def session_end(context: Any, watch_session: WatchSession | None) -> End:
    """Wait until the session behind `context` ends.

    `context.expires_at` (an aware datetime or None) and `context.session_id` are looked at where
    the context has them.
    """
    waits: list[Coroutine[Any, Any, End]] = []
    expires_at = getattr(context, "expires_at", None)
    session_id = getattr(context, "session_id", None)
    if expires_at is not None:
        waits.append(_expiry(expires_at))
    if session_id is not None and watch_session is not None:
        waits.append(_revocation(session_id, watch_session))
    return await first(waits)


async def first(waits: list[Coroutine[Any, Any, End]]) -> End:
    """The result of the coroutine that ends first; the others are cancelled."""
    if not waits:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task in done).result()
    finally:
        await cancel(*tasks)


async def cancel(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel `tasks` and wait until they have cleaned up."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _expiry(expires_at: datetime) -> End:
    # The loop's clock stands still while a machine sleeps: look at the real one now and then.
    while (left := (expires_at - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110
        await asyncio.sleep(min(left, 60.0))
    return EXPIRED


async def _revocation(session_id: Any, watch_session: WatchSession) -> End:
    try:
        await watch_session(session_id)
    except Exception:
        # Nobody would hear of a revocation any more; the client may come back and try again.
        log.exception("graphql.session_watch_failed")
        return TRY_AGAIN
    return REVOKED
