"""What an app is to the API: REST for sign-in, GraphQL over HTTP and `graphql-transport-ws`."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from tests.support.mailbox import code_in

PASSWORD = "a quiet green teapot"


class Client:
    """One visitor of one API process; signed in after `sign_in`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token: str | None = None
        self.user: dict[str, Any] = {}
        self.http = httpx2.AsyncClient(
            base_url=url,
            trust_env=False,
            timeout=60,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None),
        )

    async def close(self) -> None:
        await self.http.aclose()

    async def register(self, username: str, **names: str) -> None:
        """Make an account, whose address is not verified yet, and sign in to it."""
        body = {
            "email": f"{username}@example.com",
            "username": username,
            "password": PASSWORD,
            "firstName": names.get("first_name", username.title()),
            "lastName": names.get("last_name", "Tester"),
        }
        answer = await self.http.post("/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        await self.sign_in(username)

    async def verify(self, mail_text: str) -> None:
        """Follow the link in the mail that an account was greeted with."""
        answer = await self.http.post("/auth/verify-email", json={"token": code_in(mail_text)})
        assert answer.status_code == 204, answer.text

    async def sign_in(self, login: str, password: str = PASSWORD) -> None:
        answer = await self.http.post("/auth/login", json={"login": login, "password": password})
        assert answer.status_code == 200, answer.text
        signed_in = answer.json()
        self.token = signed_in["accessToken"]
        self.user = signed_in["user"]

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    async def send(self, query: str, **variables: Any) -> httpx2.Response:
        """One operation, as it is answered."""
        body = {"query": query, "variables": variables}
        return await self.http.post("/graphql", json=body, headers=self.headers)

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data of an operation that must have no errors."""
        answer = await self.send(query, **variables)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        result = answer.json()
        assert "errors" not in result, result["errors"]
        return result["data"]

    async def do(self, query: str, **variables: Any) -> Any:
        """The only field of a mutation: its success or one of its errors."""
        (field,) = (await self.ask(query, **variables)).values()
        return field

    @asynccontextmanager
    async def subscribe(self, query: str, **variables: Any) -> AsyncIterator["Subscription"]:
        """A subscription on a socket of its own."""
        url = self.url.replace("http", "ws", 1) + "/graphql"
        async with connect(url, subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]
            subscription = Subscription(socket)
            await subscription.begin(self.headers, query, variables)
            yield subscription
            subscription.end()


class Subscription:
    """What a subscription has pushed so far, in order."""

    ids = itertools.count(1)

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.events: list[Any] = []
        self._arrived = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self.failure: Any = None

    async def begin(self, headers: dict[str, str], query: str, variables: Any) -> None:
        params = {"Authorization": headers["authorization"]} if headers else {}
        await self._send({"type": "connection_init", "payload": params})
        assert (await self._receive())["type"] == "connection_ack"
        payload = {"query": query, "variables": variables}
        await self._send({"id": str(next(self.ids)), "type": "subscribe", "payload": payload})
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            match message["type"]:
                case "next":
                    result = message["payload"]
                    if result.get("errors"):
                        self.failure = result["errors"]
                    else:
                        (event,) = result["data"].values()
                        self.events.append(event)
                case "ping":
                    await self._send({"type": "pong"})
                case "error" | "complete":
                    self.failure = message
            self._arrived.set()

    async def until(self, status: str, seconds: float = 20.0) -> Any:
        """Wait for the event that shows the booking in a status."""
        async with asyncio.timeout(seconds):
            while True:
                for event in self.events:
                    if event["booking"]["status"] == status:
                        return event
                assert self.failure is None, self.failure
                self._arrived.clear()
                await self._arrived.wait()

    def end(self) -> None:
        if self._reader is not None:
            self._reader.cancel()

    async def _send(self, message: Any) -> None:
        await self._socket.send(msgspec.json.encode(message).decode())

    async def _receive(self) -> Any:
        return msgspec.json.decode(await self._socket.recv())
