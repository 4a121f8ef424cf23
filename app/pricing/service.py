"""Prices of stays in properties as they are stored."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from app.pricing import rules
from app.pricing.rules import Fees, Guests, Quote
from app.properties.bookable import load_priced
from app.properties.terms import BookableProperty, set_prices, zone
from db.statements import Reader


def price(
    bookable: BookableProperty, check_in: date, check_out: date, guests: Guests, now: datetime
) -> Quote:
    """What the stay costs in a loaded property; whether it may be booked is not asked here."""
    return rules.quote(
        bookable.price,
        bookable.night_prices,
        check_in,
        check_out,
        guests,
        bookable.local_date(now),
    )


async def quotes(
    reader: Reader,
    property_ids: Sequence[UUID],
    check_in: date,
    check_out: date,
    guests: Guests,
    now: datetime,
    fees: Fees,
) -> dict[UUID, Quote]:
    """What the stay costs in each of these properties: the quotes of a page of search results.

    One statement for any number of them. Expects dates and guests within bounds, as a search has
    checked them.
    """
    found = await load_priced(reader, property_ids, check_in, check_out, fees)
    return {
        property_id: rules.quote(
            priced.price,
            set_prices(priced.nights),
            check_in,
            check_out,
            guests,
            now.astimezone(zone(priced.timezone)).date(),
        )
        for property_id, priced in found.items()
    }
