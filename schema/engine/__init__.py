"""A breadth-first GraphQL executor for Strawberry schemas; it knows nothing of the trade.

An operation is planned once: Python source is generated for its selection and compiled. A plan
reads plain attributes in line, calls each resolver for all of its parents before anything is
awaited (so that loaders batch), and builds the response of structs, which msgspec encodes. It
handles success only: an exception, a null where none may be, or anything it does not know hands
the whole operation to graphql-core, whose answer, errors and paths are then exact. See
docs/decisions/0040 and 0046.

A value that is JSON already, as `msgspec.Raw`, is part of the response as it is.
"""

from schema.engine.ahead import Asked, Selection, arguments, attached, beneath, selection
from schema.engine.batch import batched
from schema.engine.executor import EngineExecutor
from schema.engine.leaves import unchanged_unless
from schema.engine.loader import Loader
from schema.engine.objects import as_plain
from schema.engine.plans import Engine

__all__ = [
    "Asked",
    "Engine",
    "EngineExecutor",
    "Loader",
    "Selection",
    "arguments",
    "as_plain",
    "attached",
    "batched",
    "beneath",
    "selection",
    "unchanged_unless",
]
