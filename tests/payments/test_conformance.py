"""What every provider must do, tried on each of them over its sandbox.

A further provider is a till of its own in conftest.py; then all this must hold for it, and what is
in test_lookups.py and test_lists.py.
"""

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app import clock
from app.payments import flows, inbox, service
from app.payments.errors import InvalidWebhook, NotOurs, PaymentUnavailable
from app.payouts import flows as payouts
from db.enums import PaymentStatus, PayoutStatus, RefundReason, RefundStatus
from db.models import Payment, Payout, ProviderEvent, Refund
from tests.support import world
from tests.support.books import assert_books_balance
from tests.support.money import HOST, PLATFORM, TAX, TOTAL, Till


async def sync(till: Till, payment_id: UUID) -> PaymentStatus:
    return await flows.sync(till.db, till.providers, payment_id)


async def test_created_and_paid(any_till: Till) -> None:
    payment_id = await any_till.started()
    opened = await any_till.payment(payment_id)
    assert (opened.status, opened.provider) == (PaymentStatus.PENDING, any_till.provider.name)
    # Either the app pays with the secret, or the guest goes there.
    assert opened.client_secret or opened.redirect_url
    assert await sync(any_till, payment_id) is PaymentStatus.PENDING
    await any_till.pay(payment_id)
    assert await sync(any_till, payment_id) is PaymentStatus.PAID
    assert (await any_till.payment(payment_id)).captured_minor == TOTAL
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_a_refused_card_leaves_it_open(any_till: Till) -> None:
    payment_id = await any_till.started()
    await any_till.decline(payment_id)
    assert await sync(any_till, payment_id) is PaymentStatus.PENDING
    assert (await any_till.payment(payment_id)).failure_code
    await any_till.pay(payment_id)
    assert await sync(any_till, payment_id) is PaymentStatus.PAID
    assert (await any_till.payment(payment_id)).failure_code is None


@pytest.mark.parametrize("passed", [True, False])
async def test_the_bank_asks(any_till: Till, passed: bool) -> None:
    payment_id = await any_till.started()
    await any_till.challenge(payment_id, passed=passed)
    wanted = PaymentStatus.PAID if passed else PaymentStatus.PENDING
    assert await sync(any_till, payment_id) is wanted


async def test_given_up_before_it_is_paid(any_till: Till) -> None:
    payment_id = await any_till.started()
    await asyncio.gather(
        *(flows.void(any_till.db, any_till.providers, payment_id) for _ in range(4))
    )
    assert (await any_till.payment(payment_id)).status is PaymentStatus.CANCELLED


async def test_given_up_too_late(any_till: Till) -> None:
    payment_id = await any_till.started()
    await any_till.pay(payment_id)
    status = await flows.void(any_till.db, any_till.providers, payment_id)
    assert status is PaymentStatus.PAID
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_starts_at_once_end_in_one_charge(any_till: Till) -> None:
    payment_id = await any_till.open(await any_till.book())
    await asyncio.gather(
        *(flows.start(any_till.db, any_till.providers, payment_id) for _ in range(6))
    )
    payment = await any_till.payment(payment_id)
    await any_till.pay(payment_id)
    assert await sync(any_till, payment_id) is PaymentStatus.PAID
    assert (await any_till.payment(payment_id)).provider_payment_id == payment.provider_payment_id
    await assert_books_balance(any_till.db, any_till.sandbox)


@pytest.mark.parametrize("times", [1, 2])
async def test_replies_to_a_start_are_lost(any_till: Till, times: int) -> None:
    payment_id = await any_till.open(await any_till.book())
    await any_till.lose("charges", times)
    await flows.start(any_till.db, any_till.providers, payment_id)
    await any_till.pay(payment_id)
    assert await sync(any_till, payment_id) is PaymentStatus.PAID
    await assert_books_balance(any_till.db, any_till.sandbox)


async def refund(till: Till, payment_id: UUID, amount: int, reason: RefundReason) -> UUID:
    async with till.db.transaction() as session:
        return await service.request_refund(
            session,
            payment_id=payment_id,
            reason=reason,
            amount_minor=amount,
            host_minor=amount,
            platform_minor=0,
            tax_minor=0,
            line_items=(),
            now=clock.now(),
        )


