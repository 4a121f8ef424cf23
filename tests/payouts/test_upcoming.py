"""What a host is told of money that was not sent: how much, when, and why not yet."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import delete, update

from app import clock
from app.money import Money
from app.payouts import advice, flows, rules
from app.payouts.rules import Hold
from app.payouts.upcoming import Upcoming, upcoming
from db.enums import PayoutAccountStatus
from db.models import PayoutAccount
from tests.payouts.test_payouts import give_back, payouts, stay
from tests.payouts.test_schedule import change, failed, long_stay
from tests.support import world
from tests.support.money import HOST, Till

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def host_id(till: Till) -> UUID:
    """A host who can be paid."""
    host_id = await world.add_host(till.db)
    await till.host_account(host_id)
    await till.sandbox.control.top_up(2000_00, "eur")
    return host_id


async def shown(
    till: Till, host_id: UUID, after: timedelta = timedelta(), **settings: Any
) -> list[Upcoming]:
    terms = rules.terms(msgspec.structs.replace(till.settings, **settings))
    return await upcoming(till.db, till.providers, terms, host_id, clock.now() + after)


async def only(till: Till, host_id: UUID, **settings: Any) -> Upcoming:
    (found,) = await shown(till, host_id, **settings)
    return found


async def release(till: Till, **settings: Any) -> int:
    changed = msgspec.structs.replace(till.settings, **settings)
    return await flows.release_due(till.db, changed, clock.now())


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


async def test_nothing_for_nobody(till: Till, host_id: UUID) -> None:
    assert await shown(till, host_id) == []


async def test_what_is_due_and_what_will_be(till: Till, host_id: UUID) -> None:
    first, later = await stay(till, host_id), await stay(till, host_id, due=False)
    at = clock.now() + 30 * DAY
    await change(till, later, payout_due_at=at)
    found = await only(till, host_id)
    assert (found.due, found.outstanding) == (euros(HOST), euros(2 * HOST))
    assert (found.hold, found.advice) == (None, None)
    assert found.expected_at is not None
    assert found.expected_at <= clock.now()
    assert [(item.booking_id, item.amount) for item in found.items] == [
        (first, euros(HOST)),
        (later, euros(HOST)),
    ]
    assert await release(till) == 1
    found = await only(till, host_id)
    assert (found.due, found.outstanding, found.expected_at) == (euros(0), euros(HOST), at)


async def test_the_months_of_a_long_stay(till: Till, host_id: UUID) -> None:
    await long_stay(till, host_id, 100)
    found = await only(till, host_id)
    amounts = [item.amount.amount for item in found.items]
    assert len(amounts) in (4, 5)
    assert sum(amounts) == HOST
    assert found.due.amount == amounts[0]
    assert await release(till) == 1
    found = await only(till, host_id)
    assert found.due.amount == 0
    assert [item.amount.amount for item in found.items] == amounts[1:]
    assert found.expected_at == found.items[0].due_at > clock.now()


async def test_what_is_shown_is_what_is_released(till: Till, host_id: UUID) -> None:
    first = await stay(till, host_id)
    await release(till)
    await till.work()
    await give_back(till, first, host_minor=100_00)
    await stay(till, host_id)
    await long_stay(till, host_id)
    found = await only(till, host_id)
    assert await release(till) == 1
    assert (await only(till, host_id)).due.amount == 0
    assert [one.amount_minor for one in await payouts(till)][1:] == [found.due.amount]


async def test_a_debt(till: Till, host_id: UUID) -> None:
    booking_id = await stay(till, host_id)
    await release(till)
    await till.work()
    await give_back(till, booking_id)
    found = await only(till, host_id)
    assert (found.due, found.hold, found.expected_at) == (euros(-HOST), Hold.OWES, None)


async def test_less_than_the_minimum(till: Till, host_id: UUID) -> None:
    await stay(till, host_id)
    terms = {"payout_minimums": {"EUR": HOST + 1}, "payout_carry_days": 30}
    found = await only(till, host_id, **terms)
    assert (found.hold, found.minimum) == (Hold.BELOW_MINIMUM, euros(HOST + 1))
    assert found.expected_at is not None
    assert 30 * DAY - HOUR < found.expected_at - clock.now() < 30 * DAY
    # A stay that comes due before that may help.
    later = await stay(till, host_id, due=False)
    at = clock.now() + 3 * DAY
    await change(till, later, payout_due_at=at)
    assert (await only(till, host_id, **terms)).expected_at == at


async def test_a_new_host(till: Till, host_id: UUID) -> None:
    booking_id = await stay(till, host_id)
    found = await only(till, host_id, new_host_hold_days=7)
    assert (found.hold, found.expected_at) == (Hold.NEW_HOST, None)
    over = clock.now() - DAY
    await change(
        till, booking_id, status="COMPLETED", check_in_at=over - 3 * DAY, check_out_at=over
    )
    found = await only(till, host_id, new_host_hold_days=7)
    assert (found.hold, found.expected_at) == (Hold.NEW_HOST, over + 7 * DAY)


@pytest.mark.parametrize(
    ("status", "hold"),
    [
        (PayoutAccountStatus.PENDING, Hold.ACCOUNT_INCOMPLETE),
        (PayoutAccountStatus.RESTRICTED, Hold.ACCOUNT_RESTRICTED),
        (None, Hold.ACCOUNT_INCOMPLETE),
    ],
)
async def test_an_account_that_cannot_be_paid(
    till: Till, host_id: UUID, status: PayoutAccountStatus | None, hold: Hold
) -> None:
    await stay(till, host_id, due=False)
    async with till.db.transaction() as session:
        if status is None:
            await session.execute(delete(PayoutAccount))
        else:
            await session.execute(update(PayoutAccount).values(status=status))
    found = await shown(till, host_id)
    # Nothing of it has a date before it is confirmed.
    assert found == []
    await stay(till, host_id)
    one = await only(till, host_id)
    assert (one.hold, one.expected_at, one.due) == (hold, None, euros(HOST))
    assert one.advice is not None
    assert one.advice.step is advice.PayoutStep.COMPLETE_ACCOUNT


async def test_a_refused_transfer(till: Till) -> None:
    host_id = await world.add_host(till.db)
    _, account_id = await failed(till, host_id)
    assert (await only(till, host_id)).hold is Hold.ACCOUNT_INCOMPLETE
    async with till.db.transaction() as session:
        await session.execute(update(PayoutAccount).values(status=PayoutAccountStatus.ACTIVE))
    found = await only(till, host_id)
    assert found.hold is Hold.REFUSED
    assert found.expected_at is not None
    assert found.expected_at > clock.now()
    assert account_id


async def test_a_disputed_stay_is_shown_and_not_counted(till: Till, host_id: UUID) -> None:
    payment_id = await till.paid(host_id=host_id)
    payment = await till.payment(payment_id)
    await till.due(payment.booking_id)
    await till.dispute(payment_id, 100_00)
    for raw in await till.events("charge.dispute.created"):
        await till.receive(raw)
    await till.work()
    found = await only(till, host_id)
    assert (found.due, found.outstanding) == (euros(0), euros(HOST))
    assert [item.is_disputed for item in found.items] == [True]
    assert await release(till) == 0


@pytest.mark.parametrize("code", [None, "provider_unavailable", "account_not_active", "zzz"])
def test_every_failure_has_words(code: str | None) -> None:
    told = advice.about_failure(code)
    assert (told is None) == (code is None)


def test_every_hold_has_words() -> None:
    assert set(advice.HOLDS) == set(Hold)
