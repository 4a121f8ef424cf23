"""Running a Litestar app inside a test, in this process and on the tests' own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar


@asynccontextmanager
async def running(app: Litestar) -> AsyncIterator[Litestar]:
    """Start `app`, and stop it at the end. Raises what its start raises.

    Its lifespan has to begin and end in one task, and pytest runs the two halves of a fixture
    in two: hence a task of its own.
    """
    started, ending = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await ending.wait()

    task = asyncio.create_task(live())
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not started.is_set():
        await task
    try:
        yield app
    finally:
        ending.set()
        await task
