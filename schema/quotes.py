"""What a stay would cost."""

from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Annotated, ClassVar, TypeAlias
from uuid import UUID

import msgspec
import strawberry

from app.bookings.quotes import quote_stay
from app.money import Money as Amount
from app.pricing.rules import Guests as Count
from app.pricing.rules import Quote as Price
from app.promotions.guessing import counted
from app.properties.queries import PropertyRow
from app.properties.terms import fees_of
from schema import ids
from schema.context import Context, Info
from schema.errors import (
    Answers,
    DatesUnavailableError,
    InvalidInputError,
    PromotionRefusedError,
    PropertyNotBookableError,
    StayNotAllowedError,
)
from schema.guests import Guests, GuestsInput
from schema.money import LineItem, LineRow, Money, lines
from schema.node import shows
from schema.properties.types import Property


class QuoteRow(msgspec.Struct, frozen=True):
    """The price of a stay in a property."""

    property_id: UUID
    price: Price

    @property
    def check_in(self) -> date:
        return self.price.check_in

    @property
    def check_out(self) -> date:
        return self.price.check_out

    @property
    def night_count(self) -> int:
        return self.price.nights

    @property
    def guests(self) -> Count:
        return self.price.guests

    @property
    def line_items(self) -> list[LineRow]:
        return lines(self.price.line_items, self.price.currency)

    @property
    def subtotal(self) -> Amount:
        return Amount(self.price.subtotal_minor, self.price.currency)

    @property
    def total(self) -> Amount:
        return Amount(self.price.total_minor, self.price.currency)

    @property
    def average_per_night(self) -> Amount:
        return Amount(self.price.average_per_night_minor, self.price.currency)


class TotalRow(msgspec.Struct, frozen=True):
    """As much of a QuoteRow as a search finds out by itself."""

    __part_of__: ClassVar = QuoteRow

    property_id: UUID
    check_in: date
    check_out: date
    guests: Count
    total: Amount

    @property
    def night_count(self) -> int:
        return (self.check_out - self.check_in).days


def quoted_property(
    quote: strawberry.Parent[QuoteRow], info: Info
) -> Awaitable[PropertyRow | None]:
    return info.context.loaders.properties.load(quote.property_id)


@strawberry.type(
    description="What a stay costs now. It holds nothing: `createBooking` computes it again."
)
class Quote:
    is_type_of = shows(QuoteRow)

    property = strawberry.field(
        resolver=quoted_property, graphql_type=Property, description="Where."
    )
    check_in: date = strawberry.field(description="The first night's date.")
    check_out: date = strawberry.field(description="The date of leaving: no night any more.")
    # Not `nights`: a query asks for `DatesUnavailableError.nights`, a list, beside it.
    night_count: int = strawberry.field(description="How many nights.")
    guests: Guests = strawberry.field(description="For whom.")
    line_items: list[LineItem] = strawberry.field(description="What the total consists of.")
    subtotal: Money = strawberry.field(description="Without service fee and taxes.")
    total: Money = strawberry.field(
        description="What the guest pays: the `expectedTotal` of `createBooking`."
    )
    average_per_night: Money = strawberry.field(
        description="The subtotal per night, rounded. For display only."
    )


@strawberry.input(description="A stay to price.")
class QuoteInput:
    property_id: strawberry.ID = strawberry.field(description="Where.")
    check_in: date = strawberry.field(description="The first night's date.")
    check_out: date = strawberry.field(description="The date of leaving.")
    guests: GuestsInput = strawberry.field(description="For whom.")
    promotion_code: str | None = strawberry.field(
        default=None, description="A code that makes it cheaper."
    )


def guess(context: Context, code: str | None) -> AbstractAsyncContextManager[None]:
    """Around what tries a code: whoever tries many that there are not is refused for a while."""
    limiter, actor = context.runtime.limiter, context.actor
    return counted(limiter, actor.user_id, context.client.address, code)


QuoteResult: TypeAlias = Annotated[
    Quote
    | DatesUnavailableError
    | StayNotAllowedError
    | PropertyNotBookableError
    | PromotionRefusedError
    | InvalidInputError,
    strawberry.union("QuoteResult", description="A price, or why the stay cannot be had."),
]


async def quote(
    info: Info,
    input: Annotated[QuoteInput, strawberry.argument(description="The stay.")],
) -> QuoteRow:
    context = info.context
    property_id = ids.require_key("Property", input.property_id, "propertyId")
    async with guess(context, input.promotion_code):
        price = await quote_stay(
            context.runtime.db,
            property_id,
            input.check_in,
            input.check_out,
            input.guests.value(),
            context.now,
            fees_of(context.runtime.settings),
            code=input.promotion_code,
            guest_id=context.actor.user_id,
        )
    return QuoteRow(property_id, price)


quote_field = strawberry.field(
    resolver=quote,
    graphql_type=QuoteResult,
    extensions=[Answers()],
    description="What a stay costs, or why it cannot be had.",
)
