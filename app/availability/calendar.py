"""A property's calendar, night by night, as a client shows it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ScalarSelect, Select, bindparam, func, select

from app.availability import rules
from app.availability.service import Taken, unavailable_nights
from app.errors import Invalid
from app.money import Money
from app.properties.bookable import STAY_FIELDS, night_terms
from app.properties.terms import NightTerms, StayTerms, usual_price
from db.models import OccupiedNight, Property
from db.rows import among
from db.statements import Reader, Statement, as_json

MAX_DAYS = 366
# Further away than anything can be booked; keeps date arithmetic within its range.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2200, 1, 1)
# The longest preparation time that a property can have (a check of the table).
REACH = timedelta(days=14)
ONE_DAY = timedelta(days=1)


class Night(msgspec.Struct, frozen=True, gc=False):
    """One date of a calendar.

    A stay can be had when its first date says `can_check_in`, each of its nights is `available`,
    the date after them says `can_check_out`, and it has `min_nights` of its first date or more.
    """

    date: date
    price: Money
    available: bool
    can_check_in: bool
    can_check_out: bool
    min_nights: int


class _Terms(msgspec.Struct, frozen=True):
    """What a property's calendar is made of."""

    stay: StayTerms
    currency: str
    base_price_minor: int
    weekend_price_minor: int | None
    set_nights: Mapping[date, NightTerms]
    taken: Sequence[Taken]


async def calendars(
    reader: Reader, property_ids: Sequence[UUID], start: date, end: date, now: datetime
) -> dict[UUID, list[Night]]:
    """The dates `[start, end)` of several properties' calendars, in one statement.

    Raises Invalid for an empty range or one of more than 366 days.
    """
    if start < FIRST_DAY or end > LAST_DAY:
        raise Invalid("The dates are too far away.", field="from" if start < FIRST_DAY else "to")
    if not ONE_DAY <= end - start <= MAX_DAYS * ONE_DAY:
        raise Invalid(f"Expected between 1 and {MAX_DAYS} days.", field="to")
    # Whether a guest can leave on the first date depends on the night before it.
    eve = start - ONE_DAY
    found = await _TERMS.fetch(
        reader,
        properties=property_ids,
        check_in=eve,
        check_out=end,
        first=eve - REACH,
        last=end + REACH,
    )
    days = _days(start, end)
    return {property_id: _nights(terms, days, now) for property_id, terms in found}


@lru_cache(maxsize=64)
def _days(start: date, end: date) -> list[tuple[date, int]]:
    """The dates, each with its weekday's bit. Many ask for the same ones."""
    return [(day, 1 << day.weekday()) for day in rules.nights(start, end)]


def _nights(terms: _Terms, days: Sequence[tuple[date, int]], now: datetime) -> list[Night]:
    """The dates of one calendar. What is the same for all of them is worked out first."""
    stay, set_nights, currency = terms.stay, terms.set_nights, terms.currency
    today = rules.local_today(now, stay.timezone)
    first, last = rules.check_in_dates(stay, now)
    eve, end = days[0][0] - ONE_DAY, days[-1][0] + ONE_DAY
    unavailable = set(unavailable_nights(terms.taken, eve, end, stay.preparation_days, now))
    unavailable.update(night for night, one in set_nights.items() if one.closed)
    check_in, check_out, usual_least = (
        stay.check_in_weekdays,
        stay.check_out_weekdays,
        stay.min_nights,
    )
    base, weekend = terms.base_price_minor, terms.weekend_price_minor
    # One object for all nights of a price.
    usual_prices = {
        weekday: Money(usual_price(day, base, weekend), currency) for day, weekday in days[:7]
    }
    night_before_available = eve >= today and eve not in unavailable
    found: list[Night] = []
    for day, weekday in days:
        price, least = usual_prices[weekday], usual_least
        if set_nights and day in set_nights:
            one = set_nights[day]
            least = rules.min_nights(stay, one)
            if one.price_minor is not None:
                price = Money(one.price_minor, currency)
        available = day >= today and day not in unavailable
        found.append(
            Night(
                day,
                price,
                available,
                available and first <= day <= last and check_in & weekday != 0,
                night_before_available and check_out & weekday != 0,
                least,
            )
        )
        night_before_available = available
    return found


def _row(
    property_id: UUID,
    currency: str,
    base: int,
    weekend: int | None,
    nights: Sequence[NightTerms] | None,
    taken: Sequence[Taken] | None,
    *stay: Any,
) -> tuple[UUID, _Terms]:
    stay_terms = StayTerms(**dict(zip(STAY_FIELDS, stay, strict=True)))
    set_nights = {each.night: each for each in nights or ()}
    return property_id, _Terms(stay_terms, currency, base, weekend, set_nights, taken or ())


def _select() -> Select[Any]:
    return select(
        Property.id,
        Property.currency,
        Property.base_price_minor,
        Property.weekend_price_minor,
        as_json(night_terms(), tuple[NightTerms, ...]),
        as_json(_taken(), tuple[Taken, ...]),
        *(getattr(Property, name) for name in STAY_FIELDS),
    ).where(among(Property.id, "properties"))


def _taken() -> ScalarSelect[Any]:
    values = (getattr(OccupiedNight, name) for name in Taken.__struct_fields__)
    return (
        select(func.json_agg(func.json_build_array(*values)))
        .where(
            OccupiedNight.property_id == Property.id,
            OccupiedNight.night >= bindparam("first"),
            OccupiedNight.night < bindparam("last"),
        )
        .scalar_subquery()
    )


_TERMS: Statement[tuple[UUID, _Terms]] = Statement(_row, _select)
