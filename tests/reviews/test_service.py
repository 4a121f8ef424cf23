"""Reviews: the guest of a completed stay, once, and the rating follows."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app.actor import ANONYMOUS, Actor
from app.errors import Invalid, NotFound, Unauthenticated
from app.reviews.errors import ReviewNotAllowed, ReviewNotAllowedReason
from app.reviews.service import create_review
from db.models import Booking, Property, Review
from db.session import Database
from tests.support.postgres import deadlocks
from tests.support.world import NOW, add_booking, add_host, add_property, add_user

Reason = ReviewNotAllowedReason


class Stay:
    """A stay that ended an hour ago, and those who may say something about it."""

    property_id: UUID
    booking_id: UUID
    guest: Actor
    host: Actor


async def make_stay(db: Database, property_id: UUID | None = None, **columns: Any) -> Stay:
    stay = Stay()
    guest_id, host_id = await add_user(db), await add_host(db)
    stay.guest, stay.host = Actor(user_id=guest_id), Actor(user_id=host_id)
    stay.property_id = property_id or await add_property(db, host_id)
    check_in = NOW.date() - timedelta(days=3)
    stay.booking_id = await add_booking(
        db,
        stay.property_id,
        guest_id,
        host_id,
        check_in=check_in,
        check_out=NOW.date(),
        # Nights of many stays in one property would meet.
        **{"status": "EXPIRED"} | columns,
    )
    async with db.transaction() as session:
        await session.execute(
            update(Booking)
            .where(Booking.id == stay.booking_id)
            .values(
                status=columns.get("status", "COMPLETED"), check_out_at=NOW - timedelta(hours=1)
            )
        )
    return stay


async def review(
    db: Database,
    stay: Stay,
    rating: int = 5,
    comment: str = "Lovely.",
    actor: Actor | None = None,
    now: datetime = NOW,
) -> UUID:
    return await db.run(
        lambda session: create_review(
            session, actor or stay.guest, stay.booking_id, rating, comment, now
        )
    )


async def ratings(db: Database, property_id: UUID) -> tuple[int, int, int, int]:
    """Sum and count as kept, and as they are."""
    async with db.read() as connection:
        kept = (
            await connection.execute(
                select(Property.rating_sum, Property.review_count).where(Property.id == property_id)
            )
        ).one()
        real = (
            await connection.execute(
                select(func.coalesce(func.sum(Review.rating), 0), func.count()).where(
                    Review.property_id == property_id
                )
            )
        ).one()
    return (kept[0], kept[1], real[0], real[1])


async def test_a_review_is_there_and_counted(db: Database) -> None:
    stay = await make_stay(db)
    review_id = await review(db, stay, 4, "  Quiet, bright, by the river.\n")
    async with db.read() as connection:
        row = (await connection.execute(select(Review.__table__))).one()
    assert row.id == review_id
    assert (row.rating, row.comment) == (4, "Quiet, bright, by the river.")
    assert (row.author_id, row.property_id) == (stay.guest.user_id, stay.property_id)
    assert row.created_at == NOW
    assert await ratings(db, stay.property_id) == (4, 1, 4, 1)


async def test_once_per_stay(db: Database) -> None:
    stay = await make_stay(db)
    await review(db, stay, 5)
    with pytest.raises(ReviewNotAllowed) as refused:
        await review(db, stay, 1)
    assert refused.value.reason is Reason.ALREADY_REVIEWED
    assert await ratings(db, stay.property_id) == (5, 1, 5, 1)


async def test_of_ten_reviews_of_a_stay_at_once_one_counts(db: Database, database_url: str) -> None:
    stay = await make_stay(db)
    found = await asyncio.gather(*(review(db, stay, 3) for _ in range(10)), return_exceptions=True)
    refused = [outcome for outcome in found if isinstance(outcome, ReviewNotAllowed)]
    assert len(refused) == 9
    assert await ratings(db, stay.property_id) == (3, 1, 3, 1)
    assert await deadlocks(database_url) == 0


async def test_reviews_of_many_stays_at_once_all_count(db: Database, database_url: str) -> None:
    first = await make_stay(db)
    stays = [first, *[await make_stay(db, first.property_id) for _ in range(11)]]
    await asyncio.gather(*(review(db, stay, 1 + i % 5) for i, stay in enumerate(stays)))
    expected = sum(1 + i % 5 for i in range(12))
    assert await ratings(db, first.property_id) == (expected, 12, expected, 12)
    assert await deadlocks(database_url) == 0


async def test_only_completed_stays(db: Database) -> None:
    for status in ("PENDING_HOST", "CONFIRMED", "EXPIRED", "DECLINED"):
        stay = await make_stay(db, status=status)
        with pytest.raises(ReviewNotAllowed) as refused:
            await review(db, stay)
        assert refused.value.reason is Reason.STAY_NOT_COMPLETED, status


async def test_a_stay_that_was_ended_after_it_had_begun(db: Database) -> None:
    for moved, allowed in ((timedelta(0), True), (-timedelta(seconds=1), False)):
        stay = await make_stay(db)
        async with db.transaction() as session:
            await session.execute(
                update(Booking)
                .where(Booking.id == stay.booking_id)
                .values(
                    status="CANCELLED",
                    cancelled_by="GUEST",
                    cancelled_at=Booking.check_in_at + moved,
                    confirmed_at=NOW - timedelta(days=30),
                )
            )
        if allowed:
            await review(db, stay)
        else:
            with pytest.raises(ReviewNotAllowed) as refused:
                await review(db, stay)
            assert refused.value.reason is Reason.STAY_NOT_COMPLETED


async def test_the_window_begins_when_the_stay_ended(db: Database) -> None:
    stay = await make_stay(db)
    left = NOW - timedelta(days=2)
    async with db.transaction() as session:
        await session.execute(
            update(Booking)
            .where(Booking.id == stay.booking_id)
            .values(
                status="CANCELLED",
                cancelled_by="GUEST",
                cancelled_at=left,
                confirmed_at=NOW - timedelta(days=30),
            )
        )
    with pytest.raises(ReviewNotAllowed):
        await review(db, stay, now=left + timedelta(days=14, seconds=1))
    await review(db, stay, now=left + timedelta(days=14))


async def test_within_fourteen_days_of_the_check_out_instant(db: Database) -> None:
    stay = await make_stay(db)
    last = NOW - timedelta(hours=1) + timedelta(days=14)
    with pytest.raises(ReviewNotAllowed) as refused:
        await review(db, stay, now=last + timedelta(microseconds=1))
    assert refused.value.reason is Reason.WINDOW_CLOSED
    await review(db, stay, now=last)


async def test_nobody_but_the_guest(db: Database) -> None:
    stay = await make_stay(db)
    for actor in (stay.host, Actor(user_id=await add_user(db))):
        with pytest.raises(NotFound):
            await review(db, stay, actor=actor)
    with pytest.raises(Unauthenticated):
        await review(db, stay, actor=ANONYMOUS)
    assert await ratings(db, stay.property_id) == (0, 0, 0, 0)


BAD: list[tuple[int, str, str]] = [
    (0, "Fine.", "rating"),
    (6, "Fine.", "rating"),
    (2**40, "Fine.", "rating"),
    (5, "", "comment"),
    (5, " \n ", "comment"),
    (5, "x" * 5_001, "comment"),
    (5, "a\x00b", "comment"),
    (5, "a\ud800b", "comment"),
]


async def test_bad_input_changes_nothing(db: Database) -> None:
    stay = await make_stay(db)
    for rating, comment, field in BAD:
        with pytest.raises(Invalid) as refused:
            await review(db, stay, rating, comment)
        assert refused.value.field == field, (rating, comment)
    assert await ratings(db, stay.property_id) == (0, 0, 0, 0)


async def test_the_longest_comment(db: Database) -> None:
    stay = await make_stay(db)
    await review(db, stay, comment="é" * 5_000)
