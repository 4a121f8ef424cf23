"""How many results a search has, and what there is among them. Only for those who ask.

Every match has to be looked at, so the work is bounded: what could match by the properties' own
columns, whatever their calendars say, is counted first, and at most `MOST` of it is looked at.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace
from sqlalchemy import (
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
    true,
)

from app.currencies.rules import Rates
from app.errors import Invalid
from app.properties.terms import Fees
from app.search import cells, words
from app.search.cache import Source, fetch, reader_of
from app.search.conditions import DATES, TOTALS, Found, found
from app.search.filters import Filter, wishes
from app.search.pages import SHAPES, parameters
from app.search.stays import ONE, number
from app.search.values import value
from db.models import Property
from db.statements import Statement, never_generic

R = TypeVar("R")

# With dates some 10 µs each.
MOST = 100_000
# Where there is more, results are counted so far: no list is read to its ten-thousandth.
ENOUGH = 10_000
MAX_BUCKETS = 100
MAX_ZOOM = 22
# A map tile of a zoom is this many levels coarser than the cells that it is divided into.
FINER_THAN_TILES = 2
MOST_CLUSTERS = 1_024


class TooMuch(Invalid):
    """More would have to be looked at than is bearable."""


class Bucket(msgspec.Struct, frozen=True):
    """How many prices lie in `[from_minor, to_minor)`, of the filter's currency or euros."""

    from_minor: int
    to_minor: int
    count: int


class Cluster(msgspec.Struct, frozen=True):
    """How many places lie in one cell of the map, and the middle of their public points."""

    count: int
    latitude: float
    longitude: float


async def count(
    source: Source, filter: Filter, now: datetime, fees: Fees, rates: Rates | None = None
) -> int:
    """How many results there are in all. Raises TooMuch, an Invalid."""
    (total,) = await _ask(_count, source, filter, now, fees, rates)
    return total


async def at_least(
    source: Source, filter: Filter, now: datetime, fees: Fees, rates: Rates | None = None
) -> int:
    """How many results there are; `ENOUGH` or more, where there is too much to look at."""
    try:
        return await count(source, filter, now, fees, rates)
    except TooMuch:
        asked = wishes(filter, now, await words.query(reader_of(source), filter.text))
        given = {**parameters(asked, filter, fees, rates), "enough": ENOUGH}
        [found_] = await fetch(_some(tuple(asked)), source, given, filter.area)
        return found_


async def types(
    source: Source, filter: Filter, now: datetime, fees: Fees, rates: Rates | None = None
) -> dict[str, int]:
    """How many results each type of place would have, whichever types are asked for."""
    return dict(await _ask(_types, source, replace(filter, types=()), now, fees, rates))


async def amenities(
    source: Source, filter: Filter, now: datetime, fees: Fees, rates: Rates | None = None
) -> dict[str, int]:
    """How many results each amenity would have, whichever amenities are asked for."""
    return dict(await _ask(_amenities, source, replace(filter, amenities=()), now, fees, rates))


async def instant_book(
    source: Source, filter: Filter, now: datetime, fees: Fees, rates: Rates | None = None
) -> int:
    """How many results can be booked at once, whether or not that is asked for."""
    return await count(source, replace(filter, instant_book=True), now, fees, rates)


async def free_cancellation(
    source: Source, filter: Filter, now: datetime, fees: Fees, rates: Rates | None = None
) -> int:
    """How many results can be cancelled for free, whether or not that is asked for."""
    return await count(source, replace(filter, free_cancellation=True), now, fees, rates)


async def prices(
    source: Source,
    filter: Filter,
    now: datetime,
    fees: Fees,
    rates: Rates | None = None,
    *,
    buckets: int,
) -> list[Bucket]:
    """The prices of the results, whichever are asked for, in so many buckets of one width.

    Of the stay when there are dates, else of a night; what they are worth in the filter's currency
    (`app.search.values`), where that is known. Empty without any.
    """
    if not 1 <= buckets <= MAX_BUCKETS:
        raise Invalid(f"Expected between 1 and {MAX_BUCKETS}.", field="buckets")
    free = replace(
        filter,
        min_price_minor=None,
        max_price_minor=None,
        min_total_minor=None,
        max_total_minor=None,
    )
    rows = await _ask(_prices, source, free, now, fees, rates, buckets=buckets)
    if not rows:
        return []
    lowest, width = rows[0][:2]
    counts = {place: found for _, _, place, found in rows}
    edges = [lowest + place * width for place in range(max(counts) + 2)]
    return [
        Bucket(start, end, counts.get(place, 0))
        for place, (start, end) in enumerate(pairwise(edges))
    ]


async def clusters(
    source: Source,
    filter: Filter,
    now: datetime,
    fees: Fees,
    rates: Rates | None = None,
    *,
    zoom: int,
) -> list[Cluster]:
    """The results by cells of the map, the fullest first: as fine as the zoom of a map's tiles,
    but at most some thousand for an area, and never finer than public points are blurred."""
    if not 0 <= zoom <= MAX_ZOOM:
        raise Invalid(f"Expected between 0 and {MAX_ZOOM}.", field="zoom")
    level = min(zoom + FINER_THAN_TILES, cells.level_for(filter.area, MOST_CLUSTERS))
    return await _ask(_clusters, source, filter, now, fees, rates, shift=cells.shift(level))


