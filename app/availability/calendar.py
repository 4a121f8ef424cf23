"""A property's calendar, night by night, as a client shows it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, ScalarSelect, and_, bindparam, case, func, select

from app.availability import rules
from app.availability.service import Taken, unavailable
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


class CalendarTerms(StayTerms, frozen=True, kw_only=True, array_like=True):
    """What a property's calendar is made of, within some dates."""

    currency: str
    base_price_minor: int
    weekend_price_minor: int | None
    set_nights: tuple[NightTerms, ...] | None
    taken: tuple[Taken, ...] | None


async def calendars(
    reader: Reader, property_ids: Sequence[UUID], start: date, end: date, now: datetime
) -> dict[UUID, list[Night]]:
    """The dates `[start, end)` of several properties' calendars, in one statement.

    Drafts without a place or a price have none yet.

    Raises Invalid for an empty range or one of more than 366 days.
    """
    found = await _TERMS.fetch(reader, properties=property_ids, **span(start, end))
    return {key: nights(terms, start, end, now) for key, terms in found if terms is not None}


def span(start: date, end: date) -> dict[str, date]:
    """The parameters of `terms_of` for the dates `[start, end)`. Raises Invalid."""
    if start < FIRST_DAY or end > LAST_DAY:
        raise Invalid("The dates are too far away.", field="from" if start < FIRST_DAY else "to")
    if not ONE_DAY <= end - start <= MAX_DAYS * ONE_DAY:
        raise Invalid(f"Expected between 1 and {MAX_DAYS} days.", field="to")
    # Whether a guest can leave on the first date depends on the night before it.
    eve = start - ONE_DAY
    return {"check_in": eve, "check_out": end, "first": eve - REACH, "last": end + REACH}


@lru_cache(maxsize=64)
def _days(start: date, end: date) -> list[tuple[date, int]]:
    """The dates, each with its weekday's bit. Many ask for the same ones."""
    return [(day, 1 << day.weekday()) for day in rules.nights(start, end)]


def nights(terms: CalendarTerms, start: date, end: date, now: datetime) -> list[Night]:
    """The dates `[start, end)` of one calendar, whose terms were read for them."""
    # What is the same for all of them is worked out first.
    days, currency = _days(start, end), terms.currency
    set_nights = {each.night: each for each in terms.set_nights or ()}
    today = rules.local_today(now, terms.timezone)
    first, last = rules.check_in_dates(terms, now)
    eve = start - ONE_DAY
    taken = unavailable(terms.taken or (), terms.preparation_days, now)
    taken.update(night for night, one in set_nights.items() if one.closed)
    check_in, check_out = terms.check_in_weekdays, terms.check_out_weekdays
    usual_least = terms.min_nights
    base, weekend = terms.base_price_minor, terms.weekend_price_minor
    # One object for all nights of a price.
    usual_prices = {
        weekday: Money(usual_price(day, base, weekend), currency) for day, weekday in days[:7]
    }
    night_before_available = eve >= today and eve not in taken
    found: list[Night] = []
    for day, weekday in days:
        price, least = usual_prices[weekday], usual_least
        if set_nights and day in set_nights:
            one = set_nights[day]
            least = rules.min_nights(terms, one)
            if one.price_minor is not None:
                price = Money(one.price_minor, currency)
        available = day >= today and day not in taken
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


def terms_of(of: Any) -> ColumnElement[Any]:
    """A property's CalendarTerms as JSON, with the parameters of a `span`.

    Null for a draft without a place or a price: it has no calendar yet.
    """
    columns = [getattr(of, name) for name in STAY_FIELDS]
    prices = of.currency, of.base_price_minor, of.weekend_price_minor
    terms = func.json_build_array(*columns, *prices, night_terms(of), _taken(of))
    return case((and_(of.timezone.is_not(None), of.base_price_minor.is_not(None)), terms))


def _taken(of: Any) -> ScalarSelect[Any]:
    values = (getattr(OccupiedNight, name) for name in Taken.__struct_fields__)
    return (
        select(func.json_agg(func.json_build_array(*values)))
        .where(
            OccupiedNight.property_id == of.id,
            OccupiedNight.night >= bindparam("first"),
            OccupiedNight.night < bindparam("last"),
        )
        .correlate(of)
        .scalar_subquery()
    )


_TERMS: Statement[tuple[UUID, CalendarTerms | None]] = Statement(
    lambda property_id, terms: (property_id, terms),
    lambda: select(Property.id, as_json(terms_of(Property), CalendarTerms)).where(
        among(Property.id, "properties")
    ),
)
