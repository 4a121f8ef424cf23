"""Results over one long HTTP response: server-sent events, and Apollo's multipart protocol."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, NamedTuple

import msgspec
from litestar.types import Receive, Scope, Send

from schema.transport.lifetime import End, cancel
from schema.transport.negotiation import Media

HEADERS = {
    "cache-control": "no-store, no-transform",
    # nginx would otherwise hold events back.
    "x-accel-buffering": "no",
}


class Framing(NamedTuple):
    """How results follow each other in a response."""

    content_type: str
    opening: bytes
    before: bytes
    after: bytes
    heartbeat: bytes
    heartbeat_seconds: float
    closing: bytes
    wrapped: bool = False

    def result(self, result: Mapping[str, Any]) -> bytes:
        body = {"payload": result} if self.wrapped else result
        return self.before + msgspec.json.encode(body) + self.after


FRAMINGS = {
    # https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, one operation per response.
    Media.EVENT_STREAM: Framing(
        content_type="text/event-stream; charset=utf-8",
        opening=b": open\n\n",
        before=b"event: next\ndata: ",
        after=b"\n\n",
        heartbeat=b": ping\n\n",
        heartbeat_seconds=15.0,
        closing=b"event: complete\ndata: \n\n",
    ),
    # https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
    # The boundary leads, as Apollo's iOS and Kotlin clients want it, and follows each part at
    # once, because the web client reads a part only when it sees where it ends.
    Media.MULTIPART: Framing(
        content_type='multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
        opening=b"\r\n--graphql",
        before=b"\r\ncontent-type: application/json; charset=utf-8\r\n\r\n",
        after=b"\r\n--graphql",
        heartbeat=b"\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{}\r\n--graphql",
        heartbeat_seconds=5.0,
        closing=b"--\r\n",
        wrapped=True,
    ),
}


async def frame(
    framing: Framing,
    results: AsyncGenerator[Mapping[str, Any], None],
    over: "asyncio.Future[End]",
    last_words: Mapping[str, Any],
) -> AsyncGenerator[bytes, None]:
    """`results` as parts of a response, with heartbeats between them, until `over`.

    When the session ends the client is told `last_words`; when the server does (1001) the
    response just breaks off, and the client comes back elsewhere.
    """
    yield framing.opening
    async with aclosing(results):
        upcoming = asyncio.ensure_future(anext(results, None))
        try:
            while True:
                waits: set[asyncio.Future[Any]] = {upcoming, over}
                await asyncio.wait(
                    waits,
                    timeout=framing.heartbeat_seconds,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if upcoming.done():
                    result = upcoming.result()
                    if result is None:
                        break
                    yield framing.result(result)
                    upcoming = asyncio.ensure_future(anext(results, None))
                elif over.done():
                    if over.result().code == 1001:
                        return
                    yield framing.result(last_words)
                    break
                else:
                    yield framing.heartbeat
        finally:
            await cancel(upcoming)
    yield framing.closing


class StreamingAnswer:
    """A response that sends parts until they end, or the client goes or stops reading."""

    def __init__(
        self, content_type: str, parts: AsyncGenerator[bytes, None], send_seconds: float
    ) -> None:
        self._content_type = content_type
        self._parts = parts
        self._send_seconds = send_seconds

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application that sends it."""
        sending = asyncio.ensure_future(self._send_all(send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            await cancel(sending, leaving)

    async def _send_all(self, send: Send) -> None:
        headers = {**HEADERS, "content-type": self._content_type}
        async with aclosing(self._parts):
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
                }
            )
            async for part in self._parts:
                async with asyncio.timeout(self._send_seconds):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def formatted(result: Any) -> dict[str, Any]:
    """A Strawberry result as the specification has it in a response."""
    response: dict[str, Any] = {}
    if result.errors:
        response["errors"] = [error.formatted for error in result.errors]
    response["data"] = result.data
    if result.extensions:
        response["extensions"] = result.extensions
    return response
