"""The API inside the test process, over HTTP's own semantics but no socket."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
import uvicorn
from litestar import Litestar

from app.config import Settings
from app.main import create_app
from tests.support.ports import free_port

BASE_URL = "http://roost.test"


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Litestar]:
    """The application with its lifespan begun on this very loop."""
    app = create_app(settings)
    begun, over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        # In a task of its own: fixtures begin and end in different ones, which anyio refuses.
        async with app.lifespan():
            begun.set()
            await over.wait()

    lifespan = asyncio.create_task(live())
    waiting = asyncio.create_task(begun.wait())
    await asyncio.wait({lifespan, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        if begun.is_set():
            yield app
    finally:
        over.set()
        await lifespan


@asynccontextmanager
async def listening(settings: Settings) -> AsyncIterator[str]:
    """The application's address, behind uvicorn in a thread of its own with a loop of its own."""
    port = free_port()
    app = create_app(settings)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join)


def client_of(app: Litestar, *, address: str = "192.0.2.1") -> httpx2.AsyncClient:
    """A client that keeps cookies, as a browser does."""
    transport = httpx2.ASGITransport(
        app=app,  # type: ignore[arg-type]  # typed by Litestar, untyped by httpx2
        raise_app_exceptions=False,
        client=(address, 50_000),
    )
    return httpx2.AsyncClient(transport=transport, base_url=BASE_URL)


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Litestar]:
    async with serving(settings) as app:
        yield app


@pytest.fixture
async def client(api: Litestar) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(api) as client:
        yield client
