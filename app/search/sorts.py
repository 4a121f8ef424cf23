"""The orders of results, and the cursors by which a list goes on."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, DateTime, Float, bindparam, func
from sqlalchemy.types import TypeEngine

from app.errors import Invalid
from db.models import Property

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# The farthest that two points on a sphere of radius 1 can lie apart.
ACROSS = 2.0


class Sort(StrEnum):
    """The order of results; ties by id.

    RECOMMENDED goes by the score in docs/decisions/0067. PRICE_* go by what the stay costs in all
    when a search has dates, else by the usual price of a night, whatever the currency
    (`app.search.values`). NEWEST goes by first publication,
    DISTANCE from `Filter.near`, the nearest first.
    """

    RECOMMENDED = "RECOMMENDED"
    PRICE_LOW_TO_HIGH = "PRICE_LOW_TO_HIGH"
    PRICE_HIGH_TO_LOW = "PRICE_HIGH_TO_LOW"
    RATING = "RATING"
    NEWEST = "NEWEST"
    DISTANCE = "DISTANCE"


# Orders by what changes while people look: their lists are kept (app.search.lists).
BY_PRICE = frozenset([Sort.PRICE_LOW_TO_HIGH, Sort.PRICE_HIGH_TO_LOW])
DOWNWARDS = frozenset([Sort.RECOMMENDED, Sort.PRICE_HIGH_TO_LOW, Sort.RATING, Sort.NEWEST])

Key: TypeAlias = int | float | datetime


class Order(msgspec.Struct, frozen=True):
    """What a keyset goes by, indexed together with the id; and its parameter's type."""

    column: Any
    type: TypeEngine[Any]


ORDERS: dict[Sort, Order] = {
    Sort.RECOMMENDED: Order(Property.recommendation, BigInteger()),
    Sort.RATING: Order(Property.average_rating_milli, BigInteger()),
    Sort.NEWEST: Order(Property.published_at, DateTime(timezone=True)),
    # Through the sphere rather than over it: the order is the same, and has an index.
    Sort.DISTANCE: Order(
        func.map_point(Property.public_latitude, Property.public_longitude).op(
            "<->", return_type=Float()
        )(
            func.map_point(
                bindparam("near_latitude", type_=Float), bindparam("near_longitude", type_=Float)
            )
        ),
        Float(),
    ),
}


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: what a cursor says. Instants as microseconds since 1970.

    In an order by price: a place in a kept list, and the list's id.
    """

    sort: Sort
    key: (
        Annotated[int, msgspec.Meta(ge=0, le=2**53)]
        | Annotated[float, msgspec.Meta(ge=0, le=ACROSS)]
    )
    id: UUID


def encoded(sort: Sort, key: Key, row_id: UUID) -> str:
    """The cursor of a result."""
    number = (key - EPOCH) // MICROSECOND if isinstance(key, datetime) else key
    position = msgspec.json.encode(Position(sort, number, row_id))
    return urlsafe_b64encode(position).decode().rstrip("=")


def decoded(cursor: str, sort: Sort) -> tuple[Key, UUID]:
    """The position that a cursor stands for. Raises Invalid when it is none of this order's."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        position = msgspec.json.decode(urlsafe_b64decode(padded), type=Position)
        if position.sort is not sort:
            raise ValueError("a cursor of another order")
        if sort is Sort.DISTANCE:
            return float(position.key), position.id
        if not isinstance(position.key, int):
            raise ValueError("no key of this order")
        if sort is Sort.NEWEST:
            return EPOCH + position.key * MICROSECOND, position.id
        return position.key, position.id
    except (ValueError, OverflowError) as error:
        raise Invalid("This is not a cursor of this list.", field="after") from error
