"""The API as a process: it drains before it ends, and revoked sessions lose their sockets."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.processes import Stack

ADA = {
    "email": "ada@example.com",
    "username": "ada",
    "password": "gravel otter lamp",
    "firstName": "Ada",
    "lastName": "Lovelace",
}


async def sign_in(http: httpx2.AsyncClient) -> dict[str, Any]:
    await http.post("/auth/register", json=ADA)
    answer = await http.post("/auth/login", json={"login": "ada", "password": ADA["password"]})
    body: dict[str, Any] = answer.json()
    return body


@asynccontextmanager
async def socket(stack: Stack, params: dict[str, str]) -> AsyncIterator[ClientConnection]:
    """A websocket whose connection_init was acknowledged."""
    url = stack.api.url.replace("http", "ws") + "/graphql"
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as opened:
        await opened.send(json.dumps({"type": "connection_init", "payload": params}))
        assert json.loads(await opened.recv())["type"] == "connection_ack"
        yield opened


async def close_code(opened: ClientConnection) -> int | None:
    """How the server closes the socket, within ten seconds."""
    with pytest.raises(ConnectionClosed) as closed:
        async with asyncio.timeout(10):
            while True:
                await opened.recv()
    return closed.value.rcvd.code if closed.value.rcvd else None


async def test_sigterm_closes_sockets_properly_and_ends(stack: Stack) -> None:
    await stack.start("api")
    async with socket(stack, {}) as opened:
        os.kill(stack.api.pid, signal.SIGTERM)
        assert await close_code(opened) == 1001
    # As a signal ends a process: uvicorn passes it on once everything is done.
    assert stack.api.stop() in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
    assert stack.api.logs() == ""


async def test_signing_out_closes_the_sessions_sockets(stack: Stack) -> None:
    await stack.start("api")
    async with httpx2.AsyncClient(base_url=stack.api.url, trust_env=False) as http:
        signed_in = await sign_in(http)
        params = {"Authorization": f"Bearer {signed_in['accessToken']}"}
        async with socket(stack, params) as opened, socket(stack, {}) as stranger:
            await http.post("/auth/logout", json={"refreshToken": signed_in["refreshToken"]})
            assert await close_code(opened) == 4403
            await stranger.send(json.dumps({"type": "ping"}))
            async with asyncio.timeout(10):
                # The server pings, too.
                while json.loads(await stranger.recv())["type"] != "pong":
                    pass


async def test_a_socket_with_a_bad_token_is_refused(stack: Stack) -> None:
    await stack.start("api")
    url = stack.api.url.replace("http", "ws") + "/graphql"
    bad: tuple[Any, ...] = ("Bearer nonsense", "nonsense", "", 7, {})
    for token in bad:
        async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as opened:
            payload = {"type": "connection_init", "payload": {"Authorization": token}}
            await opened.send(json.dumps(payload))
            assert await close_code(opened) == 4403
