"""The books against both providers' lists, over their sandboxes: what differs, and what is done."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.ledger import queries as ledger
from app.payments import flows as payments
from app.payments import holds
from app.payments.errors import ProviderUnavailable
from app.payouts import flows as payouts
from app.reconciliation import flows
from db.enums import (
    DifferenceKind,
    DifferenceResolution,
    LedgerAccountKind,
    PaymentProvider,
    PaymentStatus,
    PayoutStatus,
    RefundReason,
)
from db.models import (
    Difference,
    Payment,
    Payout,
    Reconciliation,
    Refund,
    Sighting,
)
from tests.payments.test_conformance import due_payout, refund, settled
from tests.reconciliation.support import (
    LATER,
    assert_balanced,
    differences,
    held,
    reconcile,
    still_open,
)
from tests.support import world
from tests.support.books import assert_books_balance
from tests.support.money import HOST, TOTAL, Crash, Till

Kind, Resolution = DifferenceKind, DifferenceResolution


async def test_books_that_agree(books: Till) -> None:
    await reconcile(books)
    await reconcile(books)
    assert await differences(books) == []
    assert not await held(books)
    async with books.db.read() as connection:
        rows = (await connection.execute(select(Reconciliation))).all()
        assert await connection.scalar(select(func.count()).select_from(Sighting)) == 0
    assert [(row.step, row.looked_at >= 4) for row in rows] == [("DONE", True)] * 2
    await assert_balanced(books)


async def test_a_payment_that_no_webhook_told_of(books: Till) -> None:
    payment_id = await books.started()
    await books.pay(payment_id)
    await reconcile(books)
    assert (await books.payment(payment_id)).status is PaymentStatus.PAID
    (one,) = await differences(books)
    assert (one.kind, one.resolution) == (Kind.STATUS_DIFFERS, Resolution.SETTLED)
    assert one.object_id == payment_id
    assert not await held(books)
    await assert_balanced(books)


async def test_a_charge_that_was_never_noted_is_the_payments(books: Till) -> None:
    """The process died between the provider's answer and our row."""
    payment_id = await books.open(await books.book())
    with pytest.raises(Crash):
        await payments.start(books.db, books.crashing("create_charge"), payment_id)
    shown = (await books.provider.list_charges(clock.now() - LATER, clock.now() + LATER)).items
    charge = next(one.provider_id for one in shown if one.payment_id == payment_id)
    async with books.db.transaction() as session:
        await session.execute(
            update(Payment).where(Payment.id == payment_id).values(provider_payment_id=charge)
        )
        # Known for a moment, so that the test's guest can pay.
        secret = (await books.provider.retrieve_charge(charge)).client_secret
        await session.execute(
            update(Payment).where(Payment.id == payment_id).values(client_secret=secret)
        )
    await books.pay(payment_id)
    async with books.db.transaction() as session:
        await session.execute(
            update(Payment).where(Payment.id == payment_id).values(provider_payment_id=None)
        )
    await reconcile(books)
    payment = await books.payment(payment_id)
    assert (payment.status, payment.provider_payment_id) == (PaymentStatus.PAID, charge)
    assert await still_open(books) == []
    await assert_balanced(books)


async def test_an_unknown_charge_is_given_back_once(books: Till) -> None:
    stranger = await books.outside(77_00)
    before = len(await books.found("refunds"))
    await reconcile(books, timedelta(minutes=20))
    # Somebody may be at work on it yet; it is money that is not in the books.
    ((kind, drift),) = await still_open(books)
    assert kind == Kind.UNKNOWN_CHARGE
    assert 0 < drift <= 77_00
    assert await held(books)
    assert len(await books.found("refunds")) == before
    for _ in range(3):
        await reconcile(books)
        await books.arrive()
    (one,) = await differences(books)
    assert (one.key, one.resolution) == (stranger, Resolution.RETURNED)
    assert len(await books.found("refunds")) == before + 1
    assert not await held(books)
    await assert_balanced(books)
    async with books.db.read() as connection:
        rest = await ledger.balance(connection, LedgerAccountKind.SUSPENSE, books.currency)
    assert rest == 0


async def test_a_charge_that_names_a_payment_twice_is_given_back(books: Till) -> None:
    payment_id = await books.paid()
    payment = await books.payment(payment_id)
    await books.outside(TOTAL, payment_id=str(payment_id), booking_id=str(payment.booking_id))
    for _ in range(2):
        await reconcile(books)
        await books.arrive()
    await reconcile(books)
    (one,) = await differences(books)
    assert (one.kind, one.resolution) == (Kind.UNKNOWN_CHARGE, Resolution.RETURNED)
    after = await books.payment(payment_id)
    assert (after.status, after.refunded_minor) == (PaymentStatus.PAID, 0)
    await assert_balanced(books)


