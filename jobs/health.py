"""A worker's small HTTP face: whether it lives, whether it can work, and what it counts."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import msgspec
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from app.reconciliation import queries as reconciliation
from app.runtime import Runtime
from jobs import messages, metrics

Message = MutableMapping[str, Any]
Answer = tuple[int, str, bytes]

CHECK_SECONDS = 2.0


class Server(uvicorn.Server):
    """uvicorn that leaves the process's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """Listen. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def server(runtime: Runtime, stop: asyncio.Event) -> Server:
    """A server for /health/live, /health/ready and /metrics."""

    async def answer(
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            return
        status, content_type, body = await _answer(runtime, stop, scope["path"])
        headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return Server(
        uvicorn.Config(
            answer,
            lifespan="off",
            ws="none",
            http="h11",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=32,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
        )
    )


async def _answer(runtime: Runtime, stop: asyncio.Event, path: str) -> Answer:
    if path == "/health/live":
        return _json(200, {"status": "ok"})
    if path == "/health/ready":
        database, redis = await asyncio.gather(
            _works(_ask_database(runtime)), _works(_ask_redis(runtime))
        )
        checks = {"database": database, "redis": redis, "accepting": not stop.is_set()}
        ok = all(checks.values())
        return _json(200 if ok else 503, {"status": "ok" if ok else "unavailable", **checks})
    if path == "/metrics":
        with contextlib.suppress(Exception):  # without the database the rest is still worth having
            async with asyncio.timeout(CHECK_SECONDS), runtime.db.read() as connection:
                backlog = await messages.backlog(connection)
                open_differences = await reconciliation.open_count(connection)
                holds = await reconciliation.holds(connection)
            metrics.WAITING.set(backlog.waiting)
            metrics.FAILING.set(backlog.failing)
            metrics.OVERDUE.set(backlog.overdue_seconds)
            metrics.DIFFERENCES.clear()
            for provider, count in open_differences.items():
                metrics.DIFFERENCES.labels(provider).set(count)
            metrics.DRIFT.clear()
            for hold in holds:
                metrics.DRIFT.labels(hold.provider, hold.currency).set(hold.drift_minor)
        return 200, CONTENT_TYPE_LATEST, generate_latest()
    return _json(404, {"status": "not found"})


def _json(status: int, body: dict[str, object]) -> Answer:
    return status, "application/json", msgspec.json.encode(body)


async def _works(check: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check
    except Exception:
        return False
    return True


async def _ask_database(runtime: Runtime) -> None:
    async with runtime.db.read() as connection:
        await connection.execute(text("SELECT 1"))


async def _ask_redis(runtime: Runtime) -> None:
    await runtime.redis.get("roost:ready")
