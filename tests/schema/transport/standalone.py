"""The toy schema as an application of its own, for `uvicorn`."""

from litestar import Litestar

from schema.transport import Draining, create_graphql_router, drain_on_signal
from tests.schema.transport.toy import Door, make_schema

draining = Draining()
app = Litestar(
    [create_graphql_router(make_schema(), context_factory=Door(), draining=draining)],
    lifespan=[drain_on_signal(draining, seconds=5)],
)
