"""The response rate: what counts as an answer, what does not, and for how long."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from app.bookings.responses import LEAST, WINDOW, percentage, response_rates
from db.enums import BookingActor, BookingStatus
from db.models import Booking, BookingChange
from db.session import Database
from tests.support.world import add_booking, add_host, add_property, add_user

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answered", "unanswered", "rate"),
    [(0, 0, None), (4, 0, None), (5, 0, 100), (0, 5, 0), (4, 2, 67), (1, 7, 13), (199, 1, 100)],
)
def test_the_rate_is_a_rounded_share(answered: int, unanswered: int, rate: int | None) -> None:
    assert percentage(answered, unanswered) == rate


class Requests:
    """A host's requests, each ended as told."""

    def __init__(self, db: Database, host: UUID, place: UUID, guest: UUID) -> None:
        self.db, self.host, self.place, self.guest = db, host, place, guest
        self.count = 0

    async def end(
        self,
        status: BookingStatus,
        actor: BookingActor,
        at: datetime = NOW - timedelta(days=1),
        *,
        instant_book: bool = False,
        times: int = 1,
    ) -> None:
        for _ in range(times):
            self.count += 1
            booking = await add_booking(
                self.db,
                self.place,
                self.guest,
                self.host,
                check_in=(NOW + timedelta(days=4 * self.count)).date(),
                status="PENDING_HOST",
                instant_book=instant_book,
            )
            cancelled = actor if status is BookingStatus.CANCELLED else None
            async with self.db.transaction() as session:
                await session.execute(
                    update(Booking)
                    .where(Booking.id == booking)
                    .values(status=status, cancelled_by=cancelled, updated_at=at)
                )
                await session.execute(
                    insert(BookingChange).values(
                        booking_id=booking,
                        version=2,
                        status=status,
                        previous_status="PENDING_HOST",
                        actor=actor,
                        occurred_at=at,
                    )
                )

    async def rate(self) -> int | None:
        return (await response_rates(self.db, [self.host], NOW)).get(self.host)


@pytest.fixture
async def requests(db: Database) -> Requests:
    host, guest = await add_host(db), await add_user(db)
    return Requests(db, host, await add_property(db, host), guest)


S, A = BookingStatus, BookingActor


async def test_every_answer_counts_and_only_silence_counts_against(requests: Requests) -> None:
    await requests.end(S.CONFIRMED, A.SYSTEM)
    await requests.end(S.PENDING_PAYMENT, A.HOST)
    await requests.end(S.DECLINED, A.HOST)
    await requests.end(S.CANCELLED, A.HOST)
    assert await requests.rate() is None
    await requests.end(S.EXPIRED, A.SYSTEM)
    assert await requests.rate() == 80


async def test_what_the_host_had_no_say_in_does_not_count(requests: Requests) -> None:
    await requests.end(S.CONFIRMED, A.HOST, times=LEAST)
    await requests.end(S.CANCELLED, A.GUEST)
    await requests.end(S.CANCELLED, A.ADMIN)
    await requests.end(S.EXPIRED, A.SYSTEM, NOW - WINDOW - timedelta(seconds=1))
    # Nobody is asked where guests book at once.
    await requests.end(S.EXPIRED, A.SYSTEM, instant_book=True)
    await add_booking(
        requests.db,
        requests.place,
        requests.guest,
        requests.host,
        check_in=NOW.date(),
        status="PENDING_HOST",
        instant_book=False,
    )
    assert await requests.rate() == 100
    await requests.end(S.EXPIRED, A.SYSTEM, NOW - WINDOW)
    assert await requests.rate() == 83


async def test_hosts_are_told_apart(requests: Requests) -> None:
    await requests.end(S.CONFIRMED, A.HOST, times=LEAST)
    other = await add_host(requests.db)
    assert await response_rates(requests.db, [other, requests.host], NOW) == {requests.host: 100}
