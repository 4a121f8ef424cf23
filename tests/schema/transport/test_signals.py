"""A server process that is told to stop."""

import asyncio
import signal
import sys
from pathlib import Path

import httpx2
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.schema.transport.test_sockets import Client
from tests.support.ports import free_port


async def started(url: str) -> None:
    async with asyncio.timeout(30), httpx2.AsyncClient() as http:
        while True:
            try:
                await http.post(url, json={"query": "{hello}"})
                return
            except httpx2.TransportError:
                await asyncio.sleep(0.05)


async def test_a_process_lets_its_sockets_go_before_it_stops() -> None:
    port = free_port()
    command = ("-m", "uvicorn", "tests.schema.transport.standalone:app", "--port", str(port))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await started(f"http://127.0.0.1:{port}/graphql")
        async with connect(
            f"ws://127.0.0.1:{port}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")]
        ) as connection:
            socket = Client(connection)
            await socket.init()
            await socket.subscribe("a", "subscription {forever}")
            await socket.receive()
            process.send_signal(signal.SIGTERM)
            assert await socket.closed() == (1001, "Going away")
        assert await asyncio.wait_for(process.wait(), 5) in (0, -signal.SIGTERM)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
