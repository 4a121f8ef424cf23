"""The host says yes, the guest and the host take it back, and the time is over: all at once."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from app import clock
from app.actor import Actor
from app.bookings import flows
from app.bookings.errors import TransitionNotAllowed
from app.bookings.placing import CreateBooking
from app.bookings.quotes import quote_stay
from app.ids import new_id
from app.money import Money
from app.payments.errors import PaymentUnavailable
from app.pricing.rules import Guests
from app.properties.terms import fees_of
from db.enums import PaymentMethod
from tests.lifecycle import checks, people
from tests.lifecycle.stage import Stage

RACES = 200
AT_ONCE = 8
SECOND = timedelta(seconds=1)
# What a booking is in, by who was told that they have done it. PENDING_PAYMENT: the bank had let go
# when the host's yes came, and the guest may pay anew. PENDING_HOST: a task goes on finding out.
LEGAL = {
    frozenset(): {"EXPIRED", "PENDING_HOST"},
    frozenset({"accept"}): {"CONFIRMED", "PENDING_PAYMENT"},
    frozenset({"guest"}): {"CANCELLED"},
    frozenset({"host"}): {"CANCELLED"},
    frozenset({"accept", "guest"}): {"CANCELLED"},
    frozenset({"accept", "host"}): {"CANCELLED"},
}


@pytest.mark.slow
async def test_two_hundred_races_end_in_one_legal_state_each(stage: Stage) -> None:
    requests = await _requests(stage)
    deadline = requests[0].deadline_at
    assert {row.deadline_at for row in requests} == {deadline}
    chance = random.Random(200)
    outcomes: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for row in requests:
        winners = await _race(stage, row, deadline, chance)
        await stage.refresh()
        status = next(each.status for each in stage.bookings if each.id == row.id)
        outcomes[status] += 1
        told.update(winners)
        # Whoever was told that it is done has done it. A stay that is confirmed can be cancelled.
        assert status in LEGAL[frozenset(winners)], f"{status}, and told so were {winners}"
    clock.freeze(deadline)
    await stage.settle()
    await checks.assert_sound(stage, None)
    await checks.assert_settled(stage)
    # Each has been the first at times.
    assert outcomes.keys() >= {"CANCELLED", "EXPIRED"}, outcomes
    assert told.keys() == {"accept", "guest", "host"}, told


async def _race(stage: Stage, row: Any, deadline: datetime, chance: random.Random) -> list[str]:
    """Who of the people was told that they have done it."""
    runtime = stage.runtime
    host, guest = Actor(user_id=row.host_id), Actor(user_id=row.guest_id)

    async def cancel(by: Actor) -> None:
        given = await flows.cancel(runtime.db, runtime.settings, by, row.id, None)
        stage.promised[row.id] = given.amount_minor

    # The timer fires at the instant at which people can do nothing any more.
    runners: list[tuple[str, datetime, Callable[[], Awaitable[Any]]]] = [
        (
            "accept",
            deadline - SECOND,
            lambda: flows.accept(runtime.db, runtime.providers, runtime.settings, host, row.id),
        ),
        ("guest", deadline - SECOND, lambda: cancel(guest)),
        ("host", deadline - SECOND, lambda: cancel(host)),
        ("time", deadline, lambda: flows.expire(runtime.db, runtime.providers, row.id)),
    ]
    # Now and then somebody leaves it to the others.
    for name in ("guest", "host"):
        if chance.random() < 0.4:
            runners = [runner for runner in runners if runner[0] != name]
    chance.shuffle(runners)

    async def run(instant: datetime, deed: Callable[[], Awaitable[Any]], wait: float) -> None:
        await asyncio.sleep(wait)
        clock.freeze(instant)
        await deed()

    # The one a little earlier than the other; and now and then the first is through before that.
    gap = chance.uniform(0, 0.02)
    is_ahead = chance.random() < 0.3
    running: list[asyncio.Task[None]] = []
    for number, (_, instant, deed) in enumerate(runners):
        running.append(asyncio.create_task(run(instant, deed, number * gap)))
        if is_ahead and number == 0:
            await asyncio.wait(running)
    ended = await asyncio.gather(*running, return_exceptions=True)
    for outcome in ended:
        # The capture was refused because the provider had let go: its task finds that out.
        assert outcome is None or isinstance(outcome, TransitionNotAllowed | PaymentUnavailable)
    return [
        name
        for (name, _, _), outcome in zip(runners, ended, strict=True)
        if outcome is None and name != "time"
    ]


async def _requests(stage: Stage) -> list[Any]:
    """Requests whose money is held, each for another night, all made at one instant."""
    place = await stage.add_place(0, (PaymentMethod.CARD,), instant_book=False)
    fees = fees_of(stage.runtime.settings)
    slots = asyncio.Semaphore(AT_ONCE)

    async def ask(number: int) -> None:
        check_in = stage.today(place) + timedelta(days=2 + number)
        stay = (check_in, check_in + timedelta(days=1), Guests(adults=1))
        quote = await quote_stay(stage.db, place.id, *stay, clock.now(), fees)
        command = CreateBooking(
            property_id=place.id,
            check_in=stay[0],
            check_out=stay[1],
            guests=stay[2],
            expected_total=Money(quote.total_minor, "EUR"),
            idempotency_key=new_id().hex,
        )
        async with slots:
            runtime = stage.runtime
            await flows.create_booking(
                runtime.db, runtime.providers, runtime.settings, stage.guests[0], command
            )

    async def pay(which: int) -> None:
        async with slots:
            await people.pay(stage, which, "good")

    await asyncio.gather(*map(ask, range(RACES)))
    await stage.refresh()
    await asyncio.gather(*map(pay, range(RACES)))
    await stage.hear()
    await stage.refresh()
    assert Counter(row.status for row in stage.bookings) == {"PENDING_HOST": RACES}
    return list(stage.bookings)
