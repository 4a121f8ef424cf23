"""What is Paystack's own: pages whose address is told once, phones, refunds without a key."""

from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest
from sqlalchemy import func, select, update

from app import clock
from app.payments import choice, flows, inbox, paystack_http, sweeps
from app.payments.errors import (
    InvalidWebhook,
    PaymentUnavailable,
    ProviderRefused,
    ProviderUnavailable,
    UnknownObject,
)
from app.payments.paystack import PaystackProvider
from app.payments.paystack_amounts import from_paystack, to_paystack
from app.payments.paystack_http import PaystackHttp
from app.payments.paystack_webhook import read, verify
from app.payments.provider import Onboarding, Recipients, Subject
from app.payouts import flows as payouts
from db.enums import (
    PaymentMethod,
    PaymentProvider,
    PaymentStatus,
    PayoutStatus,
    RefundReason,
    RefundStatus,
)
from db.models import Payment, PayoutAccount, ProviderEvent, Refund
from tests.payments.test_conformance import (
    due_payout,
    forget_claims,
    payout_status,
    refund,
    settled,
    sync,
)
from tests.support import world
from tests.support.books import assert_books_balance
from tests.support.paystack import PHONE_BY_HAND
from tests.support.paystack_till import PaystackTill, sign


@pytest.mark.parametrize(
    ("minor", "currency", "subunits"),
    [(1_050, "GHS", 1_050), (99, "KES", 99), (5_000, "XOF", 500_000), (10, "KWD", 1)],
)
def test_subunits_are_hundredths_of_everything(minor: int, currency: str, subunits: int) -> None:
    assert to_paystack(minor, currency) == subunits
    assert from_paystack(subunits, currency) == minor


def test_an_amount_between_two_subunits() -> None:
    with pytest.raises(ProviderRefused, match="amount_not_supported"):
        to_paystack(15, "KWD")
    # Only a fee can be that small.
    assert from_paystack(150, "XOF") == 2


PAYSTACK = frozenset(PaymentProvider)
STRIPE_ALONE = frozenset({PaymentProvider.STRIPE})


@pytest.mark.parametrize(
    ("providers", "method", "currency", "chosen"),
    [
        (PAYSTACK, "MOBILE_MONEY", "GHS", (PaymentProvider.PAYSTACK, False)),
        (PAYSTACK, "MOBILE_MONEY", "KES", (PaymentProvider.PAYSTACK, False)),
        (PAYSTACK, "MOBILE_MONEY", "NGN", None),
        (PAYSTACK, "CARD", "GHS", (PaymentProvider.PAYSTACK, False)),
        (PAYSTACK, "CARD", "EUR", (PaymentProvider.STRIPE, True)),
        (PAYSTACK, "MOBILE_MONEY", "EUR", None),
        (PAYSTACK, "BANK_TRANSFER", "GHS", None),
        (STRIPE_ALONE, "CARD", "GHS", (PaymentProvider.STRIPE, True)),
        (STRIPE_ALONE, "MOBILE_MONEY", "GHS", None),
    ],
)
def test_who_takes_which_money(
    providers: frozenset[PaymentProvider], method: str, currency: str, chosen: Any
) -> None:
    offer = choice.choose(providers, PaymentMethod(method), currency)
    assert (offer and (offer.provider, offer.can_authorize)) == chosen


@pytest.mark.parametrize("currency", ["GHS", "KES", "NGN", "ZAR", "EUR", "USD"])
def test_all_the_methods_of_a_currency_are_with_one_provider(currency: str) -> None:
    """Hosts are paid from where the money is: two places would be two payouts."""
    offers = [choice.choose(PAYSTACK, method, currency) for method in PaymentMethod]
    names = {offer.provider for offer in offers if offer is not None}
    assert names == {choice.pays_hosts_in(PAYSTACK, currency)}


def test_hosts_are_asked_by_one_or_the_other(paystack_till: PaystackTill) -> None:
    for provider in paystack_till.providers.values():
        assert isinstance(provider, Onboarding) is not isinstance(provider, Recipients)


async def test_mobile_money(paystack_till: PaystackTill) -> None:
    till = paystack_till
    till.method = PaymentMethod.MOBILE_MONEY
    payment_id = await till.started()
    payment = await till.payment(payment_id)
    assert payment.redirect_url is not None
    assert payment.redirect_url.startswith(f"{till.sandbox.base_url}/pay/")
    assert payment.provider_payment_id == f"{payment_id}.1"
    await till.pay(payment_id)
    assert await sync(till, payment_id) is PaymentStatus.PAID
    assert (await till.found("charges"))[0]["channels"] == ["mobile_money"]
    await assert_books_balance(till.db, till.sandbox)


