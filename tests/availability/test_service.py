"""Claiming nights on a real PostgreSQL: never a night twice, whoever comes at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from app.availability import service
from app.availability.errors import DatesUnavailable
from app.ids import new_id
from app.properties.service import lock_for_booking
from app.properties.terms import Fees
from db.models import CalendarNight, OccupiedNight
from db.session import Database
from tests.support.postgres import deadlocks, until_blocked
from tests.support.statements import counted
from tests.support.world import NOW, add_booking, add_host, add_property, add_user

FEES = Fees(guest_fee_bp=1_200, host_fee_bp=300)
START = date(2026, 9, 1)
HELD_UNTIL = NOW + timedelta(minutes=15)


def day(offset: int) -> date:
    return START + timedelta(days=offset)


@pytest.fixture
async def property_id(db: Database) -> UUID:
    return await add_property(db, await add_host(db))


@pytest.fixture
async def booking(db: Database, property_id: UUID) -> Callable[[], Awaitable[UUID]]:
    """Makes a booking without nights."""
    guest, host = await add_user(db), await add_host(db)

    async def make() -> UUID:
        return await add_booking(
            db, property_id, guest, host, status="EXPIRED", check_in=day(0), check_out=day(1)
        )

    return make


async def claim(
    db: Database,
    property_id: UUID,
    booking_id: UUID,
    start: int,
    end: int,
    *,
    gap: int = 0,
    now: datetime = NOW,
    until: datetime | None = HELD_UNTIL,
) -> None:
    """As a booking does it: lock, then claim, in one transaction."""

    async def work(session: Any) -> None:
        await lock_for_booking(session, property_id, day(start), day(end), FEES)
        await service.claim(session, property_id, booking_id, day(start), day(end), gap, now, until)

    return await db.run(work)


async def nights_of(db: Database, booking_id: UUID) -> list[tuple[int, str]]:
    """The booking's nights as offsets, with their kinds."""
    async with db.read() as connection:
        rows = await connection.execute(
            select(OccupiedNight.night, OccupiedNight.kind)
            .where(OccupiedNight.booking_id == booking_id)
            .order_by(OccupiedNight.night)
        )
        return [((night - START).days, kind) for night, kind in rows]


async def add_nights(db: Database, property_id: UUID, offsets: list[int]) -> None:
    """Block nights as a host does."""
    async with db.transaction() as session:
        await session.execute(
            insert(OccupiedNight),
            [{"property_id": property_id, "night": day(o), "kind": "BLOCK"} for o in offsets],
        )


async def test_claimed_nights_are_a_hold_then_a_booking_then_free(
    db: Database, property_id: UUID, booking: Callable[[], Awaitable[UUID]]
) -> None:
    booking_id = await booking()
    await claim(db, property_id, booking_id, 3, 6)
    assert await nights_of(db, booking_id) == [(3, "HOLD"), (4, "HOLD"), (5, "HOLD")]
    async with db.transaction() as session:
        assert await service.extend(session, booking_id, HELD_UNTIL + timedelta(hours=12)) == 3
    async with db.transaction() as session:
        assert await service.confirm(session, booking_id) == 3
    assert await nights_of(db, booking_id) == [(3, "BOOKING"), (4, "BOOKING"), (5, "BOOKING")]
    async with db.transaction() as session:
        await service.release(session, booking_id)
    assert await nights_of(db, booking_id) == []
    async with db.transaction() as session:
        assert await service.confirm(session, booking_id) == 0


async def test_a_refusal_lists_exactly_the_taken_nights_of_the_stay(
    db: Database, property_id: UUID, booking: Callable[[], Awaitable[UUID]]
) -> None:
    await claim(db, property_id, await booking(), 0, 3, until=None)
    await claim(db, property_id, await booking(), 5, 6)
    await add_nights(db, property_id, [7, 12])
    async with db.transaction() as session:
        await session.execute(
            insert(CalendarNight),
            [
                {"property_id": property_id, "night": day(8), "closed": True},
                {"property_id": property_id, "night": day(9), "price_minor": 5},
            ],
        )
    late = await booking()
    with pytest.raises(DatesUnavailable) as refused:
        await claim(db, property_id, late, 2, 10)
    assert refused.value.nights == (day(2), day(5), day(7), day(8))
    assert await nights_of(db, late) == []
    async with db.read() as connection:
        found = await service.taken(connection, property_id, day(0), day(13), NOW)
    assert found == [day(o) for o in (0, 1, 2, 5, 7, 8, 12)]


