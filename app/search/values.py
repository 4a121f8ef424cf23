"""Amounts in different currencies, compared: `currencies.rules.convert` a second time, in SQL.

A search compares prices by what they are worth in one currency: the one that its filter names, or
else the euro. What a currency without a rate is worth nobody knows: such a price lies within no
bounds, and comes last in every order by price. The searcher's own currency needs no rate.
"""

from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Numeric,
    Subquery,
    Text,
    asc,
    bindparam,
    cast,
    column,
    desc,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.currencies.rules import EURO, LARGEST, Rates
from app.search.stays import number

TWO = number(2)
# What clients could not read is not known, either.
TOO_MUCH = number(LARGEST + 1)


def parameters(currency: str | None, rates: Rates | None) -> dict[str, Any]:
    """The values of the parameters of `value`: in which currency, and by which rates."""
    wanted = currency or EURO
    known = {wanted: 1} if rates is None or wanted not in rates.per_euro else rates.per_euro
    return {"currency": wanted, "rates": msgspec.json.encode(known).decode()}


def value(minor: Any, currency: Any) -> ColumnElement[int]:
    """What an amount of minor units is worth, rounded half up; NULL where that is not known."""
    rates = cast(bindparam("rates", type_=Text), JSONB)
    own = cast(rates.op("->")(currency), Numeric)
    other = cast(rates.op("->")(bindparam("currency", type_=Text)), Numeric)
    exact = func.div(cast(minor, Numeric) * other * TWO + own, own * TWO)
    return cast(func.nullif(func.least(exact, TOO_MUCH), TOO_MUCH), BigInteger)


def factor_by_currency() -> Subquery:
    """About what a minor unit of each currency with a rate is worth: `currency`, `factor`.

    For comparing many amounts roughly: joining this costs a tenth of `value`.
    """
    rates = cast(bindparam("rates", type_=Text), JSONB)
    each = (
        func.jsonb_each(rates)
        .table_valued(column("currency", Text), column("rate", JSONB), name="known")
        .render_derived()
    )
    other = cast(rates.op("->")(bindparam("currency", type_=Text)), Numeric)
    factor = cast(other / cast(each.c.rate, Numeric), Float)
    return select(each.c.currency, factor.label("factor")).subquery("factors")


def ranking(row: Any, *, downwards: bool) -> list[ColumnElement[Any]]:
    """The order by price of rows with `value`, `currency`, `price` and `id`.

    What has no known value comes last, each currency by itself.
    """
    by = desc if downwards else asc
    return [by(row.value).nulls_last(), asc(row.currency), by(row.price), by(row.id)]
