"""How large a request may be around its body: over a real socket, by bytes of our own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import repeat
from typing import Any

import pytest
import uvicorn

from app.http.protocol import MAX_HEAD, BoundedProtocol
from tests.support.ports import free_port

HOST = b"host: a\r\n"
END = b"\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"
# What the sockets' buffers and a read or two may take of a request before it is refused.
MOST = 16 * 1024 * 1024


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Reads everything, then says how long the body was."""
    size, more = 0, True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        size += len(message.get("body", b""))
    body = b"%d" % size
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    port = free_port()
    config = uvicorn.Config(
        app, port=port, http=BoundedProtocol, lifespan="off", log_level="critical"
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait on
        await asyncio.sleep(0.01)
    yield port
    server.should_exit = True
    await running


async def exchange(port: int, parts: Iterator[bytes]) -> tuple[bytes, int]:
    """What is answered to the parts, and how many bytes of them it took; they may never end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
    sent = 0
    try:
        async with asyncio.timeout(20):
            for part in parts:
                writer.write(part)
                sent += len(part)
                # The server reads, and answers if it wants to, before there is more.
                await writer.drain()
                await asyncio.sleep(0)
                if answer.done() or sent > MOST:
                    break
            return await answer, sent
    except ConnectionError:
        return b"", sent
    finally:
        answer.cancel()
        writer.close()


def in_small(data: bytes) -> Iterator[bytes]:
    return (data[start : start + 1_000] for start in range(0, len(data), 1_000))


def endless(opening: bytes, piece: bytes) -> Iterator[bytes]:
    yield opening
    yield from repeat(piece)


def get(headers: bytes, path: bytes = b"/") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + headers + END


TOO_LARGE = {
    "one header": get(b"a: " + b"x" * MAX_HEAD + END),
    "many headers": get(b"a: x\r\n" * (MAX_HEAD // 2)),
    "address": get(b"", b"/" + b"x" * MAX_HEAD),
    "trailers": CHUNKED + b"0\r\n" + b"a: x\r\n" * (MAX_HEAD // 2) + END,
}
ENDLESS = {
    "header": (b"GET / HTTP/1.1\r\na: ", b"x" * 4_096),
    "name": (b"GET / HTTP/1.1\r\n", b"x" * 4_096),
    "headers": (b"GET / HTTP/1.1\r\n", b"a: x\r\n" * 500),
    "address": (b"GET /", b"x" * 4_096),
    "trailer": (CHUNKED + b"0\r\na: ", b"x" * 4_096),
    "extension of a chunk": (CHUNKED + b"1;", b"x" * 4_096),
}
FINE = {
    "large headers": get(b"a: " + b"x" * (MAX_HEAD - 1_000) + END),
    "trailers": CHUNKED + b"2\r\nab\r\n0\r\na: x\r\n\r\n",
    "a large body": POST + b"content-length: 2000000\r\n\r\n" + b"x" * 2_000_000,
    "many chunks": CHUNKED + b"1;a=b\r\nx\r\n" * 50_000 + b"0\r\n\r\n",
}


@pytest.mark.parametrize("request_", TOO_LARGE.values(), ids=TOO_LARGE)
async def test_refused_in_one_piece_and_in_many(port: int, request_: bytes) -> None:
    for parts in (iter([request_]), in_small(request_)):
        answer, _ = await exchange(port, parts)
        # Trailers come when the answer has begun: then the connection just ends.
        assert answer.startswith(b"HTTP/1.1 400 ") or answer == b""


@pytest.mark.parametrize(("opening", "piece"), ENDLESS.values(), ids=ENDLESS)
async def test_what_never_ends_is_refused_before_it_is_kept(
    port: int, opening: bytes, piece: bytes
) -> None:
    answer, sent = await exchange(port, endless(opening, piece))
    assert answer.startswith(b"HTTP/1.1 400 ") or answer == b""
    assert sent < MOST


@pytest.mark.parametrize("request_", FINE.values(), ids=FINE)
async def test_others_are_served(port: int, request_: bytes) -> None:
    for parts in (iter([request_]), in_small(request_)):
        answer, _ = await exchange(port, parts)
        assert answer.startswith(b"HTTP/1.1 200 ")


async def test_many_requests_of_one_connection_add_up_to_nothing(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    one = get(b"a: " + b"x" * (MAX_HEAD // 3) + END)
    for count in (1, 1, 1, 1, 8, 8):
        writer.write(one * count)
        for _ in range(count):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(1) == b"0"
    writer.close()
