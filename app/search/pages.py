"""A page of a search, in one statement whatever the page's size.

Availability, and what a stay costs, are decided in SQL before the page is cut, by the same rules
as a booking's (tests compare them).
"""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from msgspec import structs
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Uuid,
    asc,
    bindparam,
    desc,
    literal_column,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased

from app.currencies.rules import Rates
from app.errors import Invalid
from app.properties.queries import EXACT, PropertyRow
from app.properties.terms import Fees
from app.search import by_price, lists, values, words
from app.search.cache import Source, fetch, reader_of
from app.search.conditions import DATES, NOW, PARTS, Found, cell, found, total_of
from app.search.filters import Area, Filter, Point, Window, Wishes, wishes
from app.search.sorts import BY_PRICE, DOWNWARDS, ORDERS, Key, Sort, decoded, encoded
from app.search.stays import Stay
from db import rows
from db.models import Property
from db.shapes import Shape
from db.statements import Statement, never_generic

__all__ = ["Area", "Edge", "Filter", "Page", "Point", "Sort", "StayFound", "Window", "search"]

MAX_FIRST = 50
# How many combinations of wishes and order are kept as statements; people use some dozens.
SHAPES = 512
# What a shape of results has to have: a cursor is made of it.
NEEDED = frozenset(["id"])
# A box has some such number of cells: as many texts of a statement.
CELLS_STEP = 4
LIMIT = bindparam("limit", type_=Integer)
NO_LIST: ColumnElement[UUID] = literal_column("NULL::uuid", Uuid)


class StayFound(msgspec.Struct, frozen=True):
    """The stay by which a search found a place, and what it costs in all."""

    check_in: date
    check_out: date
    currency: str
    total_minor: int


class Edge(msgspec.Struct, frozen=True):
    """A result, and where to go on after it; with dates, and where asked for, its stay."""

    property: PropertyRow
    cursor: str
    stay: StayFound | None


class Page(msgspec.Struct, frozen=True):
    """One page of results."""

    edges: tuple[Edge, ...]
    has_next_page: bool


class Kind(msgspec.Struct, frozen=True):
    """All that the text of a page's statement depends on."""

    sort: Sort
    names: tuple[str, ...]
    is_after: bool
    # How many cells of the map a box is looked for in.
    cells: int
    # By price: beyond what its list has.
    goes_on: bool
    priced: bool
    shape: Shape[PropertyRow] | None


# What everybody may know of a place that a search finds.
PUBLIC = frozenset(PropertyRow.__struct_fields__) - EXACT
# Where a result stands in the order and in which list that is kept, its row, and its stay.
Result: TypeAlias = tuple[Key, UUID | None, PropertyRow, StayFound | None]


async def search(
    source: Source,
    filter: Filter,
    sort: Sort,
    first: int,
    after: str | None,
    now: datetime,
    fees: Fees,
    shape: Shape[PropertyRow] | None = None,
    *,
    priced: bool = False,
    rates: Rates | None = None,
) -> Page:
    """The `first` (1–50) results after the cursor `after`, in one statement.

    Read in a shape that has what is `NEEDED`, or whole; `priced`: with what the stay costs. By
    `rates` prices in different currencies are compared; None: by those of no day.

    Pages by keyset: results that appear or vanish meanwhile make nothing else skip or repeat. By
    price they go on in a list that was kept. Raises Invalid.
    """
    if not 1 <= first <= MAX_FIRST:
        raise Invalid(f"Expected between 1 and {MAX_FIRST}.", field="first")
    reader = reader_of(source)
    asked = wishes(filter, now, await words.query(reader, filter.text))
    has_dates = not DATES.isdisjoint(asked)
    of_cells = _cells(asked)
    kind = Kind(
        sort=sort,
        names=tuple(asked),
        is_after=after is not None,
        cells=len(of_cells) if sort is Sort.RECOMMENDED else 0,
        goes_on=False,
        priced=priced and has_dates,
        shape=shape,
    )
    given: dict[str, Any] = {
        **parameters(asked, filter, fees, rates),
        **_start(sort, filter, after, now),
        "limit": first + 1,
        **of_cells,
    }
    results = await fetch(_page(kind), source, given, filter.area)
    if after is not None and sort in BY_PRICE and len(results) <= first:
        if not results:
            await lists.require_kept(reader, given["list_id"])
        longer = structs.replace(kind, goes_on=True)
        results = await fetch(_page(longer), source, given, filter.area) or results
    edges = tuple(
        Edge(row, encoded(sort, key, list_id or row.id), stay)
        for key, list_id, row, stay in results[:first]
    )
    return Page(edges, has_next_page=len(results) > first)