async def settled(till: Till) -> None:
    """What is on its way arrives, and its webhooks, each twice and in no order."""
    await till.arrive()
    told = await till.events() * 2
    random.shuffle(told)
    for raw in told:
        await till.receive(raw)
    await till.work()


async def test_refunded_in_parts(any_till: Till) -> None:
    payment_id = await any_till.paid()
    first = await refund(any_till, payment_id, 100_00, RefundReason.CANCELLATION)
    await any_till.work()
    await settled(any_till)
    payment = await any_till.payment(payment_id)
    assert (payment.status, payment.refunded_minor) == (PaymentStatus.PARTIALLY_REFUNDED, 100_00)
    await refund(any_till, payment_id, HOST - 100_00, RefundReason.LATE_PAYMENT)
    await any_till.work()
    await settled(any_till)
    assert (await any_till.payment(payment_id)).refunded_minor == HOST
    again = await flows.refund(any_till.db, any_till.providers, first)
    assert again is RefundStatus.SUCCEEDED
    assert len(await any_till.found("refunds")) == 2
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_refunded_whole(any_till: Till) -> None:
    payment_id = await any_till.paid()
    async with any_till.db.transaction() as session:
        await service.request_refund(
            session,
            payment_id=payment_id,
            reason=RefundReason.CANCELLATION,
            amount_minor=TOTAL,
            host_minor=HOST,
            platform_minor=PLATFORM,
            tax_minor=TAX,
            line_items=(),
            now=clock.now(),
        )
    await any_till.work()
    await settled(any_till)
    assert (await any_till.payment(payment_id)).status is PaymentStatus.REFUNDED
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_a_refund_wanted_by_many_is_made_once(any_till: Till) -> None:
    payment_id = await any_till.paid()
    refund_id = await refund(any_till, payment_id, 100_00, RefundReason.CANCELLATION)
    # All have asked whether it is there before the first makes it.
    await any_till.sandbox.control.fault(
        kind="hang", method="GET", path="*/refund*", seconds=0.4, times=6
    )
    await asyncio.gather(
        *(flows.refund(any_till.db, any_till.providers, refund_id) for _ in range(6)),
        return_exceptions=True,
    )
    await any_till.sandbox.control.clear_faults()
    assert len(await any_till.found("refunds")) == 1
    await flows.refund(any_till.db, any_till.providers, refund_id)
    await settled(any_till)
    await assert_books_balance(any_till.db, any_till.sandbox)


async def forget_claims(till: Till) -> None:
    """The minute is over for which somebody claims a refund."""
    async with till.db.transaction() as session:
        await session.execute(update(Refund).values(claimed_until=None))


async def test_the_reply_to_a_refund_is_lost(any_till: Till) -> None:
    payment_id = await any_till.paid()
    refund_id = await refund(any_till, payment_id, 100_00, RefundReason.CANCELLATION)
    await any_till.lose("refunds", times=3)
    with pytest.raises(PaymentUnavailable):
        await flows.refund(any_till.db, any_till.providers, refund_id)
    await any_till.sandbox.control.clear_faults()
    await forget_claims(any_till)
    await flows.refund(any_till.db, any_till.providers, refund_id)
    assert len(await any_till.found("refunds")) == 1
    await settled(any_till)
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_webhooks_alone_tell_everything(any_till: Till) -> None:
    payment_id = await any_till.started()
    await any_till.pay(payment_id)
    await settled(any_till)
    assert (await any_till.payment(payment_id)).status is PaymentStatus.PAID
    async with any_till.db.read() as connection:
        waiting = await connection.scalars(
            select(ProviderEvent.id).where(ProviderEvent.processed_at.is_(None))
        )
    assert waiting.all() == []
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_a_webhook_that_is_not_theirs(any_till: Till) -> None:
    payment_id = await any_till.started()
    await any_till.pay(payment_id)
    raw = (await any_till.events())[-1]
    headers = any_till.signed(raw)
    for body, sent in ((raw + b" ", headers), (raw, {}), (raw, dict.fromkeys(headers, "0"))):
        with pytest.raises(InvalidWebhook):
            await inbox.receive(any_till.db, any_till.provider, body, sent)
    await inbox.receive(any_till.db, any_till.provider, raw, headers)


