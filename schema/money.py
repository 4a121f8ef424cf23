"""Sums of money, and the lines that a price consists of."""

from collections.abc import Iterable

import msgspec
import strawberry

from app.money import Money as Amount
from app.pricing.rules import LineItem as Line
from schema.enums import LineItemKind
from schema.scalars import CurrencyCode, MinorUnits


@strawberry.type(description="A sum of money.")
class Money:
    amount: MinorUnits = strawberry.field(
        description="In minor units of the currency: 12050 is 120.50 EUR, 12050 JPY, 12.050 KWD."
    )
    currency: CurrencyCode = strawberry.field(description="Which currency.")


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
