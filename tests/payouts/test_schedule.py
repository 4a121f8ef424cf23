"""Which part of what is owed goes when: long stays, small amounts, new hosts, mended accounts."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select, update

from app import clock
from app.ledger import queries as ledger
from app.payouts import accounts, flows
from db.enums import LedgerAccountKind, PayoutStatus
from db.models import Booking, Payout
from tests.payouts.test_payouts import due_at, give_back, looked_at, payouts, stay, transfers
from tests.support import world
from tests.support.books import assert_books_balance
from tests.support.money import HOST, TOTAL, Till

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def host_id(till: Till) -> UUID:
    """A host who can be paid."""
    host_id = await world.add_host(till.db)
    await till.host_account(host_id)
    await till.sandbox.control.top_up(2000_00, "eur")
    return host_id


async def release(till: Till, after: timedelta = timedelta(), **settings: Any) -> int:
    changed = msgspec.structs.replace(till.settings, **settings)
    return await flows.release_due(till.db, changed, clock.now() + after)


async def long_stay(till: Till, host_id: UUID, nights: int = 61) -> UUID:
    """One that began three days ago: its first month is due."""
    check_in = (clock.now() - 3 * DAY).date()
    dates = {"check_in": check_in, "check_out": check_in + timedelta(days=nights)}
    payment = await till.payment(await till.paid(host_id=host_id, **dates))
    await till.due(payment.booking_id)
    return payment.booking_id


async def dates(till: Till, booking_id: UUID) -> tuple[date, date]:
    async with till.db.read() as connection:
        query = select(Booking.check_in, Booking.check_out).where(Booking.id == booking_id)
        check_in, check_out = (await connection.execute(query)).one()
        return check_in, check_out


def first_month(check_in: date) -> int:
    """How many nights the month has that begins on this day."""
    following = check_in.replace(day=1) + timedelta(days=32)
    for day in range(check_in.day, 27, -1):
        try:
            return (following.replace(day=day) - check_in).days
        except ValueError:
            continue
    return (following.replace(day=check_in.day) - check_in).days


async def change(till: Till, booking_id: UUID, **columns: Any) -> None:
    async with till.db.transaction() as session:
        await session.execute(update(Booking).where(Booking.id == booking_id).values(columns))


async def amounts(till: Till) -> list[int]:
    return [one.amount_minor for one in await payouts(till)]


async def owed(till: Till, host_id: UUID) -> int:
    async with till.db.read() as connection:
        return -await ledger.balance(connection, LedgerAccountKind.HOST_PAYABLE, "EUR", host_id)


async def test_a_long_stay_is_paid_month_by_month(till: Till, host_id: UUID) -> None:
    booking_id = await long_stay(till, host_id)
    check_in, _ = await dates(till, booking_id)
    nights = first_month(check_in)
    first = HOST - (HOST * (61 - nights) * 2 + 61) // 122
    assert await release(till) == 1
    await till.work()
    assert await amounts(till) == [first]
    second_at = await due_at(till, booking_id)
    assert (second_at.date() - check_in).days in (nights + 1, nights + 2)
    assert await release(till, second_at - clock.now() - 60 * timedelta(seconds=1)) == 0
    assert await release(till, second_at - clock.now() + HOUR) == 1
    await till.work()
    # The third has a night or two.
    while (following := await due_at(till, booking_id)) is not None:
        await release(till, following - clock.now() + HOUR)
        await till.work()
    assert sum(await amounts(till)) == HOST
    assert 2 <= len(await amounts(till)) <= 3
    assert await owed(till, host_id) == 0
    await assert_books_balance(till.db, till.sandbox)


async def test_a_long_stay_is_released_once_by_many(till: Till, host_id: UUID) -> None:
    await long_stay(till, host_id)
    for _ in range(3):
        await release(till)
    await till.work()
    assert len(await amounts(till)) == len(await transfers(till)) == 1


async def test_a_refund_between_the_months(till: Till, host_id: UUID) -> None:
    """The guest leaves early: what is left comes at once, and no more than is left."""
    booking_id = await long_stay(till, host_id)
    await release(till)
    await till.work()
    (first,) = await amounts(till)
    now = clock.now()
    await change(
        till,
        booking_id,
        status="CANCELLED",
        cancelled_by="GUEST",
        cancelled_at=now,
        confirmed_at=now - 9 * DAY,
    )
    left = (HOST - first) // 2
    await give_back(till, booking_id, host_minor=HOST - first - left)
    assert await due_at(till, booking_id) <= clock.now()
    assert await release(till) == 1
    await till.work()
    assert await amounts(till) == [first, left]
    assert (await owed(till, host_id), await due_at(till, booking_id)) == (0, None)
    await assert_books_balance(till.db, till.sandbox)


async def test_a_stay_that_was_shortened_waits_for_no_month_that_it_lost(
    till: Till, host_id: UUID
) -> None:
    booking_id = await long_stay(till, host_id, 100)
    await release(till)
    await till.work()
    (first,) = await amounts(till)
    check_in, _ = await dates(till, booking_id)
    await change(
        till, booking_id, check_out=check_in + timedelta(days=29), night_prices=[100_00] * 29
    )
    await give_back(till, booking_id, host_minor=HOST - first - 1_000)
    assert await due_at(till, booking_id) <= clock.now()
    assert await release(till) == 1
    await till.work()
    assert await amounts(till) == [first, 1_000]
    await assert_books_balance(till.db, till.sandbox)


async def test_a_refund_larger_than_what_is_left_becomes_a_debt(till: Till, host_id: UUID) -> None:
    booking_id = await long_stay(till, host_id)
    await release(till)
    await till.work()
    (first,) = await amounts(till)
    await give_back(till, booking_id)
    assert await owed(till, host_id) == -first
    assert await release(till) == 0
    await stay(till, host_id)
    assert await release(till) == 1
    await till.work()
    assert await amounts(till) == [first, HOST - first]
    await assert_books_balance(till.db, till.sandbox)


async def test_a_small_amount_is_carried_to_the_next(till: Till, host_id: UUID) -> None:
    minimums = {"EUR": HOST + 1}
    first = await stay(till, host_id)
    assert await release(till, payout_minimums=minimums) == 0
    # It stays due, and does not come up at every sweep.
    assert await due_at(till, first) <= clock.now() < await looked_at(till, first)
    assert await release(till, payout_minimums=minimums) == 0
    second = await stay(till, host_id)
    assert await release(till, payout_minimums=minimums) == 1
    await till.work()
    assert await amounts(till) == [2 * HOST]
    assert [await due_at(till, one) for one in (first, second)] == [None, None]
    assert await looked_at(till, first) is None
    await assert_books_balance(till.db, till.sandbox)


async def test_a_small_amount_is_not_carried_for_ever(till: Till, host_id: UUID) -> None:
    await stay(till, host_id)
    terms = {"payout_minimums": {"EUR": HOST + 1}, "payout_carry_days": 30}
    assert await release(till, 30 * DAY - 2 * HOUR, **terms) == 0
    assert await release(till, 30 * DAY, **terms) == 1


async def test_a_minimum_of_another_currency(till: Till, host_id: UUID) -> None:
    await stay(till, host_id)
    assert await release(till, payout_minimums={"JPY": HOST + 1}) == 1


async def test_a_new_host_waits_until_their_first_stay_is_over(till: Till, host_id: UUID) -> None:
    booking_id = await stay(till, host_id)
    assert await release(till, new_host_hold_days=7) == 0
    over = clock.now() - 6 * DAY
    await change(
        till,
        booking_id,
        status="COMPLETED",
        check_in_at=over - 3 * DAY,
        check_out_at=over,
    )
    assert await release(till, 2 * HOUR, new_host_hold_days=7) == 0
    assert await release(till, DAY + 2 * HOUR, new_host_hold_days=7) == 1
    assert await release(till, DAY + 2 * HOUR, new_host_hold_days=0) == 0


async def failed(till: Till, host_id: UUID) -> tuple[UUID, str]:
    """A payout that the host's account could not take; returns the booking and the account."""
    account_id = await till.refusing_account(host_id)
    booking_id = await stay(till, host_id)
    assert await release(till) == 1
    await till.work()
    (payout,) = await payouts(till)
    assert payout.status == PayoutStatus.FAILED
    return booking_id, account_id