async def test_back_to_back_stays_and_other_properties_do_not_meet(
    db: Database, property_id: UUID, booking: Callable[[], Awaitable[UUID]]
) -> None:
    await claim(db, property_id, await booking(), 3, 6)
    await claim(db, property_id, await booking(), 6, 9)
    await claim(db, property_id, await booking(), 0, 3)
    other = await add_property(db, await add_host(db))
    await claim(db, other, await booking(), 0, 9)


async def test_an_expired_hold_is_free_once_it_has_been_released(
    db: Database, property_id: UUID, booking: Callable[[], Awaitable[UUID]]
) -> None:
    lapsed, new = await booking(), await booking()
    await claim(db, property_id, lapsed, 0, 5)
    before = HELD_UNTIL - timedelta(microseconds=1)
    with pytest.raises(DatesUnavailable):
        await claim(db, property_id, new, 4, 6, now=before)
    async with db.transaction() as session:
        assert await service.taken(session, property_id, day(0), day(9), HELD_UNTIL) == []
        found = await service.taken_nights(session, [property_id], day(4), day(6), 0)
        assert service.lapsed_holds(found, before) == []
        assert service.lapsed_holds(found, HELD_UNTIL) == [lapsed]
    # Whoever forgets to release it is refused by the primary key.
    with pytest.raises(DatesUnavailable) as refused:
        await claim(db, property_id, new, 4, 6, now=HELD_UNTIL, until=None)
    assert refused.value.nights == (day(4),)
    async with db.transaction() as session:
        await service.release(session, lapsed)
    await claim(db, property_id, new, 4, 6, now=HELD_UNTIL, until=None)
    assert await nights_of(db, new) == [(4, "BOOKING"), (5, "BOOKING")]


@pytest.mark.parametrize(
    ("start", "end", "taken"),
    [
        (0, 3, []),  # two nights lie between: 3 and 4
        (0, 4, [3]),
        (0, 5, [3, 4]),
        (8, 10, [8, 9]),
        (9, 12, [9]),
        (10, 12, []),
        (3, 12, [3, 4, 5, 6, 7, 8, 9]),
    ],
)
async def test_preparation_days_keep_stays_apart(
    db: Database,
    property_id: UUID,
    booking: Callable[[], Awaitable[UUID]],
    start: int,
    end: int,
    taken: list[int],
) -> None:
    await claim(db, property_id, await booking(), 5, 8, gap=2, until=None)
    if not taken:
        await claim(db, property_id, await booking(), start, end, gap=2)
        return
    with pytest.raises(DatesUnavailable) as refused:
        await claim(db, property_id, await booking(), start, end, gap=2)
    assert refused.value.nights == tuple(day(offset) for offset in taken)


async def test_blocks_need_no_preparation_and_expired_holds_none_either(
    db: Database, property_id: UUID, booking: Callable[[], Awaitable[UUID]]
) -> None:
    await add_nights(db, property_id, [4, 8])
    await claim(db, property_id, await booking(), 5, 8, gap=3)
    later = HELD_UNTIL + timedelta(minutes=1)
    await claim(db, property_id, await booking(), 9, 10, gap=3, now=later, until=None)


async def test_a_hosts_cancellation_keeps_the_nights_blocked(
    db: Database, property_id: UUID, booking: Callable[[], Awaitable[UUID]]
) -> None:
    cancelled = await booking()
    await claim(db, property_id, cancelled, 0, 2, until=None)
    async with db.transaction() as session:
        await service.block_released(session, cancelled)
    assert await nights_of(db, cancelled) == []
    with pytest.raises(DatesUnavailable):
        await claim(db, property_id, await booking(), 1, 3)


