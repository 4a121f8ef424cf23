"""What an alteration would cost, if it can be had: for previews, and for who proposes it."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from app.availability.errors import DatesUnavailable, StayNotAllowed
from app.availability.service import taken_by_others
from app.bookings.alterations import queries, rules
from app.bookings.alterations.rules import Agreed, Altered, Change
from app.properties.bookable import load_bookable
from app.properties.errors import PropertyNotBookable
from app.properties.terms import BookableProperty, Fees
from db.enums import PropertyStatus
from db.statements import Reader

# A booking has rates of its own.
NO_FEES = Fees(guest_fee_bp=0, host_fee_bp=0)


async def preview(
    reader: Reader, booking_id: UUID, property_id: UUID, change: Change, now: datetime
) -> Altered:
    """What proposing the change now would offer. Holds nothing.

    Raises Invalid, PropertyNotBookable, StayNotAllowed or DatesUnavailable.
    """
    agreed = await queries.agreed(reader, booking_id)
    check_in, check_out, _ = rules.wanted(agreed, change, now)
    found = await load_bookable(reader, [property_id], check_in, check_out, NO_FEES)
    bookable = found.get(property_id)
    if bookable is None:
        raise PropertyNotBookable
    altered = price(agreed, change, bookable, now)
    gap = bookable.stay.preparation_days
    missing = await taken_by_others(reader, property_id, booking_id, altered.extra_nights, gap, now)
    if missing:
        raise DatesUnavailable(missing)
    return altered


def price(agreed: Agreed, change: Change, property: BookableProperty, now: datetime) -> Altered:
    """The altered stay in a loaded property; whether its nights are free is not asked here.

    Raises Invalid, PropertyNotBookable, StayNotAllowed.
    """
    check_in, check_out, guests = rules.wanted(agreed, change, now)
    if property.status is PropertyStatus.SUSPENDED:
        raise PropertyNotBookable
    reason = rules.refusal(agreed, check_in, check_out, guests, property.stay, now)
    if reason is not None:
        raise StayNotAllowed(reason)
    return rules.altered(agreed, check_in, check_out, guests, _price_today(property))


def _price_today(property: BookableProperty) -> Callable[[date], int]:
    set_prices = property.night_prices
    return lambda night: property.price.night_price(night, set_prices.get(night))
