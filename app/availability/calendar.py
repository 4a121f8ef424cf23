"""A property's calendar, night by night, as a client shows it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from app.availability import rules
from app.availability.service import TakenNight, taken_nights, unavailable_nights
from app.errors import Invalid
from app.properties.bookable import load_bookable
from app.properties.terms import BookableProperty, Fees
from db.statements import Reader

MAX_DAYS = 366
# Further away than anything can be booked; keeps date arithmetic within its range.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2200, 1, 1)
# The longest preparation time that a property can have (a check of the table).
MAX_PREPARATION_DAYS = 14
ONE_DAY = timedelta(days=1)
# A night's price has no fees in it.
NO_FEES = Fees(guest_fee_bp=0, host_fee_bp=0)


class Night(msgspec.Struct, frozen=True, gc=False):
    """One date of a calendar.

    A stay can be had when its first date says `can_check_in`, each of its nights is `available`,
    the date after them says `can_check_out`, and it has `min_nights` of its first date or more.
    """

    date: date
    price_minor: int
    currency: str
    available: bool
    can_check_in: bool
    can_check_out: bool
    min_nights: int


async def calendars(
    reader: Reader, property_ids: Sequence[UUID], start: date, end: date, now: datetime
) -> dict[UUID, list[Night]]:
    """The dates `[start, end)` of several properties' calendars, in two statements.

    Raises Invalid for an empty range or one of more than 366 days.
    """
    if start < FIRST_DAY or end > LAST_DAY:
        raise Invalid("The dates are too far away.", field="from" if start < FIRST_DAY else "to")
    if not ONE_DAY <= end - start <= MAX_DAYS * ONE_DAY:
        raise Invalid(f"Expected between 1 and {MAX_DAYS} days.", field="to")
    # Whether a guest can leave on the first date depends on the night before it.
    eve = start - ONE_DAY
    found = await load_bookable(reader, property_ids, eve, end, NO_FEES)
    taken: defaultdict[UUID, list[TakenNight]] = defaultdict(list)
    for night in await taken_nights(reader, property_ids, eve, end, MAX_PREPARATION_DAYS):
        taken[night.property_id].append(night)
    days = [(day, 1 << day.weekday()) for day in rules.nights(start, end)]
    return {
        property_id: _nights(bookable, taken[property_id], days, now)
        for property_id, bookable in found.items()
    }


def _nights(
    bookable: BookableProperty, taken: list[TakenNight], days: list[tuple[date, int]], now: datetime
) -> list[Night]:
    """The dates of one calendar, each with its weekday's bit. What is the same for all is first."""
    stay, price, set_nights = bookable.stay, bookable.price, bookable.nights
    today = bookable.local_date(now)
    first, last = rules.check_in_dates(stay, now)
    eve, end = days[0][0] - ONE_DAY, days[-1][0] + ONE_DAY
    unavailable = set(unavailable_nights(taken, eve, end, stay.preparation_days, now))
    currency, check_in, check_out = price.currency, stay.check_in_weekdays, stay.check_out_weekdays
    night_before_available = eve >= today and eve not in unavailable
    usual_prices = {weekday: price.night_price(day) for day, weekday in days[:7]}
    found: list[Night] = []
    for day, weekday in days:
        night_price, least, terms = usual_prices[weekday], stay.min_nights, set_nights.get(day)
        if terms is not None:
            night_price = price.night_price(day, terms.price_minor)
            least = rules.min_nights(stay, terms)
        available = day >= today and day not in unavailable
        found.append(
            Night(
                day,
                night_price,
                currency,
                available,
                available and first <= day <= last and check_in & weekday != 0,
                night_before_available and check_out & weekday != 0,
                least,
            )
        )
        night_before_available = available
    return found