async def test_the_primary_key_is_the_last_judge(
    db: Database, property_id: UUID, booking: Callable[[], Awaitable[UUID]]
) -> None:
    """Somebody inserts nights behind the lock's back, after the claim has looked."""
    first, second = await booking(), await booking()
    looked, inserted = asyncio.Event(), asyncio.Event()

    async def careless() -> None:
        async with db.transaction() as session:
            nights = [day(number) for number in range(4)]
            await service._insert_nights(session, property_id, first, nights, None)
            inserted.set()
            await looked.wait()

    async def late() -> None:
        await inserted.wait()
        async with db.transaction() as session:
            # It sees nothing of the other, waits for it at the key, and then finds it.
            await service.claim(session, property_id, second, day(2), day(6), 0, NOW, None)

    running = asyncio.gather(careless(), late(), return_exceptions=True)
    await inserted.wait()
    await until_blocked(db)
    looked.set()
    _, refused = await running
    assert isinstance(refused, DatesUnavailable)
    assert refused.nights == (day(2), day(3))
    assert await nights_of(db, second) == []


async def test_of_fifty_claims_at_once_one_wins(
    db: Database, database_url: str, property_id: UUID, booking: Callable[[], Awaitable[UUID]]
) -> None:
    bookings = [await booking() for _ in range(50)]
    found = await asyncio.gather(
        *(claim(db, property_id, booking_id, 0, 5) for booking_id in bookings),
        return_exceptions=True,
    )
    refused = [outcome for outcome in found if isinstance(outcome, DatesUnavailable)]
    assert len(refused) == 49
    assert all(refusal.nights == tuple(day(o) for o in range(5)) for refusal in refused)
    assert await deadlocks(database_url) == 0


@pytest.mark.parametrize("locked", [True, False])
async def test_random_overlapping_claims_never_share_a_night(
    db: Database,
    database_url: str,
    property_id: UUID,
    booking: Callable[[], Awaitable[UUID]],
    locked: bool,
) -> None:
    """With the property's lock, and without: the key alone keeps nights single, and date order
    keeps claims from waiting for each other in a circle."""
    chance = random.Random(7)
    wanted = {}
    for _ in range(80):
        start = chance.randrange(40)
        wanted[await booking()] = (start, start + chance.randint(1, 6))

    async def one(booking_id: UUID, start: int, end: int) -> None:
        if locked:
            await claim(db, property_id, booking_id, start, end, until=None)
            return
        async with db.transaction() as session:
            await service.claim(
                session, property_id, booking_id, day(start), day(end), 0, NOW, None
            )

    found = await asyncio.gather(
        *(one(booking_id, *stay) for booking_id, stay in wanted.items()), return_exceptions=True
    )
    taken: dict[int, UUID] = {}
    for (booking_id, stay), outcome in zip(wanted.items(), found, strict=True):
        nights = [night for night, _ in await nights_of(db, booking_id)]
        if outcome is None:
            assert nights == list(range(*stay))
        else:
            assert isinstance(outcome, DatesUnavailable)
            assert nights == []
        for night in nights:
            assert taken.setdefault(night, booking_id) == booking_id
    # Nobody was refused who could have had all nights in the end.
    for (_, stay), outcome in zip(wanted.items(), found, strict=True):
        assert outcome is None or any(night in taken for night in range(*stay))
    assert sum(outcome is None for outcome in found) >= 6
    assert await deadlocks(database_url) == 0


async def test_a_claim_costs_the_same_statements_whatever_its_length(
    db: Database, property_id: UUID, booking: Callable[[], Awaitable[UUID]]
) -> None:
    costs = []
    for start, end in ((0, 1), (10, 300)):
        booking_id = await booking()
        with counted(db) as statements:
            await claim(db, property_id, booking_id, start, end)
        costs.append(len(statements))
    # Lock, terms, taken nights, insert.
    assert costs == [4, 4]


async def test_release_of_a_stranger_changes_nothing(db: Database, property_id: UUID) -> None:
    async with db.transaction() as session:
        await service.release(session, new_id())
        await service.block_released(session, new_id())
        assert await service.extend(session, new_id(), None) == 0
