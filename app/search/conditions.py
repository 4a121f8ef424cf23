"""What each wish of a search means in SQL.

Conditions on a property's own columns hold for whichever stay; those on a stay are tried for each
stay that the search would take, and decide which of them it finds: the cheapest.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Float,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from app.bookings.cancellation import FULL_UNTIL
from app.search import cells
from app.search.stays import ZERO, Stay, allowed_and_free, check_in_instant, likely, number
from app.search.totals import Party, total
from app.search.values import value
from db.enums import CancellationPolicy
from db.models import Property, User

# In the statement rather than beside it: the indexes for searches hold published places only.
IS_PUBLISHED = literal_column("properties.status = 'PUBLISHED'", Boolean)
NOW: ColumnElement[datetime] = bindparam("now", type_=DateTime(timezone=True))
HOUR = timedelta(hours=1)
# The wishes that are about a stay's price: all stays have to be priced for them.
TOTALS = frozenset(["lowest_total", "highest_total"])
DATES = frozenset(["stay", "stays"])
# Of what lies in cells, what lies in the box.
PARTS = frozenset(["part", "part_across"])
# The wishes that are about where a place is, and words, which lead to few.
PLACES = frozenset(
    [
        *("text", "city", "area", "area_across", *PARTS),
        *(f"cells_{level}" for level in cells.LEVELS),
    ]
)


class Found(msgspec.Struct, frozen=True):
    """A SELECT FROM properties of what matches, to which columns can be added.

    Of the stay there is what the search has to do with: dates where it has any, and the total where
    it is priced.
    """

    query: Select[Any]
    stay: Stay | None = None
    total: ColumnElement[int] | None = None


def found(names: Iterable[str], *, priced: bool = False) -> Found:
    """What matches wishes of these names. `priced`: with what each stay costs."""
    asked = frozenset(names)
    of_property = [
        condition
        for name in sorted(asked)
        if name in OF_PROPERTY
        for condition in OF_PROPERTY[name]
    ]
    query = select().select_from(Property).where(IS_PUBLISHED, *of_property)
    if not asked & DATES:
        if "free_cancellation" in asked:
            query = query.where(Property.cancellation_policy != CancellationPolicy.STRICT)
        return Found(query)
    priced = priced or bool(asked & TOTALS)
    if "stays" in asked:
        return _cheapest(query, asked)
    stay = Stay(bindparam("arrival", type_=Date), bindparam("departure", type_=Date), NOW)
    query = query.where(*_of_stay(stay, asked))
    if not priced:
        return Found(query, stay)
    price = total(Property, stay, PARTY)
    query = query.join(price, true()).where(*_of_total(price.c.total_minor, asked))
    return Found(query, stay, price.c.total_minor)


def total_of(place: Any, stay: Stay, page: Any) -> Any:
    """What the stay of a page's row costs in its place, as a row to join."""
    return total(place, stay, PARTY, page)


def _cheapest(query: Select[Any], asked: frozenset[str]) -> Found:
    """Of several stays the cheapest that is free in each place, the earliest of the cheapest."""
    stays = (
        func.unnest(bindparam("arrivals", type_=ARRAY(Date)))
        .table_valued(column("arrival", Date), name="stays")
        .render_derived()
    )
    arrival = stays.c.arrival
    stay = Stay(arrival, cast(arrival + bindparam("nights", type_=Integer), Date), NOW)
    price = total(Property, stay, PARTY, stays)
    best = (
        select(arrival.label("arrival"), stay.departure.label("departure"), price.c.total_minor)
        .select_from(stays)
        .join(price, true())
        .where(*_of_stay(stay, asked), *_of_total(price.c.total_minor, asked))
        .order_by(price.c.total_minor, arrival)
        .limit(literal_column("1"))
        .correlate(Property)
        .lateral("best")
    )
    return Found(
        query.join(best, true()), Stay(best.c.arrival, best.c.departure, NOW), best.c.total_minor
    )


