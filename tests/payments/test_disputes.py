"""Disputes: a guest's bank takes money back, whatever else happens to the payment meanwhile."""

import random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app import clock
from app.ledger import queries as ledger
from app.ledger.rules import Shares
from app.money import divide
from app.payments import flows, service, sweeps
from app.payments.errors import NotOurs
from app.payments.rules import lost_shares
from app.payouts import flows as payouts
from db.enums import LedgerAccountKind, PaymentStatus, PayoutStatus, RefundReason, RefundStatus
from db.models import Dispute, JournalEntry, LedgerTax, Payout, Posting, Refund
from tests.support import world
from tests.support.books import assert_books_balance
from tests.support.money import HOST, PLATFORM, TAX, TOTAL, Till


async def told(till: Till) -> None:
    """Every webhook so far comes, each twice and in no order."""
    events = await till.events() * 2
    random.shuffle(events)
    for raw in events:
        await till.receive(raw)
    await till.work()


async def rows(till: Till) -> list[Any]:
    async with till.db.read() as connection:
        return list(await connection.execute(select(Dispute.__table__).order_by(Dispute.id)))


async def entries(till: Till) -> dict[str, int]:
    async with till.db.read() as connection:
        found = await connection.execute(
            select(JournalEntry.kind, func.count())
            .where(JournalEntry.source == "disputes")
            .group_by(JournalEntry.kind)
        )
        return {str(kind): count for kind, count in found}


async def balance(till: Till, kind: LedgerAccountKind, owner: UUID | None = None) -> int:
    async with till.db.read() as connection:
        return await ledger.balance(connection, kind, till.currency, owner)


async def test_won(any_till: Till) -> None:
    payment_id = await any_till.paid()
    dispute = await any_till.dispute(payment_id)
    await told(any_till)
    assert (await any_till.payment(payment_id)).status is PaymentStatus.DISPUTED
    assert [row.status for row in await rows(any_till)] == ["NEEDS_RESPONSE"]
    await assert_books_balance(any_till.db, any_till.sandbox)
    await any_till.decide(dispute, won=True)
    await told(any_till)
    assert (await any_till.payment(payment_id)).status is PaymentStatus.PAID
    assert [row.status for row in await rows(any_till)] == ["WON"]
    host = (await any_till.payment(payment_id)).host_id
    assert await balance(any_till, LedgerAccountKind.HOST_PAYABLE, host) == -HOST
    assert await balance(any_till, LedgerAccountKind.DISPUTED_FUNDS) == 0
    await assert_books_balance(any_till.db, any_till.sandbox)