def parameters(asked: Wishes, filter: Filter, fees: Fees, rates: Rates | None) -> dict[str, Any]:
    """The values of all parameters of a search, by name: of its wishes, and of prices."""
    return {
        **dict(chain.from_iterable(wish.items() for wish in asked.values())),
        "guest_count": filter.party.counted,
        "has_pets": filter.party.pets > 0,
        "guest_fee_bp": fees.guest_fee_bp,
        **values.parameters(filter.currency, rates),
    }


def _start(sort: Sort, filter: Filter, after: str | None, now: datetime) -> dict[str, Any]:
    """The parameters of where a page begins."""
    start: dict[str, Any] = {}
    if sort is Sort.DISTANCE:
        if filter.near is None:
            raise Invalid("From where is the distance measured?", field="filter.near")
        start |= {
            "near_latitude": filter.near.latitude,
            "near_longitude": filter.near.longitude,
        }
    if sort not in BY_PRICE:
        if after is not None:
            start["after_key"], start["after_id"] = decoded(after, sort)
        return start
    start["made_at"] = now
    if after is not None:
        start["after_place"], start["list_id"] = decoded(after, sort)
    return start


@lru_cache(maxsize=SHAPES)
def _page(kind: Kind) -> Statement[Result]:
    row = PropertyRow if kind.shape is None else kind.shape.row
    if kind.sort not in BY_PRICE:
        build = _by_keyset
    elif kind.goes_on:
        build = _longer_list
    else:
        build = _of_list if kind.is_after else _beginning_list

    def result(key: Key, list_id: UUID | None, *values: Any) -> Result:
        if not kind.priced:
            return key, list_id, row(*values), None
        return key, list_id, row(*values[4:]), StayFound(*values[:4])

    # What PostgreSQL has written is for everybody, too. Lists come and go: their later pages are
    # read each time.
    is_public = kind.shape is not None and kind.shape.shows_only(PUBLIC)
    may_be_kept = is_public and not (kind.is_after and kind.sort in BY_PRICE)
    kept_as = tuple[Key, UUID | None, row, StayFound | None]  # type: ignore[valid-type]
    return Statement(result, lambda: build(kind), kept_as if may_be_kept else None)


def _by_keyset(kind: Kind) -> Select[Any]:
    level = next((name for name in kind.names if name.startswith("cells_")), None)
    if kind.sort is Sort.RECOMMENDED and level is not None:
        return _by_cells(kind, level)
    match, key, by = found(kind.names), ORDERS[kind.sort].column, _direction(kind.sort)
    placed = _placed(_after(kind, match.query), match, key)
    return _finished(kind, match, placed.order_by(by(key), by(Property.id)).limit(LIMIT))


def _by_cells(kind: Kind, level: str) -> Select[Any]:
    """Each cell's index is in the order of recommendation. They are merged, by themselves alone,
    and read until the page is full, however many places lie in each."""
    box = PARTS.intersection(kind.names)
    order = Property.recommendation.desc(), Property.id.desc()
    inside = [
        _after(kind, found(box).query)
        .where(cell(int(level.removeprefix("cells_"))) == bindparam(name, type_=Integer))
        .add_columns(Property.id, Property.recommendation)
        # PostgreSQL merges what it knows to be in order.
        .order_by(*order)
        for name in _cell_names(kind.cells)
    ]
    best = union_all(*inside).subquery("best")
    match = found(name for name in kind.names if name != level and name not in box)
    query = match.query.join(best, best.c.id == Property.id)
    placed = _placed(query, match, best.c.recommendation)
    placed = placed.order_by(best.c.recommendation.desc(), best.c.id.desc())
    return _finished(kind, match, placed.limit(LIMIT))


