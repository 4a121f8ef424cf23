"""Prometheus's page of the API process, when METRICS_ENABLED is on.

It tells much about the traffic: behind the proxy, not through it.
"""

from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


@get("/metrics", include_in_schema=False)
async def metrics() -> Response[bytes]:
    """This process's metrics."""
    return Response(
        generate_latest(), media_type=CONTENT_TYPE_LATEST, headers={"cache-control": "no-store"}
    )
