"""Every provider finds what it made for us by our ids, long after it has forgotten its keys."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import update

from app import clock
from app.ids import new_id
from app.payments import choice, flows
from app.payments.errors import PaymentUnavailable, ProviderUnavailable
from app.payments.provider import ChargeState
from app.payouts import flows as payouts
from db.enums import PaymentStatus, RefundReason, RefundStatus
from db.models import Payment
from tests.payments.test_conformance import due_payout, forget_claims, refund, settled
from tests.support import world
from tests.support.books import assert_books_balance
from tests.support.money import TOTAL, Crash, Till
from tests.support.sandbox import ControlError


async def forget_keys(till: Till) -> None:
    """A day has passed. A provider that keeps no keys has none to forget."""
    with suppress(ControlError):
        await till.sandbox.control.forget_keys()


async def test_what_was_never_made_is_not_found(any_till: Till) -> None:
    provider, nobody = any_till.provider, new_id()
    charge = str((await any_till.payment(await any_till.paid())).provider_payment_id)
    since = clock.now() - timedelta(days=1)
    assert await provider.find_charge(nobody) is None
    assert await provider.find_refund(charge, nobody, since) is None
    assert await provider.find_transfer(nobody) is None


async def test_a_question_about_nothing_is_never_a_refusal(any_till: Till) -> None:
    """Who asks about an object that is not there learns nothing of what became of it."""
    provider = any_till.provider
    for ask in (
        provider.retrieve_charge,
        provider.retrieve_refund,
        provider.retrieve_transfer,
        provider.retrieve_dispute,
        provider.retrieve_account,
    ):
        with pytest.raises(ProviderUnavailable):
            await ask("nothing-of-this-name")


async def test_held_then_taken_or_let_go(any_till: Till) -> None:
    offer = choice.choose(any_till.providers, any_till.method, any_till.currency)
    assert offer is not None
    taken, let_go = [await any_till.started(manual=True) for _ in range(2)]
    for payment_id in (taken, let_go):
        await any_till.pay(payment_id)
        shown = await any_till.provider.retrieve_charge(
            str((await any_till.payment(payment_id)).provider_payment_id)
        )
        assert (shown.state is ChargeState.AUTHORIZED) is offer.can_authorize
        await flows.sync(any_till.db, any_till.providers, payment_id)
    for _ in range(2):
        done = await flows.capture(any_till.db, any_till.providers, taken)
        assert done is PaymentStatus.PAID
    given_up = await flows.void(any_till.db, any_till.providers, let_go)
    # Who cannot hold money has taken it.
    assert given_up is (PaymentStatus.CANCELLED if offer.can_authorize else PaymentStatus.PAID)
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_a_charge_is_found_after_its_key_is_forgotten(any_till: Till) -> None:
    payment_id = await any_till.open(await any_till.book())
    with pytest.raises(Crash):
        await flows.start(any_till.db, any_till.crashing("create_charge"), payment_id)
    await forget_keys(any_till)
    then = clock.now() - timedelta(days=2)
    async with any_till.db.transaction() as session:
        await session.execute(
            update(Payment).where(Payment.id == payment_id).values(created_at=then)
        )
    await flows.start(any_till.db, any_till.providers, payment_id)
    await any_till.pay(payment_id)
    found = await any_till.provider.find_charge(payment_id)
    assert found is not None
    assert (found.captured_minor, found.payment_id) == (TOTAL, payment_id)
    assert await flows.sync(any_till.db, any_till.providers, payment_id) is PaymentStatus.PAID
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_a_refund_is_found_after_its_key_is_forgotten(any_till: Till) -> None:
    payment_id = await any_till.paid()
    refund_id = await refund(any_till, payment_id, 100_00, RefundReason.CANCELLATION)
    with pytest.raises(Crash):
        await flows.refund(any_till.db, any_till.crashing("refund"), refund_id)
    await forget_keys(any_till)
    await forget_claims(any_till)
    await flows.refund(any_till.db, any_till.providers, refund_id)
    await settled(any_till)
    assert len(await any_till.found("refunds")) == 1
    again = await flows.refund(any_till.db, any_till.providers, refund_id)
    assert again is RefundStatus.SUCCEEDED
    await assert_books_balance(any_till.db, any_till.sandbox)


async def test_a_transfer_is_found_after_its_key_is_forgotten(any_till: Till) -> None:
    host_id = await world.add_host(any_till.db)
    await any_till.host_account(host_id)
    payout_id = await due_payout(any_till, host_id)
    with pytest.raises(Crash):
        await payouts.send(any_till.db, any_till.crashing("transfer"), payout_id)
    await forget_keys(any_till)
    with suppress(PaymentUnavailable):
        await payouts.send(any_till.db, any_till.providers, payout_id)
    await settled(any_till)
    assert len(await any_till.found("transfers")) == 1
    found = await any_till.provider.find_transfer(payout_id)
    assert found is not None
    assert found.payout_id == payout_id
    await assert_books_balance(any_till.db, any_till.sandbox)
