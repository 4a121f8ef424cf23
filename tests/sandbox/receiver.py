"""A receiver of webhooks that remembers all it got and answers as it is told."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Received:
    """One webhook as it came over the wire."""

    body: bytes
    signature: str
    at: float

    @property
    def event(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """A small HTTP server in this process."""

    def __init__(self, signature: str = "stripe-signature", type_: str = "type") -> None:
        # The header that signs, and the key under which an event says what it is.
        self._signature = signature
        self._type = type_
        self.received: list[Received] = []
        # The statuses of the next answers; 200 when there are none left.
        self.answers: list[int] = []
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/hook"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    def reset(self) -> None:
        self.received.clear()
        self.answers.clear()

    @property
    def types(self) -> list[str]:
        """The types of the events, in the order in which they came."""
        return [received.event[self._type] for received in self.received]

    def of(self, type_: str) -> list[Any]:
        """The events of one type."""
        return [event for got in self.received if (event := got.event)[self._type] == type_]

    async def wait(self, count: int, seconds: float = 5.0) -> None:
        """Wait until so many have come."""
        deadline = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"only {self.types} came"
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.received.append(Received(body, headers[self._signature], time.monotonic()))
        status = self.answers.pop(0) if self.answers else 200
        writer.write(
            f"HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
