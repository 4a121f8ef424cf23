"""Writing reviews."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.errors import NotFound
from app.ids import new_id
from app.reviews import rules
from app.reviews.errors import ReviewNotAllowed, ReviewNotAllowedReason
from db.models import Booking, Property, Review


async def create_review(
    session: AsyncSession,
    actor: Actor,
    booking_id: UUID,
    rating: int,
    comment: str,
    now: datetime,
) -> UUID:
    """Publish the guest's review of a stay that is over; return its id.

    The property's rating follows in the same transaction. Raises Invalid, NotFound (also for
    somebody else's booking) or ReviewNotAllowed.
    """
    guest_id = actor.require_user()
    rating, comment = rules.checked_rating(rating), rules.checked_comment(comment)
    booking = (
        await session.execute(
            select(
                Booking.property_id,
                Booking.host_id,
                Booking.status,
                Booking.check_in_at,
                Booking.check_out_at,
                Booking.confirmed_at,
                Booking.cancelled_at,
            ).where(Booking.id == booking_id, Booking.guest_id == guest_id)
        )
    ).one_or_none()
    if booking is None:
        raise NotFound("There is no such booking.")
    # Not locked: a stay that is over stays over.
    reason = rules.refusal(rules.ended_at(booking), now)
    if reason is not None:
        raise ReviewNotAllowed(reason)
    review_id = await _insert_once(
        session,
        booking_id=booking_id,
        property_id=booking.property_id,
        host_id=booking.host_id,
        author_id=guest_id,
        rating=rating,
        comment=comment,
        created_at=now,
    )
    await session.execute(
        update(Property)
        .where(Property.id == booking.property_id)
        .values(
            rating_sum=Property.rating_sum + rating,
            review_count=Property.review_count + 1,
        )
    )
    return review_id


async def _insert_once(session: AsyncSession, **values: object) -> UUID:
    """Of two reviews of one stay at once, the second waits here and finds the first."""
    review_id = new_id()
    statement = (
        insert(Review)
        .values(id=review_id, **values)
        .on_conflict_do_nothing(index_elements=[Review.booking_id])
        .returning(Review.id)
    )
    if (await session.execute(statement)).first() is None:
        raise ReviewNotAllowed(ReviewNotAllowedReason.ALREADY_REVIEWED)
    return review_id
