"""What ends an attempt, and which values the fast path may look into."""

from collections.abc import Sequence
from types import CoroutineType, GeneratorType
from typing import Any

from graphql import Undefined
from graphql.pyutils import is_iterable
from strawberry.execution import optimized_is_awaitable

MOST_CLASSES = 4096
BUILTIN = frozenset[type]([str, int, float, bool, list, tuple, dict])


is_awaitable = optimized_is_awaitable


class Abandoned(Exception):
    """The fast path cannot answer this: graphql-core has to. Never seen by a client."""


class Plain:
    """Classes whose values are neither awaitable, an exception nor null: known after one look."""

    def __init__(self) -> None:
        self.classes: set[type] = set(BUILTIN)

    def admit(self, value: Any) -> None:
        """Remember the class of `value`. Raises Abandoned, or the value when it is an exception."""
        if value is None or value is Undefined:
            raise Abandoned("null")
        if isinstance(value, Exception):
            raise value
        if is_awaitable(value):
            raise Abandoned("awaitable")
        kind = type(value)
        if kind in (GeneratorType, CoroutineType):
            return
        if len(self.classes) >= MOST_CLASSES:
            # Those in use come back at once.
            self.classes.clear()
            self.classes |= BUILTIN
        self.classes.add(kind)


def listed(value: Any) -> Sequence[Any]:
    """The items of a list that is not a `list`. Raises Abandoned unless it can be read again."""
    if value.__class__ is tuple:
        return value
    if is_iterable(value) and hasattr(value, "__len__") and not hasattr(value, "__aiter__"):
        return list(value)
    raise Abandoned("list")