def _cell_names(count: int) -> list[str]:
    return [f"cell_{place}" for place in range(count)]


def _cells(asked: Wishes) -> dict[str, int | None]:
    """The cells of a box one by one, in a few numbers of parameters: each is a statement."""
    found = next((each["cells"] for name, each in asked.items() if name.startswith("cells_")), ())
    names = _cell_names(-(-len(found) // CELLS_STEP) * CELLS_STEP)
    return dict(zip_longest(names, found))


def _after(kind: Kind, query: Select[Any]) -> Select[Any]:
    """What comes after a position in a keyset's order."""
    if not kind.is_after:
        return query
    order = ORDERS[kind.sort]
    here = tuple_(order.column, Property.id)
    there = tuple_(bindparam("after_key", type_=order.type), bindparam("after_id", type_=Uuid))
    return query.where(here < there if kind.sort in DOWNWARDS else here > there)


def _placed(query: Select[Any], match: Found, key: Any) -> Select[Any]:
    """Which properties, where in the order, and by which stay."""
    placed = query.where(never_generic()).add_columns(Property.id, key.label("sort_key"))
    if match.stay is not None:
        placed = placed.add_columns(
            match.stay.arrival.label("arrival"), match.stay.departure.label("departure")
        )
    if match.total is not None:
        placed = placed.add_columns(match.total.label("total_minor"))
    return placed


def _finished(kind: Kind, match: Found, placed: Select[Any], list_id: Any = NO_LIST) -> Select[Any]:
    """What is shown of them: the rest is read for those on the page alone."""
    page, place = placed.subquery("page"), aliased(Property)
    of_list = page.c.get("list_id", list_id)
    query = select(page.c.sort_key, of_list).join_from(page, place, place.id == page.c.id)
    if kind.priced:
        total = page.c.get("total_minor")
        if total is None:
            price = total_of(place, Stay(page.c.arrival, page.c.departure, NOW), page)
            query, total = query.join(price, true()), price.c.total_minor
        query = query.add_columns(page.c.arrival, page.c.departure, place.currency, total)
    read = rows.columns(place, PropertyRow) if kind.shape is None else kind.shape.columns(place)
    # A place in a list counts upwards, whatever the list goes by.
    by = asc if kind.sort in BY_PRICE else _direction(kind.sort)
    return query.add_columns(*read).order_by(by(page.c.sort_key), by(page.c.id))


def _beginning_list(kind: Kind) -> Select[Any]:
    """The first page by price, and the order written down in which the list goes on."""
    match = found(kind.names, priced=True)
    ranked = by_price.ranked(kind.names, downwards=kind.sort in DOWNWARDS)
    columns = [each for each in ranked.c if each.key != "place"]
    top = select(ranked.c.place.label("sort_key"), *columns).order_by(ranked.c.place).limit(LIMIT)
    named = lists.named(ranked)
    list_id = select(named.c.id).scalar_subquery()
    return _finished(kind, match, top, list_id).add_cte(lists.kept(named))


def _of_list(kind: Kind) -> Select[Any]:
    """A later page by price: what of the list matches still."""
    return _of_rest(kind, lists.rest(lists.shown()))


def _longer_list(kind: Kind) -> Select[Any]:
    """The page at which a list goes on, if it does: nothing otherwise."""
    shown = lists.shown()
    ranked = by_price.ranked(kind.names, downwards=kind.sort in DOWNWARDS, after=shown)
    named = lists.named(ranked, select(shown.c.property_ids).scalar_subquery())
    return _of_rest(kind, lists.rest(named)).add_cte(lists.kept(named))


def _of_rest(kind: Kind, rest: Subquery) -> Select[Any]:
    match = found(kind.names)
    inside = match.query.join(rest, rest.c.id == Property.id)
    placed = _placed(inside, match, rest.c.place).add_columns(rest.c.list_id)
    placed = placed.order_by(rest.c.place).limit(LIMIT)
    return _finished(kind, match, placed)


def _direction(sort: Sort) -> Callable[[Any], Any]:
    return desc if sort in DOWNWARDS else asc
