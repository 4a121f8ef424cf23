"""Batch reads: many rows by key, and many pages of lists, each in one statement.

A row is a frozen msgspec struct whose fields are columns of the same name, in the order selected.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, any_, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from db.base import Base

R = TypeVar("R", bound=msgspec.Struct)


def columns(model: type[Base], row: type[msgspec.Struct]) -> list[InstrumentedAttribute[Any]]:
    """The model's columns that fill the row's fields, in their order."""
    return [getattr(model, name) for name in row.__struct_fields__]


def among(column: Any, ids: Iterable[UUID]) -> ColumnElement[bool]:
    """`column = ANY(ids)`: one statement text, and one prepared plan, for any number of ids."""
    found: ColumnElement[bool] = column == any_(literal(list(ids), ARRAY(Uuid)))
    return found


async def by_id(
    connection: AsyncConnection,
    model: type[Base],
    row: type[R],
    ids: Sequence[UUID],
    *,
    key: InstrumentedAttribute[UUID] | None = None,
) -> dict[UUID, R]:
    """The rows whose `key` (default: `model.id`) is one of `ids`, by that key."""
    key = model.id if key is None else key  # type: ignore[attr-defined]
    result = await connection.execute(select(key, *columns(model, row)).where(among(key, ids)))
    return {found[0]: row(*found[1:]) for found in result}


class Listing(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """A one-to-many list, newest first: ids are UUIDv7, so their order is that of creation."""

    model: type[Base]
    row: type[R]
    # Columns of the model.
    parent: Any
    status: Any = None


class Slice(msgspec.Struct, frozen=True):
    """Which part of a list: `first` rows older than the row `after`, in one of the statuses."""

    first: int
    after: UUID | None = None
    statuses: tuple[str, ...] | None = None


async def pages(
    connection: AsyncConnection, listing: Listing[R], parents: Sequence[UUID], part: Slice
) -> Mapping[UUID, list[R]]:
    """The same part of several parents' lists, by parent, in one statement."""
    key: InstrumentedAttribute[UUID] = listing.model.id  # type: ignore[attr-defined]
    of = select(func.unnest(literal(list(parents), ARRAY(Uuid))).label("id")).subquery("parents")
    page = (
        select(key.label("page_key"), *columns(listing.model, listing.row))
        .where(listing.parent == of.c.id, *_in_statuses(listing, part.statuses))
        .where(*([key < part.after] if part.after is not None else []))
        .order_by(key.desc())
        .limit(part.first)
        .lateral("page")
    )
    result = await connection.execute(
        select(of.c.id, *page.c[1:]).join_from(of, page, true()).order_by(page.c.page_key.desc())
    )
    found: defaultdict[UUID, list[R]] = defaultdict(list)
    for row in result:
        found[row[0]].append(listing.row(*row[1:]))
    return found


async def counts(
    connection: AsyncConnection,
    listing: Listing[R],
    parents: Sequence[UUID],
    statuses: tuple[str, ...] | None,
) -> Mapping[UUID, int]:
    """How long several parents' lists are; parents with empty ones are left out."""
    result = await connection.execute(
        select(listing.parent, func.count())
        .where(among(listing.parent, parents), *_in_statuses(listing, statuses))
        .group_by(listing.parent)
    )
    return {row[0]: row[1] for row in result}


def _in_statuses(
    listing: Listing[R], statuses: tuple[str, ...] | None
) -> list[ColumnElement[bool]]:
    if statuses is None or listing.status is None:
        return []
    return [listing.status == any_(literal(list(statuses), ARRAY(Text)))]
