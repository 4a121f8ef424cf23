"""What resolvers take from their rows, and the shapes that rows are read in for an operation.

A resolver says by `reads` which columns it takes, by `joins` what can be read together with the
row, by `computes` what PostgreSQL can work out for it. One that says nothing gets all columns. A
resolver that reads rows asks for their `shape`; without one, as under graphql-core, it reads them
whole and everything that belongs to them by loaders.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from db.shapes import MOST_SHAPES, Computed, Related, Shape, fields_of
from db.shapes import shape as shape_with
from schema.context import Info
from schema.engine import Asked, Selection, attached, selection

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R", bound=msgspec.Struct)

READS, JOINS, COMPUTES, SHOWS_ROW = "__reads__", "__joins__", "__computes__", "__shows_row__"


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


def shows_row(resolver: F) -> F:
    """Say that a resolver returns the row itself, to be shown as another type."""
    return _marking(SHOWS_ROW, True)(resolver)


def _marking(name: str, value: Any) -> Callable[[F], F]:
    def mark(resolver: F) -> F:
        setattr(resolver, name, value)
        return resolver

    return mark


def shape(info: Info, row: type[R], *path: str, needs: frozenset[str]) -> Shape[R] | None:
    """What is asked for of the rows that a resolver returns, or that are at a path beneath.

    `needs` are columns for whoever reads. None: it cannot be told, read them whole.
    """
    found = selection(info, *path)
    return None if found is None else _shape(found, row, needs)


def is_asked(info: Info, *path: str) -> bool:
    """Whether the field at a path beneath a resolver's is asked for, as far as it can be told."""
    *places, name = path
    found = selection(info, *places)
    return found is None or name in found.asked


class _Parts:
    """What a selection takes of a row, by name."""

    def __init__(self, row: type[msgspec.Struct]) -> None:
        self.row = row
        self.fields: set[str] = set()
        self.related: dict[str, tuple[Related, Shape[Any]]] = {}
        self.computed: dict[str, Computed] = {}

    def add(self, asked: Asked, name: str) -> None:
        """What a field takes that is asked for."""
        resolver = asked.field and asked.field.base_resolver
        if asked.field is not None and resolver is None:
            self.fields |= fields_of(self.row, name)
            return
        marks = vars(resolver.wrapped_func) if resolver else {}
        if JOINS in marks:
            related: Related = marks[JOINS]
            self.fields.add(related.parent)
            if asked.selection is not None:
                self.related[related.name] = related, _shape(asked.selection, related.row)
        elif COMPUTES in marks:
            computed: Computed = marks[COMPUTES](asked.type_name)
            self.computed[computed.name] = computed
        elif SHOWS_ROW in marks and asked.selection is not None:
            self.add_all(asked.selection)
        else:
            self.fields |= marks.get(READS, frozenset(self.row.__struct_fields__))

    def add_all(self, selection: Selection) -> None:
        for name, asked in selection.asked.items():
            self.add(asked, name)


@lru_cache(maxsize=MOST_SHAPES)
def _shape(found: Selection, row: type[R], needs: frozenset[str] = frozenset()) -> Shape[R]:
    parts = _Parts(row)
    parts.add_all(found)
    # The same shape for the same selection, in whatever order it was written.
    return shape_with(
        row,
        needs.union(parts.fields),
        tuple(parts.related[name] for name in sorted(parts.related)),
        tuple(parts.computed[name] for name in sorted(parts.computed)),
    )
