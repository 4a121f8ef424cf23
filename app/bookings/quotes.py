"""What a stay would cost, if it can be had at all."""

from datetime import date, datetime
from uuid import UUID

from app.availability.rules import require_bounds
from app.availability.service import require_available
from app.pricing.rules import Fees, Guests, Quote
from app.pricing.service import price
from app.promotions import service as promotions
from app.properties.bookable import load_bookable
from app.properties.errors import PropertyNotBookable
from db.statements import Reader


async def quote_stay(
    reader: Reader,
    property_id: UUID,
    check_in: date,
    check_out: date,
    guests: Guests,
    now: datetime,
    fees: Fees,
    *,
    code: str | None = None,
    guest_id: UUID | None = None,
) -> Quote:
    """The price of a stay that could be booked now, with a promotion's code. Claims nothing.

    Raises Invalid, PropertyNotBookable, StayNotAllowed, DatesUnavailable or PromotionRefused.
    """
    require_bounds(check_in, check_out, guests)
    found = await load_bookable(reader, [property_id], check_in, check_out, fees)
    bookable = found.get(property_id)
    if bookable is None:
        raise PropertyNotBookable
    await require_available(reader, bookable, check_in, check_out, guests, now)
    quote = price(bookable, check_in, check_out, guests, now)
    if code is None:
        return quote
    today = bookable.local_date(now)
    promoted = await promotions.require(
        reader, code, bookable.id, bookable.host_id, guest_id, quote, today
    )
    return price(bookable, check_in, check_out, guests, now, promoted.promotion)
