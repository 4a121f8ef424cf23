"""What Stripe wants of a host, from the account to what is kept, shown, and paid meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import update

from app import clock
from app.payments.provider import RequirementState
from app.payouts import accounts, flows
from app.payouts.advice import PayoutStep
from app.payouts.queries import PayoutAccountRow, accounts_of
from app.payouts.requirements import PayoutStop
from db.enums import PayoutAccountStatus
from db.models import PayoutAccount
from tests.payouts.test_payouts import payouts, stay, transfers
from tests.support import world
from tests.support.books import assert_books_balance
from tests.support.money import Till

DOCUMENT = "individual.verification.document"


async def account(till: Till, host_id: UUID) -> PayoutAccountRow:
    (found,) = (await accounts_of(till.db, [host_id]))[host_id]
    return found


async def hear(till: Till) -> None:
    """The webhooks about accounts come, in any order."""
    for raw in reversed(await till.events("account.updated")):
        await till.receive(raw)
    await till.work()


async def release(till: Till) -> int:
    return await flows.release_due(till.db, till.settings, clock.now())


async def on_page(till: Till, host_id: UUID, action: str) -> None:
    """The host follows a link, and does this on the page."""
    back = "https://roost.example/done"
    link = await flows.account_link(
        till.db, till.providers, host_id, return_url=back, refresh_url=back
    )
    async with httpx2.AsyncClient(trust_env=False) as browser:
        answer = await browser.post(link, data={"action": action})
    assert answer.headers["location"] == back


async def test_from_nothing_to_paid(till: Till) -> None:
    host_id = await world.add_host(till.db)
    await till.sandbox.control.top_up(1000_00, "eur")
    await till.host_account(host_id, complete=False)
    fresh = await account(till, host_id)
    assert fresh.status == PayoutAccountStatus.PENDING
    assert {each.state for each in fresh.requirements} == {RequirementState.DUE}
    assert "external_account" in {each.code for each in fresh.requirements}
    await stay(till, host_id)
    assert await release(till) == 0
    # All but an identity card: nothing is paid yet.
    await on_page(till, host_id, "partly")
    await hear(till)
    partly = await account(till, host_id)
    assert partly.status == PayoutAccountStatus.RESTRICTED
    assert [(each.code, each.state) for each in partly.requirements] == [
        (DOCUMENT, RequirementState.PAST_DUE)
    ]
    assert partly.stop is PayoutStop.PAST_DUE
    assert partly.advice is not None
    assert partly.advice.step is PayoutStep.COMPLETE_ACCOUNT
    assert await release(till) == 0
    await on_page(till, host_id, "later")
    await hear(till)
    assert await release(till) == 0
    await on_page(till, host_id, "complete")
    await hear(till)
    whole = await account(till, host_id)
    assert (whole.status, whole.requirements, whole.stop, whole.advice) == (
        PayoutAccountStatus.ACTIVE,
        (),
        None,
        None,
    )
    assert await release(till) == 1
    await till.work()
    assert len(await transfers(till)) == 1
    await assert_books_balance(till.db, till.sandbox)


async def test_a_deadline_stops_nothing_before_it(till: Till) -> None:
    host_id = await world.add_host(till.db)
    await till.sandbox.control.top_up(1000_00, "eur")
    account_id = await till.host_account(host_id)
    at = clock.now() + timedelta(days=20)
    await till.sandbox.control.require(
        account_id,
        currently_due=["individual.id_number"],
        errors={"individual.id_number": "The number does not match."},
        deadline=int(at.timestamp()),
    )
    await hear(till)
    found = await account(till, host_id)
    assert found.status == PayoutAccountStatus.ACTIVE
    assert found.due_by == datetime.fromtimestamp(int(at.timestamp()), UTC)
    assert [each.problem for each in found.requirements] == ["The number does not match."]
    assert found.advice is not None
    await stay(till, host_id)
    assert await release(till) == 1


async def test_stopped_while_a_payout_is_under_way(till: Till) -> None:
    """Stripe stops the account between our reserving and our sending."""
    host_id = await world.add_host(till.db)
    await till.sandbox.control.top_up(1000_00, "eur")
    account_id = await till.host_account(host_id)
    await stay(till, host_id)
    assert await release(till) == 1
    await till.sandbox.control.require(account_id, past_due=[DOCUMENT])
    await till.work()
    (failed,) = await payouts(till)
    assert failed.failure_code == "insufficient_capabilities_for_transfer"
    # The refusal made us ask how the account stands.
    assert (await account(till, host_id)).stop is PayoutStop.PAST_DUE
    await till.sandbox.control.onboard(account_id)
    await hear(till)
    assert await release(till) == 1
    await till.work()
    assert len(await transfers(till)) == 1
    await assert_books_balance(till.db, till.sandbox)


async def aged(till: Till, hours: int) -> None:
    async with till.db.transaction() as session:
        at = clock.now() - timedelta(hours=hours)
        await session.execute(update(PayoutAccount).values(updated_at=at))


async def test_what_no_webhook_told_is_asked_for_when_money_waits(till: Till) -> None:
    host_id = await world.add_host(till.db)
    account_id = await till.host_account(host_id, complete=False)
    await till.sandbox.control.onboard(account_id)
    ask: Any = lambda: accounts.ask_waiting(till.db, till.providers, clock.now())  # noqa: E731
    await aged(till, 2)
    # Nothing waits for it.
    assert await ask() == 0
    await stay(till, host_id)
    await aged(till, 0)
    # Asked a moment ago.
    assert await ask() == 0
    await aged(till, 2)
    assert await ask() == 1
    assert (await account(till, host_id)).status == PayoutAccountStatus.ACTIVE
    await aged(till, 2)
    assert await ask() == 0
    assert await release(till) == 1
