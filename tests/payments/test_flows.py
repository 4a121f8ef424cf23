"""Payments from our rows to the provider and back, with crashes and lost replies in between."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import stripe
from sqlalchemy import func, select, update

from app import clock
from app.ledger import queries as ledger
from app.payments import flows, service, settle, stripe_http, sweeps
from app.payments.errors import NotOurs, PaymentUnavailable
from app.payments.stripe import StripeProvider
from db.enums import LedgerAccountKind, PaymentProvider, PaymentStatus, RefundReason, RefundStatus
from db.models import JournalEntry, OutboxMessage, Payment, Refund
from tests.support.books import assert_books_balance
from tests.support.money import HOST, PLATFORM, TAX, TOTAL, Crash, Till


async def events(till: Till) -> list[str]:
    async with till.db.read() as connection:
        found = await connection.scalars(
            select(OutboxMessage.task)
            .where(OutboxMessage.task.like("bookings.%"))
            .order_by(OutboxMessage.id)
        )
        return [str(task) for task in found]


async def entries(till: Till) -> dict[str, int]:
    async with till.db.read() as connection:
        rows = await connection.execute(
            select(JournalEntry.kind, func.count()).group_by(JournalEntry.kind)
        )
        return {str(kind): count for kind, count in rows}


async def test_paid_by_card(till: Till) -> None:
    payment_id = await till.started()
    payment = await till.payment(payment_id)
    assert payment.status is PaymentStatus.PENDING
    assert payment.redirect_url is not None
    assert f"/pay/{payment.provider_payment_id}?client_secret=pi_" in payment.redirect_url
    await till.pay(payment_id)
    assert await flows.sync(till.db, till.providers, payment_id) is PaymentStatus.PAID
    payment = await till.payment(payment_id)
    assert (payment.captured_minor, payment.refunded_minor) == (TOTAL, 0)
    assert payment.paid_at is not None
    assert await events(till) == ["bookings.on_payment_succeeded"]
    async with till.db.read() as connection:
        owed = -await ledger.balance(
            connection, LedgerAccountKind.HOST_PAYABLE, "EUR", payment.host_id
        )
    assert owed == HOST
    await assert_books_balance(till.db, till.sandbox)


async def test_starts_at_once_end_in_one_charge(till: Till) -> None:
    payment_id = await till.open(await till.book())
    await asyncio.gather(*(flows.start(till.db, till.providers, payment_id) for _ in range(8)))
    assert len(await till.intents()) == 1


async def test_start_that_died_after_the_call_finds_its_charge(till: Till) -> None:
    payment_id = await till.open(await till.book())
    with pytest.raises(Crash):
        await flows.start(till.db, till.crashing("create_charge"), payment_id)
    await flows.start(till.db, till.providers, payment_id)
    assert len(await till.intents()) == 1
    assert (await till.payment(payment_id)).client_secret


async def test_start_finds_its_charge_when_the_provider_has_forgotten_the_key(till: Till) -> None:
    payment_id = await till.open(await till.book())
    with pytest.raises(Crash):
        await flows.start(till.db, till.crashing("create_charge"), payment_id)
    await till.sandbox.control.forget_keys()
    await long_ago(till, payment_id)
    await flows.start(till.db, till.providers, payment_id)
    assert len(await till.intents()) == 1


async def long_ago(till: Till, payment_id: Any) -> None:
    then = clock.now() - timedelta(minutes=5)
    async with till.db.transaction() as session:
        await session.execute(
            update(Payment).where(Payment.id == payment_id).values(created_at=then, updated_at=then)
        )


async def test_start_when_every_reply_is_lost(till: Till) -> None:
    payment_id = await till.open(await till.book())
    await till.sandbox.control.fault(kind="drop", path="/v1/payment_intents", times=3)
    with pytest.raises(PaymentUnavailable) as caught:
        await flows.start(till.db, till.providers, payment_id)
    assert caught.value.retryable
    await till.work()
    assert len(await till.intents()) == 1
    assert (await till.payment(payment_id)).provider_payment_id is not None


@pytest.mark.parametrize("status", [409, 429, 500, 503])
async def test_a_fault_at_the_provider_is_tried_again(till: Till, status: int) -> None:
    payment_id = await till.open(await till.book())
    await till.sandbox.control.fault(kind="error", status=status, times=1)
    await flows.start(till.db, till.providers, payment_id)
    assert (await till.payment(payment_id)).provider_payment_id is not None


async def test_charge_that_the_provider_refuses_is_lost(till: Till) -> None:
    payment_id = await till.open(await till.book(), currency="EUR")
    async with till.db.transaction() as session:
        await session.execute(
            update(Payment).values(amount_minor=10, host_minor=10, platform_minor=0, tax_minor=0)
        )
    with pytest.raises(PaymentUnavailable) as caught:
        await flows.start(till.db, till.providers, payment_id)
    assert not caught.value.retryable
    payment = await till.payment(payment_id)
    assert payment.status is PaymentStatus.FAILED
    assert payment.failure_code == "amount_too_small"
    assert await events(till) == ["bookings.on_payment_lost"]
    await till.work()


async def test_a_declined_card_leaves_the_payment_open(till: Till) -> None:
    payment_id = await till.started()
    with pytest.raises(stripe.CardError):
        await till.pay(payment_id, "pm_card_visa_chargeDeclinedInsufficientFunds")
    assert await flows.sync(till.db, till.providers, payment_id) is PaymentStatus.PENDING
    assert (await till.payment(payment_id)).failure_code == "insufficient_funds"
    await till.pay(payment_id)
    assert await flows.sync(till.db, till.providers, payment_id) is PaymentStatus.PAID
    assert (await till.payment(payment_id)).failure_code is None


async def test_authorised_then_captured_once(till: Till) -> None:
    payment_id = await till.started(manual=True)
    await till.pay(payment_id)
    assert await flows.sync(till.db, till.providers, payment_id) is PaymentStatus.AUTHORIZED
    assert await entries(till) == {}
    results = await asyncio.gather(
        *(flows.capture(till.db, till.providers, payment_id) for _ in range(5))
    )
    assert set(results) == {PaymentStatus.PAID}
    assert await events(till) == [
        "bookings.on_payment_authorized",
        "bookings.on_payment_succeeded",
    ]
    assert await entries(till) == {"CAPTURE": 1, "PROVIDER_FEE": 1}
    await assert_books_balance(till.db, till.sandbox)


async def test_capture_that_died_after_the_call(till: Till) -> None:
    payment_id = await till.started(manual=True)
    await till.pay(payment_id)
    await flows.sync(till.db, till.providers, payment_id)
    with pytest.raises(Crash):
        await flows.capture(till.db, till.crashing("capture"), payment_id)
    await till.sandbox.control.forget_keys()
    assert await flows.capture(till.db, till.providers, payment_id) is PaymentStatus.PAID
    await assert_books_balance(till.db, till.sandbox)


async def test_capture_of_what_the_provider_has_let_go(till: Till) -> None:
    payment_id = await till.started(manual=True)
    await till.pay(payment_id)
    await flows.sync(till.db, till.providers, payment_id)
    charge_id = (await till.payment(payment_id)).provider_payment_id
    assert charge_id is not None
    await till.sandbox.client().v1.payment_intents.cancel_async(charge_id)
    assert await flows.capture(till.db, till.providers, payment_id) is PaymentStatus.CANCELLED
    assert (await events(till))[-1] == "bookings.on_payment_lost"
    await assert_books_balance(till.db, till.sandbox)


async def test_capture_that_the_bank_refuses_is_undone(till: Till) -> None:
    payment_id = await till.started(manual=True)
    await till.pay(payment_id)
    await flows.sync(till.db, till.providers, payment_id)
    await till.sandbox.control.fault(kind="error", status=402, path="/v1/*/capture")
    assert await flows.capture(till.db, till.providers, payment_id) is PaymentStatus.CANCELLED
    assert [intent["status"] for intent in await till.intents()] == ["canceled"]
    assert (await events(till))[-1] == "bookings.on_payment_lost"


async def test_a_provider_that_hangs_is_not_waited_for(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_http, "DEADLINE_SECONDS", 0.3)
    payment_id = await till.open(await till.book())
    # After the work is done: a request that hangs before it would be done in the next test.
    await till.sandbox.control.fault(kind="hang", seconds=3, times=10, when="after")
    started = time.monotonic()
    with pytest.raises(PaymentUnavailable):
        await flows.start(till.db, till.providers, payment_id)
    assert time.monotonic() - started < 2
    assert (await till.payment(payment_id)).status is PaymentStatus.PENDING


async def test_our_own_mistake_is_not_the_guests(till: Till) -> None:
    settings = msgspec.structs.replace(till.settings, stripe_secret_key="sk_test_wrong")
    wrong = StripeProvider(settings)
    payment_id = await till.open(await till.book())
    with pytest.raises(PaymentUnavailable) as caught:
        await flows.start(till.db, {PaymentProvider.STRIPE: wrong}, payment_id)
    assert caught.value.retryable
    assert (await till.payment(payment_id)).status is PaymentStatus.PENDING
    await wrong.close()


async def test_void_before_the_guest_paid(till: Till) -> None:
    payment_id = await till.started()
    assert await flows.void(till.db, till.providers, payment_id) is PaymentStatus.CANCELLED
    assert await flows.void(till.db, till.providers, payment_id) is PaymentStatus.CANCELLED
    assert [intent["status"] for intent in await till.intents()] == ["canceled"]
    # We wanted it: nobody has lost a payment.
    assert await events(till) == []


async def test_void_of_what_was_authorised(till: Till) -> None:
    payment_id = await till.started(manual=True)
    await till.pay(payment_id)
    await flows.sync(till.db, till.providers, payment_id)
    assert await flows.void(till.db, till.providers, payment_id) is PaymentStatus.CANCELLED
    await assert_books_balance(till.db, till.sandbox)


async def test_void_comes_after_the_guest_has_paid(till: Till) -> None:
    payment_id = await till.started()
    await till.pay(payment_id)
    assert await flows.void(till.db, till.providers, payment_id) is PaymentStatus.PAID
    assert await events(till) == ["bookings.on_payment_succeeded"]
    await assert_books_balance(till.db, till.sandbox)


async def test_void_needs_no_provider_that_was_never_told(till: Till) -> None:
    payment_id = await till.open(await till.book())
    await till.sandbox.control.fault(kind="error", path="/v1/*", status=503, times=100)
    assert await flows.void(till.db, till.providers, payment_id) is PaymentStatus.CANCELLED
    await till.sandbox.control.clear_faults()
    await till.work()
    assert await till.intents() == []


async def test_closed_while_the_charge_is_being_opened(till: Till) -> None:
    payment_id = await till.open(await till.book())
    await till.sandbox.control.fault(
        kind="hang", path="/v1/payment_intents", seconds=1.5, when="after"
    )
    starting = asyncio.create_task(flows.start(till.db, till.providers, payment_id))
    await till.struck()
    assert await flows.void(till.db, till.providers, payment_id) is PaymentStatus.CANCELLED
    await starting
    await till.work()
    assert [intent["status"] for intent in await till.intents()] == ["canceled"]


async def test_requested_void_is_carried_out_by_its_task(till: Till) -> None:
    payment_id = await till.started()
    booking_id = (await till.payment(payment_id)).booking_id
    for _ in range(2):
        async with till.db.transaction() as session:
            await service.request_void(session, booking_id, clock.now())
    assert len(await till.outbox("payments.void")) == 1
    await till.work()
    assert (await till.payment(payment_id)).status is PaymentStatus.CANCELLED
    async with till.db.read() as connection:
        assert await service.live_payment(connection, booking_id) is None


async def test_sweep_finds_what_no_webhook_told(till: Till) -> None:
    paid, unpaid, unwanted, fresh = [await till.started() for _ in range(4)]
    await till.pay(paid)
    await till.pay(fresh)
    async with till.db.transaction() as session:
        booking_id = (await service.get(session, unwanted)).booking_id
        await service.request_void(session, booking_id, clock.now())
    for payment_id in (paid, unpaid, unwanted):
        await long_ago(till, payment_id)
    await asyncio.gather(
        *(sweeps.sync_unsettled(till.db, till.providers, clock.now()) for _ in range(3))
    )
    found = [(await till.payment(one)).status for one in (paid, unpaid, unwanted, fresh)]
    assert found == [
        PaymentStatus.PAID,
        PaymentStatus.PENDING,
        PaymentStatus.CANCELLED,
        PaymentStatus.PENDING,
    ]
    # The one that is still open has gone to the end of the line.
    assert await sweeps.sync_unsettled(till.db, till.providers, clock.now()) == 0


async def test_amount_changed_at_the_provider_is_never_applied(till: Till) -> None:
    payment_id = await till.started()
    charge_id = (await till.payment(payment_id)).provider_payment_id
    assert charge_id is not None
    await till.sandbox.client().v1.payment_intents.update_async(charge_id, {"amount": 100})
    await till.pay(payment_id)
    with pytest.raises(NotOurs, match="amount is 100, not 30000"):
        await flows.sync(till.db, till.providers, payment_id)
    assert (await till.payment(payment_id)).status is PaymentStatus.PENDING


async def give_back(till: Till, payment_id: Any, **change: Any) -> Any:
    asked = {
        "payment_id": payment_id,
        "reason": RefundReason.CANCELLATION,
        "amount_minor": TOTAL,
        "host_minor": HOST,
        "platform_minor": PLATFORM,
        "tax_minor": TAX,
        "line_items": (),
        "now": clock.now(),
    } | change
    return await till.db.run(lambda session: service.request_refund(session, **asked))


async def test_refund_in_full(till: Till) -> None:
    payment_id = await till.paid()
    refund_id = await give_back(till, payment_id)
    assert await give_back(till, payment_id) == refund_id
    await asyncio.gather(
        *(flows.refund(till.db, till.providers, refund_id) for _ in range(5)),
        return_exceptions=True,
    )
    assert await flows.refund(till.db, till.providers, refund_id) is RefundStatus.SUCCEEDED
    payment = await till.payment(payment_id)
    assert payment.status is PaymentStatus.REFUNDED
    assert payment.refunded_minor == TOTAL
    assert await entries(till) == {
        "CAPTURE": 1,
        "PROVIDER_FEE": 1,
        "REFUND_DUE": 1,
        "REFUND_SENT": 1,
    }
    async with till.db.read() as connection:
        assert (
            await ledger.balance(connection, LedgerAccountKind.GUEST, "EUR", payment.guest_id) == 0
        )
    await assert_books_balance(till.db, till.sandbox)


async def test_refund_of_a_part(till: Till) -> None:
    payment_id = await till.paid()
    part = {"amount_minor": 100_00, "host_minor": 90_00, "platform_minor": 5_00, "tax_minor": 5_00}
    await give_back(till, payment_id, **part)
    await till.work()
    payment = await till.payment(payment_id)
    assert payment.status is PaymentStatus.PARTIALLY_REFUNDED
    assert payment.refunded_minor == 100_00
    await assert_books_balance(till.db, till.sandbox)


@pytest.mark.parametrize("keys_forgotten", [False, True])
async def test_refund_that_died_after_the_call(till: Till, keys_forgotten: bool) -> None:
    refund_id = await give_back(till, await till.paid())
    with pytest.raises(Crash):
        await flows.refund(till.db, till.crashing("refund"), refund_id)
    if keys_forgotten:
        await till.sandbox.control.forget_keys()
    assert await flows.refund(till.db, till.providers, refund_id) is RefundStatus.SUCCEEDED
    await assert_books_balance(till.db, till.sandbox)


async def test_sweep_takes_up_refunds(till: Till) -> None:
    refund_id = await give_back(till, await till.paid())
    later = clock.now() + timedelta(minutes=2)
    assert await sweeps.retry_refunds(till.db, till.providers, clock.now()) == 0
    assert await sweeps.retry_refunds(till.db, till.providers, later) == 1
    async with till.db.read() as connection:
        refund = await service.get_refund(connection, refund_id)
    assert refund.status is RefundStatus.SUCCEEDED


async def test_refused_refund_stays_owed(till: Till) -> None:
    payment_id = await till.paid()
    charge_id = (await till.payment(payment_id)).provider_payment_id
    assert charge_id is not None
    # By hand, behind our back.
    await till.sandbox.client().v1.refunds.create_async({"payment_intent": charge_id})
    refund_id = await give_back(till, payment_id)
    assert await flows.refund(till.db, till.providers, refund_id) is RefundStatus.FAILED
    async with till.db.read() as connection:
        code = await connection.scalar(select(Refund.failure_code))
        payment = await service.get(connection, payment_id)
        owed = await ledger.balance(connection, LedgerAccountKind.GUEST, "EUR", payment.guest_id)
    assert code == "charge_already_refunded"
    assert owed == -TOTAL
    assert payment.status is PaymentStatus.PAID


@pytest.mark.parametrize(
    "change",
    [
        {"amount_minor": TOTAL + 1, "host_minor": HOST + 1, "reason": RefundReason.LATE_PAYMENT},
        {"amount_minor": TOTAL - 1, "host_minor": HOST - 1},
    ],
)
async def test_refunds_that_conflict(till: Till, change: dict[str, Any]) -> None:
    payment_id = await till.paid()
    await give_back(till, payment_id)
    with pytest.raises(Exception, match=r"given back|refunded"):
        await give_back(till, payment_id, **change)
    assert len(await till.outbox("payments.refund")) == 1


async def test_nothing_to_refund_before_it_is_paid(till: Till) -> None:
    with pytest.raises(Exception, match="nothing to give back"):
        await give_back(till, await till.started())


async def test_a_refund_that_comes_back_is_owed_again(till: Till) -> None:
    payment_id = await till.paid()
    refund_id = await give_back(till, payment_id)
    await till.work()
    async with till.db.read() as connection:
        refund = await service.get_refund(connection, refund_id)
    assert refund.provider_refund_id is not None
    # The sandbox's banks take every refund.
    shown = msgspec.structs.replace(
        await till.stripe.retrieve_refund(refund.provider_refund_id),
        status=RefundStatus.FAILED,
        failure_code="lost_or_stolen_card",
    )
    for _ in range(2):
        await till.db.run(
            lambda session: settle.settle_refund(session, refund_id, shown, clock.now())
        )
    payment = await till.payment(payment_id)
    assert (payment.status, payment.refunded_minor) == (PaymentStatus.PAID, 0)
    async with till.db.read() as connection:
        owed = await ledger.balance(connection, LedgerAccountKind.GUEST, "EUR", payment.guest_id)
    assert owed == -TOTAL
    assert (await entries(till))["REFUND_RETURNED"] == 1
