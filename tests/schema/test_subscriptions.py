"""Following bookings live: the current state first, then each change, once, to whom it belongs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from app import clock
from app.actor import ANONYMOUS
from app.bookings import flows
from app.bookings.placing import CreateBooking
from app.ids import new_id
from app.money import Money
from app.payments.errors import PaymentUnavailable
from app.pricing.rules import Guests
from app.runtime import open_runtime
from db.models import SignInSession
from schema.bookings import subscriptions
from schema.context import Context
from tests.schema.face import Face, gid, person
from tests.support.world import add_booking, add_host, add_property, add_user

ONE = """subscription ($id: ID!) { bookingStatusChanged(bookingId: $id) {
  version status previousStatus occurredAt
  booking { id status version history { version } guest { firstName } } } }"""
ALL = "subscription { hostBookingsChanged { version previousStatus booking { id status } } }"


async def request(face: Face, host: UUID | None = None) -> tuple[UUID, UUID, UUID]:
    """A booking that waits for its host's answer; its id, guest and host."""
    host, guest = host or await add_host(face.db), await add_user(face.db)
    place = await add_property(face.db, host, instant_book=False)
    booking = await add_booking(
        face.db,
        place,
        guest,
        host,
        status="PENDING_HOST",
        check_in=clock.now().date() + timedelta(days=30),
        deadline_at=clock.now() + timedelta(hours=9),
    )
    return booking, guest, host


class Watcher:
    """Reads a subscription in the background."""

    def __init__(self, source: AsyncIterator[dict[str, Any]]) -> None:
        self.seen: asyncio.Queue[Any] = asyncio.Queue()
        self._task = asyncio.create_task(self._read(source))

    async def _read(self, source: Any) -> None:
        try:
            async with aclosing(source):
                async for data in source:
                    self.seen.put_nowait(next(iter(data.values())))
        except AssertionError as error:
            self.seen.put_nowait(error)

    async def next(self, seconds: float = 5.0) -> Any:
        async with asyncio.timeout(seconds):
            return await self.seen.get()

    async def nothing(self, seconds: float = 0.3) -> None:
        with pytest.raises(TimeoutError):
            await self.next(seconds)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_the_current_state_then_each_change(face: Face) -> None:
    booking, guest, host = await request(face)
    watchers = [
        Watcher(face.watch(ONE, person(who), id=gid("Booking", booking))) for who in (guest, host)
    ]
    for watcher in watchers:
        first = await watcher.next()
        assert (first["version"], first["status"], first["previousStatus"]) == (
            1,
            "PENDING_HOST",
            None,
        )
        assert first["booking"]["guest"] == {"firstName": "Ada"}
        await watcher.nothing()
    await flows.decline(face.db, person(host), booking, "Full")
    for watcher in watchers:
        second = await watcher.next()
        assert (second["version"], second["previousStatus"]) == (2, "PENDING_HOST")
        # Read afresh for this event.
        assert second["booking"]["status"] == "DECLINED"
        assert second["booking"]["history"] == [{"version": 1}, {"version": 2}]
        await watcher.nothing()
        await watcher.stop()


async def test_a_change_by_another_process(face: Face) -> None:
    booking, guest, host = await request(face)
    watcher = Watcher(face.watch(ONE, person(guest), id=gid("Booking", booking)))
    await watcher.next()
    async with open_runtime(face.runtime.settings) as other:
        await flows.decline(other.db, person(host), booking, None)
    assert (await watcher.next())["version"] == 2
    await watcher.stop()


