"""The lines that a price, a payment or a refund consists of."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from db.enums import LineItemKind


class LineItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a price. `amount_minor` is `quantity` × `unit_minor`, to the unit.

    Kinds may repeat: NIGHTS has a line for each different price, TAX one for each tax, named by
    its description.
    """

    kind: LineItemKind
    description: str
    quantity: int
    unit_minor: int
    amount_minor: int


def line_items_to_builtins(items: Sequence[LineItem]) -> list[dict[str, Any]]:
    """Line items as they are stored (JSONB)."""
    return [msgspec.to_builtins(item) for item in items]


def line_items_from_builtins(stored: Sequence[Mapping[str, Any]]) -> tuple[LineItem, ...]:
    """The line items that were stored."""
    return msgspec.convert(stored, tuple[LineItem, ...])
