"""The `graphql-transport-ws` protocol, and what bounds a socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from schema.transport import Limits
from tests.schema.transport import toy
from tests.schema.transport.serving import Served, eventually, serving


class Client:
    """Speaks the protocol; answers pings by itself unless told not to."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.pongs = True

    async def send(self, type: str, id: str | None = None, payload: Any = None) -> None:
        message = {"type": type, "id": id, "payload": payload}
        present = {key: value for key, value in message.items() if value is not None}
        await self.connection.send(json.dumps(present))

    async def receive(self) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(await asyncio.wait_for(self.connection.recv(), 5))
            if message["type"] != "ping":
                return message
            if self.pongs:
                await self.send("pong")

    async def init(self, **params: Any) -> None:
        await self.send("connection_init", payload=params)
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, id: str, query: str, **more: Any) -> None:
        await self.send("subscribe", id, {"query": query, **more})

    async def closed(self) -> tuple[int, str]:
        """The code and the reason with which the server closes, whatever it sends before."""
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await self.receive()
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code, closed.value.rcvd.reason


@asynccontextmanager
async def client(
    served: Served, *, protocol: str = "graphql-transport-ws", origin: str | None = None
) -> AsyncIterator[Client]:
    async with connect(
        served.socket_url,
        subprotocols=[Subprotocol(protocol)],
        origin=Origin(origin) if origin else None,
        close_timeout=0.5,
        max_size=None,
    ) as connection:
        yield Client(connection)


async def test_a_subscription(server: Served) -> None:
    async with client(server) as socket:
        await socket.init()
        await socket.subscribe("a", "subscription {countdown(start: 2)}")
        for number in (2, 1):
            counted = {"data": {"countdown": number}}
            assert await socket.receive() == {"type": "next", "id": "a", "payload": counted}
        assert await socket.receive() == {"type": "complete", "id": "a"}
        # The id is free again.
        await socket.subscribe("a", "query Q {hello}", operationName="Q", variables=None)
        payload = {"data": {"hello": "world"}}
        assert await socket.receive() == {"type": "next", "id": "a", "payload": payload}
        assert await socket.receive() == {"type": "complete", "id": "a"}
        mutation = "mutation($t: String!) {rename(title: $t)}"
        await socket.subscribe("b", mutation, variables={"t": "T"})
        assert (await socket.receive())["payload"] == {"data": {"rename": "T"}}


async def test_each_operation_has_its_own_context(server: Served) -> None:
    async with client(server) as socket:
        await socket.init(Authorization="Bearer someone")
        numbers = []
        for id in ("a", "b"):
            await socket.subscribe(id, "subscription {number}")
            numbers.append((await socket.receive())["payload"]["data"]["number"])
            await socket.receive()
        assert len(set(numbers)) == 2
        await socket.subscribe("c", "{user}")
        assert (await socket.receive())["payload"]["data"] == {"user": "Bearer someone"}


async def test_operations_run_side_by_side_and_stop_when_told(server: Served) -> None:
    toy.cancelled.clear()
    async with client(server) as socket:
        await socket.init()
        await socket.subscribe("a", "subscription {forever}")
        assert (await socket.receive())["id"] == "a"
        await socket.subscribe("b", "{hello}")
        assert [(await socket.receive())["id"] for _ in range(2)] == ["b", "b"]
        await socket.send("complete", "a")
        await eventually(lambda: toy.cancelled == ["forever"])
        await socket.send("complete", "unknown")
        await socket.subscribe("a", "subscription {forever}")
        assert (await socket.receive())["type"] == "next"
    await eventually(lambda: toy.cancelled == ["forever", "forever"])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{nope}", "GRAPHQL_VALIDATION_FAILED"),
        ("query($d: Day!) {echo(day: $d)}", "BAD_USER_INPUT"),
        ("subscription A {forever} subscription B {forever}", "OPERATION_RESOLUTION_FAILURE"),
        ("{" + "hello " * 240 + "}", "OPERATION_TOO_COMPLEX"),
    ],
)
async def test_a_refused_operation_leaves_the_socket_open(
    server: Served, query: str, code: str
) -> None:
    async with client(server) as socket:
        await socket.init()
        await socket.subscribe("a", query)
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "a")
        assert message["payload"][0]["extensions"]["code"] == code
        await socket.subscribe("a", "{hello}")
        assert (await socket.receive())["payload"] == {"data": {"hello": "world"}}


