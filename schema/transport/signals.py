"""Letting clients go before the server does."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import FrameType
from typing import Any

from schema.transport.lifetime import Draining

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def drain_on_signal(
    draining: Draining, seconds: float = 10.0
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """A lifespan for Litestar: on SIGTERM or SIGINT drains first, then lets the server stop.

    uvicorn has set its handlers by then, and would close sockets with 1012 the moment it is
    told to stop. A second signal reaches it at once.
    """

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may handle signals: the server is embedded somewhere
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in SIGNALS}
        tasks = set()

        async def drain(number: int, frame: FrameType | None) -> None:
            await draining.drain(seconds)
            pass_on(number, frame)

        def pass_on(number: int, frame: FrameType | None) -> None:
            handler = before[signal.Signals(number)]
            if callable(handler):
                handler(number, frame)

        def begin(number: int, frame: FrameType | None) -> None:
            tasks.add(loop.create_task(drain(number, frame)))

        def handle(number: int, frame: FrameType | None) -> None:
            if draining.begun:
                pass_on(number, frame)
            else:
                loop.call_soon_threadsafe(begin, number, frame)

        for number in SIGNALS:
            signal.signal(number, handle)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    return lifespan
