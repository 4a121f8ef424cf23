"""A page of a search, in one statement whatever the page's size.

Availability, and what a stay costs, are decided in SQL before the page is cut, by the same rules
as a booking's (tests compare them).
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import (
    ARRAY,
    Integer,
    Select,
    Uuid,
    asc,
    bindparam,
    cast,
    column,
    desc,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased

from app.errors import Invalid
from app.properties.queries import PropertyRow
from app.properties.terms import Fees
from app.search import lists, words
from app.search.conditions import DATES, NOW, Found, cell, found, total_of
from app.search.filters import Area, Filter, Point, Window, Wishes, wishes
from app.search.sorts import BY_PRICE, DOWNWARDS, ORDERS, Key, Sort, decoded, encoded
from app.search.stays import Stay
from db import rows
from db.models import Property
from db.shapes import Shape
from db.statements import Reader, Statement, never_generic

__all__ = ["Area", "Edge", "Filter", "Page", "Point", "Sort", "StayFound", "Window", "search"]

MAX_FIRST = 50
# How many combinations of wishes and order are kept as statements; people use some dozens.
SHAPES = 512
# What a shape of results has to have: a cursor is made of it.
NEEDED = frozenset(["id"])
LIMIT = bindparam("limit", type_=Integer)


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
    priced: bool
    shape: Shape[PropertyRow] | None


R = TypeVar("R")
# Where a result stands in the order and in which list that is kept, its row, and its stay.
Result: TypeAlias = tuple[Key, UUID | None, PropertyRow, StayFound | None]


async def search(
    reader: Reader,
    filter: Filter,
    sort: Sort,
    first: int,
    after: str | None,
    now: datetime,
    fees: Fees,
    shape: Shape[PropertyRow] | None = None,
    *,
    priced: bool = False,
) -> Page:
    """The `first` (1–50) results after the cursor `after`, in one statement.

    Read in a shape that has what is `NEEDED`, or whole; `priced`: with what the stay costs.

    Pages by keyset: results that appear or vanish meanwhile make nothing else skip or repeat. By
    price they go on in a list that was kept. Raises Invalid.
    """
    if not 1 <= first <= MAX_FIRST:
        raise Invalid(f"Expected between 1 and {MAX_FIRST}.", field="first")
    asked = wishes(filter, now, await words.query(reader, filter.text))
    has_dates = not DATES.isdisjoint(asked)
    kind = Kind(sort, tuple(asked), after is not None, priced and has_dates, shape)
    values: dict[str, Any] = {
        **parameters(asked, filter, fees),
        **_start(sort, filter, after, now),
        "limit": first + 1,
    }
    results = await fetch(_page(kind), reader, values)
    if after is not None and sort in BY_PRICE and not results:
        await lists.require_kept(reader, values["list_id"])
    edges = tuple(
        Edge(row, encoded(sort, key, list_id or row.id), stay)
        for key, list_id, row, stay in results[:first]
    )
    return Page(edges, has_next_page=len(results) > first)


def parameters(asked: Wishes, filter: Filter, fees: Fees) -> dict[str, Any]:
    """The values of all parameters of a search, by name: of its wishes, and of prices."""
    return {
        **dict(chain.from_iterable(values.items() for values in asked.values())),
        "guest_count": filter.party.counted,
        "has_pets": filter.party.pets > 0,
        "guest_fee_bp": fees.guest_fee_bp,
    }


async def fetch(statement: Statement[R], reader: Reader, values: Mapping[str, Any]) -> list[R]:
    """What a statement finds with those of the values that it has parameters for."""
    return await statement.fetch(reader, **{name: values[name] for name in statement.given})


def _start(sort: Sort, filter: Filter, after: str | None, now: datetime) -> dict[str, Any]:
    """The parameters of where a page begins."""
    values: dict[str, Any] = {}
    if sort is Sort.DISTANCE:
        if filter.near is None:
            raise Invalid("From where is the distance measured?", field="filter.near")
        values |= {
            "near_latitude": filter.near.latitude,
            "near_longitude": filter.near.longitude,
        }
    if sort not in BY_PRICE:
        if after is not None:
            values["after_key"], values["after_id"] = decoded(after, sort)
    elif after is None:
        values["made_at"] = now
    else:
        values["after_place"], values["list_id"] = decoded(after, sort)
    return values


@lru_cache(maxsize=SHAPES)
def _page(kind: Kind) -> Statement[Result]:
    row = PropertyRow if kind.shape is None else kind.shape.row
    if kind.sort not in BY_PRICE:
        build = _by_keyset
    else:
        build = _of_list if kind.is_after else _beginning_list

    def result(key: Key, list_id: UUID | None, *values: Any) -> Result:
        if not kind.priced:
            return key, list_id, row(*values), None
        return key, list_id, row(*values[4:]), StayFound(*values[:4])

    return Statement(result, lambda: build(kind))


def _by_keyset(kind: Kind) -> Select[Any]:
    level = next((name for name in kind.names if name.startswith("cells_")), None)
    if kind.sort is Sort.RECOMMENDED and level is not None:
        return _by_cells(kind, level)
    match = found(kind.names)
    return _finished(kind, match, _ordered(kind, match.query, match))


def _by_cells(kind: Kind, level: str) -> Select[Any]:
    """Each cell's index is in the order of recommendation: of each only so many are looked at as
    the page takes at most, however many lie in it."""
    cells = (
        func.unnest(bindparam("cells", type_=ARRAY(Integer)))
        .table_valued(column("cell", Integer), name="cells")
        .render_derived()
    )
    match = found(name for name in kind.names if name != level)
    inside = match.query.where(cell(int(level.removeprefix("cells_"))) == cells.c.cell)
    best = _ordered(kind, inside, match).correlate(cells).lateral("in_cell")
    columns = select(*best.c).select_from(cells).join(best, true())
    order = [best.c.sort_key.desc(), best.c.id.desc()]
    return _finished(kind, match, columns.order_by(*order).limit(LIMIT))


def _ordered(kind: Kind, query: Select[Any], match: Found) -> Select[Any]:
    """The places of a page, in a keyset's order."""
    order = ORDERS[kind.sort]
    key, by = order.column, _direction(kind.sort)
    if kind.is_after:
        here = tuple_(key, Property.id)
        there = tuple_(bindparam("after_key", type_=order.type), bindparam("after_id", type_=Uuid))
        query = query.where(here < there if kind.sort in DOWNWARDS else here > there)
    return _placed(query, match, key).order_by(by(key), by(Property.id)).limit(LIMIT)


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


