"""Finding places, a page at a time, in one statement whatever the page's size.

Availability is decided in SQL, before the page is cut, by the same rules as a booking's
(availability.rules; a test compares them). What the stay costs is not asked here: pricing lies
above properties, and `pricing.service.quotes` prices a whole page in one more statement.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Invalid
from app.properties.filters import Area, Filter, conditions
from db.models import Property

__all__ = ["Area", "Edge", "Filter", "Page", "Sort", "count", "search"]

MAX_FIRST = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Sort(StrEnum):
    """The order of results; ties by id.

    RECOMMENDED is the average rating as if ten more guests had given 4.4: new places rank in the
    middle, and one happy guest does not beat a hundred. PRICE_* go by the base price of a night,
    in minor units of each property's own currency, with dates too: it does not change between two
    pages, as the price of a stay does with every booking rule. NEWEST goes by first publication.
    """

    RECOMMENDED = "RECOMMENDED"
    PRICE_LOW_TO_HIGH = "PRICE_LOW_TO_HIGH"
    PRICE_HIGH_TO_LOW = "PRICE_HIGH_TO_LOW"
    RATING = "RATING"
    NEWEST = "NEWEST"


# What each order goes by, and whether downwards. Each is indexed together with the id.
ORDERS: dict[Sort, tuple[InstrumentedAttribute[Any], bool]] = {
    Sort.RECOMMENDED: (Property.recommendation, True),
    Sort.PRICE_LOW_TO_HIGH: (Property.base_price_minor, False),
    Sort.PRICE_HIGH_TO_LOW: (Property.base_price_minor, True),
    Sort.RATING: (Property.average_rating_milli, True),
    Sort.NEWEST: (Property.published_at, True),
}


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: what a cursor says. Instants as microseconds since 1970."""

    sort: Sort
    key: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    id: UUID


class Edge(msgspec.Struct, frozen=True):
    """A result, and where to go on after it."""

    property_id: UUID
    cursor: str


class Page(msgspec.Struct, frozen=True):
    """One page of results."""

    edges: tuple[Edge, ...]
    has_next_page: bool


async def search(
    connection: AsyncConnection,
    filter: Filter,
    sort: Sort,
    first: int,
    after: str | None,
    now: datetime,
) -> Page:
    """The `first` (1–50) results after the cursor `after`, in one statement.

    Pages by keyset: results that appear or vanish meanwhile make nothing else skip or repeat.
    Raises Invalid.
    """
    if not 1 <= first <= MAX_FIRST:
        raise Invalid(f"Expected between 1 and {MAX_FIRST}.", field="first")
    column, descending = ORDERS[sort]
    statement = select(Property.id, column).where(*conditions(filter, now))
    if after is not None:
        here = tuple_(column, Property.id)
        there = tuple_(*map(literal, _decoded(after, sort)))
        statement = statement.where(here < there if descending else here > there)
    order = [each.desc() if descending else each.asc() for each in (column, Property.id)]
    async with _planned_for_its_values(connection):
        rows = (await connection.execute(statement.order_by(*order).limit(first + 1))).all()
    return Page(
        tuple(Edge(row[0], _encoded(sort, row[1], row[0])) for row in rows[:first]),
        has_next_page=len(rows) > first,
    )


async def count(connection: AsyncConnection, filter: Filter, now: datetime) -> int:
    """How many results there are in all. Only for those who ask: it has to look at each one."""
    statement = select(func.count()).select_from(Property).where(*conditions(filter, now))
    async with _planned_for_its_values(connection):
        return (await connection.execute(statement)).scalar_one()


@asynccontextmanager
async def _planned_for_its_values(connection: AsyncConnection) -> AsyncIterator[None]:
    """Plan the statement for the values it has, each time.

    After five runs PostgreSQL would settle on one plan for all, made for a small box on the map and
    a narrow range of prices; it takes 300 ms for a large one that takes 3 with a plan of its own.
    """
    await connection.exec_driver_sql("SET plan_cache_mode = force_custom_plan")
    try:
        yield
    finally:
        # A statement that was cut short by a deadline has taken the connection with it.
        if not connection.invalidated:
            await connection.exec_driver_sql("RESET plan_cache_mode")


def _encoded(sort: Sort, key: int | datetime, property_id: UUID) -> str:
    number = (key - EPOCH) // MICROSECOND if isinstance(key, datetime) else key
    position = msgspec.json.encode(Position(sort, number, property_id))
    return urlsafe_b64encode(position).decode().rstrip("=")


def _decoded(cursor: str, sort: Sort) -> tuple[int | datetime, UUID]:
    """The position that a cursor stands for. Raises Invalid when it is none of this order's."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        position = msgspec.json.decode(urlsafe_b64decode(padded), type=Position)
        if position.sort is not sort:
            raise ValueError("a cursor of another order")
        if sort is Sort.NEWEST:
            return EPOCH + position.key * MICROSECOND, position.id
        return position.key, position.id
    except (ValueError, OverflowError) as error:
        raise Invalid("This is not a cursor of this list.", field="after") from error