@pytest.mark.parametrize("approved", [True, False])
async def test_what_a_phone_was_asked_is_not_given_up(
    paystack_till: PaystackTill, approved: bool
) -> None:
    """It may come true at any moment: the hold waits for the answer."""
    till = paystack_till
    payment_id = await till.started()
    reference = await till.reference(payment_id)
    await till.sandbox.control.pay(reference, phone=PHONE_BY_HAND)
    assert await flows.void(till.db, till.providers, payment_id) is PaymentStatus.PENDING
    await till.sandbox.control.answer_phone(reference, approved=approved)
    wanted = PaymentStatus.PAID if approved else PaymentStatus.CANCELLED
    assert await flows.void(till.db, till.providers, payment_id) is wanted


async def long_ago(till: PaystackTill, **ago: Any) -> None:
    values = {name: clock.now() - age for name, age in ago.items()}
    async with till.db.transaction() as session:
        await session.execute(update(Payment).values(**values))


async def test_paid_after_it_was_given_up_and_nobody_told(paystack_till: PaystackTill) -> None:
    till = paystack_till
    payment_id = await till.started()
    await flows.void(till.db, till.providers, payment_id)
    await till.pay(payment_id)
    assert await sweeps.ask_given_up(till.db, till.providers, clock.now()) == 0
    await long_ago(till, updated_at=timedelta(minutes=6))
    assert await sweeps.ask_given_up(till.db, till.providers, clock.now()) == 1
    payment = await till.payment(payment_id)
    assert payment.status is PaymentStatus.PAID
    assert await till.outbox("bookings.on_payment_succeeded")
    await assert_books_balance(till.db, till.sandbox)


async def test_a_page_is_watched_for_a_day(paystack_till: PaystackTill) -> None:
    till = paystack_till
    payment_id = await till.started()
    await flows.void(till.db, till.providers, payment_id)
    await long_ago(
        till, updated_at=timedelta(minutes=6), void_requested_at=timedelta(hours=24, seconds=1)
    )
    assert await sweeps.ask_given_up(till.db, till.providers, clock.now()) == 0


async def test_an_address_that_was_lost_is_never_used(paystack_till: PaystackTill) -> None:
    till = paystack_till
    payment_id = await till.open(await till.book())
    await till.lose("charges", 2)
    await flows.start(till.db, till.providers, payment_id)
    payment = await till.payment(payment_id)
    assert payment.provider_payment_id != f"{payment_id}.1"
    codes = {row["id"]: row["access_code"] for row in await till.found("charges")}
    assert payment.redirect_url is not None
    assert payment.redirect_url.endswith(codes[str(payment.provider_payment_id)])


async def test_what_nobody_answers_to_is_not_tried_for_ever(paystack_till: PaystackTill) -> None:
    till = paystack_till
    payment_id = await till.open(await till.book())
    await till.lose("charges", 9)
    with pytest.raises(PaymentUnavailable) as caught:
        await flows.start(till.db, till.providers, payment_id)
    assert caught.value.retryable
    assert len(await till.found("charges")) <= 3


async def test_an_amount_that_is_too_small_is_refused(paystack_till: PaystackTill) -> None:
    till = paystack_till
    payment_id = await till.open(await till.book())
    async with till.db.transaction() as session:
        await session.execute(
            update(Payment).values(amount_minor=5, host_minor=5, platform_minor=0, tax_minor=0)
        )
    with pytest.raises(PaymentUnavailable) as caught:
        await flows.start(till.db, till.providers, payment_id)
    assert not caught.value.retryable
    assert (await till.payment(payment_id)).failure_code == "invalid_amount"


async def test_a_refund_under_way_is_claimed(paystack_till: PaystackTill) -> None:
    """There is no key: whoever makes it must be alone, for longer than a call can take."""
    till = paystack_till
    payment_id = await till.paid()
    refund_id = await refund(till, payment_id, 100_00, RefundReason.CANCELLATION)
    await till.sandbox.control.fault(kind="error", path="/refund", method="POST", status=500)
    with pytest.raises(PaymentUnavailable):
        await flows.refund(till.db, till.providers, refund_id)
    with pytest.raises(PaymentUnavailable):
        await flows.refund(till.db, till.providers, refund_id)
    assert await till.found("refunds") == []
    await forget_claims(till)
    assert await flows.refund(till.db, till.providers, refund_id) is RefundStatus.PENDING
    assert len(await till.found("refunds")) == 1