def _finished(
    kind: Kind, match: Found, placed: Select[Any], list_id: Any = literal_column("NULL::uuid")
) -> Select[Any]:
    """What is shown of them: the rest is read for those on the page alone."""
    page, place = placed.subquery("page"), aliased(Property)
    query = select(page.c.sort_key, list_id).join_from(page, place, place.id == page.c.id)
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
    """The first page by price, and the order of the whole list written down."""
    match, by = found(kind.names, priced=True), _direction(kind.sort)
    price = Property.base_price_minor if match.total is None else match.total
    ranked = (
        _placed(match.query, match, price)
        .order_by(by(price), by(Property.id))
        .limit(lists.LONGEST)
        .cte("ranked")
    )
    order = by(ranked.c.sort_key), by(ranked.c.id)
    place = func.row_number().over(order_by=order).label("sort_key")
    others = [each for each in ranked.c if each.key != "sort_key"]
    top = select(place, *others).order_by(place).limit(LIMIT)
    named = lists.named(ranked, *order)
    list_id = select(named.c.id).scalar_subquery()
    return _finished(kind, match, top, list_id).add_cte(lists.kept(named))


def _of_list(kind: Kind) -> Select[Any]:
    """A later page by price: what of the list matches still."""
    match, rest = found(kind.names), lists.rest()
    inside = match.query.join(rest, rest.c.id == Property.id)
    placed = _placed(inside, match, rest.c.place)
    list_id = cast(bindparam("list_id", type_=Uuid), Uuid)
    return _finished(kind, match, placed.order_by(rest.c.place).limit(LIMIT), list_id)


def _direction(sort: Sort) -> Callable[[Any], Any]:
    return desc if sort in DOWNWARDS else asc
