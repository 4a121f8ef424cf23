"""What stays in a place would cost and bring, as its host looks at a range of dates."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from app.availability.calendar import span
from app.availability.rules import min_nights, nights, require_guests
from app.money import Money
from app.pricing.rules import MONTH, WEEK, Fees, Guests, Quote
from app.pricing.service import price
from app.properties.bookable import load_bookable
from app.properties.terms import FRIDAY, SATURDAY, BookableProperty
from db.statements import Reader

LONGEST = 365


class PriceSource(StrEnum):
    """Where a night's price comes from."""

    SET = "SET"
    WEEKEND = "WEEKEND"
    BASE = "BASE"


class PreviewNight(msgspec.Struct, frozen=True):
    """What one night costs, and why."""

    date: date
    price: Money
    source: PriceSource


class Preview(msgspec.Struct, frozen=True):
    """A range of nights, and stays of several lengths from its first date."""

    nights: list[PreviewNight]
    stays: list[Quote]


async def preview(
    reader: Reader,
    property_id: UUID,
    start: date,
    end: date,
    guests: Guests,
    now: datetime,
    fees: Fees,
) -> Preview | None:
    """The nights `[start, end)`, and stays from `start`, whether they can be booked or not.

    As short as the host accepts, of a week, of a month, and of the whole range: where discounts
    begin. None for a draft that has no price yet. Raises Invalid.
    """
    span(start, end)
    require_guests(guests)
    last = max(end, start + timedelta(days=LONGEST))
    found = (await load_bookable(reader, [property_id], start, last, fees)).get(property_id)
    if found is None:
        return None
    shortest = min_nights(found.stay, found.nights.get(start))
    lengths = sorted({shortest, WEEK, MONTH, min((end - start).days, LONGEST)})
    return Preview(
        [_night(found, day) for day in nights(start, end)],
        [
            price(found, start, start + timedelta(days=length), guests, now)
            for length in lengths
            if shortest <= length <= found.stay.max_nights
        ],
    )


def _night(found: BookableProperty, day: date) -> PreviewNight:
    terms = found.nights.get(day)
    set_price = None if terms is None else terms.price_minor
    amount = found.price.night_price(day, set_price)
    if set_price is not None:
        source = PriceSource.SET
    elif found.price.weekend_price_minor is not None and day.weekday() in (FRIDAY, SATURDAY):
        source = PriceSource.WEEKEND
    else:
        source = PriceSource.BASE
    return PreviewNight(day, Money(amount, found.price.currency), source)
