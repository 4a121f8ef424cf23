"""What resolvers say of themselves, so that no more is read than they take.

By `reads` which columns of the row, by `joins` what can be read together with it, by `computes`
and `writes` what PostgreSQL can work out for it. One that says nothing gets all columns.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from app.storage import Addresses
from db.shapes import Computed, Related, Value
from schema.engine import Asked, attached

F = TypeVar("F", bound=Callable[..., Any])

READS, JOINS, COMPUTES, SHOWS_ROW = "__reads__", "__joins__", "__computes__", "__shows_row__"
WRITES, BRINGS = "__writes__", "__brings__"


# Compared by identity: each is made once.
class Part(msgspec.Struct, frozen=True, eq=False):
    """What belongs to a row and depends on the arguments of the field that shows it.

    Whoever reads rows of one place may read it with them: it is an attribute of the row then.
    """

    # How it is read in the shape that is asked for; None: not with the row.
    column: Callable[[Asked, Addresses | None], Computed | None]
    # The values of its parameters, by the field's arguments. Raises DomainError.
    values: Callable[..., Mapping[str, Any]]


def reads(*columns: str) -> Callable[[F], F]:
    """Say which columns of its row a resolver takes, itself or in what it calls."""
    return _marking(READS, frozenset(columns))


def joins(related: Related) -> Callable[[F], F]:
    """Say which rows a resolver finds: they are read together with its own row.

    The resolver is not called then: it has no arguments, and decides nothing about who sees them.
    """

    def mark(resolver: F) -> F:
        return attached(related.name)(_marking(JOINS, related)(resolver))

    return mark


def computes(name: str, value: Callable[[str], Computed]) -> Callable[[F], F]:
    """Say that PostgreSQL can compute a resolver's result, by the name of its object's type."""

    def mark(resolver: F) -> F:
        return attached(name)(_marking(COMPUTES, value)(resolver))

    return mark


def writes(value: Callable[..., Value | None]) -> Callable[[F], F]:
    """Say how PostgreSQL writes a resolver's result to the letter, whoever looks.

    By the addresses of pictures and the field's arguments; None: not with these. It is null only
    where the field may be.
    """
    return _marking(WRITES, value)


def brings(part: Part) -> Callable[[F], F]:
    """Say that a resolver shows a part of its row, which may have been read with it."""
    return _marking(BRINGS, part)


def shows_row(*given: str) -> Callable[[F], F]:
    """Say that a resolver returns the row itself, to be shown as another type.

    It returns None where one of the columns `given` is null, and may be null then.
    """
    return _marking(SHOWS_ROW, given)


def _marking(name: str, value: Any) -> Callable[[F], F]:
    def mark(resolver: F) -> F:
        setattr(resolver, name, value)
        return resolver

    return mark


def marks_of(asked: Asked) -> Mapping[str, Any] | None:
    """What the resolver of a field says; None: it has none, it is an attribute of the row."""
    if asked.field is None:
        return {}
    resolver = asked.field.base_resolver
    return None if resolver is None else vars(resolver.wrapped_func)