async def test_a_refund_is_found_among_many(
    paystack_till: PaystackTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.payments.paystack.PAGE", 2)
    till = paystack_till
    payment_id = await till.paid()
    wanted = await refund(till, payment_id, 100_00, RefundReason.CANCELLATION)
    await flows.refund(till.db, till.providers, wanted)
    async with till.sandbox.http() as http:
        for _ in range(5):
            body = {"transaction": await till.reference(payment_id), "amount": 100}
            await http.post("/refund", json=body)
    reference = await till.reference(payment_id)
    since = clock.now() - timedelta(minutes=1)
    found = await till.paystack.find_refund(reference, wanted, since)
    assert found is not None
    assert found.amount_minor == 100_00
    assert await till.paystack.find_refund("other", wanted, since) is None


async def test_a_refund_that_fails_is_still_owed(
    paystack_till: PaystackTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = paystack_till
    payment_id = await till.paid()
    refund_id = await refund(till, payment_id, 100_00, RefundReason.CANCELLATION)
    await flows.refund(till.db, till.providers, refund_id)
    (made,) = await till.found("refunds")
    async with till.db.transaction() as session:
        await session.execute(update(Refund).values(provider_refund_id=str(made["number"])))
    shown = await till.paystack.retrieve_refund(str(made["number"]))
    failed = msgspec.structs.replace(
        shown, status=RefundStatus.FAILED, failure_code="refund_failed"
    )

    async def show(_: str) -> Any:
        return failed

    monkeypatch.setattr(till.paystack, "retrieve_refund", show)
    assert await flows.refund(till.db, till.providers, refund_id) is RefundStatus.FAILED
    assert (await till.payment(payment_id)).refunded_minor == 0


async def test_a_refunds_webhook_names_only_the_payment(paystack_till: PaystackTill) -> None:
    till = paystack_till
    payment_id = await till.paid()
    refund_id = await refund(till, payment_id, 100_00, RefundReason.CANCELLATION)
    async with till.db.transaction() as session:
        values = {"claimed_until": clock.now() + timedelta(minutes=1)}
        await session.execute(update(Refund).values(**values))
    # Sent, and our own row does not know it yet.
    reference = await till.reference(payment_id)
    await till.paystack.refund(reference, refund_id, 100_00, "GHS", "unused")
    await till.arrive()
    (told,) = await till.events("refund.processed")
    await till.receive(told)
    async with till.db.read() as connection:
        event_id = await connection.scalar(select(ProviderEvent.id))
    assert event_id is not None
    with pytest.raises(UnknownObject):
        await inbox.process_event(till.db, till.providers, event_id)
    await forget_claims(till)
    await till.work()
    assert (await till.payment(payment_id)).refunded_minor == 100_00
    await assert_books_balance(till.db, till.sandbox)


async def test_others_on_the_same_account_are_none_of_our_business(
    paystack_till: PaystackTill,
) -> None:
    till = paystack_till
    async with till.sandbox.http() as http:
        body = {"email": "a@example.com", "amount": 700, "currency": "GHS", "reference": "shop-1"}
        await http.post("/transaction/initialize", json=body)
        await till.sandbox.control.pay("shop-1")
        await http.post("/refund", json={"transaction": "shop-1"})
    await settled(till)
    async with till.db.read() as connection:
        waiting = await connection.scalar(
            select(func.count()).where(ProviderEvent.processed_at.is_(None))
        )
    assert waiting == 0


async def test_a_webhook_before_our_own_row(paystack_till: PaystackTill) -> None:
    till = paystack_till
    payment_id = await till.started()
    await till.pay(payment_id)
    (told,) = await till.events("charge.success")
    async with till.db.transaction() as session:
        row = await session.get(Payment, payment_id)
        assert row is not None
        kept = {column.key: getattr(row, column.key) for column in Payment.__table__.columns}
        await session.delete(row)
    await till.receive(told)
    async with till.db.read() as connection:
        event_id = await connection.scalar(select(ProviderEvent.id))
    assert event_id is not None
    with pytest.raises(UnknownObject):
        await inbox.process_event(till.db, till.providers, event_id)
    async with till.db.transaction() as session:
        session.add(Payment(**kept))
    await inbox.process_event(till.db, till.providers, event_id)
    assert (await till.payment(payment_id)).status is PaymentStatus.PAID


@pytest.mark.parametrize(
    ("number", "code"), [("0244000002", "transfer_failed"), ("0244000003", "transfer_reversed")]
)
async def test_transfers_that_do_not_stay(
    paystack_till: PaystackTill, number: str, code: str
) -> None:
    till = paystack_till
    host_id = await world.add_host(till.db)
    await till.host_account(host_id, number=number)
    payout_id = await due_payout(till, host_id)
    await payouts.send(till.db, till.providers, payout_id)
    assert await payout_status(till, payout_id) == ("RESERVED", "transfer_pending")
    await settled(till)
    await settled(till)
    assert await payout_status(till, payout_id) == (PayoutStatus.FAILED, code)
    await assert_books_balance(till.db, till.sandbox)


async def test_a_transfer_waits_for_the_owners_password(paystack_till: PaystackTill) -> None:
    till = paystack_till
    host_id = await world.add_host(till.db)
    await till.host_account(host_id)
    await till.sandbox.control.ask_for_otp()
    payout_id = await due_payout(till, host_id)
    await payouts.send(till.db, till.providers, payout_id)
    assert await payout_status(till, payout_id) == ("RESERVED", "transfer_otp")
    (row,) = await till.found("transfers")
    async with till.sandbox.http() as http:
        body = {"transfer_code": row["transfer_code"], "otp": "123456"}
        await http.post("/transfer/finalize_transfer", json=body)
    await till.arrive()
    # No webhook: the sweep asks.
    await payouts.send(till.db, till.providers, payout_id)
    assert (await payout_status(till, payout_id))[0] == PayoutStatus.PAID
    await assert_books_balance(till.db, till.sandbox)


async def test_two_hosts_may_share_a_phone(paystack_till: PaystackTill) -> None:
    till = paystack_till
    for _ in range(2):
        await till.host_account(await world.add_host(till.db))
    async with till.db.read() as connection:
        rows = (await connection.execute(select(PayoutAccount.provider_account_id))).all()
    assert len(rows) == 2
    assert len(set(rows)) == 1


EVENT = {"event": "charge.success", "data": {"domain": "test", "reference": "r1"}}


@pytest.mark.parametrize(
    ("event", "subject", "object_id"),
    [
        (EVENT, Subject.CHARGE, "r1"),
        (
            {
                "event": "refund.processed",
                "data": {"domain": "test", "transaction_reference": "r2"},
            },
            Subject.REFUNDS,
            "r2",
        ),
        (
            {"event": "transfer.failed", "data": {"domain": "test", "reference": "payout-1"}},
            Subject.TRANSFER,
            "payout-1",
        ),
        (
            {"event": "charge.dispute.create", "data": {"domain": "test", "id": 7}},
            Subject.DISPUTE,
            "7",
        ),
        ({"event": "charge.dispute.remind", "data": {"domain": "test"}}, Subject.OTHER, ""),
        ({"event": "subscription.create", "data": {"domain": "test"}}, Subject.OTHER, ""),
    ],
)
def test_what_a_webhook_is_about(event: Any, subject: Subject, object_id: str) -> None:
    webhook = read(msgspec.json.encode(event), live=False)
    assert (webhook.subject, webhook.object_id, webhook.type) == (
        subject,
        object_id,
        event["event"],
    )


def test_webhooks_that_are_refused() -> None:
    raw = msgspec.json.encode(EVENT)
    verify(raw, sign(raw, "old"), ("new", "old"))
    for signature in ("", "é", sign(raw, "other"), sign(raw + b" ", "new")):
        with pytest.raises(InvalidWebhook):
            verify(raw, signature, ("new", "old"))
    for body in (b"{}", b"[]", b"\xff", b'{"event": 1, "data": {}}'):
        with pytest.raises(InvalidWebhook):
            read(body, live=False)
    with pytest.raises(InvalidWebhook, match="mode"):
        read(raw, live=True)
    assert read(raw, live=False).event_id == read(raw, live=False).event_id


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (500, b"{}", ProviderUnavailable),
        (502, b"<html>", ProviderUnavailable),
        (429, b'{"status": false, "message": "slowly"}', ProviderUnavailable),
        (401, b'{"status": false, "message": "Invalid key"}', ProviderUnavailable),
        (200, b'{"status": false, "message": "odd"}', ProviderUnavailable),
        (200, b"[]", ProviderUnavailable),
        (200, b'{"status": tr', ProviderUnavailable),
        (400, b'{"status": false, "message": "No", "code": "invalid_amount"}', ProviderRefused),
        (403, b'{"status": false, "message": "Currency not supported"}', ProviderRefused),
        (404, b'{"status": false, "message": "Not here"}', ProviderRefused),
    ],
)
async def test_what_an_answer_means(status: int, body: bytes, failure: type[Exception]) -> None:
    http = PaystackHttp("sk_test_x", "http://paystack.example")
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=body))
    http.client = httpx2.AsyncClient(base_url="http://paystack.example", transport=transport)
    with pytest.raises(failure):
        await http.do("/refund", {})
    await http.close()


async def test_a_hang_ends_in_silence(
    paystack_till: PaystackTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paystack_http, "DEADLINE_SECONDS", 0.2)
    till = paystack_till
    await till.sandbox.control.fault(kind="hang", seconds=1.0, times=2)
    for call in (
        till.paystack.http.ask("/balance"),
        till.paystack.http.do("/refund", {"transaction": "x"}),
    ):
        with pytest.raises(ProviderUnavailable):
            await call


def test_live_keys_are_told_from_test_keys(paystack_till: PaystackTill) -> None:
    assert paystack_till.paystack.live is False
    live = msgspec.structs.replace(paystack_till.settings, paystack_secret_key="sk_live_x")
    provider = PaystackProvider(live)
    assert provider.live is True