# Makes the statement of a summary, for the names of a search's wishes.
Summary = Callable[[tuple[str, ...]], Statement[tuple[int, R | None]]]


async def _ask(
    summary: Summary[R],
    source: Source,
    filter: Filter,
    now: datetime,
    fees: Fees,
    rates: Rates | None,
    **more: Any,
) -> list[R]:
    """The rows of a summary. Raises TooMuch."""
    asked = wishes(filter, now, await words.query(reader_of(source), filter.text))
    given = {**parameters(asked, filter, fees, rates), **more}
    rows = await fetch(summary(tuple(asked)), source, given, filter.area)
    if rows[0][0] > MOST:
        raise TooMuch(
            f"More than {MOST:,} places would have to be looked at: narrow the search.",
            field="filter",
        )
    return [row for _, row in rows if row is not None]


def _summary(
    row: Callable[..., R], kind: Any, of: Callable[[tuple[str, ...]], Select[Any]]
) -> Summary[R]:
    """A summary whose rows, each of a kind, have their count last; from what selects them."""

    def result(candidates: int, *values: Any) -> tuple[int, R | None]:
        return candidates, None if values[-1] is None else row(*values)

    @lru_cache(maxsize=SHAPES)
    def statement(names: tuple[str, ...]) -> Statement[tuple[int, R | None]]:
        return Statement(result, lambda: _bounded(names, of(names)), tuple[int, kind | None])

    return statement


def _bounded(names: Iterable[str], summary: Select[Any]) -> Select[Any]:
    """How many candidates wishes have, beside each row of a summary of what they find.

    The summary is not begun where there are too many.
    """
    of_property = [name for name in names if name not in DATES | TOTALS]
    most = number(MOST + 1)
    some = found(of_property).query.add_columns(ONE).limit(most).subquery()
    candidates = (
        select(func.count().label("candidates"))
        .select_from(some)
        .cte("candidates")
        .prefix_with("MATERIALIZED")
    )
    rows = summary.where(candidates.c.candidates <= number(MOST))
    summed = rows.correlate(candidates).lateral("summary")
    return (
        select(candidates.c.candidates, *summed.c).select_from(candidates).outerjoin(summed, true())
    )


def _matches(names: tuple[str, ...], *, priced: bool = False) -> Found:
    match = found(names, priced=priced)
    return replace(match, query=match.query.where(never_generic()))


def _of_count(names: tuple[str, ...]) -> Select[Any]:
    return _matches(names).query.add_columns(func.count().label("count"))


@lru_cache(maxsize=SHAPES)
def _some(names: tuple[str, ...]) -> Statement[int]:
    some = _matches(names).query.add_columns(ONE).limit(bindparam("enough", type_=Integer))
    return Statement(int, lambda: select(func.count()).select_from(some.subquery()), int)


def _of_types(names: tuple[str, ...]) -> Select[Any]:
    query = _matches(names).query.add_columns(Property.type, func.count().label("count"))
    return query.group_by(Property.type)


def _of_amenities(names: tuple[str, ...]) -> Select[Any]:
    offered = (
        func.unnest(Property.amenities)
        .table_valued(column("amenity", Text), name="offered")
        .render_derived()
    )
    query = _matches(names).query.join(offered, true())
    return query.add_columns(offered.c.amenity, func.count().label("count")).group_by(
        offered.c.amenity
    )


def _of_prices(names: tuple[str, ...]) -> Select[Any]:
    match = _matches(names, priced=True)
    price = Property.base_price_minor if match.total is None else match.total
    worth = value(price, Property.currency).label("minor")
    each_price = match.query.add_columns(worth).subquery()
    found_prices = select(each_price).where(each_price.c.minor.is_not(None)).subquery()
    lowest = func.min(found_prices.c.minor).over()
    highest = func.max(found_prices.c.minor).over()
    buckets = bindparam("buckets", type_=Integer)
    # Whole numbers, so that no price lies between two buckets.
    width = (highest - lowest + buckets) // buckets
    each = select(found_prices.c.minor, lowest.label("lowest"), width.label("width")).subquery()
    place = cast((each.c.minor - each.c.lowest) // each.c.width, Integer)
    return select(
        each.c.lowest, each.c.width, place.label("place"), func.count().label("count")
    ).group_by(each.c.lowest, each.c.width, place)


def _of_clusters(names: tuple[str, ...]) -> Select[Any]:
    cell = Property.map_cell.op(">>")(bindparam("shift", type_=Integer))
    points = Property.public_latitude, Property.public_longitude
    middle = [func.avg(each).label(each.key) for each in points]
    size = func.count().label("count")
    query = _matches(names).query.add_columns(*middle, size)
    return query.group_by(cell).order_by(size.desc(), cell)


_count: Summary[int] = _summary(int, int, _of_count)
_types: Summary[tuple[str, int]] = _summary(lambda *pair: pair, tuple[str, int], _of_types)
_amenities: Summary[tuple[str, int]] = _summary(lambda *pair: pair, tuple[str, int], _of_amenities)
_prices: Summary[tuple[int, int, int, int]] = _summary(
    lambda *values: values, tuple[int, int, int, int], _of_prices
)
_clusters: Summary[Cluster] = _summary(
    lambda latitude, longitude, size: Cluster(size, round(latitude, 4), round(longitude, 4)),
    Cluster,
    _of_clusters,
)
