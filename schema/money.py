"""Sums of money, and the lines that a price consists of."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated

import msgspec
import strawberry

from app.currencies.rules import Converted, convert
from app.money import Money as Amount
from app.pricing.rules import LineItem as Line
from schema.context import Info
from schema.engine import batched
from schema.enums import LineItemKind
from schema.scalars import CurrencyCode, MinorUnits


@strawberry.type(
    description="About how much a sum is in another currency, by daily rates. For display only: "
    "what is charged is the sum itself."
)
class ConvertedMoney:
    amount: MinorUnits = strawberry.field(
        description="In minor units of the currency, rounded half up."
    )
    currency: CurrencyCode = strawberry.field(description="Which currency.")
    as_of: date | None = strawberry.field(
        description="Of which day the rate is, which may be some days ago; null where the sum is "
        "in that currency already."
    )


@batched
async def converted(
    amounts: Sequence[Amount],
    info: Info,
    to: Annotated[CurrencyCode, strawberry.argument(description="Which currency: `JPY`.")],
) -> list[Converted | None]:
    rates = await info.context.rates()
    return [convert(amount, to, rates) for amount in amounts]


@strawberry.type(description="A sum of money.")
class Money:
    amount: MinorUnits = strawberry.field(
        description="In minor units of the currency: 12050 is 120.50 EUR, 12050 JPY, 12.050 KWD."
    )
    currency: CurrencyCode = strawberry.field(description="Which currency.")
    converted = strawberry.field(
        resolver=converted,
        graphql_type=ConvertedMoney | None,
        description="About how much it is in another currency, to show beside it; null while no "
        "rate is known.",
    )


@strawberry.input(description="A sum of money.")
class MoneyInput:
    amount: MinorUnits = strawberry.field(description="In minor units of the currency.")
    currency: CurrencyCode = strawberry.field(description="Which currency.")

    def value(self) -> Amount:
        return Amount(self.amount, self.currency)


class LineRow(msgspec.Struct, frozen=True):
    """A line of a price with its currency."""

    kind: str
    description: str
    quantity: int
    unit_amount: Amount
    amount: Amount


def lines(items: Iterable[Line], currency: str) -> list[LineRow]:
    """A price's lines as the schema shows them."""
    return [
        LineRow(
            item.kind,
            item.description,
            item.quantity,
            Amount(item.unit_minor, currency),
            Amount(item.amount_minor, currency),
        )
        for item in items
    ]


@strawberry.type(description="A line of a price. All lines together are the total.")
class LineItem:
    kind: LineItemKind = strawberry.field(description="What it is for. Kinds may repeat.")
    description: str = strawberry.field(description="What it is for, in words.")
    quantity: int = strawberry.field(description="How many units of it.")
    unit_amount: Money = strawberry.field(description="What one unit costs; negative: given back.")
    amount: Money = strawberry.field(description="`quantity` × `unitAmount`.")
