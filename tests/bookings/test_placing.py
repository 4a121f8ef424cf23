"""Placing a booking: one transaction that holds the nights, agrees the price, opens the payment."""

import asyncio
import random
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import func, select, update

from app import clock
from app.actor import Actor
from app.availability.errors import DatesUnavailable, StayNotAllowed
from app.availability.rules import StayNotAllowedReason
from app.bookings import settling
from app.bookings.errors import PriceChanged
from app.bookings.placing import CreateBooking, Placed, place
from app.config import Settings
from app.errors import Invalid, Unauthenticated
from app.idempotency import IdempotencyConflict
from app.ids import new_id
from app.money import Money
from app.pricing.rules import Guests
from app.properties.errors import PropertyNotBookable
from db.enums import PaymentMethod
from db.models import (
    Booking,
    BookingChange,
    IdempotencyKey,
    OccupiedNight,
    OutboxMessage,
    Payment,
    Property,
)
from db.session import Database
from tests.support.postgres import until_blocked
from tests.support.world import add_host, add_property, add_user

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CHECK_IN = date(2026, 7, 6)
# Two nights at 100.00 and 12 % service fee.
TOTAL = Money(224_00, "EUR")


@pytest.fixture(autouse=True)
def _clock_stands_still() -> object:
    clock.freeze(NOW)
    yield
    clock.freeze(None)


@pytest.fixture
async def listing(db: Database) -> UUID:
    return await add_property(db, await add_host(db))


def command(listing: UUID, **changes: object) -> CreateBooking:
    asked = CreateBooking(
        property_id=listing,
        check_in=CHECK_IN,
        check_out=CHECK_IN + timedelta(days=2),
        guests=Guests(adults=2),
        expected_total=TOTAL,
        idempotency_key=new_id().hex,
    )
    return msgspec.structs.replace(asked, **changes)


async def guest(db: Database) -> Actor:
    return Actor(user_id=await add_user(db))


async def run(db: Database, actor: Actor, asked: CreateBooking, settings: Settings) -> Placed:
    return await db.run(lambda session: place(session, actor, asked, settings))


async def count(db: Database, *tables: type) -> list[int]:
    async with db.read() as connection:
        return [
            int(await connection.scalar(select(func.count()).select_from(table)) or 0)
            for table in tables
        ]


EVERYTHING = (Booking, BookingChange, OccupiedNight, Payment, IdempotencyKey, OutboxMessage)


async def test_a_booking_holds_its_nights_and_opens_its_payment(
    db: Database, settings: Settings, listing: UUID
) -> None:
    actor = await guest(db)
    placed = await run(db, actor, command(listing), settings)
    async with db.read() as connection:
        booking = (await connection.execute(select(Booking.__table__))).one()
        nights = (
            await connection.execute(select(OccupiedNight.__table__).order_by(OccupiedNight.night))
        ).all()
        payment = (await connection.execute(select(Payment.__table__))).one()
    assert booking.id == placed.booking_id
    assert booking.status == "PENDING_PAYMENT"
    assert booking.total_minor == TOTAL.amount
    assert sum(item["amount_minor"] for item in booking.line_items) == TOTAL.amount
    assert booking.check_in_at == datetime(2026, 7, 6, 14, tzinfo=UTC)
    assert booking.deadline_at == NOW + timedelta(minutes=15)
    # The check-out day is not a night.
    assert [row.night for row in nights] == [CHECK_IN, CHECK_IN + timedelta(days=1)]
    assert {row.kind for row in nights} == {"HOLD"}
    assert payment.amount_minor == TOTAL.amount
    assert payment.host_minor + payment.platform_minor + payment.tax_minor == TOTAL.amount
    assert not payment.manual_capture


async def test_a_request_to_book_authorises_only(
    db: Database, settings: Settings, listing: UUID
) -> None:
    async with db.transaction() as session:
        await session.execute(update(Property).values(instant_book=False))
    await run(db, await guest(db), command(listing), settings)
    async with db.read() as connection:
        assert await connection.scalar(select(Payment.manual_capture))


