"""GraphQL over HTTP and websockets for any Strawberry schema; it knows nothing of the trade."""

from schema.transport.errors import ConnectionRejected, PublicError
from schema.transport.lifetime import Draining
from schema.transport.limits import Limits
from schema.transport.persisted import LocalPersistedQueries, PersistedQueries
from schema.transport.router import create_graphql_router
from schema.transport.schema import Schema
from schema.transport.signals import drain_on_signal

__all__ = [
    "ConnectionRejected",
    "Draining",
    "Limits",
    "LocalPersistedQueries",
    "PersistedQueries",
    "PublicError",
    "Schema",
    "create_graphql_router",
    "drain_on_signal",
]
