"""A real server for the toy schema, in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import uvicorn
from litestar import Litestar

from schema.transport import Draining, Limits, Schema, create_graphql_router
from tests.schema.transport.toy import Door, make_schema
from tests.support.ports import free_port


@dataclass
class Served:
    """A running server, and what stands behind it."""

    port: int
    schema: Schema
    door: Door
    draining: Draining
    http: httpx2.AsyncClient

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    async def post(self, body: Any, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post("/graphql", json=body, headers=named)

    async def query(self, text: str, **variables: Any) -> Any:
        response = await self.post({"query": text, "variables": variables})
        return response.json()


@asynccontextmanager
async def serving(
    *,
    limits: Limits | None = None,
    introspection: bool = True,
    engine: bool = True,
    **options: Any,
) -> AsyncIterator[Served]:
    schema = make_schema(introspection=introspection, limits=limits, engine=engine)
    door = Door()
    draining = Draining()
    router = create_graphql_router(
        schema,
        context_factory=door,
        allowed_origins=["https://shop.example"],
        draining=draining,
        **options,
    )
    port = free_port()
    config = uvicorn.Config(
        Litestar([router]), port=port, log_level="warning", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait on
        await asyncio.sleep(0.01)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
        try:
            yield Served(port, schema, door, draining, http)
        finally:
            await draining.drain(2)
            server.should_exit = True
            await running


async def eventually(check: Callable[[], Any]) -> None:
    """Wait until `check` is true; fail after some seconds."""
    async with asyncio.timeout(10):
        while not check():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