async def test_hints_that_never_come(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Redis the next heartbeat tells: here nobody announces anything."""
    monkeypatch.setattr(subscriptions, "HEARTBEAT_SECONDS", 0.1)
    face.db.session_info.clear()
    booking, guest, host = await request(face)
    one = Watcher(face.watch(ONE, person(guest), id=gid("Booking", booking)))
    every = Watcher(face.watch(ALL, person(host)))
    await one.next()
    await every.nothing()
    await flows.decline(face.db, person(host), booking, None)
    assert (await one.next())["version"] == 2
    assert (await every.next())["version"] == 2
    await every.nothing()
    await one.stop()
    await every.stop()


async def test_doubled_and_stale_hints_tell_nothing_twice(face: Face) -> None:
    booking, guest, host = await request(face)
    one = Watcher(face.watch(ONE, person(guest), id=gid("Booking", booking)))
    every = Watcher(face.watch(ALL, person(host)))
    await one.next()
    await every.nothing()
    for _ in range(200):
        await face.runtime.live.publish(f"booking:{booking}", "1")
        await face.runtime.live.publish(f"host:{host}", str(booking))
    await one.nothing()
    await every.nothing()
    await one.stop()
    await every.stop()


@pytest.mark.parametrize("who", ["anonymous", "stranger"])
async def test_who_may_not_follow(face: Face, who: str) -> None:
    booking, _, _ = await request(face)
    actor = ANONYMOUS if who == "anonymous" else person(await add_user(face.db))
    code = "UNAUTHENTICATED" if who == "anonymous" else "NOT_FOUND"
    for text in (gid("Booking", booking), gid("Booking", new_id()), "nonsense"):
        watcher = Watcher(face.watch(ONE, actor, id=text))
        assert code in str(await watcher.next())
    if who == "anonymous":
        assert code in str(await Watcher(face.watch(ALL, actor)).next())


async def test_a_host_hears_of_all_their_bookings_and_no_others(face: Face) -> None:
    first, _, host = await request(face)
    second, _, _ = await request(face, host)
    elsewhere, _, other_host = await request(face)
    watcher = Watcher(face.watch(ALL, person(host)))
    # What was there before is no news.
    await watcher.nothing()
    await flows.decline(face.db, person(other_host), elsewhere, None)
    await flows.decline(face.db, person(host), second, None)
    assert (await watcher.next())["booking"] == {"id": gid("Booking", second), "status": "DECLINED"}
    await flows.decline(face.db, person(host), first, None)
    assert (await watcher.next())["booking"]["id"] == gid("Booking", first)
    await watcher.nothing()
    await watcher.stop()


async def test_a_new_booking_is_news(face: Face) -> None:
    _, _, host = await request(face)
    watcher = Watcher(face.watch(ALL, person(host)))
    await watcher.nothing()
    command = CreateBooking(
        property_id=await add_property(face.db, host),
        check_in=clock.now().date() + timedelta(days=30),
        check_out=clock.now().date() + timedelta(days=32),
        guests=Guests(adults=1),
        expected_total=Money(224_00, "EUR"),
        idempotency_key="once",
    )
    runtime, guest = face.runtime, person(await add_user(face.db))
    # There is no provider here: the booking is made, and cannot be paid yet.
    with pytest.raises(PaymentUnavailable):
        await flows.create_booking(runtime.db, runtime.providers, runtime.settings, guest, command)
    news = await watcher.next()
    assert (news["version"], news["previousStatus"]) == (1, None)
    assert news["booking"]["status"] == "PENDING_PAYMENT"
    await watcher.stop()


async def test_a_revoked_session_hears_no_more(face: Face) -> None:
    booking, guest, host = await request(face)
    session_id = new_id()
    async with face.db.transaction() as session:
        await session.execute(
            insert(SignInSession).values(
                id=session_id, user_id=guest, expires_at=clock.now() + timedelta(days=1)
            )
        )
    actor = person(guest, session_id=session_id)
    watcher = Watcher(face.watch(ONE, actor, id=gid("Booking", booking)))
    assert (await watcher.next())["version"] == 1
    async with face.db.transaction() as session:
        await session.execute(update(SignInSession).values(revoked_at=clock.now()))
    await flows.decline(face.db, person(host), booking, None)
    assert "UNAUTHENTICATED" in str(await watcher.next())


async def test_nothing_is_held_while_it_waits(face: Face) -> None:
    booking, guest, _ = await request(face)
    watchers = [
        Watcher(face.watch(ONE, person(guest), id=gid("Booking", booking))) for _ in range(40)
    ]
    for watcher in watchers:
        await watcher.next()
    # More subscriptions than connections, and none of these stays taken.
    for _ in range(250):
        taken = face.db.engine.pool.checkedout()  # type: ignore[attr-defined]
        if not taken:
            break
        await asyncio.sleep(0.02)
    assert taken == 0
    for watcher in watchers:
        await watcher.stop()
    assert face.runtime.live._queues == {}


async def test_woken_takes_everything_that_came() -> None:
    hints: asyncio.Queue[str] = asyncio.Queue()
    for hint in ("2", "3", "*"):
        hints.put_nowait(hint)
    assert await subscriptions.woken(hints) == {"2", "3", "*"}


def test_a_context_is_renewed(face: Face) -> None:
    context = Context(face.runtime)
    before = context.loaders
    context.renew()
    assert context.loaders is not before
