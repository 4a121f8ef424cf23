"""Taking leave: not ready, then websockets closed, then the server stops."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import Any

import structlog
import uvicorn

log = structlog.get_logger(__name__)


@contextlib.contextmanager
def drained_first(drain: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """When uvicorn is told to stop, await `drain` before it hears of it.

    uvicorn at once stops listening and closes websockets its own way; a load balancer has to see
    "not ready" before the first, and clients a proper close instead of the second. The signal
    again goes straight through. Nothing happens where no uvicorn runs on the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    theirs: dict[int, Any] = {}
    draining: list[asyncio.Task[None]] = []

    async def leave(number: int, frame: FrameType | None) -> None:
        log.info("stopping", signal=signal.Signals(number).name)
        try:
            await drain()
        finally:
            theirs[number](number, frame)

    def begin(number: int, frame: FrameType | None) -> None:
        draining.append(loop.create_task(leave(number, frame)))

    def on_signal(number: int, frame: FrameType | None) -> None:
        if draining:
            theirs[number](number, frame)
        else:
            loop.call_soon_threadsafe(begin, number, frame)

    for number in (signal.SIGTERM, signal.SIGINT):
        handler = signal.getsignal(number)
        if isinstance(getattr(handler, "__self__", None), uvicorn.Server):
            theirs[number] = handler
            signal.signal(number, on_signal)
    try:
        yield
    finally:
        for caught, handler in theirs.items():
            signal.signal(caught, handler)