async def test_an_unknown_charge_that_somebody_gave_back_by_hand(books: Till) -> None:
    stranger = await books.outside(77_00)
    await books.refund_by_hand(stranger, 77_00)
    await books.arrive()
    await reconcile(books)
    assert {one.resolution for one in await differences(books)} == {Resolution.BOOKED}
    await reconcile(books)
    assert len(await differences(books)) == 2
    await assert_balanced(books)


@pytest.mark.parametrize("method", ["refund", "find_refund"])
async def test_killed_while_an_unknown_charge_goes_back(books: Till, method: str) -> None:
    await books.outside(77_00)
    before = len(await books.found("refunds"))
    broken = {books.provider.name: books.crashing(method)[books.provider.name]}
    with pytest.raises(Crash):
        await flows.reconcile(books.db, broken, clock.now() + LATER)
    for hours in (3, 4, 5):
        await reconcile(books, timedelta(hours=hours))
        await books.arrive()
    assert len(await books.found("refunds")) == before + 1
    assert await still_open(books) == []
    await assert_balanced(books)


async def test_a_refund_by_hand_is_reported_and_holds_payouts(books: Till) -> None:
    payment_id = await books.paid()
    charge = str((await books.payment(payment_id)).provider_payment_id)
    refunded = await books.refund_by_hand(charge, 5_00)
    await books.arrive()
    await reconcile(books)
    (one,) = await differences(books)
    assert (one.kind, one.key) == (Kind.UNKNOWN_REFUND, refunded)
    assert one.theirs_minor - one.ours_minor == -5_00
    assert "500" in one.theirs
    assert one.ours == "nothing"
    first = one.first_seen_at
    await reconcile(books, timedelta(hours=3))
    (one,) = await differences(books)
    assert one.first_seen_at == first < one.last_seen_at
    host_id = await world.add_host(books.db)
    await books.host_account(host_id)
    booking_id = await books.book(host_id=host_id, status="CONFIRMED", host_payout_minor=HOST)
    payment_id = await books.open(booking_id)
    await payments.start(books.db, books.providers, payment_id)
    await books.pay(payment_id)
    await payments.sync(books.db, books.providers, payment_id)
    await books.due(booking_id)
    assert await payouts.release_due(books.db, books.settings, clock.now()) == 0
    async with books.db.transaction() as session:
        await session.execute(
            update(Difference).values(released_at=clock.now(), release_reason="Known.")
        )
    assert await payouts.release_due(books.db, books.settings, clock.now()) == 1


async def test_a_hold_is_for_one_provider_and_currency(books: Till) -> None:
    payment_id = await books.paid()
    charge = str((await books.payment(payment_id)).provider_payment_id)
    await books.refund_by_hand(charge, 5_00)
    await books.arrive()
    await reconcile(books)
    async with books.db.read() as connection:
        for provider in PaymentProvider:
            for currency in ("EUR", "GHS", "KES"):
                expected = (provider, currency) == (books.provider.name, books.currency)
                found = await holds.payouts_are_held(connection, provider, currency)
                assert found is expected


async def test_a_payout_that_was_set_aside_waits_too(books: Till) -> None:
    host_id = await world.add_host(books.db)
    await books.host_account(host_id)
    payout_id = await due_payout(books, host_id)
    payment_id = await books.paid()
    charge = str((await books.payment(payment_id)).provider_payment_id)
    await books.refund_by_hand(charge, 5_00)
    await books.arrive()
    await reconcile(books)
    sent = len(await books.found("transfers"))
    await payouts.send(books.db, books.providers, payout_id)
    assert len(await books.found("transfers")) == sent
    async with books.db.transaction() as session:
        await session.execute(
            update(Difference).values(released_at=clock.now(), release_reason="Known.")
        )
    later = clock.now() + timedelta(minutes=5)
    await payouts.resend_stuck(books.db, books.providers, later)
    await settled(books)
    async with books.db.read() as connection:
        status = await connection.scalar(select(Payout.status).where(Payout.id == payout_id))
    assert status == PayoutStatus.PAID


