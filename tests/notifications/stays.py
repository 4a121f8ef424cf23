"""A stay as letters see it."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from app.notifications.facts import Person, Stay
from db.enums import BookingStatus, CancellationPolicy

ADA = Person(id=UUID(int=1), email="ada@example.com", first_name="Ada", last_name="Lovelace")
HEDY = Person(id=UUID(int=2), email="hedy@example.com", first_name="Hedy", last_name="Lamarr")

STAY = Stay(
    booking_id=UUID(int=7),
    property_id=UUID(int=8),
    status=BookingStatus.CONFIRMED,
    previous_status=None,
    was_requested=False,
    accepted_at=None,
    confirmed_at=datetime(2026, 6, 1, 12, tzinfo=UTC),
    cancelled_at=None,
    cancelled_by=None,
    cancellation_reason=None,
    cancellation_policy=CancellationPolicy.MODERATE,
    deadline_at=datetime(2026, 6, 2, 12, tzinfo=UTC),
    updated_at=datetime(2026, 6, 1, 12, tzinfo=UTC),
    guest=ADA,
    host=HEDY,
    message="We arrive by train.",
    title="Tiled flat in Alfama",
    address="Rua dos Remédios 1",
    postal_code="1100-442",
    city="Lisbon",
    region="",
    country="PT",
    timezone="Europe/Lisbon",
    check_in=date(2026, 7, 1),
    check_out=date(2026, 7, 4),
    check_in_at=datetime(2026, 7, 1, 14, tzinfo=UTC),
    check_out_at=datetime(2026, 7, 4, 10, tzinfo=UTC),
    adults=2,
    children=1,
    infants=0,
    pets=0,
    currency="EUR",
    total_minor=412_50,
    host_payout_minor=350_00,
    line_items=[
        {"kind": "NIGHTS", "description": "3 nights", "amount_minor": 360_00},
        {"kind": "SERVICE_FEE", "description": "Service fee", "amount_minor": 43_20},
        {"kind": "TAX", "description": "City tax", "amount_minor": 9_30},
    ],
    captured_minor=412_50,
    refunded_minor=0,
    pay_url=None,
    is_reviewed=False,
)


def stay(**changes: Any) -> Stay:
    """The stay above with some facts changed."""
    return msgspec.structs.replace(STAY, **changes)