async def test_back_to_back_stays_share_the_turnover_day(
    db: Database, settings: Settings, listing: UUID
) -> None:
    actor = await guest(db)
    await run(db, actor, command(listing), settings)
    later = CHECK_IN + timedelta(days=2)
    await run(
        db, actor, command(listing, check_in=later, check_out=later + timedelta(days=2)), settings
    )
    earlier = CHECK_IN - timedelta(days=2)
    await run(db, actor, command(listing, check_in=earlier, check_out=CHECK_IN), settings)
    assert await count(db, Booking, OccupiedNight) == [3, 6]


REFUSALS = [
    ({"expected_total": Money(223_99, "EUR")}, PriceChanged),
    ({"expected_total": Money(224_00, "USD")}, PriceChanged),
    ({"check_out": CHECK_IN}, Invalid),
    ({"check_out": CHECK_IN + timedelta(days=366)}, Invalid),
    ({"guests": Guests(adults=0)}, Invalid),
    ({"guests": Guests(adults=5)}, StayNotAllowed),
    ({"guests": Guests(adults=1, pets=1)}, StayNotAllowed),
    ({"check_in": date(2026, 5, 31)}, StayNotAllowed),
    ({"payment_method": PaymentMethod.MOBILE_MONEY}, StayNotAllowed),
    ({"idempotency_key": ""}, Invalid),
    ({"idempotency_key": "k" * 256}, Invalid),
    ({"message": "m" * 2_001}, Invalid),
    ({"property_id": new_id()}, PropertyNotBookable),
]


@pytest.mark.parametrize(("changes", "error"), REFUSALS)
async def test_a_refused_request_changes_nothing(
    db: Database,
    settings: Settings,
    listing: UUID,
    changes: dict[str, object],
    error: type[Exception],
) -> None:
    actor = await guest(db)
    with pytest.raises(error):
        await run(db, actor, command(listing, **changes), settings)
    assert await count(db, *EVERYTHING) == [0] * len(EVERYTHING)


async def test_nobody_books_their_own_place_an_unpublished_one_or_anonymously(
    db: Database, settings: Settings
) -> None:
    host_id = await add_host(db)
    listing = await add_property(db, host_id)
    with pytest.raises(StayNotAllowed) as refused:
        await run(db, Actor(user_id=host_id), command(listing), settings)
    assert refused.value.reason is StayNotAllowedReason.OWN_PROPERTY
    with pytest.raises(Unauthenticated):
        await run(db, Actor(), command(listing), settings)
    async with db.transaction() as session:
        await session.execute(update(Property).values(status="UNPUBLISHED"))
    with pytest.raises(PropertyNotBookable):
        await run(db, await guest(db), command(listing), settings)
    assert await count(db, *EVERYTHING) == [0] * len(EVERYTHING)


async def test_a_lapsed_hold_that_is_paid_for_meanwhile_stays(
    db: Database, settings: Settings, listing: UUID
) -> None:
    """Who finds it lapsed waits for its lock, and then sees that it is none any more."""
    async with db.transaction() as session:
        await session.execute(update(Property).values(preparation_days=1))
    first = await run(db, await guest(db), command(listing), settings)
    clock.freeze(now := NOW + timedelta(minutes=15))
    assert first.payment is not None
    # The night after is free but for the day of preparation.
    later = CHECK_IN + timedelta(days=2)
    asked = command(listing, check_in=later, check_out=later + timedelta(days=2))
    async with db.transaction() as session:
        await settling.succeeded(session, first.booking_id, first.payment.id, settings, now)
        second = asyncio.ensure_future(run(db, await guest(db), asked, settings))
        await until_blocked(db)
    with pytest.raises(DatesUnavailable) as refused:
        await second
    assert refused.value.nights == (later,)
    async with db.read() as connection:
        assert await connection.scalar(select(Booking.status)) == "CONFIRMED"


