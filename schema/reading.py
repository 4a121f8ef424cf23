"""The shapes that rows are read in for an operation: as much as their resolvers take.

Resolvers say what they take (`schema.marks`). One that reads rows asks for their `shape`; without
one, as under graphql-core, it reads them whole and everything that belongs to them by loaders.
Where whoever encodes the response takes JSON as it is, PostgreSQL writes what it can
(`schema.written`).
"""

from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from graphql import GraphQLError

from app.errors import DomainError
from app.storage import Addresses
from db.base import Base
from db.shapes import MOST_SHAPES, Computed, Given, Like, Related, Shape, Written, fields_of
from db.shapes import shape as shape_with
from schema.context import Info
from schema.engine import Asked, Selection, arguments, selection
from schema.marks import (
    BRINGS,
    COMPUTES,
    JOINS,
    READS,
    SHOWS_ROW,
    Part,
    brings,
    computes,
    joins,
    marks_of,
    reads,
    shows_row,
    writes,
)
from schema.written import written

__all__ = [
    "Part",
    "brings",
    "computes",
    "is_asked",
    "joins",
    "node_of",
    "reads",
    "shape",
    "shape_of",
    "shows_row",
    "with_parts",
    "writes",
]

R = TypeVar("R", bound=msgspec.Struct)

# The attribute of rows that are read as what the client gets.
ANSWER = "answer"


def shape(
    info: Info,
    row: type[R],
    *path: str,
    needs: frozenset[str],
    without: frozenset[str] = frozenset(),
    model: type[Base] | None = None,
) -> Shape[R] | None:
    """What is asked for of the rows that a resolver returns, or that are at a path beneath.

    `needs` are columns for whoever reads; `without` such that resolvers find by themselves. With
    their `model`, PostgreSQL may write all else that is asked for: see `node_of`. None: it cannot
    be told, read them whole.
    """
    found = selection(info, *path)
    context = info.context
    addresses = context.runtime.storage.addresses if context.takes_json else None
    if found is None:
        return None
    return shape_of(found, row, needs, addresses, model, without=without)


def with_parts(info: Info, row: type[R], needs: frozenset[str]) -> Given[R] | None:
    """The same of the rows that a resolver returns, and the parts of them that can be read too.

    For one row: all rows that are read together have the parts in common.
    """
    found = selection(info)
    if found is None:
        return None
    context = info.context
    addresses = context.runtime.storage.addresses if context.takes_json else None
    values: dict[str, Any] = {}
    parts = []
    for asked, part in _parts_in(found, addresses):
        # What is wrong with its arguments is for the field itself to say.
        with suppress(GraphQLError, DomainError):
            given = arguments(info, asked)
            if given is not None:
                values.update(part.values(**given))
                parts.append(asked.name)
    like = shape_of(found, row, needs, addresses, None, tuple(parts))
    return Given(like, tuple(values.items()))


@lru_cache(maxsize=MOST_SHAPES)
def _parts_in(found: Selection, addresses: Addresses | None) -> list[tuple[Asked, Part]]:
    """Those that are asked for and can be read with the row."""
    marked = [(asked, marks_of(asked)) for asked in found.asked.values()]
    parts = [(asked, marks[BRINGS]) for asked, marks in marked if marks and BRINGS in marks]
    return [(asked, part) for asked, part in parts if part.column(asked, addresses) is not None]


def node_of(row: Any) -> Any:
    """What stands for a row in the response: JSON if PostgreSQL wrote it, else the row."""
    return getattr(row, ANSWER, row)


def is_asked(info: Info, *path: str) -> bool:
    """Whether the field at a path beneath a resolver's is asked for, as far as it can be told."""
    *places, name = path
    found = selection(info, *places)
    return found is None or name in found.asked


class _Parts:
    """What a selection takes of a row, by name. With `addresses`, JSON may be written."""

    def __init__(self, row: type[msgspec.Struct], addresses: Addresses | None) -> None:
        self.row = row
        self.addresses = addresses
        self.fields: set[str] = set()
        self.related: dict[str, tuple[Related, Like]] = {}
        self.computed: dict[str, Computed] = {}

    def add(self, asked: Asked) -> None:
        """What a field takes that is asked for."""
        marks = marks_of(asked)
        if marks is None:
            self.fields |= fields_of(self.row, asked.name)
        elif JOINS in marks:
            related: Related = marks[JOINS]
            self.fields.add(related.parent)
            if asked.selection is not None:
                self.related[related.name] = related, self._like(related, asked.selection)
        elif COMPUTES in marks:
            computed: Computed = marks[COMPUTES](asked.type_name)
            self.computed[computed.name] = computed
        elif SHOWS_ROW in marks and asked.selection is not None:
            self.fields.update(marks[SHOWS_ROW])
            self.add_all(asked.selection)
        else:
            self.fields |= marks.get(READS, frozenset(self.row.__struct_fields__))

    def add_all(self, selection: Selection) -> None:
        for asked in selection.asked.values():
            self.add(asked)

    def add_part(self, asked: Asked) -> None:
        part: Part = (marks_of(asked) or {})[BRINGS]
        computed = part.column(asked, self.addresses)
        if computed is not None:
            self.computed[computed.name] = computed

    def _like(self, related: Related, found: Selection) -> Like:
        addresses = self.addresses
        if addresses is not None:
            like = written(found, related.row, related.model, addresses)
            if like is not None:
                return like
        return shape_of(found, related.row, frozenset(), addresses)


@lru_cache(maxsize=MOST_SHAPES)
def shape_of(
    found: Selection,
    row: type[R],
    needs: frozenset[str],
    addresses: Addresses | None,
    model: type[Base] | None = None,
    with_parts: tuple[str, ...] = (),
    without: frozenset[str] = frozenset(),
) -> Shape[R]:
    """The shape of rows of which that is asked; with the parts that fields of these names show."""
    if addresses is not None and model is not None:
        answer = written(found, row, model, addresses)
        if answer is not None:
            return shape_with(row, needs, (), (_answer(answer),))
    parts = _Parts(row, addresses)
    parts.add_all(found)
    for name in with_parts:
        parts.add_part(found.asked[name])
    # The same shape for the same selection, in whatever order it was written.
    return shape_with(
        row,
        needs.union(parts.fields) - without,
        tuple(parts.related[name] for name in sorted(parts.related)),
        tuple(parts.computed[name] for name in sorted(parts.computed)),
    )


def _answer(answer: Written) -> Computed:
    return Computed(ANSWER, msgspec.Raw, answer.json, is_json=True)