async def test_failures_are_masked(server: Served) -> None:
    async with client(server) as socket:
        await socket.init()
        await socket.subscribe("a", "subscription {breaks}")
        messages = [await socket.receive() for _ in range(3)]
        assert messages[0]["payload"] == {"data": {"breaks": 1}}
        (error,) = messages[1]["payload"]["errors"]
        assert error["message"] == "Internal server error"
        assert messages[2]["type"] == "complete"


async def test_persisted_queries_work_here_too(server: Served) -> None:
    async with client(server) as socket:
        await socket.init()
        persisted = {"version": 1, "sha256Hash": "0" * 64}
        payload = {"extensions": {"persistedQuery": persisted}}
        await socket.send("subscribe", "a", payload)
        message = await socket.receive()
        assert message["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


INVALID = {
    "no json": "{",
    "null": "null",
    "list": "[]",
    "no type": "{}",
    "unknown type": '{"type": "start"}',
    "type is a list": '{"type": []}',
    "no id": '{"type": "subscribe", "payload": {"query": "{hello}"}}',
    "empty id": '{"type": "subscribe", "id": "", "payload": {"query": "{hello}"}}',
    "long id": '{"type": "complete", "id": "%s"}' % ("x" * 200),
    "no payload": '{"type": "subscribe", "id": "a"}',
    "query is a number": '{"type": "subscribe", "id": "a", "payload": {"query": 1}}',
    "variables are a list": '{"type": "subscribe", "id": "a", "payload": {"variables": []}}',
    "init payload is a string": '{"type": "connection_init", "payload": "x"}',
    "deep": '{"type": "ping", "payload": ' + "[" * 30_000,
    "binary": b'{"type": "ping"}',
}


@pytest.mark.parametrize("frame", INVALID.values(), ids=INVALID.keys())
async def test_an_invalid_message_closes_the_socket(server: Served, frame: str | bytes) -> None:
    async with client(server) as socket:
        await socket.connection.send(frame)
        code, _ = await socket.closed()
        assert code == 4400


async def test_a_frame_may_not_be_too_large(server: Served) -> None:
    async with client(server) as socket:
        await socket.connection.send('{"type": "ping", "payload": {"x": "' + "x" * 70_000 + '"}}')
        assert await socket.closed() == (1009, "Message too big")
    async with client(server) as socket:
        await socket.connection.send('{"type": "ping", "payload": {"x": "' + "é" * 40_000 + '"}}')
        assert (await socket.closed())[0] == 1009


async def test_the_handshake_is_checked(server: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with client(server, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    for origin in ("https://shop.example", f"http://127.0.0.1:{server.port}", None):
        async with client(server, origin=origin) as socket:
            await socket.init()
    with pytest.raises(InvalidStatus):
        async with client(server, origin="null"):
            pass


async def test_the_older_subprotocol_is_not_spoken(server: Served) -> None:
    async with client(server, protocol="graphql-ws") as socket:
        assert socket.connection.subprotocol is None
        assert (await socket.closed())[0] == 4406


async def test_the_order_of_messages_is_checked(server: Served) -> None:
    async with client(server) as socket:
        await socket.subscribe("a", "{hello}")
        assert await socket.closed() == (4401, "Unauthorized")
    async with client(server) as socket:
        await socket.init()
        await socket.send("connection_init")
        assert await socket.closed() == (4429, "Too many initialisation requests")
    async with client(server) as socket:
        await socket.init()
        await socket.subscribe("a", "subscription {forever}")
        await socket.subscribe("a", "{hello}")
        assert await socket.closed() == (4409, "Subscriber for a already exists")


async def test_credentials_are_checked_when_the_socket_is_initialised(server: Served) -> None:
    async with client(server) as socket:
        await socket.send("connection_init", payload={"Authorization": "Bearer bad"})
        assert await socket.closed() == (4403, "Forbidden")
    async with client(server) as socket:
        await socket.send("connection_init", payload={"Authorization": "Bearer broken"})
        assert (await socket.closed())[0] == 1013


async def test_a_socket_is_initialised_in_time() -> None:
    async with serving(limits=Limits(init_seconds=0.1)) as served:
        async with client(served) as socket:
            assert await socket.closed() == (4408, "Connection initialisation timeout")
        async with client(served) as socket:
            await socket.init()
            await asyncio.sleep(0.2)
            await socket.send("ping")
            assert await socket.receive() == {"type": "pong"}


async def test_a_socket_runs_a_few_operations_at_a_time() -> None:
    async with serving(limits=Limits(socket_operations=2)) as served, client(served) as socket:
        await socket.init()
        for id in ("a", "b"):
            await socket.subscribe(id, "subscription {forever}")
            await socket.receive()
        await socket.subscribe("c", "{hello}")
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "c")
        assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        await socket.send("complete", "a")
        await socket.subscribe("c", "{hello}")
        assert (await socket.receive())["payload"] == {"data": {"hello": "world"}}


async def test_the_deadline_is_per_event() -> None:
    async with serving(limits=Limits(deadline_seconds=0.2)) as served, client(served) as socket:
        await socket.init()
        await socket.subscribe("a", "subscription {forever}")
        await socket.receive()
        await asyncio.sleep(0.4)
        await socket.subscribe("b", "{slow(seconds: 30)}")
        message = await socket.receive()
        assert message["id"] == "b"
        assert message["payload"]["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"
        await socket.receive()
        await socket.send("ping")
        assert await socket.receive() == {"type": "pong"}


async def test_a_silent_client_is_pinged_and_given_up() -> None:
    async with serving(limits=Limits(ping_seconds=0.2)) as served:
        async with client(served) as socket:
            await socket.init()
            socket.pongs = False
            assert (await socket.closed())[0] == 4499
        async with client(served) as socket:
            await socket.init()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.receive(), 0.7)  # answers pings meanwhile


async def test_a_socket_ends_when_its_token_does() -> None:
    async with serving() as served, client(served) as socket:
        served.door.expires_at = datetime.now(UTC) + timedelta(seconds=0.3)
        await socket.init()
        assert await socket.closed() == (4403, "Token expired")


async def test_a_socket_ends_when_its_session_is_revoked() -> None:
    revoked = asyncio.Event()
    watched: list[str] = []

    async def watch(session_id: str) -> None:
        watched.append(session_id)
        if session_id == "Bearer unwatchable":
            raise ConnectionError
        await revoked.wait()

    async with serving(watch_session=watch) as served:
        async with client(served) as anonymous, client(served) as socket:
            await anonymous.init()
            await socket.init(Authorization="Bearer someone")
            assert watched == ["Bearer someone"]
            revoked.set()
            assert await socket.closed() == (4403, "Session revoked")
            await anonymous.subscribe("a", "{hello}")
            assert (await anonymous.receive())["type"] == "next"
        async with client(served) as socket:
            await socket.init(Authorization="Bearer unwatchable")
            assert (await socket.closed())[0] == 1013


async def test_sockets_are_closed_when_the_server_stops() -> None:
    toy.cancelled.clear()
    async with serving() as served, client(served) as one, client(served) as other:
        await one.init()
        await one.subscribe("a", "subscription {forever}")
        await one.receive()
        assert served.draining.open == 2
        await served.draining.drain(5)
        assert served.draining.open == 0
        assert toy.cancelled == ["forever"]
        assert await one.closed() == (1001, "Going away")
        assert await other.closed() == (1001, "Going away")
        async with client(served) as late:
            assert (await late.closed())[0] == 1001


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    async with serving(limits=Limits(send_seconds=0.3)) as served:
        connection = await connect(
            served.socket_url,
            subprotocols=[Subprotocol("graphql-transport-ws")],
            max_queue=1,
            max_size=None,
            compression=None,
            close_timeout=0.1,
        )
        socket = Client(connection)
        await socket.init()
        await socket.subscribe("a", "subscription {flood}")
        await socket.receive()
        await eventually(lambda: served.draining.open == 0)
        count = len(toy.served)
        await asyncio.sleep(0.1)
        assert len(toy.served) == count
        connection.transport.abort()
