"""Every provider's lists, over its sandbox: all that is there, page by page, ours or not."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from app import clock
from app.payments import paystack, stripe_lists
from app.payments.provider import ChargeState, MovementKind, Page, TransferState
from app.payouts import flows as payouts
from db.enums import DisputeStatus, RefundReason, RefundStatus
from tests.payments.test_conformance import due_payout, refund, settled
from tests.support import world
from tests.support.money import TOTAL, Till

T = TypeVar("T")
List = Callable[[datetime, datetime, str | None], Awaitable[Page[T]]]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_lists, "PAGE", 2)
    monkeypatch.setattr(paystack, "PAGE", 2)


async def everything(listing: List[T]) -> list[T]:
    """All of a list, of today and the day before."""
    now = clock.now()
    found: list[T] = []
    after: str | None = None
    while True:
        page = await listing(now - timedelta(days=1), now + timedelta(days=1), after)
        assert len(page.items) <= 2
        found += page.items
        if page.next is None:
            return found
        after = page.next


async def test_charges(any_till: Till) -> None:
    paid = [await any_till.paid() for _ in range(3)]
    waiting = await any_till.started()
    stranger = await any_till.outside(77_00)
    shown = {one.provider_id: one for one in await everything(any_till.provider.list_charges)}
    assert len(shown) == 5
    for payment_id in (*paid, waiting):
        payment = await any_till.payment(payment_id)
        charge = shown[str(payment.provider_payment_id)]
        assert (charge.payment_id, charge.booking_id) == (payment_id, payment.booking_id)
        assert (charge.amount_minor, charge.currency) == (TOTAL, any_till.currency)
        assert charge.live is any_till.provider.live
        assert abs(charge.created_at - payment.created_at) < timedelta(minutes=5)
        done = payment_id != waiting
        assert charge.state is (ChargeState.SUCCEEDED if done else ChargeState.OPEN)
        assert charge.captured_minor == (TOTAL if done else 0)
        assert (charge.fee is not None) is done
        asked = await any_till.provider.retrieve_charge(charge.provider_id)
        assert (asked.fee, asked.created_at) == (charge.fee, charge.created_at)
    assert shown[stranger].payment_id is None
    assert (shown[stranger].state, shown[stranger].captured_minor) == (ChargeState.SUCCEEDED, 77_00)


async def test_refunds(any_till: Till) -> None:
    payment_id = await any_till.paid()
    charge = str((await any_till.payment(payment_id)).provider_payment_id)
    refund_id = await refund(any_till, payment_id, 100_00, RefundReason.CANCELLATION)
    await any_till.work()
    by_hand = await any_till.refund_by_hand(charge, 5_00)
    await settled(any_till)
    last = await any_till.refund_by_hand(charge, 1_00)
    shown = {one.provider_id: one for one in await everything(any_till.provider.list_refunds)}
    assert len(shown) == 3
    assert {one.charge_id for one in shown.values()} == {charge}
    ours = next(one for one in shown.values() if one.refund_id == refund_id)
    assert (ours.amount_minor, ours.status) == (100_00, RefundStatus.SUCCEEDED)
    assert (shown[by_hand].refund_id, shown[by_hand].amount_minor) == (None, 5_00)
    for one in shown.values():
        assert await any_till.provider.retrieve_refund(one.provider_id) == one
    assert shown[last].status is not RefundStatus.FAILED


async def test_transfers(any_till: Till) -> None:
    host_id = await world.add_host(any_till.db)
    await any_till.host_account(host_id)
    sent = []
    for _ in range(3):
        sent.append(await due_payout(any_till, host_id))
        await payouts.send(any_till.db, any_till.providers, sent[-1])
    await settled(any_till)
    shown = await everything(any_till.provider.list_transfers)
    assert [one.payout_id for one in shown] == sent[::-1]
    for one in shown:
        assert (one.state, one.returned_minor) == (TransferState.SENT, 0)
        assert await any_till.provider.retrieve_transfer(one.provider_id) == one


async def test_disputes(any_till: Till) -> None:
    ids = [await any_till.dispute(await any_till.paid(), 50_00) for _ in range(3)]
    await any_till.decide(ids[0], won=False)
    shown = {one.provider_id: one for one in await everything(any_till.provider.list_disputes)}
    assert set(shown) == set(ids)
    assert shown[ids[0]].status is DisputeStatus.LOST
    assert shown[ids[0]].is_withdrawn
    assert shown[ids[1]].amount_minor == 50_00
    for one in shown.values():
        assert await any_till.provider.retrieve_dispute(one.provider_id) == one


async def test_movements_are_what_no_other_list_has(any_till: Till) -> None:
    payment_id = await any_till.paid()
    charge = str((await any_till.payment(payment_id)).provider_payment_id)
    await any_till.outside()
    await any_till.refund_by_hand(charge, 5_00)
    await any_till.decide(await any_till.dispute(payment_id, 50_00), won=False)
    for amount in (900_00, -300_00):
        await any_till.sandbox.control.top_up(amount, any_till.currency)
    shown = await everything(any_till.provider.list_movements)
    assert [(one.kind, one.amount_minor, one.currency) for one in shown] == [
        (MovementKind.BANK, -300_00, any_till.currency),
        (MovementKind.BANK, 900_00, any_till.currency),
    ]
    assert all(one.description for one in shown)
    assert len({one.provider_id for one in shown}) == 2


async def test_balances(any_till: Till) -> None:
    before = (await any_till.provider.balances()).get(any_till.currency, 0)
    await any_till.sandbox.control.top_up(900_00, any_till.currency)
    assert (await any_till.provider.balances())[any_till.currency] == before + 900_00


@pytest.mark.parametrize("kind", ["charges", "refunds", "transfers", "disputes", "movements"])
async def test_windows(any_till: Till, kind: str) -> None:
    listing: List[Any] = getattr(any_till.provider, f"list_{kind}")
    if kind == "charges":
        await any_till.started()
    elif kind == "movements":
        await any_till.sandbox.control.top_up(900_00, any_till.currency)
    elif kind == "disputes":
        await any_till.dispute(await any_till.paid())
    elif kind == "refunds":
        await any_till.refund_by_hand(await any_till.outside(), 5_00)
    else:
        host_id = await world.add_host(any_till.db)
        await any_till.host_account(host_id)
        payout = await due_payout(any_till, host_id)
        await payouts.send(any_till.db, any_till.providers, payout)
    (made,) = await everything(listing)
    at = made.opened_at if kind == "disputes" else made.created_at
    # Providers count in seconds.
    at = datetime.fromtimestamp(int(at.timestamp()), UTC)
    second = timedelta(seconds=1)
    for since, until, found in (
        (at, at + second, [made]),
        (at - second, at, []),
        (at + second, at + 9 * second, []),
    ):
        assert (await listing(since, until, None)).items == found