async def test_a_lapsed_hold_gives_way_at_once_and_expires(
    db: Database, settings: Settings, listing: UUID
) -> None:
    first = await run(db, await guest(db), command(listing), settings)
    clock.freeze(NOW + timedelta(minutes=15) - timedelta(seconds=1))
    with pytest.raises(DatesUnavailable) as refused:
        await run(db, await guest(db), command(listing), settings)
    assert refused.value.nights == (CHECK_IN, CHECK_IN + timedelta(days=1))
    clock.freeze(NOW + timedelta(minutes=15))
    second = await run(db, await guest(db), command(listing), settings)
    async with db.read() as connection:
        bookings = (await connection.execute(select(Booking.id, Booking.status))).all()
        holders = set((await connection.execute(select(OccupiedNight.booking_id))).scalars())
        tasks = set((await connection.execute(select(OutboxMessage.task))).scalars())
        payments = (await connection.execute(select(Payment.booking_id, Payment.status))).all()
    assert {row.id: row.status for row in bookings} == {
        first.booking_id: "EXPIRED",
        second.booking_id: "PENDING_PAYMENT",
    }
    assert holders == {second.booking_id}
    assert "notifications.booking_expired" in tasks
    assert {row.booking_id: row.status for row in payments} == {
        first.booking_id: "CANCELLED",
        second.booking_id: "PENDING",
    }


async def test_one_key_books_once_however_often_it_is_sent(
    db: Database, settings: Settings, listing: UUID
) -> None:
    actor, asked = await guest(db), command(listing)
    placed = await asyncio.gather(*(run(db, actor, asked, settings) for _ in range(100)))
    assert len({result.booking_id for result in placed}) == 1
    assert sum(result.payment is not None for result in placed) == 1
    assert await count(db, Booking, Payment, IdempotencyKey) == [1, 1, 1]


async def test_a_key_belongs_to_one_request_of_one_person(
    db: Database, settings: Settings, listing: UUID
) -> None:
    actor, asked = await guest(db), command(listing)
    await run(db, actor, asked, settings)
    with pytest.raises(IdempotencyConflict):
        await run(db, actor, msgspec.structs.replace(asked, message="Hello"), settings)
    # Somebody else's equal key is another key.
    with pytest.raises(DatesUnavailable):
        await run(db, await guest(db), asked, settings)


async def test_a_refused_key_may_be_used_again(
    db: Database, settings: Settings, listing: UUID
) -> None:
    actor, asked = await guest(db), command(listing)
    with pytest.raises(PriceChanged) as refused:
        await run(
            db, actor, msgspec.structs.replace(asked, expected_total=Money(1, "EUR")), settings
        )
    assert refused.value.quote.total_minor == TOTAL.amount
    await run(db, actor, asked, settings)


async def test_of_many_at_once_exactly_one_gets_the_nights(
    db: Database, settings: Settings, listing: UUID
) -> None:
    actors = [await guest(db) for _ in range(20)]
    results = await asyncio.gather(
        *(run(db, actors[i % 20], command(listing), settings) for i in range(200)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Placed) for result in results) == 1
    assert sum(isinstance(result, DatesUnavailable) for result in results) == 199
    assert await count(db, Booking, OccupiedNight, Payment, IdempotencyKey) == [1, 2, 1, 1]


async def test_overlapping_stays_at_once_never_share_a_night(
    db: Database, settings: Settings, listing: UUID
) -> None:
    actors = [await guest(db) for _ in range(10)]
    chance = random.Random(7)

    def asked() -> CreateBooking:
        check_in = CHECK_IN + timedelta(days=chance.randrange(20))
        nights = chance.randrange(1, 6)
        return command(
            listing,
            check_in=check_in,
            check_out=check_in + timedelta(days=nights),
            expected_total=Money(nights * 112_00, "EUR"),
        )

    results = await asyncio.gather(
        *(run(db, actors[i % 10], asked(), settings) for i in range(200)), return_exceptions=True
    )
    assert all(isinstance(result, Placed | DatesUnavailable) for result in results)
    async with db.read() as connection:
        booked = (await connection.execute(select(Booking.check_in, Booking.check_out))).all()
    nights = [
        check_in + timedelta(days=offset)
        for check_in, check_out in booked
        for offset in range((check_out - check_in).days)
    ]
    assert len(nights) == len(set(nights)) == (await count(db, OccupiedNight))[0]