def _of_stay(stay: Stay, asked: frozenset[str]) -> list[ColumnElement[bool]]:
    conditions = allowed_and_free(Property, stay)
    if "free_cancellation" in asked:
        conditions.append(_refunded_if_cancelled_now(stay))
    return conditions


def _of_total(minor: ColumnElement[int], asked: frozenset[str]) -> list[ColumnElement[bool]]:
    bounds = _bounds("total", minor)
    return [bounds[name] for name in sorted(asked & TOTALS)]


def _bounds(what: str, minor: Any) -> dict[str, ColumnElement[bool]]:
    """How low and how high a price of a property may be, by what it is worth."""
    worth = value(minor, Property.currency)
    lowest, highest = (
        bindparam(name, type_=BigInteger) for name in (f"lowest_{what}", f"highest_{what}")
    )
    return {lowest.key: likely(worth >= lowest), highest.key: likely(worth <= highest)}


def _refunded_if_cancelled_now(stay: Stay) -> ColumnElement[bool]:
    """bookings.cancellation: the period in which everything is refunded has not ended.

    The day's grace that every booking has is left out: it has begun when a guest looks.
    """
    ahead = check_in_instant(Property, stay.arrival) - stay.now
    return or_(
        *(
            and_(
                Property.cancellation_policy == literal_column(f"'{policy}'"),
                ahead >= func.make_interval(ZERO, ZERO, ZERO, ZERO, number(until // HOUR)),
            )
            for policy, until in FULL_UNTIL.items()
            if until is not None
        )
    )


def _spoken() -> ColumnElement[bool]:
    return exists().where(
        User.id == Property.host_id,
        User.languages.op("&&", is_comparison=True)(bindparam("host_languages", type_=ARRAY(Text))),
    )


def _of_property() -> dict[str, list[ColumnElement[bool]]]:
    longitude = Property.public_longitude
    west, east = (bindparam(name, type_=Float) for name in ("west", "east"))
    latitudes = Property.public_latitude.between(bindparam("south"), bindparam("north"))
    inside: list[ColumnElement[bool]] = [latitudes, longitude.between(west, east)]
    across: list[ColumnElement[bool]] = [latitudes, or_(longitude >= west, longitude <= east)]
    return {
        "text": [
            Property.search_vector.bool_op("@@")(cast(bindparam("text", type_=Text), TSQUERY))
        ],
        "city": [in_city()],
        "area": inside,
        "area_across": across,
        # Of what lies in cells that a box has a part in.
        "part": [likely(and_(*inside))],
        "part_across": [likely(and_(*across))],
        **{
            f"cells_{level}": [cell(level) == any_(bindparam("cells", type_=ARRAY(Integer)))]
            for level in cells.LEVELS
        },
        "guests": [Property.max_guests >= bindparam("guests")],
        "pets": [Property.pets_allowed.is_(True)],
        **{name: [bound] for name, bound in _bounds("price", Property.base_price_minor).items()},
        "types": [Property.type == any_(bindparam("types", type_=ARRAY(Text)))],
        "amenities": [Property.amenities.op("@>")(bindparam("amenities", type_=ARRAY(Text)))],
        "instant_book": [Property.instant_book == bindparam("instant_book")],
        "min_rating": [Property.average_rating_milli >= bindparam("min_rating")],
        "host_languages": [_spoken()],
        **{
            name: [getattr(Property, name) >= bindparam(name)]
            for name in ("bedrooms", "beds", "bathrooms")
        },
    }


def in_city() -> ColumnElement[bool]:
    return func.searchable(Property.city) == func.searchable(bindparam("city", type_=Text))


def cell(level: int) -> ColumnElement[int]:
    """A property's cell of a level, written as the indexes have it."""
    return Property.map_cell.op(">>")(literal_column(str(cells.shift(level)), Integer))


PARTY = Party(
    bindparam("guest_count", type_=Integer),
    bindparam("has_pets", type_=Boolean),
    bindparam("guest_fee_bp", type_=Integer),
)
OF_PROPERTY = _of_property()
