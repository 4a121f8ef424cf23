"""Logs and metrics of one process: who asked for what, how it ended, how long it took.

Bodies, query strings, headers, tokens and variables are never logged.
"""

import json
import logging
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

from app.config import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HANDLER = "roost"
REQUEST_ID = b"x-request-id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")

# Any string may stand here in a request; the metrics keep to those that a route knows.
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"}

REQUESTS = Counter("roost_http_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "roost_http_request_seconds",
    "From the first byte of a request to the last of its answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
OPEN = Gauge("roost_http_open", "Requests and websockets being served.", ["kind"])
# Finding a metric by its labels costs more than counting. There are few: see _METHODS and _record.
_requests = lru_cache(REQUESTS.labels)
_seconds = lru_cache(SECONDS.labels)
_open = lru_cache(OPEN.labels)

# One every few seconds from each prober; they say nothing as long as they succeed.
_QUIET = {"/health/live", "/health/ready", "/metrics"}

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]
# One list for the whole life of the process: loggers remember it once they have been used.
PROCESSORS: list[Any] = [
    structlog.stdlib.filter_by_level,
    *SHARED,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]

ACCESS = "app.access"
FIELDS = ("method", "path", "status", "ms", "request_id")
access_log = logging.getLogger(ACCESS)
_encode = json.JSONEncoder().encode


def configure(settings: Settings) -> None:
    """Send structlog's and the standard library's records to stdout, in one format.

    JSON lines in production, coloured text on a developer's terminal; LOG_JSON decides otherwise.
    """
    as_json = settings.is_production if settings.log_json is None else settings.log_json
    structlog.configure(
        processors=PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: list[Any] = (
        # Local variables may hold secrets: tracebacks go without them.
        [
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(),
        ]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.set_name(HANDLER)
    formatter = _JsonLines if as_json else structlog.stdlib.ProcessorFormatter
    handler.setFormatter(
        formatter(
            foreign_pre_chain=[*SHARED, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    # Again in the same process (tests do): ours is replaced, others' stay.
    root.handlers = [other for other in root.handlers if other.get_name() != HANDLER] + [handler]
    root.setLevel(settings.log_level.upper())
    # It writes down every address that it asks, with the query.
    logging.getLogger("httpx2").setLevel(logging.WARNING)


class _JsonLines(structlog.stdlib.ProcessorFormatter):
    """Writes the lines of the access log, one per request, without all that others may need."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as a line, without its end."""
        if record.name != ACCESS:
            return super().format(record)
        fields = {name: getattr(record, name) for name in FIELDS}
        at = datetime.fromtimestamp(record.created, UTC).isoformat().removesuffix("+00:00")
        return _encode(
            {
                **fields,
                "event": record.msg,
                "logger": ACCESS,
                "level": record.levelname.lower(),
                "timestamp": f"{at}Z",
            }
        )


async def observe(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection by `app`: with a request id, an access log line and metrics."""
    if scope["type"] not in ("http", "websocket"):
        await app(scope, receive, send)
        return
    request_id = _request_id(scope)
    seen = _Seen()
    kind = str(scope["type"])

    async def watched(message: Message) -> None:
        seen.note(message)
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (REQUEST_ID, request_id.encode())]
        await send(message)

    began = time.perf_counter()
    open_now = _open(kind)
    open_now.inc()
    bound = structlog.contextvars.bind_contextvars(request_id=request_id)
    try:
        await app(scope, receive, watched)
    finally:
        open_now.dec()
        _record(scope, seen.status, time.perf_counter() - began, request_id)
        structlog.contextvars.reset_contextvars(**bound)


class _Seen:
    """How a connection was answered: an HTTP status, or a websocket's close code."""

    status = 0

    def note(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "websocket.accept":
            self.status = 101
        elif message["type"] == "websocket.close" and self.status == 0:
            self.status = 403


def _request_id(scope: Scope) -> str:
    for name, value in scope.get("headers", ()):
        if name == REQUEST_ID and _REQUEST_ID.fullmatch(given := value.decode("latin-1")):
            return str(given)
    return os.urandom(16).hex()


def _record(scope: Scope, status: int, seconds: float, request_id: str) -> None:
    method = scope.get("method", "WEBSOCKET")
    # The route as it was declared: ids in paths would make a metric of each.
    route = scope.get("path_template") or "(none)"
    # A code in a path is for whoever it was mailed to.
    path = route if "{code}" in route else scope["path"]
    label = method if method in _METHODS else "OTHER"
    # Nothing was sent: the client had gone, or the process is being stopped.
    _requests(label, route, str(status or "none")).inc()
    if scope["type"] == "http":
        _seconds(label, route).observe(seconds)
    level = logging.DEBUG if path in _QUIET and status < 400 else logging.INFO
    if access_log.isEnabledFor(level):
        fields = (method, path, status, round(seconds * 1e3, 1), request_id)
        extra = dict(zip(FIELDS, fields, strict=True))
        access_log.handle(
            access_log.makeRecord(ACCESS, level, __file__, 0, "request", (), None, extra=extra)
        )
