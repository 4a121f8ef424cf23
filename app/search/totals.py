"""What a stay costs in all, as an expression in SQL: `pricing.rules.quote` a second time.

A search that goes by the price of a stay needs it of every place that it finds. To the minor unit
the same: tests compare the two over random terms, calendars and currencies.
"""

from datetime import date
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Numeric,
    case,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.sql.selectable import LateralFromClause

from app.money import BASIS
from app.pricing.rules import MONTH, WEEK
from app.search.stays import MONDAY, ONE, ZERO, Stay, iso_weekday, number
from db.enums import TaxKind
from db.models import CalendarNight, PropertyTax

# iso_weekday() of the nights that a weekend price is for, and how many days of a week come before.
FRIDAY, SATURDAY = number(5), number(6)
BEFORE_FRIDAY = number(4)
TWO = number(2)
DAYS_OF_WEEK, DAYS_OF_MONTH, WHOLE = number(WEEK), number(MONTH), number(BASIS)


class Party(msgspec.Struct, frozen=True):
    """Who pays: guests that count, whether pets come, and the rate of the guest's service fee."""

    guests: ColumnElement[int]
    has_pets: ColumnElement[bool]
    guest_fee_bp: ColumnElement[int]


def lowest(of: Any, nights: ColumnElement[int], guest_fee_bp: ColumnElement[int]) -> Any:
    """What a stay of so many nights costs at least in a property, whichever nights they are.

    By what an index has: the cheapest night with the largest discount, cleaning, and the service
    fee. Taxes, further guests and pets make it dearer, and never cheaper.
    """
    subtotal = of.lowest_night_minor * nights + of.cleaning_fee_minor
    return subtotal + _share(subtotal, guest_fee_bp)


def total(of: Any, stay: Stay, party: Party, *beside: Any) -> LateralFromClause:
    """A row of one column, `total_minor`: what the stay costs in a property that is selected from.

    `beside` is what else the stay's dates are columns of.
    """
    outer = (of, *beside)
    nights = _nights(of, stay, outer)
    discounted = nights.c.minor - func.least(
        _share(nights.c.minor, _discount_bp(of, stay)),
        # Rounding must not give a stay of very few minor units away for nothing.
        nights.c.minor - ONE,
    )
    subtotal = (
        select((discounted + _fees(of, stay, party)).label("minor"))
        # So that it is computed once, wherever it is used.
        .offset(literal_column("0"))
        .correlate(*outer)
        .lateral("subtotal")
    )
    taxes = (
        select(func.coalesce(func.sum(_tax(stay, party, subtotal.c.minor)), ZERO).label("minor"))
        .where(PropertyTax.property_id == of.id)
        .correlate(*outer, subtotal)
        .lateral("taxes")
    )
    due = subtotal.c.minor + _share(subtotal.c.minor, party.guest_fee_bp) + taxes.c.minor
    return (
        select(cast(due, BigInteger).label("total_minor"))
        .select_from(subtotal)
        .join(taxes, true())
        .offset(literal_column("0"))
        .correlate(*outer)
        .lateral("price")
    )


def _nights(of: Any, stay: Stay, outer: Any) -> LateralFromClause:
    """The sum of the nights: the usual prices, and how far the set ones differ from them."""
    weekend = func.coalesce(of.weekend_price_minor, of.base_price_minor)
    usual = case(
        (iso_weekday(CalendarNight.night.expression).between(FRIDAY, SATURDAY), weekend),
        else_=of.base_price_minor,
    )
    at_weekends = _weekend_nights(stay.departure) - _weekend_nights(stay.arrival)
    differing = func.coalesce(func.sum(CalendarNight.price_minor - usual), ZERO)
    return (
        select(
            (
                of.base_price_minor * (stay.nights - at_weekends)
                + weekend * at_weekends
                + cast(differing, BigInteger)
            ).label("minor")
        )
        .where(
            CalendarNight.property_id == of.id,
            CalendarNight.night >= stay.arrival,
            CalendarNight.night < stay.departure,
            CalendarNight.price_minor.is_not(None),
        )
        .correlate(*outer)
        .lateral("nights")
    )


def _weekend_nights(day: ColumnElement[date]) -> ColumnElement[int]:
    """How many nights of Fridays and Saturdays there were before a date, of all times."""
    days = cast(day - MONDAY, Integer)
    of_this_week = func.least(func.greatest(days % DAYS_OF_WEEK - BEFORE_FRIDAY, ZERO), TWO)
    found: ColumnElement[int] = days // DAYS_OF_WEEK * TWO + of_this_week
    return found


def _discount_bp(of: Any, stay: Stay) -> ColumnElement[int]:
    """The rate of the one discount: the first that is granted and that the stay qualifies for."""
    ahead = cast(stay.arrival - stay.today(of), Integer)
    return case(
        ((of.monthly_discount_bp > ZERO) & (stay.nights >= DAYS_OF_MONTH), of.monthly_discount_bp),
        ((of.weekly_discount_bp > ZERO) & (stay.nights >= DAYS_OF_WEEK), of.weekly_discount_bp),
        (
            (of.early_bird_discount_bp > ZERO) & (ahead >= of.early_bird_days),
            of.early_bird_discount_bp,
        ),
        (
            (of.last_minute_discount_bp > ZERO) & (ahead <= of.last_minute_days),
            of.last_minute_discount_bp,
        ),
        else_=ZERO,
    )


def _fees(of: Any, stay: Stay, party: Party) -> ColumnElement[int]:
    extra = func.greatest(party.guests - of.guests_included, ZERO)
    pets = case((party.has_pets, of.pet_fee_minor), else_=ZERO)
    fees: ColumnElement[int] = (
        extra * stay.nights * of.extra_guest_fee_minor + of.cleaning_fee_minor + pets
    )
    return fees


def _tax(stay: Stay, party: Party, subtotal: ColumnElement[int]) -> ColumnElement[int]:
    """One tax: of the subtotal's part of the taxed nights, or for each guest and night of them."""
    exempt = PropertyTax.long_stays_exempt & (stay.nights >= DAYS_OF_MONTH)
    taxed = case((exempt, ZERO), else_=func.least(PropertyTax.max_nights, stay.nights))
    # The product of four may be more than a bigint holds.
    part = cast(subtotal, Numeric) * taxed * PropertyTax.rate_bp
    whole = stay.nights * WHOLE
    return case(
        (
            PropertyTax.kind == literal_column(f"'{TaxKind.PER_GUEST_NIGHT}'"),
            PropertyTax.amount_minor * party.guests * taxed,
        ),
        else_=func.div(part * TWO + whole, whole * TWO),
    )


def _share(minor: ColumnElement[int], rate_bp: ColumnElement[int]) -> ColumnElement[int]:
    """money.share of an amount that is not negative: rounded half up."""
    whole: ColumnElement[int] = (minor * rate_bp * TWO + WHOLE) // (TWO * WHOLE)
    return whole
