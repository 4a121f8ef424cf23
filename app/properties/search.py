"""Finding places, a page at a time, in one statement whatever the page's size.

Availability is decided in SQL, before the page is cut, by the same rules as a booking's
(availability.rules; a test compares them). What the stay costs is not asked here: pricing lies
above properties, and `pricing.service.quotes` prices a whole page in one more statement.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Select, Uuid, bindparam, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.errors import Invalid
from app.properties.filters import Area, Filter, Wishes, conditions, wishes
from app.properties.queries import PropertyRow
from db import rows
from db.models import Property
from db.shapes import Shape
from db.statements import Reader, Statement, never_generic

__all__ = ["Area", "Edge", "Filter", "Page", "Sort", "count", "search"]

MAX_FIRST = 50
# How many combinations of wishes and order are kept as statements; people use some dozens.
SHAPES = 512
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


# Where a result stands in the order, and its row.
Found: TypeAlias = tuple[int | datetime, PropertyRow]
# What a shape of results has to have: a cursor is made of it.
NEEDED = frozenset(["id"])

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

    property: PropertyRow
    cursor: str


class Page(msgspec.Struct, frozen=True):
    """One page of results."""

    edges: tuple[Edge, ...]
    has_next_page: bool


async def search(
    reader: Reader,
    filter: Filter,
    sort: Sort,
    first: int,
    after: str | None,
    now: datetime,
    shape: Shape[PropertyRow] | None = None,
) -> Page:
    """The `first` (1–50) results after the cursor `after`, in one statement.

    Read in a shape that has what is `NEEDED`, or whole.

    Pages by keyset: results that appear or vanish meanwhile make nothing else skip or repeat.
    Raises Invalid.
    """
    if not 1 <= first <= MAX_FIRST:
        raise Invalid(f"Expected between 1 and {MAX_FIRST}.", field="first")
    asked = wishes(filter, now)
    values = _values(asked)
    if after is not None:
        values["after_key"], values["after_id"] = _decoded(after, sort)
    page = _page(sort, tuple(asked), after is not None, shape)
    found = await page.fetch(reader, **values, limit=first + 1)
    return Page(
        tuple(Edge(row, _encoded(sort, position, row.id)) for position, row in found[:first]),
        has_next_page=len(found) > first,
    )


async def count(reader: Reader, filter: Filter, now: datetime) -> int:
    """How many results there are in all. Only for those who ask: it has to look at each one."""
    asked = wishes(filter, now)
    (total,) = await _count(tuple(asked)).fetch(reader, **_values(asked))
    return total


def _values(asked: Wishes) -> dict[str, Any]:
    return dict(chain.from_iterable(values.items() for values in asked.values()))


@lru_cache(maxsize=SHAPES)
def _page(
    sort: Sort, names: tuple[str, ...], is_after: bool, shape: Shape[PropertyRow] | None
) -> Statement[Found]:
    row = PropertyRow if shape is None else shape.row

    def build() -> Select[*tuple[Any, ...]]:
        column, descending = ORDERS[sort]
        statement = select(Property).where(never_generic(), *conditions(names))
        if is_after:
            here = tuple_(column, Property.id)
            after = bindparam("after_key", type_=column.type), bindparam("after_id", type_=Uuid)
            there = tuple_(*after)
            statement = statement.where(here < there if descending else here > there)
        order = [each.desc() if descending else each.asc() for each in (column, Property.id)]
        page = statement.order_by(*order).limit(bindparam("limit", type_=Integer)).subquery()
        # What else is read with them is read for those on the page, not for all that are found.
        place = aliased(Property, page)
        read = rows.columns(place, PropertyRow) if shape is None else shape.columns(place)
        position, key = getattr(place, column.key), place.id
        order = [each.desc() if descending else each.asc() for each in (position, key)]
        return select(position, *read).order_by(*order)

    return Statement(lambda position, *values: (position, row(*values)), build)


@lru_cache(maxsize=SHAPES)
def _count(names: tuple[str, ...]) -> Statement[int]:
    return Statement(
        int,
        lambda: (
            select(func.count()).select_from(Property).where(never_generic(), *conditions(names))
        ),
    )


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