async def test_a_refund_that_no_webhook_told_of(any_till: Till) -> None:
    payment_id = await any_till.paid()
    refund_id = await refund(any_till, payment_id, 100_00, RefundReason.CANCELLATION)
    with suppress(Crash):
        await payments.refund(any_till.db, any_till.crashing("refund"), refund_id)
    await any_till.arrive()
    await reconcile(any_till)
    (one,) = await differences(any_till)
    assert (one.kind, one.resolution) == (Kind.STATUS_DIFFERS, Resolution.SETTLED)
    assert (await any_till.payment(payment_id)).refunded_minor == 100_00
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_a_transfer_that_no_answer_told_of(any_till: Till) -> None:
    host_id = await world.add_host(any_till.db)
    await any_till.host_account(host_id)
    payout_id = await due_payout(any_till, host_id)
    with suppress(Crash):
        await payouts.send(any_till.db, any_till.crashing("transfer"), payout_id)
    await any_till.arrive()
    await reconcile(any_till)
    assert {one.resolution for one in await differences(any_till)} <= {Resolution.SETTLED}
    async with any_till.db.read() as connection:
        status = await connection.scalar(select(Payout.status).where(Payout.id == payout_id))
    assert status == PayoutStatus.PAID
    await assert_balanced(any_till)


async def test_a_dispute_that_no_webhook_told_of(any_till: Till) -> None:
    payment_id = await any_till.paid()
    await any_till.decide(await any_till.dispute(payment_id, 50_00), won=False)
    await reconcile(any_till)
    assert {one.resolution for one in await differences(any_till)} == {Resolution.SETTLED}
    assert (await any_till.payment(payment_id)).status is PaymentStatus.DISPUTED
    assert not await held(any_till)
    await assert_balanced(any_till)


async def test_a_charge_that_is_gone_at_the_provider(books: Till) -> None:
    payment_id = await books.paid()
    charge = str((await books.payment(payment_id)).provider_payment_id)
    kind = "payment_intents" if books.provider.name is PaymentProvider.STRIPE else "transactions"
    await books.sandbox.control.amend(kind, charge, None)
    await reconcile(books)
    found = [(one.kind, one.object_id, one.key) for one in await differences(books)]
    assert (Kind.MISSING_AT_PROVIDER, payment_id, charge) in found
    assert await held(books)


async def test_another_amount_than_ours(books: Till) -> None:
    payment_id = await books.paid()
    charge = str((await books.payment(payment_id)).provider_payment_id)
    if books.provider.name is PaymentProvider.STRIPE:
        change = {"amount": TOTAL - 1, "amount_received": TOTAL - 1}
        await books.sandbox.control.amend("payment_intents", charge, change)
    else:
        await books.sandbox.control.amend("transactions", charge, {"amount": TOTAL - 1})
    await reconcile(books)
    found = [row for row in await still_open(books) if row[0] != Kind.BALANCE_DRIFT]
    assert found == [(Kind.AMOUNT_DIFFERS, -1)]


async def test_another_fee_than_ours(books: Till) -> None:
    payment_id = await books.paid()
    charge = str((await books.payment(payment_id)).provider_payment_id)
    state = await books.sandbox.control.state()
    if books.provider.name is PaymentProvider.STRIPE:
        source = next(one for one in state["charges"] if one["payment_intent"] == charge)
        entry = source["balance_transaction"]
        await books.sandbox.control.amend("balance_transactions", entry, {"fee": 1_00})
    else:
        await books.sandbox.control.amend("transactions", charge, {"fees": 1_00})
    await reconcile(books)
    kinds = {row[0] for row in await still_open(books)} - {Kind.BALANCE_DRIFT}
    assert kinds == {Kind.FEE_DIFFERS}


async def test_our_own_bank_account_is_booked(books: Till) -> None:
    for amount in (900_00, -300_00):
        await books.sandbox.control.top_up(amount, books.currency)
    await reconcile(books)
    await reconcile(books)
    found = await differences(books)
    assert [one.resolution for one in found] == [Resolution.BOOKED] * 2
    await assert_balanced(books)
    async with books.db.read() as connection:
        bank = await ledger.balance(connection, LedgerAccountKind.PLATFORM_BANK, books.currency)
    assert bank == -600_00


async def test_a_balance_that_nothing_explains(books: Till) -> None:
    await reconcile(books)
    if books.provider.name is PaymentProvider.PAYSTACK:
        pytest.skip("its sandbox has no balance apart from the ledger")
    async with books.db.read() as connection:
        before = await ledger.held_at(connection, books.provider.name)
    await books.sandbox.control.amend("balances", books.currency.lower(), {"available": 1_00})
    await reconcile(books)
    ((kind, drift),) = await still_open(books)
    assert (kind, drift) == (Kind.BALANCE_DRIFT, 1_00 - before[books.currency])
    # Once may be a moment in which the books moved.
    assert not await held(books)
    await flows.recheck(books.db, books.providers, clock.now() + LATER + timedelta(minutes=6))
    assert await held(books)
    change = {"available": before[books.currency]}
    await books.sandbox.control.amend("balances", books.currency.lower(), change)
    await flows.recheck(books.db, books.providers, clock.now() + LATER + timedelta(minutes=9))
    assert await still_open(books) == []


