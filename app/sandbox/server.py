"""A sandbox as an ASGI app and as a process of its own."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import click
import msgspec
import uvicorn
from litestar import HttpMethod, Litestar, Response, route
from litestar import Request as HttpRequest
from litestar.config.cors import CORSConfig
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.sandbox.api import Api, Request
from app.sandbox.control import Control
from app.sandbox.webhooks import Sender

_METHODS = [HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE]
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


def build(
    api: Api,
    sender: Sender,
    control: Control,
    pages: Sequence[Any],
    paths: list[str],
    *work: Callable[[], Coroutine[Any, Any, None]],
) -> Litestar:
    """The app of one sandbox; its API answers under `paths`, and `work` runs beside it."""
    control.begin()

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await api.store.flush()
        running = [asyncio.create_task(run()) for run in (sender.run, *work)]
        yield
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await api.store.close()

    return Litestar(
        [_api_route(api, paths), _control_route(control), *pages],
        lifespan=[lifespan],
        # Browsers confirm payments with the publishable key, from any origin, as at Stripe.
        cors_config=CORSConfig(allow_origins=["*"], allow_credentials=False),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=_MAX_REQUEST,
    )


def _api_route(api: Api, paths: list[str]) -> Any:
    @route(paths, http_method=_METHODS)
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


def serve(create: Callable[[str], Litestar], host: str, port: int, log_level: str) -> None:
    """Serve until SIGINT or SIGTERM; says its address on standard output once it listens.

    `create` makes the app for that address. Port 0 takes a free one.

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
    server = uvicorn.Server(
        uvicorn.Config(
            create(address),
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
