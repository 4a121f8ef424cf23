"""What receipts, invoices and credit notes say, and how they are numbered. Pure.

The platform sells its services, to guest and host, and invoices them. The stay is sold by the
host: for it the platform, who takes the money on the host's behalf, gives a receipt.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from app.line_items import LineItem
from db.enums import DocumentKind, LineItemKind, PaymentMethod, Side

# By what a number begins. Each series counts for itself.
SERIES = {
    DocumentKind.RECEIPT: "R",
    DocumentKind.REFUND_RECEIPT: "R",
    DocumentKind.INVOICE: "I",
    DocumentKind.CREDIT_NOTE: "C",
}


class Party(msgspec.Struct, frozen=True):
    """Somebody on a document: their name, and what stands beneath it."""

    name: str
    lines: tuple[str, ...] = ()


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """Who issues documents, and by whose clock."""

    name: str
    address: tuple[str, ...]
    tax_id: str
    note: str
    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """What the money is about, as it was when the document was issued."""

    booking_id: UUID
    title: str
    city: str
    # ISO 3166.
    country: str
    check_in: date
    check_out: date
    guests: int


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a document says besides its number, its kind and when it was issued."""

    issuer: Party
    recipient: Party
    # Whose stay it is that we took the money for; on receipts.
    on_behalf_of: str | None
    stay: Stay
    line_items: tuple[LineItem, ...]
    method: PaymentMethod
    # When the money was taken, or given back.
    moved_at: datetime
    # The number of what it corrects.
    corrects: str | None
    note: str
    # In which its days are.
    timezone: str


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """Money that was taken or given back, as far as documents tell of it; minor units.

    Of what was given back, amounts and lines are what goes back: more than nothing.
    """

    amount_minor: int
    platform_minor: int
    line_items: tuple[LineItem, ...]

    @property
    def guest_fee_minor(self) -> int | None:
        """The guest's service fee in it; None: nobody knows."""
        if not self.line_items:
            return None
        fees = (each for each in self.line_items if each.kind is LineItemKind.SERVICE_FEE)
        return sum(each.amount_minor for each in fees)


class Draft(msgspec.Struct, frozen=True):
    """A document without its number."""

    kind: DocumentKind
    side: Side
    line_items: tuple[LineItem, ...]

    @property
    def total_minor(self) -> int:
        return sum(item.amount_minor for item in self.line_items)


def drafts(money: Money, *, is_refund: bool) -> list[Draft]:
    """What is issued when money was taken, or given back; in the order of their numbers."""
    sign = -1 if is_refund else 1
    kinds = (
        (DocumentKind.REFUND_RECEIPT, DocumentKind.CREDIT_NOTE)
        if is_refund
        else (DocumentKind.RECEIPT, DocumentKind.INVOICE)
    )
    lines = money.line_items or (
        _line(LineItemKind.NIGHTS, "Refund" if is_refund else "Stay", money.amount_minor),
    )
    found = [Draft(kinds[0], Side.GUEST, tuple(_times(sign, line) for line in lines))]
    fee = money.guest_fee_minor
    if fee is not None:
        found += [
            Draft(kinds[1], side, (_line(LineItemKind.SERVICE_FEE, name, sign * minor),))
            for side, name, minor in (
                (Side.GUEST, "Service fee", fee),
                (Side.HOST, "Host service fee", money.platform_minor - fee),
            )
            if minor > 0
        ]
    return found


def number(kind: DocumentKind, year: int, serial: int) -> str:
    """`R-2026-000123`. More than six digits where that many are issued in a year."""
    return f"{SERIES[kind]}-{year}-{serial:06}"


def counted(found: Sequence[Draft]) -> dict[str, int]:
    """How many numbers of each series documents take, in the order in which all lock them."""
    series = sorted(SERIES[each.kind] for each in found)
    return {name: series.count(name) for name in dict.fromkeys(series)}


def _line(kind: LineItemKind, description: str, minor: int) -> LineItem:
    return LineItem(
        kind=kind,
        description=description,
        quantity=1,
        unit_minor=minor,
        amount_minor=minor,
    )


def _times(sign: int, line: LineItem) -> LineItem:
    """A line of what is given back: its amount alone counts, not what a unit of it had cost."""
    if sign > 0:
        return line
    back = -line.amount_minor
    return msgspec.structs.replace(line, quantity=1, unit_minor=back, amount_minor=back)