@pytest.mark.parametrize(
    "change",
    [
        {"amount_minor": TOTAL + 1, "host_minor": HOST + 1},
        {"currency": "USD"},
        {"booking_id": None},
    ],
)
async def test_what_is_paid_is_not_what_was_asked_for(
    any_till: Till, change: dict[str, Any]
) -> None:
    payment_id = await any_till.started()
    await any_till.pay(payment_id)
    if "booking_id" in change:
        change = {"booking_id": await any_till.book()}
    async with any_till.db.transaction() as session:
        await session.execute(update(Payment).where(Payment.id == payment_id).values(**change))
    with pytest.raises(NotOurs):
        await sync(any_till, payment_id)
    assert (await any_till.payment(payment_id)).status is PaymentStatus.PENDING


async def test_silence_is_no_refusal(any_till: Till) -> None:
    payment_id = await any_till.started()
    await any_till.sandbox.control.fault(kind="error", status=503, times=9)
    for act in (flows.sync, flows.void):
        with pytest.raises(PaymentUnavailable):
            await act(any_till.db, any_till.providers, payment_id)
    await any_till.sandbox.control.clear_faults()
    assert (await any_till.payment(payment_id)).status is PaymentStatus.PENDING


async def due_payout(till: Till, host_id: UUID) -> UUID:
    """A stay that was paid, and whose host is due their share; returns the payout."""
    booking_id = await till.book(host_id=host_id, status="CONFIRMED", host_payout_minor=HOST)
    payment_id = await till.open(booking_id)
    await flows.start(till.db, till.providers, payment_id)
    await till.pay(payment_id)
    await sync(till, payment_id)
    await till.due(booking_id)
    assert await payouts.release_due(till.db, till.settings, clock.now()) == 1
    async with till.db.read() as connection:
        found = await connection.scalar(select(Payout.id).order_by(Payout.id.desc()).limit(1))
    assert found is not None
    return found


async def payout_status(till: Till, payout_id: UUID) -> tuple[str, str | None]:
    async with till.db.read() as connection:
        row = await connection.execute(
            select(Payout.status, Payout.failure_code).where(Payout.id == payout_id)
        )
        status, code = row.one()
    return str(status), code


async def test_a_host_is_paid_once(any_till: Till) -> None:
    host_id = await world.add_host(any_till.db)
    await any_till.host_account(host_id)
    payout_id = await due_payout(any_till, host_id)
    await asyncio.gather(
        *(payouts.send(any_till.db, any_till.providers, payout_id) for _ in range(4))
    )
    await settled(any_till)
    assert (await payout_status(any_till, payout_id))[0] == PayoutStatus.PAID
    assert len(await any_till.found("transfers")) == 1
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_the_reply_to_a_transfer_is_lost(any_till: Till) -> None:
    host_id = await world.add_host(any_till.db)
    await any_till.host_account(host_id)
    payout_id = await due_payout(any_till, host_id)
    await any_till.lose("transfers", times=3)
    with pytest.raises(PaymentUnavailable):
        await payouts.send(any_till.db, any_till.providers, payout_id)
    assert await payout_status(any_till, payout_id) == ("RESERVED", "provider_unavailable")
    await any_till.sandbox.control.clear_faults()
    await payouts.send(any_till.db, any_till.providers, payout_id)
    await settled(any_till)
    assert (await payout_status(any_till, payout_id))[0] == PayoutStatus.PAID
    assert len(await any_till.found("transfers")) == 1
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_a_transfer_that_is_refused_leaves_the_host_their_due(any_till: Till) -> None:
    host_id = await world.add_host(any_till.db)
    await any_till.refusing_account(host_id)
    payout_id = await due_payout(any_till, host_id)
    await payouts.send(any_till.db, any_till.providers, payout_id)
    status, code = await payout_status(any_till, payout_id)
    assert (status, bool(code)) == (PayoutStatus.FAILED, True)
    assert await any_till.found("transfers") == []
    await assert_books_balance(any_till.db, any_till.sandbox)
