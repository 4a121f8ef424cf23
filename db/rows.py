"""Batch reads: many rows by key, and many pages of lists, each in one statement.

A row is a frozen msgspec struct whose fields are columns of the same name, in the order selected.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import structs
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from db.base import Base
from db.shapes import Form, Given, Shape, column
from db.statements import Reader, Statement

R = TypeVar("R", bound=msgspec.Struct)

# How many statements are kept that read shapes of rows.
STATEMENTS = 512


def columns(model: Any, row: type[msgspec.Struct]) -> list[ColumnElement[Any]]:
    """The columns of a model, or an alias of it, that fill the row's fields, in order."""
    return [column(getattr(model, field.name), field.type) for field in structs.fields(row)]


def among(column: Any, name: str) -> ColumnElement[bool]:
    """`column = ANY(:name)`: one statement, and one prepared plan, for any number of ids."""
    found: ColumnElement[bool] = column == any_(bindparam(name, type_=ARRAY(Uuid)))
    return found


def one_of(column: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """Whether a column has one of some fixed words; an IN list is text of its own each time."""
    found: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(Text)))
    return found


def grouped(rows: Iterable[R], field: str) -> Mapping[UUID, list[R]]:
    """The rows by one of their fields, each group in the order in which they came."""
    found: defaultdict[UUID, list[R]] = defaultdict(list)
    key = attrgetter(field)
    for row in rows:
        found[key(row)].append(row)
    return found


class ByKey(Generic[R]):
    """Rows by a column of ids that is also one of their fields, in any order or a given one.

    A shape that they are to be read in has to have that field.
    """

    def __init__(
        self, key: InstrumentedAttribute[UUID], row: type[R], *order: ColumnElement[Any] | Any
    ) -> None:
        self._column = key
        self._key = attrgetter(key.key)
        self._row = row
        self._order = order
        self._whole = self._statement(None)
        self._shaped = lru_cache(maxsize=STATEMENTS)(self._statement)

    async def one(
        self, reader: Reader, keys: Sequence[UUID], shape: Form[R] | None = None
    ) -> Mapping[UUID, R]:
        """The row of each key that has one."""
        key = self._key
        values: dict[str, Any] = {"keys": keys}
        if isinstance(shape, Given):
            values.update(shape.values)
            shape = shape.shape
        statement = self._whole if shape is None else self._shaped(shape)
        return {key(row): row for row in await statement.fetch(reader, **values)}

    async def many(self, reader: Reader, keys: Sequence[UUID]) -> Mapping[UUID, list[R]]:
        """The rows of each key that has any."""
        return grouped(await self._whole.fetch(reader, keys=keys), self._column.key)

    def _statement(self, shape: Shape[R] | None) -> Statement[R]:
        model = self._column.parent.class_

        def build() -> Select[Any]:
            found = columns(model, self._row) if shape is None else shape.columns(model)
            return select(*found).where(among(self._column, "keys")).order_by(*self._order)

        return Statement(self._row if shape is None else shape.row, build)


# Compared by identity: each is made once, and has statements of its own.
class Listing(msgspec.Struct, Generic[R], frozen=True, kw_only=True, eq=False):
    """A one-to-many list, newest first: ids are UUIDv7, so their order is that of creation."""

    model: type[Base]
    row: type[R]
    # Columns of the model; the parent is one of the row's fields, too.
    parent: Any
    status: Any = None


# Above all ids.
END = UUID(int=2**128 - 1)


def page_within(listing: Listing[Any], of: Any, like: Shape[Any], name: str) -> ColumnElement[Any]:
    """The first rows of a row's own list as JSON, in a shape.

    Its parameters are `<name>_first`, how many, and `<name>_after`, than which they are older;
    for the newest it is `END`.
    """
    other: Any = aliased(listing.model)
    first, after = bindparam(f"{name}_first", type_=Integer), bindparam(f"{name}_after", type_=Uuid)
    page = (
        select(like.json(other).label("row"))
        .where(getattr(other, listing.parent.key) == of.id, other.id < after)
        .order_by(other.id.desc())
        .limit(first)
        .correlate(of)
        .subquery()
    )
    rows = func.coalesce(func.json_agg(page.c.row), func.json_build_array())
    return select(rows).scalar_subquery()


class Slice(msgspec.Struct, frozen=True):
    """Which part of a list: `first` rows older than the row `after`, in one of the statuses."""

    first: int
    after: UUID | None = None
    statuses: tuple[str, ...] | None = None


async def pages(
    reader: Reader,
    listing: Listing[R],
    parents: Sequence[UUID],
    part: Slice,
    shape: Shape[R] | None = None,
) -> Mapping[UUID, list[R]]:
    """The same part of several parents' lists, by parent, in one statement.

    The rows are read in a shape that has the parent's field, or as they are.
    """
    values: dict[str, Any] = {"parents": parents, "first": part.first}
    if part.after is not None:
        values["after"] = part.after
    if part.statuses is not None and listing.status is not None:
        values["statuses"] = part.statuses
    statement = _page(listing, "after" in values, "statuses" in values, shape)
    return grouped(await statement.fetch(reader, **values), listing.parent.key)


async def counts(
    reader: Reader,
    listing: Listing[R],
    parents: Sequence[UUID],
    statuses: tuple[str, ...] | None,
) -> Mapping[UUID, int]:
    """How long several parents' lists are; parents with empty ones are left out."""
    values: dict[str, Any] = {"parents": parents}
    if statuses is not None and listing.status is not None:
        values["statuses"] = statuses
    return dict(await _lengths(listing, "statuses" in values).fetch(reader, **values))


@lru_cache(maxsize=STATEMENTS)
def _page(
    listing: Listing[R], is_after: bool, of_statuses: bool, shape: Shape[R] | None
) -> Statement[R]:
    def build() -> Select[Any]:
        model = listing.model
        found = columns(model, listing.row) if shape is None else shape.columns(model)
        key: InstrumentedAttribute[UUID] = listing.model.id  # type: ignore[attr-defined]
        parents = bindparam("parents", type_=ARRAY(Uuid))
        of = select(func.unnest(parents).label("id")).subquery("parents")
        page = (
            select(key.label("page_key"), *found)
            .where(listing.parent == of.c.id, *_in_statuses(listing, of_statuses))
            .where(*([key < bindparam("after")] if is_after else []))
            .order_by(key.desc())
            .limit(bindparam("first", type_=Integer))
            .lateral("page")
        )
        return select(*page.c[1:]).join_from(of, page, true()).order_by(page.c.page_key.desc())

    return Statement(listing.row if shape is None else shape.row, build)


@cache
def _lengths(listing: Listing[Any], of_statuses: bool) -> Statement[tuple[UUID, int]]:
    return Statement(
        lambda parent, length: (parent, length),
        lambda: (
            select(listing.parent, func.count())
            .where(among(listing.parent, "parents"), *_in_statuses(listing, of_statuses))
            .group_by(listing.parent)
        ),
    )


def _in_statuses(listing: Listing[Any], of_statuses: bool) -> list[ColumnElement[bool]]:
    if not of_statuses:
        return []
    return [listing.status == any_(bindparam("statuses", type_=ARRAY(Text)))]