class Dying:
    """A provider whose process dies after a number of pages."""

    def __init__(self, provider: Any, pages: int) -> None:
        self._provider, self.pages = provider, pages

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._provider, name)
        if not name.startswith("list_"):
            return found

        async def fetch(*args: Any) -> Any:
            if self.pages == 0:
                raise Crash
            self.pages -= 1
            return await found(*args)

        return fetch


async def test_killed_after_any_page_it_goes_on_and_doubles_nothing(books: Till) -> None:
    told_of = await books.started()
    await books.pay(told_of)
    strangers = [await books.outside(77_00) for _ in range(2)]
    payment_id = await books.paid()
    charge = str((await books.payment(payment_id)).provider_payment_id)
    await books.refund_by_hand(charge, 5_00)
    await books.arrive()
    deaths = 0
    now = clock.now() + LATER
    while True:
        dying: Any = Dying(books.provider, pages=1)
        try:
            await flows.reconcile(books.db, {books.provider.name: dying}, now)
        except Crash:
            deaths += 1
            continue
        break
    assert deaths >= 4
    await books.arrive()
    await reconcile(books, timedelta(hours=3))
    found = {one.key: (one.kind, one.resolution) for one in await differences(books)}
    assert len(found) == len(await differences(books)) == 4
    assert [found[key] for key in strangers] == [(Kind.UNKNOWN_CHARGE, Resolution.RETURNED)] * 2
    assert (await books.payment(told_of)).status is PaymentStatus.PAID
    async with books.db.read() as connection:
        finished = await connection.scalars(select(Reconciliation.finished_at))
    assert len(finished.all()) == 2
    assert [row[0] for row in await still_open(books)] == [Kind.UNKNOWN_REFUND]


async def test_walks_at_once(books: Till) -> None:
    await books.outside(77_00)
    before = len(await books.found("refunds"))
    await asyncio.gather(*(reconcile(books) for _ in range(4)))
    await books.arrive()
    await reconcile(books, timedelta(hours=3))
    assert len(await books.found("refunds")) == before + 1
    assert await still_open(books) == []
    await assert_balanced(books)


async def test_a_provider_that_is_away_is_asked_again(books: Till) -> None:
    await books.outside(77_00)
    await books.sandbox.control.fault(kind="error", status=503, times=99)
    with pytest.raises(ProviderUnavailable):
        await reconcile(books)
    assert await differences(books) == []
    await books.sandbox.control.clear_faults()
    await reconcile(books)
    await books.arrive()
    await reconcile(books, timedelta(hours=3))
    assert [one.resolution for one in await differences(books)] == [Resolution.RETURNED]


async def test_each_night_one_walk(any_till: Till) -> None:
    now = clock.now().replace(hour=4)
    only = {any_till.provider.name: any_till.provider}
    for later in (timedelta(), timedelta(hours=1), timedelta(hours=22), timedelta(days=1)):
        await flows.begin_due(any_till.db, only, now + later)
        await flows.resume(any_till.db, only, now + later, lambda: False)
    async with any_till.db.read() as connection:
        walks = await connection.scalars(select(Reconciliation.step))
        assert walks.all() == ["DONE", "DONE"]


async def test_a_turn_that_is_over_leaves_the_rest_to_the_next(books: Till) -> None:
    only = {books.provider.name: books.provider}
    now = clock.now() + LATER
    await flows.begin_due(books.db, only, now)
    turns = 0
    while True:
        async with books.db.read() as connection:
            if not await connection.scalar(
                select(Reconciliation.id).where(Reconciliation.finished_at.is_(None))
            ):
                break
        asked = iter([False, True])
        await flows.resume(books.db, only, now, lambda asked=asked: next(asked))  # type: ignore[misc]
        turns += 1
    assert turns >= 8
    assert await differences(books) == []


async def test_a_refund_that_was_refused_is_no_difference(any_till: Till) -> None:
    payment_id = await any_till.paid()
    refund_id = await refund(any_till, payment_id, 100_00, RefundReason.CANCELLATION)
    async with any_till.db.transaction() as session:
        await session.execute(
            update(Refund)
            .where(Refund.id == refund_id)
            .values(status="FAILED", failure_code="no", settled_at=clock.now())
        )
    await reconcile(any_till)
    assert await differences(any_till) == []
