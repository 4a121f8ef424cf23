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


class Night(msgspec.Struct, frozen=True, kw_only=True):
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
    return {
        property_id: _nights(bookable, taken[property_id], start, end, now)
        for property_id, bookable in found.items()
    }


def _nights(
    bookable: BookableProperty, taken: list[TakenNight], start: date, end: date, now: datetime
) -> list[Night]:
    stay, eve = bookable.stay, start - ONE_DAY
    today = bookable.local_date(now)
    unavailable = set(unavailable_nights(taken, eve, end, stay.preparation_days, now))
    found: list[Night] = []
    night_before_available = eve >= today and eve not in unavailable
    for day in rules.nights(start, end):
        terms = bookable.nights.get(day)
        available = day >= today and day not in unavailable
        found.append(
            Night(
                date=day,
                price_minor=bookable.price.night_price(
                    day, None if terms is None else terms.price_minor
                ),
                currency=bookable.price.currency,
                available=available,
                can_check_in=available
                and rules.on_weekday(stay.check_in_weekdays, day)
                and rules.date_refusal(stay, day, now) is None,
                can_check_out=night_before_available
                and rules.on_weekday(stay.check_out_weekdays, day),
                min_nights=rules.min_nights(stay, terms),
            )
        )
        night_before_available = available
    return found
