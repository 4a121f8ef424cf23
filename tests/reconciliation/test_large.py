"""Ten thousand charges: walked page by page, with no more in memory than a page needs."""

import time
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from app import clock
from app.ids import new_id
from app.payments import stripe_lists
from app.reconciliation import flows
from db.models import Booking, Payment, Reconciliation
from tests.reconciliation.support import differences
from tests.support.money import Till

CHARGES = 10_000
LARGEST = 24 * 1024 * 1024


@pytest.mark.alone
async def test_ten_thousand_charges(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_lists, "PAGE", 100)
    booking_id = await till.book()
    async with till.db.read() as connection:
        guest_id, host_id = (
            await connection.execute(select(Booking.guest_id, Booking.host_id))
        ).one()
    made = clock.now() - timedelta(days=1)
    second = int(time.time()) - 86_400
    rows: list[dict[str, Any]] = []
    intents = []
    for number in range(CHARGES):
        payment_id = new_id()
        rows.append(
            {
                "id": payment_id,
                "booking_id": booking_id,
                "attempt": number + 1,
                "provider": "STRIPE",
                "provider_payment_id": f"pi_{number}",
                "method": "CARD",
                "status": "CANCELLED",
                "amount_minor": 1_000,
                "currency": "EUR",
                "guest_id": guest_id,
                "host_id": host_id,
                "host_minor": 1_000,
                "platform_minor": 0,
                "tax_minor": 0,
                "manual_capture": True,
                "created_at": made,
                "updated_at": made,
            }
        )
        intents.append(
            {
                "id": f"pi_{number}",
                "amount": 1_000,
                "currency": "eur",
                "created": second,
                "status": "canceled",
                "capture_method": "manual",
                "metadata": {"payment_id": str(payment_id), "booking_id": str(booking_id)},
            }
        )
    async with till.db.transaction() as session:
        for start in range(0, CHARGES, 1_000):
            await session.execute(insert(Payment), rows[start : start + 1_000])
    for start in range(0, CHARGES, 2_000):
        await till.sandbox.control.load(payment_intents=intents[start : start + 2_000])
    del rows, intents
    pages = 0
    fetch = till.provider.list_charges

    async def counted(*args: Any) -> Any:
        nonlocal pages
        pages += 1
        return await fetch(*args)

    monkeypatch.setattr(till.provider, "list_charges", counted)
    tracemalloc.start()
    try:
        await flows.reconcile(till.db, till.providers, clock.now())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert pages == CHARGES / 100
    assert peak < LARGEST
    assert await differences(till) == []
    async with till.db.read() as connection:
        looked_at = await connection.scalar(select(Reconciliation.looked_at))
    assert looked_at == CHARGES
