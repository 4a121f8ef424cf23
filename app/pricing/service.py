"""Prices of stays in properties as they are stored."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from app.pricing import rules
from app.pricing.rules import Fees, Guests, Promotion, Quote
from app.properties.bookable import load_priced
from app.properties.terms import BookableProperty, set_prices, zone
from db.statements import Reader


def price(
    bookable: BookableProperty,
    check_in: date,
    check_out: date,
    guests: Guests,
    now: datetime,
    promotion: Promotion | None = None,
) -> Quote:
    """What the stay costs in a loaded property; whether it may be booked is not asked here."""
    return rules.quote(
        bookable.price,
        bookable.night_prices,
        check_in,
        check_out,
        guests,
        bookable.local_date(now),
        promotion,
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
    """What the same stay costs in each of these properties, in one statement."""
    stays = dict.fromkeys(property_ids, (check_in, check_out))
    return await quotes_of(reader, stays, guests, now, fees)


async def quotes_of(
    reader: Reader,
    stays: Mapping[UUID, tuple[date, date]],
    guests: Guests,
    now: datetime,
    fees: Fees,
) -> dict[UUID, Quote]:
    """What a stay costs in each property that has one: the quotes of a page of search results.

    One statement for any number of them. Expects dates and guests within bounds, as a search has
    checked them.
    """
    if not stays:
        return {}
    first = min(check_in for check_in, _ in stays.values())
    last = max(check_out for _, check_out in stays.values())
    found = await load_priced(reader, list(stays), first, last, fees)
    return {
        property_id: rules.quote(
            priced.price,
            set_prices(priced.nights),
            *stays[property_id],
            guests,
            now.astimezone(zone(priced.timezone)).date(),
        )
        for property_id, priced in found.items()
    }
