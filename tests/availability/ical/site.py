"""Another site, as far as it has a calendar: a server on loopback that misbehaves on demand."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Site:
    """What it answers, and what it has answered."""

    url: str
    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    # How often it sends the client somewhere else first.
    redirects: int = 0
    # Sends without end, or not at all.
    endless: bool = False
    hangs: bool = False
    # Sent packed instead of the content.
    packed: bytes | None = None
    answers: list[int] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if self.hangs:
                await reader.read()
            else:
                await self._answer(head, writer)
        writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        path = head.split()[1]
        hop = int(path.rpartition("-")[2]) if "/hop-" in path else 0
        headers, status, body = dict(self.headers), self.status, self.content
        if hop < self.redirects:
            status, headers["Location"] = 302, f"/hop-{hop + 1}"
        elif self.packed is not None:
            headers["Content-Encoding"], body = "gzip", gzip.compress(self.packed)
        elif "ETag" in headers and f"if-none-match: {headers['ETag']}" in head.lower():
            status, body = 304, b""
        self.answers.append(status)
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        while self.endless:
            writer.write(b"x" * 65_536)
            await writer.drain()
        writer.write(body)
        await writer.drain()


@asynccontextmanager
async def open_site() -> AsyncIterator[Site]:
    """A site whose calendar is at `url`."""
    site = Site("")
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    site.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/calendar.ics"
    try:
        yield site
    finally:
        server.close()
