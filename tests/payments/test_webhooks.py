"""The inbox: whatever order webhooks come in, each counts once, and none is dropped."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from app import clock
from app.ids import new_id
from app.payments import flows, inbox, service
from app.payments.errors import InvalidWebhook, UnknownObject
from db.enums import PaymentStatus, RefundReason
from db.models import JournalEntry, OutboxMessage, ProviderEvent
from tests.support.books import assert_books_balance
from tests.support.money import HOST, PLATFORM, TAX, TOTAL, Crash, Till, sign


async def count(till: Till, what: Any, *where: Any) -> int:
    async with till.db.read() as connection:
        found = await connection.scalar(select(func.count()).select_from(what).where(*where))
    return found or 0


async def process(till: Till, event_id: Any) -> None:
    await inbox.process_event(till.db, till.providers, event_id)


async def test_ten_times_each_shuffled_and_at_once(till: Till) -> None:
    payment_id = await till.started(manual=True)
    await till.pay(payment_id)
    assert await flows.capture(till.db, till.providers, payment_id) is PaymentStatus.PAID
    bodies = await till.events() * 10
    random.Random(7).shuffle(bodies)
    await asyncio.gather(*(till.receive(raw) for raw in bodies))
    assert await count(till, ProviderEvent) == len(await till.events())
    waiting = await till.outbox("payments.process_event")
    ids = [row.payload["event_id"] for row in waiting] * 3
    random.Random(8).shuffle(ids)
    await asyncio.gather(*(process(till, event_id) for event_id in ids))
    assert await count(till, ProviderEvent, ProviderEvent.processed_at.is_(None)) == 0
    assert await count(till, ProviderEvent, ProviderEvent.body != b"") == 0
    assert await count(till, JournalEntry) == 2
    assert await count(till, OutboxMessage, OutboxMessage.task.like("bookings.%")) == 2
    assert (await till.payment(payment_id)).status is PaymentStatus.PAID
    await assert_books_balance(till.db, till.sandbox)


async def test_late_news_moves_nothing_back(till: Till) -> None:
    payment_id = await till.paid()
    async with till.db.transaction() as session:
        refund_id = await service.request_refund(
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
    await flows.refund(till.db, till.providers, refund_id)
    for raw in reversed(await till.events()):
        await till.receive(raw)
    await till.work()
    assert (await till.payment(payment_id)).status is PaymentStatus.REFUNDED
    assert await count(till, JournalEntry) == 4
    await assert_books_balance(till.db, till.sandbox)


async def test_webhook_before_we_know_the_providers_id(till: Till) -> None:
    payment_id = await till.open(await till.book())
    with pytest.raises(Crash):
        await flows.start(till.db, till.crashing("create_charge"), payment_id)
    (created,) = await till.events("payment_intent.created")
    await till.receive(created)
    await till.work()
    payment = await till.payment(payment_id)
    assert payment.provider_payment_id is not None
    assert payment.client_secret
    assert len(await till.intents()) == 1


async def test_webhook_before_our_own_commit_is_tried_again(till: Till) -> None:
    booking_id = await till.book()
    payment_id = new_id()
    await till.sandbox.client().v1.payment_intents.create_async(
        {
            "amount": TOTAL,
            "currency": "eur",
            "metadata": {"payment_id": str(payment_id), "booking_id": str(booking_id)},
        }
    )
    (created,) = await till.events("payment_intent.created")
    await till.receive(created)
    (row,) = await till.outbox("payments.process_event")
    with pytest.raises(UnknownObject):
        await process(till, row.payload["event_id"])
    assert await count(till, ProviderEvent, ProviderEvent.processed_at.is_(None)) == 1


async def test_somebody_elses_charge_is_put_aside(till: Till) -> None:
    await till.sandbox.client().v1.payment_intents.create_async({"amount": 500, "currency": "eur"})
    (created,) = await till.events("payment_intent.created")
    await till.receive(created)
    await till.work()
    assert await count(till, ProviderEvent, ProviderEvent.processed_at.is_(None)) == 0


async def test_irrelevant_types_make_no_work(till: Till) -> None:
    event = {"id": "evt_1", "type": "price.created", "livemode": False}
    await till.receive(msgspec.json.encode(event | {"data": {"object": {"object": "price"}}}))
    assert await till.outbox("payments.process_event", "payouts.process_event") == []
    assert await count(till, ProviderEvent, ProviderEvent.processed_at.is_(None)) == 0


RAW = b'{"id":"evt_1","type":"x","livemode":false,"data":{"object":{"object":"price"}}}'


LIVE = RAW.replace(b"false", b"true")


def now() -> int:
    return int(clock.now().timestamp())


# Signed when the test runs: what was signed when it was collected may be too old by then.
@pytest.mark.parametrize(
    ("raw", "header"),
    [
        pytest.param(RAW, lambda: "", id="unsigned"),
        pytest.param(RAW, lambda: "t=,v1=", id="empty"),
        pytest.param(RAW, lambda: "t=\u0663,v1=00", id="arabic digits"),
        pytest.param(RAW, lambda: f"t={'9' * 5000},v1=00", id="far future"),
        pytest.param(RAW, lambda: "v1=deadbeef", id="no time"),
        pytest.param(RAW, lambda: sign(RAW, "whsec_other"), id="another secret"),
        pytest.param(RAW, lambda: sign(RAW + b" "), id="another body"),
        pytest.param(RAW, lambda: sign(RAW).replace("v1=", "v0="), id="another scheme"),
        pytest.param(RAW, lambda: sign(RAW, at=now() - 310), id="too old"),
        pytest.param(RAW, lambda: sign(RAW, at=now() + 310), id="too new"),
        pytest.param(b"[]", lambda: sign(b"[]"), id="a list"),
        pytest.param(b"\xff", lambda: sign(b"\xff"), id="not UTF-8"),
        pytest.param(b"null", lambda: sign(b"null"), id="null"),
        pytest.param(LIVE, lambda: sign(LIVE), id="real money in test mode"),
    ],
)
async def test_refused_webhooks(till: Till, raw: bytes, header: Callable[[], str]) -> None:
    with pytest.raises(InvalidWebhook):
        await inbox.receive(till.db, till.stripe, raw, {"stripe-signature": header()})
    assert await count(till, ProviderEvent) == 0


async def test_either_secret_while_one_is_rotated(till: Till) -> None:
    till.stripe._secrets = ("whsec_new", "whsec_test")
    await till.receive(RAW)
    other = RAW.replace(b"evt_1", b"evt_2")
    signed = {"stripe-signature": sign(other, "whsec_new")}
    await inbox.receive(till.db, till.stripe, other, signed)
    assert await count(till, ProviderEvent) == 2
