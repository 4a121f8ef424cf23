"""Payouts over Paystack: numbers that take no money, money that comes back, transfers that wait."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app import clock
from app.payouts import flows
from app.payouts.advice import PayoutStep, about_failure
from db.enums import PayoutStatus
from db.models import Booking, OutboxMessage, Payout
from tests.support import world
from tests.support.books import assert_books_balance
from tests.support.paystack_till import PaystackTill

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def host_id(paystack_till: PaystackTill) -> UUID:
    """A host who is due money for a stay, and a balance to pay it from."""
    host_id = await world.add_host(paystack_till.db)
    payment = await paystack_till.payment(await paystack_till.paid(host_id=host_id))
    await paystack_till.due(payment.booking_id)
    await paystack_till.sandbox.control.top_up(1000_00, "GHS")
    return host_id


async def payouts(till: PaystackTill) -> list[Any]:
    async with till.db.read() as connection:
        return list(await connection.execute(select(Payout.__table__).order_by(Payout.id)))


async def release(till: PaystackTill) -> int:
    return await flows.release_due(till.db, till.settings, clock.now())


async def happen(till: PaystackTill) -> None:
    """What waits at Paystack happens, and its webhooks come, twice each."""
    await till.work()
    await till.arrive()
    for raw in await till.events() * 2:
        await till.receive(raw)
    await till.work()


async def test_another_number_is_tried_at_once(paystack_till: PaystackTill, host_id: UUID) -> None:
    till = paystack_till
    await till.host_account(host_id, number="0244000002")
    assert await release(till) == 1
    await happen(till)
    (failed,) = await payouts(till)
    assert (failed.status, failed.failure_code) == (PayoutStatus.FAILED, "transfer_failed")
    told = about_failure(failed.failure_code)
    assert told is not None
    assert told.step is PayoutStep.CHECK_RECIPIENT
    assert failed.next_attempt_at > clock.now() + 9 * MINUTE
    assert await release(till) == 0
    await till.host_account(host_id, number="0244000100")
    assert await release(till) == 1
    await happen(till)
    assert [one.status for one in await payouts(till)] == [PayoutStatus.FAILED, PayoutStatus.PAID]
    sent = [one for one in await till.found("transfers") if one["status"] == "success"]
    assert len(sent) == 1
    await assert_books_balance(till.db, till.sandbox)


async def test_what_comes_back_is_due_again(paystack_till: PaystackTill, host_id: UUID) -> None:
    till = paystack_till
    await till.host_account(host_id, number="0244000003")
    await release(till)
    await happen(till)
    await happen(till)
    (returned,) = await payouts(till)
    assert returned.status == PayoutStatus.FAILED
    async with till.db.read() as connection:
        row: Any = (
            await connection.execute(select(Booking.payout_due_at, Booking.payout_look_at))
        ).one()
    assert row.payout_due_at <= clock.now() < row.payout_look_at
    await assert_books_balance(till.db, till.sandbox)


async def test_a_transfer_that_waits_is_asked_about_ever_less(
    paystack_till: PaystackTill, host_id: UUID
) -> None:
    till = paystack_till
    await till.host_account(host_id)
    await release(till)
    await till.work()
    (waiting,) = await payouts(till)
    assert waiting.status == PayoutStatus.RESERVED
    assert waiting.provider_transfer_id is not None
    async with till.db.transaction() as session:
        hour_ago = clock.now() - timedelta(hours=1)
        old = {"created_at": hour_ago, "next_attempt_at": clock.now()}
        await session.execute(update(Payout).values(old))
    assert await flows.resend_stuck(till.db, till.providers, clock.now()) == 1
    assert await flows.resend_stuck(till.db, till.providers, clock.now() + 58 * MINUTE) == 0
    await till.arrive()
    assert await flows.resend_stuck(till.db, till.providers, clock.now() + 61 * MINUTE) == 1
    (paid,) = await payouts(till)
    assert (paid.status, paid.next_attempt_at) == (PayoutStatus.PAID, None)
    assert len(await till.found("transfers")) == 1
    await assert_books_balance(till.db, till.sandbox)


async def test_a_host_is_told_once_what_they_have_to_mend(
    paystack_till: PaystackTill, host_id: UUID
) -> None:
    till = paystack_till
    await till.host_account(host_id, number="0244000002")
    for _ in range(2):
        async with till.db.transaction() as session:
            await session.execute(update(Booking).values(payout_look_at=None))
        assert await release(till) == 1
        await happen(till)
    assert [one.status for one in await payouts(till)] == [PayoutStatus.FAILED] * 2
    first = (await payouts(till))[0]
    async with till.db.transaction() as session:
        told = await session.scalars(
            select(OutboxMessage.payload).where(OutboxMessage.task == "notifications.payout_failed")
        )
        assert [payload["payout_id"] for payload in told] == [str(first.id)]
