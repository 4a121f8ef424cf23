"""The tills of the payments' tests: the real providers over their sandboxes, in small pages."""

import pytest

from app.payments import paystack, stripe_lists
from app.payouts import flows as payouts
from db.enums import RefundReason
from tests.payments.conftest import _paystack, _sandbox, any_till, paystack_till, till
from tests.payments.test_conformance import due_payout, refund, settled
from tests.support import world
from tests.support.money import Till

__all__ = ["_paystack", "_sandbox", "any_till", "paystack_till", "till"]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_lists, "PAGE", 2)
    monkeypatch.setattr(paystack, "PAGE", 2)


@pytest.fixture
async def books(any_till: Till) -> Till:
    """A stay that is paid, refunded in part and paid out: all of it agrees."""
    host_id = await world.add_host(any_till.db)
    await any_till.host_account(host_id)
    payout_id = await due_payout(any_till, host_id)
    await payouts.send(any_till.db, any_till.providers, payout_id)
    await refund(any_till, await any_till.paid(), 100_00, RefundReason.CANCELLATION)
    await any_till.work()
    await settled(any_till)
    return any_till
