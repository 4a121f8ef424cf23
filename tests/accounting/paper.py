"""Documents to print."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from app.accounting.pdf.paper import Printed
from app.accounting.rules import Content, Party, Stay
from app.line_items import LineItem
from db.enums import DocumentKind, PaymentMethod
from tests.support.money import LINES


def content(line_items: Sequence[LineItem] = LINES, **changes: Any) -> Content:
    """What a receipt of a stay in Lisbon says."""
    told = Content(
        issuer=Party("Roost Stays, Lda.", ("Rua Augusta 1", "1100-048 Lisbon", "PT 500 000 000")),
        recipient=Party("Ada Lovelace"),
        on_behalf_of="Hedy",
        stay=Stay(
            booking_id=UUID(int=7),
            title="Tiled flat in Alfama",
            city="Lisbon",
            country="PT",
            check_in=date(2026, 12, 4),
            check_out=date(2026, 12, 6),
            guests=2,
        ),
        line_items=tuple(line_items),
        method=PaymentMethod.CARD,
        moved_at=datetime(2026, 11, 23, 13, 5, tzinfo=UTC),
        corrects=None,
        note="",
        timezone="Europe/Lisbon",
    )
    return msgspec.structs.replace(told, **changes)


def printed(
    told: Content, kind: DocumentKind = DocumentKind.RECEIPT, currency: str = "EUR"
) -> Printed:
    """A document that says that."""
    return Printed(
        kind=kind,
        number="R-2026-000123",
        currency=currency,
        total_minor=sum(item.amount_minor for item in told.line_items),
        issued_at=datetime(2026, 11, 23, 13, 6, tzinfo=UTC),
        content=told,
    )
