"""GraphQL over websockets: the server's side of `graphql-transport-ws`.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. The older `graphql-ws`
subprotocol is not spoken.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from typing import Annotated, Any

import msgspec
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect
from strawberry.http.websocket_origin import is_same_origin, normalize_origin

from schema.transport.errors import (
    FORBIDDEN,
    TOO_MANY_OPERATIONS,
    UNAUTHENTICATED,
    Refused,
    RequestError,
    present_exception,
    refusal,
)
from schema.transport.lifetime import TRY_AGAIN, End, cancel
from schema.transport.requests import GraphQLRequest
from schema.transport.service import Service, is_request_error
from schema.transport.streaming import formatted

PROTOCOL = "graphql-transport-ws"

GONE = End(1000, "")
INTERNAL = End(4500, "Internal server error")
REJECTED = End(4403, "Forbidden")
TOO_BIG = End(1009, "Message too big")
SILENT = End(4499, "No answer to pings")

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class _ConnectionInit(msgspec.Struct, tag_field="type", tag="connection_init"):
    payload: dict[str, Any] | None = None


class _Ping(msgspec.Struct, tag_field="type", tag="ping"):
    payload: dict[str, Any] | None = None


class _Pong(msgspec.Struct, tag_field="type", tag="pong"):
    payload: dict[str, Any] | None = None


class _Subscribe(msgspec.Struct, tag_field="type", tag="subscribe"):
    id: _Id
    payload: GraphQLRequest


class _Complete(msgspec.Struct, tag_field="type", tag="complete"):
    id: _Id


_decoder = msgspec.json.Decoder(_ConnectionInit | _Ping | _Pong | _Subscribe | _Complete)


def origin_allowed(headers: Mapping[str, str], allowed: frozenset[str]) -> bool:
    """Whether the page that opens a socket may: browsers send cookies along from any page.

    Programs send no `Origin`, and have no cookies that are not their own.
    """
    origin = headers.get("origin")
    if origin is None or is_same_origin(origin, headers.get("host")):
        return True
    return normalize_origin(origin) in allowed


async def serve(service: Service, socket: WebSocket[Any, Any, Any]) -> None:
    """Serve one websocket until it closes."""
    if not origin_allowed(socket.headers, service.allowed_origins):
        await socket.close(1008)  # before it was accepted: the answer is 403
        return
    if PROTOCOL not in socket.scope["subprotocols"]:
        await socket.accept()
        await socket.close(4406, "Subprotocol not acceptable")
        return
    await socket.accept(subprotocols=PROTOCOL)
    with service.draining:
        await _Connection(service, socket).run()


class _Connection:
    """One socket. Whatever ends it sets `over`; only `run` closes it."""

    def __init__(self, service: Service, socket: WebSocket[Any, Any, Any]) -> None:
        self.service = service
        self.socket = socket
        self.limits = service.schema.limits
        self.over: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self.initialised = asyncio.Event()
        self.acknowledged = False
        self.params: dict[str, Any] = {}
        self.heard = False
        self.operations: dict[str, asyncio.Task[None]] = {}
        self.tasks: set[asyncio.Task[Any]] = set()
        self.sending = asyncio.Lock()

    async def run(self) -> None:
        for wait in (
            self._read(),
            self._expect_init(),
            self._ping(),
            self.service.draining.wait(),
        ):
            self._ends_with(wait)
        try:
            end = await self.over
        finally:
            await cancel(*self.tasks)
        if end is not GONE:
            with suppress(TimeoutError, OSError, RuntimeError, WebSocketDisconnect):
                async with asyncio.timeout(self.limits.send_seconds):
                    await self.socket.close(end.code, end.reason)

    def _ends_with(self, wait: Any) -> None:
        """Let the socket end with what `wait` comes to."""

        async def end() -> None:
            try:
                self._finish(await wait)
            except Exception as error:
                present_exception(error)
                self._finish(INTERNAL)

        self._start(end())

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def _finish(self, end: End) -> None:
        if not self.over.done():
            self.over.set_result(end)

    async def _read(self) -> End:
        while True:
            event = await self.socket.receive()
            if event["type"] != "websocket.receive":
                return GONE
            text = event.get("text")
            if text is None:
                return End(4400, "Messages must be text")
            if len(text) > self.limits.frame_bytes or (
                len(text) * 4 > self.limits.frame_bytes
                and len(text.encode()) > self.limits.frame_bytes
            ):
                return TOO_BIG
            try:
                message = _decoder.decode(text)
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                return End(4400, "Invalid message")
            self.heard = True
            end = await self._handle(message)
            if end is not None:
                return end

    async def _handle(self, message: Any) -> End | None:
        match message:
            case _ConnectionInit():
                return await self._init(message.payload or {})
            case _Ping():
                await self._send({"type": "pong"})
            case _Subscribe():
                return await self._subscribe(message.id, message.payload)
            case _Complete():
                operation = self.operations.pop(message.id, None)
                if operation is not None:
                    operation.cancel()
        return None

    async def _init(self, params: dict[str, Any]) -> End | None:
        if self.initialised.is_set():
            return End(4429, "Too many initialisation requests")
        self.initialised.set()
        self.params = params
        try:
            context = await self.service.context_factory(self.socket, params)
        except Exception as error:
            code = (present_exception(error).extensions or {})["code"]
            # Clients come back after either; TRY_AGAIN for what is no fault of theirs.
            return REJECTED if code in (UNAUTHENTICATED, FORBIDDEN) else TRY_AGAIN
        self.acknowledged = True
        self._ends_with(self.service.end_of(context))
        await self._send({"type": "connection_ack"})
        return None

    async def _expect_init(self) -> End:
        try:
            async with asyncio.timeout(self.limits.init_seconds):
                await self.initialised.wait()
        except TimeoutError:
            return End(4408, "Connection initialisation timeout")
        return await asyncio.shield(self.over)

    async def _ping(self) -> End:
        """Keep proxies from dropping a quiet socket, and find out when nobody is there."""
        await self.initialised.wait()
        while True:
            self.heard = False
            await self._send({"type": "ping"})
            await asyncio.sleep(self.limits.ping_seconds)
            if not self.heard:
                return SILENT

    async def _subscribe(self, id: str, request: GraphQLRequest) -> End | None:
        if not self.acknowledged:
            return End(4401, "Unauthorized")
        if id in self.operations:
            return End(4409, f"Subscriber for {id} already exists")
        if len(self.operations) >= self.limits.socket_operations:
            message = f"A socket runs {self.limits.socket_operations} operations at a time."
            await self._send_errors(id, [refusal(TOO_MANY_OPERATIONS, message)])
            return None
        self.operations[id] = self._start(self._operate(id, request))
        return None

    async def _operate(self, id: str, request: GraphQLRequest) -> None:
        """Run one operation, with a context of its own."""
        try:
            ready = await self.service.resolve(request)
            context = await self.service.context_factory(self.socket, self.params)
            async with aclosing(self.service.stream(ready, context)) as results:
                async for result in results:
                    if is_request_error(result):
                        raise Refused(*(result.errors or []))
                    await self._send({"id": id, "type": "next", "payload": formatted(result)})
            self._forget(id)
            await self._send({"id": id, "type": "complete"})
        except Refused as refused:
            await self._send_errors(id, refused.errors)
        except RequestError as error:
            await self._send_errors(id, [error.error])
        except Exception as error:
            await self._send_errors(id, [present_exception(error)])
        finally:
            self._forget(id)

    def _forget(self, id: str) -> None:
        """Free `id`, unless the client has already given it to another operation."""
        if self.operations.get(id) is asyncio.current_task():
            del self.operations[id]

    async def _send_errors(self, id: str, errors: list[Any]) -> None:
        self._forget(id)
        payload = [error.formatted for error in errors]
        await self._send({"id": id, "type": "error", "payload": payload})

    async def _send(self, message: Mapping[str, Any]) -> None:
        """Send a message as soon as the client has read those before.

        Operations wait here, each with one result in hand: a slow reader slows them down, and
        is cut off when it does not read at all.
        """
        text = msgspec.json.encode(message)
        try:
            async with asyncio.timeout(self.limits.send_seconds), self.sending:
                await self.socket.send_text(text)
        except TimeoutError:
            self._finish(TRY_AGAIN)
        except (OSError, RuntimeError, WebSocketDisconnect):
            self._finish(GONE)
