"""What a search by price finds: the cheapest or the dearest of all that match, so many at once.

What a stay costs in all is dear to find out, and most places need not be asked. A place's index
entry tells what any stay there costs at least (`totals.lowest`). So places are judged in the order
of that, until twice as many match as are wanted; half of these cost no more than some amount, and
whoever comes later in that order is judged only if they could cost less. However many places there
are, about as many are priced as are shown. It is exact: whoever was not judged costs more.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Float,
    FromClause,
    Integer,
    Select,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from app.search.conditions import DATES, PARTY, PLACES, Found, found
from app.search.lists import CHUNK, can_go_on
from app.search.stays import ONE, number
from app.search.totals import lowest
from app.search.values import factor_by_currency, ranking, value
from db.models import Property
from db.statements import never_generic

SAMPLE = number(2 * CHUNK)
# So many are put in order, as a sample is hardly ever sought among more.
LIKELY = number(8 * CHUNK)
SLACK = number(1_000_000_000)


def ranked(names: Iterable[str], *, downwards: bool, after: CTE | None = None) -> CTE:
    """The first `CHUNK` in the order by price that are not in the list `after`.

    `place`, `id`, and of the stay what `Found` has: dates and total.
    """
    asked = frozenset(names)
    match = found(asked, priced=True)
    candidates = _candidates(asked, after)
    if downwards and match.total is not None:
        # Of what a stay costs at most an index knows nothing.
        judged = _judged(match, candidates.cte("candidates"))
    else:
        judged = _first(match, candidates, downwards=downwards)
    each = judged.subquery("each")
    top = select(each).order_by(*ranking(each.c, downwards=downwards)).limit(number(CHUNK))
    found_ = top.subquery("found")
    place = func.row_number().over(order_by=ranking(found_.c, downwards=downwards))
    return select(place.label("place"), found_).cte("ranked")


def _candidates(asked: frozenset[str], after: CTE | None) -> Select[Any]:
    """All places that could match, with what they cost at least, of an index alone."""
    factors = factor_by_currency()
    query = found(asked & PLACES).query.where(never_generic())
    query = query.outerjoin(factors, factors.c.currency == Property.currency)
    if after is not None:
        listed = (
            func.unnest(after.c.property_ids)
            .table_valued(column("id", Uuid), name="listed")
            .render_derived()
        )
        is_listed = (
            select(ONE).select_from(after).join(listed, true()).where(listed.c.id == Property.id)
        )
        query = query.where(
            exists(select(ONE).where(can_go_on(after))), ~exists(is_listed.correlate(Property))
        )
    price = Property.base_price_minor
    if asked & DATES:
        price = lowest(Property, _nights(asked), PARTY.guest_fee_bp)
    return query.add_columns(
        Property.id,
        Property.currency,
        price.label("price"),
        (cast(price, Float) * factors.c.factor).label("value"),
    )


def _nights(asked: frozenset[str]) -> ColumnElement[int]:
    if "stays" in asked:
        return bindparam("nights", type_=Integer)
    arrival, departure = (bindparam(name, type_=Date) for name in ("arrival", "departure"))
    return cast(departure - arrival, Integer)


def _first(match: Found, every: Select[Any], *, downwards: bool) -> Select[Any]:
    """Whatever is among the first, and some more."""
    candidates = every.cte("candidates").prefix_with("MATERIALIZED")
    order = ranking(candidates.c, downwards=downwards)
    likely = select(candidates).order_by(*order).limit(LIKELY).subquery("likely")
    n = func.row_number().over(order_by=ranking(likely.c, downwards=downwards))
    numbered = select(likely, n.label("n")).cte("numbered")
    ordered = select(numbered).order_by(numbered.c.n).subquery("ordered")
    # Read in its order, and no further than necessary.
    sample = _judged(match, ordered, ordered.c.n).limit(SAMPLE).cte("sample")
    others = _others(candidates, numbered, sample, downwards=downwards).subquery("others")
    # In a column's place, which those that are left need no more.
    more = _judged(match, others, number(0).label("n"))
    return select(union_all(select(sample), more).subquery("both"))


def _others(candidates: CTE, numbered: CTE, sample: CTE, *, downwards: bool) -> Select[Any]:
    """Of what was not judged for the sample what may come before its middle; without a whole
    sample, all of it."""
    bound = (
        select(sample.c.value, sample.c.currency, sample.c.price)
        .where(select(func.count()).select_from(sample).scalar_subquery() == SAMPLE)
        .order_by(*ranking(sample.c, downwards=downwards))
        .offset(number(CHUNK - 1))
        .limit(ONE)
        .subquery("bound")
    )
    last = select(func.max(sample.c.n)).select_from(sample).scalar_subquery()
    judged = exists().where(
        numbered.c.id == candidates.c.id,
        or_(~exists(select(bound)), numbered.c.n <= last),
    )
    here = tuple_(candidates.c.currency, candidates.c.price)
    there = tuple_(bound.c.currency, bound.c.price)
    # Amounts are converted exactly; candidates', which are many, to a part in some billions.
    value, slack = bound.c.value, 1 + func.abs(bound.c.value) / cast(SLACK, Float)
    before = (
        candidates.c.value >= value - slack if downwards else candidates.c.value <= value + slack
    )
    return (
        select(candidates)
        .outerjoin(bound, true())
        .where(
            case(
                (bound.c.currency.is_(None), true()),
                (value.is_not(None), before),
                # What nothing is known of is ordered by currency and amount.
                else_=or_(candidates.c.value.is_not(None), here <= there),
            ),
            ~judged.correlate_except(numbered),
        )
    )


def _judged(match: Found, candidates: FromClause, *more: ColumnElement[Any]) -> Select[Any]:
    """Those of the candidates that match, with what they cost: one after the other."""
    price = Property.base_price_minor if match.total is None else match.total
    columns: list[Any] = [Property.id, Property.currency, price.label("price")]
    if match.stay is not None:
        columns += [
            match.stay.arrival.label("arrival"),
            match.stay.departure.label("departure"),
            price.label("total_minor"),
        ]
    one = (
        match.query.where(Property.id == candidates.c.id)
        .add_columns(*columns)
        # So that PostgreSQL looks each of them up, rather than at all places.
        .limit(ONE)
        .correlate(candidates)
        .lateral("judged")
    )
    worth = value(one.c.price, one.c.currency).label("value")
    return select(one, worth, *more).select_from(candidates).join(one, true())