@pytest.mark.parametrize("amount", [None, TOTAL // 3])
async def test_lost(any_till: Till, amount: int | None) -> None:
    payment_id = await any_till.paid()
    dispute = await any_till.dispute(payment_id, amount)
    await any_till.decide(dispute, won=False)
    await told(any_till)
    payment = await any_till.payment(payment_id)
    assert payment.status is PaymentStatus.DISPUTED
    (row,) = await rows(any_till)
    lost = amount or TOTAL
    assert (row.status, row.amount_minor, row.withdrawn_minor) == ("LOST", lost, lost)
    shares = lost_shares(payment.shares, NOTHING, lost)
    kept = await balance(any_till, LedgerAccountKind.HOST_PAYABLE, payment.host_id)
    assert kept == -(HOST - shares.host_minor)
    assert await balance(any_till, LedgerAccountKind.TAX_PAYABLE) == -(TAX - shares.tax_minor)
    async with any_till.db.read() as connection:
        taxes = select(LedgerTax.name, func.sum(Posting.amount_minor))
        left = await connection.execute(
            taxes.join(Posting, Posting.tax_id == LedgerTax.id).group_by(LedgerTax.id)
        )
        assert left.all() == [("City tax", -(TAX - shares.tax_minor))]
    assert await balance(any_till, LedgerAccountKind.DISPUTED_FUNDS) == 0
    await assert_books_balance(any_till.db, any_till.sandbox)
    again = await entries(any_till)
    await told(any_till)
    assert await entries(any_till) == again


async def test_no_webhook_ever_told(any_till: Till) -> None:
    """Nobody knows of a dispute whose first webhook is lost; of the decision a sweep asks."""
    payment_id = await any_till.paid()
    dispute = await any_till.dispute(payment_id)
    await told(any_till)
    await any_till.decide(dispute, won=False)
    soon = clock.now() + sweeps.ASK_DISPUTED_AFTER
    assert await sweeps.ask_disputed(any_till.db, any_till.providers, soon) == 1
    assert [row.status for row in await rows(any_till)] == ["LOST"]
    assert await sweeps.ask_disputed(any_till.db, any_till.providers, soon) == 0
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_nothing_is_paid_out_before_it_is_decided(any_till: Till) -> None:
    host = await world.add_host(any_till.db)
    await any_till.host_account(host)
    disputed, other = await any_till.paid(host_id=host), await any_till.paid(host_id=host)
    for payment_id in (disputed, other):
        await any_till.due((await any_till.payment(payment_id)).booking_id)
    dispute = await any_till.dispute(disputed)
    await told(any_till)
    assert await payouts.release_due(any_till.db, any_till.settings, clock.now()) == 1
    await any_till.work()
    assert await payouts.release_due(any_till.db, any_till.settings, clock.now()) == 0
    await any_till.decide(dispute, won=True)
    await told(any_till)
    assert await payouts.release_due(any_till.db, any_till.settings, clock.now()) == 1
    await any_till.work()
    async with any_till.db.read() as connection:
        sent = (await connection.execute(select(Payout.amount_minor, Payout.status))).all()
    assert [row.amount_minor for row in sent] == [HOST, HOST]


async def test_lost_after_the_payout_it_is_netted_from_the_next(till: Till) -> None:
    host = await world.add_host(till.db)
    await till.host_account(host)
    first = await till.paid(host_id=host)
    await till.due((await till.payment(first)).booking_id)
    await payouts.release_due(till.db, till.settings, clock.now())
    await till.work()
    await till.decide(await till.dispute(first, TOTAL // 3), won=False)
    await told(till)
    second = await till.paid(host_id=host)
    await till.due((await till.payment(second)).booking_id)
    await payouts.release_due(till.db, till.settings, clock.now())
    await till.work()
    async with till.db.read() as connection:
        sent = await connection.scalars(
            select(Payout.amount_minor)
            .where(Payout.status == PayoutStatus.PAID)
            .order_by(Payout.id)
        )
        lost = lost_shares((await till.payment(first)).shares, NOTHING, TOTAL // 3)
        assert sent.all() == [HOST, HOST - lost.host_minor]
    await assert_books_balance(till.db, till.sandbox)


async def refund(till: Till, payment_id: UUID) -> UUID:
    async with till.db.transaction() as session:
        return await service.request_refund(
            session,
            payment_id=payment_id,
            reason=RefundReason.CANCELLATION,
            amount_minor=100_00,
            host_minor=90_00,
            platform_minor=10_00,
            tax_minor=0,
            line_items=(),
            now=clock.now(),
        )


@pytest.mark.parametrize("won", [True, False])
async def test_a_refund_waits_for_the_bank(till: Till, won: bool) -> None:
    """Sent once the bank has given the money back; never, when it has taken it itself."""
    payment_id = await till.paid()
    dispute = await till.dispute(payment_id)
    await told(till)
    refund_id = await refund(till, payment_id)
    await till.work()
    assert await flows.refund(till.db, till.providers, refund_id) is RefundStatus.PENDING
    await till.decide(dispute, won=won)
    await told(till)
    status = await flows.refund(till.db, till.providers, refund_id)
    await told(till)
    assert status is (RefundStatus.SUCCEEDED if won else RefundStatus.FAILED)
    payment = await till.payment(payment_id)
    owed = await balance(till, LedgerAccountKind.GUEST, payment.guest_id)
    host = await balance(till, LedgerAccountKind.HOST_PAYABLE, payment.host_id)
    assert (owed, host) == (0, -(HOST - 90_00) if won else 0)
    async with till.db.read() as connection:
        code = await connection.scalar(select(Refund.failure_code))
    assert code == (None if won else "taken_by_bank")
    await assert_books_balance(till.db, till.sandbox)


async def test_an_inquiry_takes_nothing(till: Till) -> None:
    payment_id = await till.started()
    await till.pay(payment_id, "pm_card_createDisputeInquiry")
    await told(till)
    (row,) = await rows(till)
    assert (row.status, row.withdrawn_minor) == ("NEEDS_RESPONSE", 0)
    assert await entries(till) == {}
    await till.decide(row.provider_dispute_id, won=True)
    await told(till)
    assert [each.status for each in await rows(till)] == ["WON"]
    assert (await till.payment(payment_id)).status is PaymentStatus.PAID
    await assert_books_balance(till.db, till.sandbox)


async def test_evidence_is_handed_in_at_the_provider(till: Till) -> None:
    payment_id = await till.started()
    await till.pay(payment_id, "pm_card_createDispute")
    await told(till)
    (row,) = await rows(till)
    assert (row.reason, row.withdrawn_minor) == ("fraudulent", TOTAL)
    await till.sandbox.client().v1.disputes.update_async(
        row.provider_dispute_id, {"evidence": {"service_date": "2026-06-01"}}
    )
    await told(till)
    assert [each.status for each in await rows(till)] == ["UNDER_REVIEW"]
    await till.sandbox.client().v1.disputes.close_async(row.provider_dispute_id)
    await told(till)
    assert [each.status for each in await rows(till)] == ["LOST"]
    assert await entries(till) == {"DISPUTE_OPENED": 1, "DISPUTE_LOST": 1, "PROVIDER_FEE": 1}
    await assert_books_balance(till.db, till.sandbox)


async def test_what_is_not_ours_changes_nothing(till: Till) -> None:
    payment_id = await till.paid()
    dispute = await till.dispute(payment_id)

    class Other:
        """A provider that shows the dispute in another currency."""

        def __getattr__(self, name: str) -> Any:
            return getattr(till.provider, name)

        async def retrieve_dispute(self, provider_id: str) -> Any:
            shown = await till.provider.retrieve_dispute(provider_id)
            return type(shown)(
                **{field: getattr(shown, field) for field in shown.__struct_fields__}
                | {"currency": "USD"}
            )

    provider: Any = Other()
    with pytest.raises(NotOurs, match="currency"):
        await flows.sync_dispute(till.db, provider, dispute)
    assert await rows(till) == []


NOTHING = Shares(host_minor=0, platform_minor=0, tax_minor=0)
PAID = Shares(host_minor=HOST, platform_minor=PLATFORM, tax_minor=TAX)


@pytest.mark.parametrize(
    ("given_back", "lost", "host", "platform", "tax"),
    [
        (NOTHING, TOTAL, HOST, PLATFORM, TAX),
        (NOTHING, 100_00, 80_33, 14_67, 5_00),
        (NOTHING, 1, 1, 0, 0),
        # Of what a refund has left to each.
        (Shares(host_minor=HOST, platform_minor=0, tax_minor=0), 59_00, 0, 44_00, 15_00),
        (Shares(host_minor=HOST, platform_minor=0, tax_minor=0), 29_50, 0, 22_00, 7_50),
        # The bank took more than was left: nobody but the platform can bear it.
        (Shares(host_minor=HOST, platform_minor=PLATFORM, tax_minor=0), 20_00, 0, 5_00, 15_00),
        (PAID, 50_00, 0, 50_00, 0),
    ],
)
def test_who_bears_a_loss(
    given_back: Shares, lost: int, host: int, platform: int, tax: int
) -> None:
    borne = lost_shares(PAID, given_back, lost)
    assert borne == Shares(host_minor=host, platform_minor=platform, tax_minor=tax)
    assert borne.total_minor == lost


@pytest.mark.parametrize("lost", [1, 33_33, TOTAL - 100_00])
def test_what_we_paid_of_a_price_is_ours_again_in_proportion(lost: int) -> None:
    """Of a stay that a code of ours made 100.00 cheaper for the guest."""
    paid = Shares(host_minor=HOST, platform_minor=PLATFORM, tax_minor=TAX, promotion_minor=100_00)
    borne = lost_shares(paid, NOTHING, lost)
    assert borne.total_minor == lost
    assert borne.promotion_minor == divide(100_00 * lost, TOTAL - 100_00)
    assert borne.host_minor == divide(HOST * lost, TOTAL - 100_00)
