"""Moving a booking from one state to the next: one function, one row of history each time."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import pubsub
from app.bookings.errors import BookingNotFound, Obstacle, TransitionNotAllowed
from app.bookings.lifecycle import TRANSITIONS, Action, allowed
from app.promotions import service as promotions
from db.enums import AlterationStatus, BookingActor, BookingStatus
from db.models import Booking, BookingChange

# What the services decide by. Never the whole row: messages and line items can be long.
COLUMNS = (
    Booking.id,
    Booking.property_id,
    Booking.guest_id,
    Booking.host_id,
    Booking.status,
    Booking.version,
    Booking.check_in,
    Booking.check_out,
    Booking.check_in_at,
    Booking.check_out_at,
    Booking.timezone,
    Booking.currency,
    Booking.total_minor,
    Booking.host_payout_minor,
    Booking.tax_minor,
    Booking.promotion_minor,
    Booking.promotion_id,
    Booking.line_items,
    Booking.host_fee_bp,
    Booking.cancellation_policy,
    Booking.instant_book,
    Booking.payment_method,
    Booking.deadline_at,
    Booking.accepted_at,
    Booking.confirmed_at,
)


# What becomes of the use of a code by a booking that was never confirmed: it is given back, and
# counted again when the money comes after all. Once confirmed, it stays used.
USES = {Action.EXPIRE: -1, Action.DECLINE: -1, Action.CANCEL: -1, Action.REVIVE: 1}


class Step(msgspec.Struct, frozen=True):
    """A step in the life of a booking's alteration, and the alteration's state after it."""

    id: UUID
    status: AlterationStatus


async def booking_for_update(session: AsyncSession, booking_id: UUID) -> Row[Any]:
    """The booking, locked. The property, if it is needed too, is locked before it.

    Raises BookingNotFound.
    """
    statement = select(*COLUMNS).where(Booking.id == booking_id).with_for_update(key_share=True)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise BookingNotFound
    return row


async def move(
    session: AsyncSession,
    booking: Row[Any],
    action: Action,
    actor: BookingActor,
    *,
    now: datetime,
    actor_id: UUID | None = None,
    reason: str | None = None,
    alteration: Step | None = None,
    **columns: Any,
) -> int:
    """Take a locked booking through `action` and return its new version.

    Columns that belong to the new state are set along with it. Compares and swaps on status and
    version, so that even a caller who forgot the lock cannot jump. Raises TransitionNotAllowed.
    """
    status = BookingStatus(booking.status)
    if not allowed(action, status, actor):
        raise TransitionNotAllowed(status, Obstacle.STATUS)
    version: int = booking.version + 1
    changed = await session.execute(
        update(Booking)
        .where(
            Booking.id == booking.id,
            Booking.status == status,
            Booking.version == booking.version,
        )
        .values(
            status=TRANSITIONS[action].target,
            version=version,
            updated_at=now,
            accepted_at=None,
            **columns,
        )
        .returning(Booking.id)
    )
    if changed.one_or_none() is None:
        raise TransitionNotAllowed(status, Obstacle.CHANGED_MEANWHILE)
    if booking.promotion_id is not None and booking.confirmed_at is None and action in USES:
        await promotions.recount(session, booking.promotion_id, USES[action])
    await record(
        session,
        booking.id,
        booking.host_id,
        version=version,
        action=action,
        actor=actor,
        actor_id=actor_id,
        previous=status,
        reason=reason,
        alteration=alteration,
        now=now,
    )
    return version


async def record(
    session: AsyncSession,
    booking_id: UUID,
    host_id: UUID,
    *,
    version: int,
    action: Action,
    actor: BookingActor,
    actor_id: UUID | None,
    previous: BookingStatus | None,
    now: datetime,
    reason: str | None = None,
    alteration: Step | None = None,
) -> None:
    """Append a row to the history, and hint at it to whoever watches."""
    await session.execute(
        insert(BookingChange).values(
            booking_id=booking_id,
            version=version,
            status=TRANSITIONS[action].target,
            previous_status=previous,
            actor=actor,
            actor_id=actor_id,
            reason=reason,
            alteration_id=alteration and alteration.id,
            alteration_status=alteration and alteration.status,
            occurred_at=now,
        )
    )
    pubsub.announce(session, f"booking:{booking_id}", str(version))
    pubsub.announce(session, f"host:{host_id}", str(booking_id))
