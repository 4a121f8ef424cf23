"""What stays in a place would cost and bring, for who lets it."""

from datetime import date
from typing import TypeAlias

import strawberry

from app.bookings.preview import Preview
from app.bookings.preview import PreviewNight as NightRow
from app.money import Money as Amount
from app.pricing.rules import Quote
from schema.enums import PriceSource
from schema.money import LineItem, LineRow, Money, lines

# Inside a type, a field's name hides what is imported under it.
Day: TypeAlias = date


@strawberry.type(description="What one night costs, and why.")
class PreviewNight:
    date: Day = strawberry.field(description="The evening's date.")
    price: Money = strawberry.field(description="What it costs, before any discount.")
    source: PriceSource = strawberry.field(description="Where the price comes from.")


def line_items(stay: strawberry.Parent[Quote]) -> list[LineRow]:
    return lines(stay.line_items, stay.currency)


def total(stay: strawberry.Parent[Quote]) -> Amount:
    return Amount(stay.total_minor, stay.currency)


def host_payout(stay: strawberry.Parent[Quote]) -> Amount:
    return Amount(stay.host_payout_minor, stay.currency)


def night_count(stay: strawberry.Parent[Quote]) -> int:
    return stay.nights


@strawberry.type(description="A stay from the first date of a preview.")
class PreviewStay:
    check_out: date = strawberry.field(description="The date of leaving.")
    night_count = strawberry.field(
        resolver=night_count, graphql_type=int, description="How many nights."
    )
    line_items = strawberry.field(
        resolver=line_items,
        graphql_type=list[LineItem],
        description="What the total consists of: a discount, where one applies, fees and taxes.",
    )
    total = strawberry.field(
        resolver=total, graphql_type=Money, description="What the guest would pay."
    )
    host_payout = strawberry.field(
        resolver=host_payout,
        graphql_type=Money,
        description="What the host would get, without the platform's fee and the taxes.",
    )


def nights_of(found: strawberry.Parent[Preview]) -> list[NightRow]:
    return found.nights


def stays_of(found: strawberry.Parent[Preview]) -> list[Quote]:
    return found.stays


@strawberry.type(description="What stays would cost and bring.")
class PricePreview:
    nights = strawberry.field(
        resolver=nights_of, graphql_type=list[PreviewNight], description="The nights of the range."
    )
    stays = strawberry.field(
        resolver=stays_of,
        graphql_type=list[PreviewStay],
        description="Stays from the first date as the host accepts them: the shortest, of 7 and of "
        "28 nights, where discounts begin, and of the whole range. As if booked today.",
    )
