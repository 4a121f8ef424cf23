"""The sandbox as an ASGI app and as a process of its own."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import click
import msgspec
import uvicorn
from litestar import HttpMethod, Litestar, Response, route
from litestar import Request as HttpRequest
from litestar.config.cors import CORSConfig
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.sandbox.stripe import endpoints
from app.sandbox.stripe.api import Api, Request
from app.sandbox.stripe.control import Control
from app.sandbox.stripe.pages import Pages
from app.sandbox.stripe.state import Config, State
from app.sandbox.stripe.store import Store
from app.sandbox.stripe.webhooks import Sender

_METHODS = [HttpMethod.GET, HttpMethod.POST, HttpMethod.DELETE]
_ABORT = "sandbox.abort"
_MAX_REQUEST = 1 << 20


class _Protocol(HttpToolsProtocol):
    """uvicorn's, which also lets the app end the connection without a reply."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_ABORT: {"call": self.transport.abort}}


def refuse_in_production() -> None:
    """Stop where nobody may pay with test cards; like the product, unset means production.

    Raises:
        SystemExit: with what to do about it.
    """
    if os.environ.get("ROOST_ENV", "production") == "production":
        raise SystemExit(
            "The payment sandbox does not run in production:"
            " set ROOST_ENV=development (or test) if this is not production."
        )


def create_app(config: Config) -> Litestar:
    """The whole sandbox over one configuration.

    Raises:
        SystemExit: in production.
    """
    refuse_in_production()
    state = State(config)
    store = Store(state)
    endpoints.configure(state)
    api = Api(state, store)
    # Made when the app starts, inside its loop.
    sender = Sender(state, store)
    handlers = [_api_route(api), _control_route(Control(api, sender)), *Pages(api).routes()]

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await store.flush()
        sending = asyncio.create_task(sender.run())
        yield
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await store.close()

    return Litestar(
        handlers,
        lifespan=[lifespan],
        # Browsers confirm payments here with the publishable key, from any origin, as at Stripe.
        cors_config=CORSConfig(allow_origins=["*"], allow_credentials=False),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=_MAX_REQUEST,
    )


def _api_route(api: Api) -> Any:
    @route("/v1/{rest:path}", http_method=_METHODS)
    async def handle(request: HttpRequest[Any, Any, Any]) -> Response[bytes]:
        answer = await api.handle(
            Request(
                method=request.method,
                path=request.url.path,
                query=request.scope["query_string"],
                body=await request.body(),
                headers={name.lower(): value for name, value in request.headers.items()},
            )
        )
        if answer.dropped:
            await _drop_connection(request)
        return Response(
            answer.body,
            status_code=answer.status,
            headers=answer.headers,
            media_type="application/json",
        )

    return handle


async def _drop_connection(request: HttpRequest[Any, Any, Any]) -> None:
    extensions: dict[str, Any] = request.scope.get("extensions") or {}
    if _ABORT not in extensions:
        raise ConnectionAbortedError("only a real server can drop a connection")
    extensions[_ABORT]["call"]()
    # The transport tells the server in the next turn of the loop; after that a reply goes nowhere.
    await asyncio.sleep(0.01)


def _control_route(control: Control) -> Any:
    @route("/_sandbox/{name:path}", http_method=_METHODS, request_max_body_size=None)
    async def handle(request: HttpRequest[Any, Any, Any], name: str) -> Response[bytes]:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        body = await request.body()
        status, answer = await control.handle(request.method, name.strip("/"), key, body)
        encoded = msgspec.json.encode(answer)
        return Response(encoded, status_code=status, media_type="application/json")

    return handle


def main(
    host: str = "127.0.0.1",
    port: int = 8420,
    data: str | None = None,
    webhook_url: str | None = None,
    webhook_secret: str = "whsec_sandbox",
    public_url: str | None = None,
    secret_key: str = "sk_test_sandbox",
    publishable_key: str = "pk_test_sandbox",
    log_level: str = "warning",
) -> None:
    """Serve until SIGINT or SIGTERM; says its address on standard output once it listens.

    Port 0 takes a free one. `data` names the SQLite file that keeps everything; None: memory.

    Raises:
        SystemExit: in production, or the address can't be had; the message says which.
    """
    refuse_in_production()
    logging.basicConfig(level=log_level.upper(), format="%(levelname)s sandbox: %(message)s")
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        message = f"The payment sandbox can't listen on {host}:{port}: {error.strerror}."
        raise SystemExit(f"{message} Choose another port or stop what uses it.") from None
    address = f"http://{host}:{listener.getsockname()[1]}"
    app = create_app(
        Config(
            secret_key=secret_key,
            publishable_key=publishable_key,
            public_url=(public_url or address).rstrip("/"),
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            data=data,
        )
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            log_config=None,
            access_log=False,
            # Longer than clients keep a connection, so that none is closed under a request.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
        )
    )
    click.echo(f"payment sandbox on {address}")
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