async def test_a_mended_account_is_paid_at_once(till: Till) -> None:
    host_id = await world.add_host(till.db)
    await till.sandbox.control.top_up(1000_00, "eur")
    booking_id, account_id = await failed(till, host_id)
    (payout,) = await payouts(till)
    assert payout.next_attempt_at > clock.now() + 9 * timedelta(minutes=1)
    # The refusal made us look: the account can receive nothing, and nothing is tried.
    assert await release(till, DAY) == 0
    await till.sandbox.control.onboard(account_id)
    for raw in await till.events("account.updated"):
        await till.receive(raw)
    await till.work()
    assert await looked_at(till, booking_id) is None
    (payout,) = await payouts(till)
    assert payout.next_attempt_at <= clock.now()
    assert await release(till) == 1
    await till.work()
    first, second = await payouts(till)
    assert (first.status, first.next_attempt_at) == (PayoutStatus.FAILED, None)
    assert (second.status, second.next_attempt_at) == (PayoutStatus.PAID, None)
    assert len(await transfers(till)) == 1
    await assert_books_balance(till.db, till.sandbox)


async def test_nothing_is_hurried_by_an_account_that_was_never_broken(till: Till) -> None:
    host_id = await world.add_host(till.db)
    account_id = await till.host_account(host_id)
    booking_id = await stay(till, host_id)
    await till.sandbox.control.top_up(-TOTAL, "eur")
    await release(till)
    await till.work()
    waits_until = await looked_at(till, booking_id)
    assert waits_until > clock.now()
    await accounts.sync_account(till.db, till.stripe, account_id)
    assert await looked_at(till, booking_id) == waits_until


async def attempt_at(till: Till) -> datetime:
    (payout,) = await payouts(till)
    found: datetime = payout.next_attempt_at
    return found


async def test_what_is_under_way_is_asked_about_less_and_less_often(
    till: Till, host_id: UUID
) -> None:
    await stay(till, host_id)
    await release(till)
    await till.sandbox.control.fault(kind="error", path="/v1/transfers", times=100, status=503)
    assert await attempt_at(till) <= clock.now() + timedelta(minutes=1)
    async with till.db.transaction() as session:
        old = {"created_at": clock.now() - 10 * DAY, "next_attempt_at": clock.now()}
        await session.execute(update(Payout).values(old))
    assert await flows.resend_stuck(till.db, till.providers, clock.now()) == 1
    asked_again = await attempt_at(till) - clock.now()
    assert 5 * HOUR < asked_again <= 6 * HOUR
    assert await flows.resend_stuck(till.db, till.providers, clock.now() + HOUR) == 0
    await till.sandbox.control.clear_faults()
    assert await flows.resend_stuck(till.db, till.providers, clock.now() + 6 * HOUR) == 1
    (payout,) = await payouts(till)
    assert payout.status == PayoutStatus.PAID
    await assert_books_balance(till.db, till.sandbox)
