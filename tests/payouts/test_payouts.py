"""Payouts: from what the ledger owes a host to one transfer, whatever goes wrong between."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.ledger import queries as ledger
from app.payments import flows as payments
from app.payments import service
from app.payments.errors import PaymentUnavailable, ProviderUnavailable, UnknownObject
from app.payouts import accounts, flows
from db.enums import LedgerAccountKind, PayoutAccountStatus, PayoutStatus, RefundReason
from db.models import Booking, JournalEntry, Payout, PayoutAccount, PayoutItem, ProviderEvent
from tests.support import world
from tests.support.books import assert_books_balance
from tests.support.money import HOST, PLATFORM, TAX, TOTAL, Crash, Till


@pytest.fixture
async def host_id(till: Till) -> UUID:
    """A host who can be paid."""
    host_id = await world.add_host(till.db)
    await till.host_account(host_id)
    # The sandbox keeps its fee of what was paid in; in life other guests' money covers it.
    await till.sandbox.control.top_up(1000_00, "eur")
    return host_id


async def stay(till: Till, host_id: UUID, *, due: bool = True) -> UUID:
    """A stay that was paid for; returns the booking."""
    payment = await till.payment(await till.paid(host_id=host_id))
    booking_id = payment.booking_id
    if due:
        await till.due(booking_id)
    return booking_id


async def release(till: Till, after: timedelta = timedelta()) -> int:
    return await flows.release_due(till.db, till.settings, clock.now() + after)


async def payouts(till: Till) -> list[Any]:
    async with till.db.read() as connection:
        return list(await connection.execute(select(Payout.__table__).order_by(Payout.id)))


async def due_at(till: Till, booking_id: UUID) -> Any:
    async with till.db.read() as connection:
        return await connection.scalar(
            select(Booking.payout_due_at).where(Booking.id == booking_id)
        )


async def looked_at(till: Till, booking_id: UUID) -> Any:
    """When what is held back of a booking is looked at again."""
    async with till.db.read() as connection:
        return await connection.scalar(
            select(Booking.payout_look_at).where(Booking.id == booking_id)
        )


async def transfers(till: Till) -> list[Any]:
    return list((await till.sandbox.control.state())["transfers"])


async def give_back(till: Till, booking_id: UUID, host_minor: int = HOST) -> None:
    async with till.db.transaction() as session:
        payment = await service.live_payment(session, booking_id)
        assert payment is not None
        await service.request_refund(
            session,
            payment_id=payment.id,
            reason=RefundReason.CANCELLATION,
            amount_minor=TOTAL - HOST + host_minor,
            host_minor=host_minor,
            platform_minor=PLATFORM,
            tax_minor=TAX,
            line_items=(),
            now=clock.now(),
        )
    await till.work()


async def owed(till: Till, host_id: UUID) -> int:
    async with till.db.read() as connection:
        return -await ledger.balance(connection, LedgerAccountKind.HOST_PAYABLE, "EUR", host_id)


async def test_two_stays_in_one_transfer(till: Till, host_id: UUID) -> None:
    first, second = await stay(till, host_id), await stay(till, host_id)
    later = await stay(till, host_id, due=False)
    assert await release(till) == 1
    (payout,) = await payouts(till)
    assert (payout.status, payout.amount_minor) == (PayoutStatus.RESERVED, 2 * HOST)
    await till.work()
    (payout,) = await payouts(till)
    assert payout.status == PayoutStatus.PAID
    (transfer,) = await transfers(till)
    assert transfer["id"] == payout.provider_transfer_id
    assert transfer["amount"] == 2 * HOST
    async with till.db.read() as connection:
        items = await connection.execute(select(PayoutItem.booking_id, PayoutItem.amount_minor))
        assert {row.booking_id: row.amount_minor for row in items} == {first: HOST, second: HOST}
    assert [await due_at(till, one) for one in (first, second, later)] == [None] * 3
    assert await owed(till, host_id) == HOST
    assert await release(till) == 0
    await assert_books_balance(till.db, till.sandbox)


async def test_released_and_sent_once_by_many_workers(till: Till, host_id: UUID) -> None:
    for _ in range(3):
        await stay(till, host_id)
    await asyncio.gather(*(release(till) for _ in range(6)))
    (payout,) = await payouts(till)
    await asyncio.gather(
        *(flows.send(till.db, till.providers, payout.id) for _ in range(6)),
        return_exceptions=True,
    )
    await till.work()
    assert [one["amount"] for one in await transfers(till)] == [3 * HOST]
    await assert_books_balance(till.db, till.sandbox)


@pytest.mark.parametrize("keys_forgotten", [False, True])
async def test_sending_that_died_after_the_call(
    till: Till, host_id: UUID, keys_forgotten: bool
) -> None:
    await stay(till, host_id)
    await release(till)
    with pytest.raises(Crash):
        await till.work(till.crashing("transfer"))
    if keys_forgotten:
        await till.sandbox.control.forget_keys()
    await till.work()
    assert len(await transfers(till)) == 1
    assert (await payouts(till))[0].status == PayoutStatus.PAID
    await assert_books_balance(till.db, till.sandbox)


async def test_every_reply_to_the_transfer_is_lost(till: Till, host_id: UUID) -> None:
    await stay(till, host_id)
    await release(till)
    await till.sandbox.control.fault(kind="drop", path="/v1/transfers", times=3)
    with pytest.raises(PaymentUnavailable):
        await till.work()
    (payout,) = await payouts(till)
    assert (payout.status, payout.failure_code) == (
        PayoutStatus.RESERVED,
        "provider_unavailable",
    )
    await till.sandbox.control.forget_keys()
    assert await flows.resend_stuck(till.db, till.providers, clock.now()) == 0
    later = clock.now() + timedelta(minutes=2)
    assert await flows.resend_stuck(till.db, till.providers, later) == 1
    (payout,) = await payouts(till)
    assert (payout.status, payout.failure_code) == (PayoutStatus.PAID, None)
    assert len(await transfers(till)) == 1
    await assert_books_balance(till.db, till.sandbox)


async def test_a_refused_question_is_no_refused_transfer(till: Till, host_id: UUID) -> None:
    await stay(till, host_id)
    await release(till)
    with pytest.raises(Crash):
        await till.work(till.crashing("transfer"))
    await till.sandbox.control.fault(kind="error", status=400, method="GET", path="/v1/transfers")
    with pytest.raises(PaymentUnavailable):
        await till.work()
    assert (await payouts(till))[0].status == PayoutStatus.RESERVED
    await till.work()
    assert len(await transfers(till)) == 1
    await assert_books_balance(till.db, till.sandbox)


async def test_refused_transfer_is_due_again_later(till: Till) -> None:
    host_id = await world.add_host(till.db)
    await till.host_account(host_id)
    booking_id = await stay(till, host_id)
    # Somebody has emptied our balance.
    await till.sandbox.control.top_up(-TOTAL, "eur")
    await release(till)
    await till.work()
    (payout,) = await payouts(till)
    assert (payout.status, payout.failure_code) == (PayoutStatus.FAILED, "balance_insufficient")
    assert await owed(till, host_id) == HOST
    waits = await looked_at(till, booking_id) - clock.now()
    assert timedelta(minutes=9) < waits < timedelta(minutes=11)
    assert await release(till) == 0
    await till.sandbox.control.top_up(2 * TOTAL, "eur")
    assert await release(till, after=timedelta(minutes=11)) == 1
    await till.work()
    assert [one.status for one in await payouts(till)] == [PayoutStatus.FAILED, PayoutStatus.PAID]
    assert len(await transfers(till)) == 1
    await assert_books_balance(till.db, till.sandbox)


async def test_host_without_a_complete_account_waits(till: Till) -> None:
    host_id = await world.add_host(till.db)
    await till.host_account(host_id, complete=False)
    await stay(till, host_id)
    assert await release(till) == 0
    await till.host_account(host_id)
    await till.sandbox.control.top_up(1000_00, "eur")
    assert await release(till) == 1


async def test_refund_before_the_payout_leaves_less(till: Till, host_id: UUID) -> None:
    booking_id = await stay(till, host_id)
    await give_back(till, booking_id, host_minor=100_00)
    await release(till)
    await till.work()
    assert (await payouts(till))[0].amount_minor == HOST - 100_00
    await assert_books_balance(till.db, till.sandbox)


async def test_nothing_left_is_not_looked_at_again(till: Till, host_id: UUID) -> None:
    booking_id = await stay(till, host_id)
    await give_back(till, booking_id)
    assert await release(till) == 0
    assert await due_at(till, booking_id) is None
    assert await payouts(till) == []


async def test_refund_after_the_payout_is_netted(till: Till, host_id: UUID) -> None:
    first = await stay(till, host_id)
    await release(till)
    await till.work()
    await give_back(till, first)
    assert await owed(till, host_id) == -HOST
    # A debt alone pays nothing, and does not come up at every sweep.
    assert await release(till) == 0
    assert await looked_at(till, first) > clock.now()
    second, third = await stay(till, host_id), await stay(till, host_id)
    assert await release(till) == 1
    await till.work()
    assert [one.amount_minor for one in await payouts(till)] == [HOST, HOST]
    assert await owed(till, host_id) == 0
    for booking_id in (first, second, third):
        assert await due_at(till, booking_id) is None
    await assert_books_balance(till.db, till.sandbox)


async def test_a_refund_and_a_release_at_once(till: Till, host_id: UUID) -> None:
    booking_id = await stay(till, host_id)
    await asyncio.gather(give_back(till, booking_id), *(release(till) for _ in range(3)))
    await till.work()
    # Either it was paid out and is owed back, or there was nothing to pay.
    paid = sum(one.amount_minor for one in await payouts(till))
    assert await owed(till, host_id) == -paid
    assert (await due_at(till, booking_id) is None) == (paid == 0)
    await assert_books_balance(till.db, till.sandbox)


async def test_reversed_transfer_is_due_again(till: Till, host_id: UUID) -> None:
    booking_id = await stay(till, host_id)
    await release(till)
    await till.work()
    (payout,) = await payouts(till)
    await till.sandbox.client().v1.transfers.reversals.create_async(payout.provider_transfer_id)
    for raw in await till.events("transfer.reversed") * 3:
        await till.receive(raw)
    await till.work()
    (payout,) = await payouts(till)
    assert (payout.status, payout.failure_code) == (PayoutStatus.FAILED, "transfer_reversed")
    assert await owed(till, host_id) == HOST
    assert await due_at(till, booking_id) is not None
    await assert_books_balance(till.db, till.sandbox)


async def test_webhooks_of_a_transfer_ten_times(till: Till, host_id: UUID) -> None:
    await stay(till, host_id)
    await release(till)
    with pytest.raises(Crash):
        await till.work(till.crashing("transfer"))
    (created,) = await till.events("transfer.created")
    await asyncio.gather(*(till.receive(created) for _ in range(10)))
    (row,) = await till.outbox("payouts.process_event")
    await asyncio.gather(
        *(
            flows.process_event(till.db, till.providers, UUID(row.payload["event_id"]))
            for _ in range(5)
        )
    )
    assert (await payouts(till))[0].status == PayoutStatus.PAID
    async with till.db.read() as connection:
        sent = await connection.scalar(
            select(func.count()).where(JournalEntry.kind == "PAYOUT_SENT")
        )
    assert sent == 1


async def status(till: Till, host_id: UUID) -> str | None:
    async with till.db.read() as connection:
        found: str | None = await connection.scalar(
            select(PayoutAccount.status).where(PayoutAccount.user_id == host_id)
        )
        return found


async def accounts_at_provider(till: Till) -> list[Any]:
    return list((await till.sandbox.control.state())["accounts"])


async def test_account_is_opened_once_and_completed(till: Till) -> None:
    host_id = await world.add_host(till.db)
    ids = await asyncio.gather(
        *(flows.open_account(till.db, till.providers, host_id) for _ in range(5)),
    )
    assert len(set(ids)) == 1
    assert len(await accounts_at_provider(till)) == 1
    assert await status(till, host_id) == PayoutAccountStatus.PENDING
    link = await flows.account_link(
        till.db,
        till.providers,
        host_id,
        return_url="https://roost.example/done",
        refresh_url="https://roost.example/again",
    )
    assert link.startswith(f"{till.sandbox.base_url}/onboarding/")
    await till.sandbox.control.onboard(ids[0])
    for raw in await till.events("account.updated"):
        await till.receive(raw)
    await till.work()
    assert await status(till, host_id) == PayoutAccountStatus.ACTIVE


@pytest.mark.parametrize("keys_forgotten", [False, True])
async def test_opening_that_died_after_the_call(till: Till, keys_forgotten: bool) -> None:
    host_id = await world.add_host(till.db)
    with pytest.raises(Crash):
        await flows.open_account(till.db, till.crashing("create_account"), host_id)
    if keys_forgotten:
        await till.sandbox.control.forget_keys()
    (account,) = await accounts_at_provider(till)
    await till.sandbox.control.onboard(account["id"])
    # Its webhook comes before we know of it, and waits.
    (raw,) = await till.events("account.updated")
    await till.receive(raw)
    with pytest.raises(UnknownObject):
        await till.work()
    await flows.open_account(till.db, till.providers, host_id)
    assert len(await accounts_at_provider(till)) == 1
    await till.work()
    async with till.db.read() as connection:
        waiting = await connection.scalar(
            select(func.count()).where(ProviderEvent.processed_at.is_(None))
        )
    assert waiting == 0


async def test_account_link_when_the_provider_is_away(till: Till) -> None:
    host_id = await world.add_host(till.db)
    await till.sandbox.control.fault(kind="error", status=503, times=100)
    with pytest.raises(PaymentUnavailable):
        await flows.account_link(
            till.db,
            till.providers,
            host_id,
            return_url="https://roost.example/",
            refresh_url="https://roost.example/",
        )


async def test_older_news_of_an_account_does_not_win(till: Till) -> None:
    host_id = await world.add_host(till.db)
    account_id = await till.host_account(host_id, complete=False)
    await till.sandbox.control.fault(
        kind="hang", path=f"/v1/accounts/{account_id}", seconds=1.5, when="after"
    )
    asking = asyncio.create_task(accounts.sync_account(till.db, till.stripe, account_id))
    await till.struck()
    await till.host_account(host_id)
    with pytest.raises(ProviderUnavailable):
        await asking
    assert await status(till, host_id) == PayoutAccountStatus.ACTIVE


async def test_account_that_lost_its_right_makes_the_payout_fail(till: Till, host_id: UUID) -> None:
    await stay(till, host_id)
    await release(till)
    async with till.db.transaction() as session:
        await session.execute(update(PayoutAccount).values(status=PayoutAccountStatus.RESTRICTED))
    await till.work()
    (payout,) = await payouts(till)
    assert (payout.status, payout.failure_code) == (PayoutStatus.FAILED, "account_not_active")
    assert await owed(till, host_id) == HOST
    assert await payments.sync(till.db, till.providers, (await only_payment(till)))
    await assert_books_balance(till.db, till.sandbox)


async def only_payment(till: Till) -> UUID:
    async with till.db.read() as connection:
        booking_id = await connection.scalar(select(PayoutItem.booking_id))
        payment = await service.live_payment(connection, UUID(str(booking_id)))
    assert payment is not None
    return payment.id
