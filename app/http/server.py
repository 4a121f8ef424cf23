"""Serving an ASGI application as the API is served."""

import gc
from typing import Any

import uvicorn

from app.config import Settings
from app.http.protocol import BoundedProtocol


def serve(app: Any, settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what runs."""
    # What there is now stays: code, schema, routes. Looking through it again and again for garbage
    # would stop every request for some 130 ms (docs/benchmarks.md).
    gc.collect()
    gc.freeze()
    # What a request makes is freed by reference counts: looking for cycles after every 700 new
    # objects finds nothing, and with freezing cost a quarter of the search page's time.
    gc.set_threshold(50_000, *gc.get_threshold()[1:])
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies),
        # SIGTERM: finish what runs, at most this long; Kubernetes grants 30 s.
        timeout_graceful_shutdown=20,
        timeout_keep_alive=65,
        # A dead socket is noticed within 40 s; a frame larger than this closes its socket.
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_max_size=64 * 1024,
        ws_max_queue=16,
        ws_per_message_deflate=False,
        http=BoundedProtocol,
    )
