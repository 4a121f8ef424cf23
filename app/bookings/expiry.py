"""Timers: holds and requests that are over, and stays that have ended."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.availability import service as availability
from app.availability.service import TakenNight
from app.bookings import events
from app.bookings.alterations import steps as alterations
from app.bookings.lifecycle import Action
from app.bookings.options import is_lapsed
from app.bookings.transitions import booking_for_update, move
from app.outbox import emit
from app.payments import service as payments
from db.enums import BookingActor, BookingStatus
from db.models import Booking

BATCH = 100


async def expire_lapsed(
    session: AsyncSession,
    property_id: UUID,
    check_in: date,
    check_out: date,
    gap: int,
    now: datetime,
) -> list[TakenNight]:
    """Expire the holds that are over and in the way of a stay, without waiting for the sweep.

    Returns what is in its way after that. The caller has locked the property. Their payments are
    voided afterwards, by a job; one that succeeds all the same finds its nights taken and is
    refunded.
    """
    found = await availability.taken_nights(session, [property_id], check_in, check_out, gap)
    lapsed = availability.lapsed_holds(found, now)
    if not lapsed:
        return found
    for booking_id in lapsed:
        await expire(session, booking_id, now)
    # One of them may have been paid for while we waited for its lock.
    return await availability.taken_nights(session, [property_id], check_in, check_out, gap)


async def expire(session: AsyncSession, booking_id: UUID, now: datetime) -> bool:
    """End a hold or request whose time is over, or what an alteration holds in addition.

    False when there is nothing to end any more.
    """
    booking = await booking_for_update(session, booking_id)
    if booking.status == BookingStatus.CONFIRMED:
        return await alterations.end_lapsed(session, booking, now)
    if not is_lapsed(booking, now):
        return False
    await end_unpaid(session, booking, now)
    return True


async def end_unpaid(session: AsyncSession, booking: Row[Any], now: datetime) -> None:
    """EXPIRED: nights released, payment voided, both sides told."""
    version = await move(
        session, booking, Action.EXPIRE, BookingActor.SYSTEM, now=now, deadline_at=None
    )
    await availability.release(session, booking.id)
    await payments.request_void(session, booking.id, now)
    await emit(session, events.BookingExpired(booking_id=booking.id, version=version))


async def complete(session: AsyncSession, booking_id: UUID, now: datetime) -> None:
    """CONFIRMED → COMPLETED once the check-out instant has passed; otherwise nothing."""
    booking = await booking_for_update(session, booking_id)
    if booking.status != BookingStatus.CONFIRMED or booking.check_out_at > now:
        return
    await alterations.end_with_booking(session, booking, now)
    version = await move(
        session, booking, Action.COMPLETE, BookingActor.SYSTEM, now=now, deadline_at=None
    )
    await emit(session, events.BookingCompleted(booking_id=booking.id, version=version))


async def due(
    connection: AsyncConnection, statuses: frozenset[BookingStatus], now: datetime
) -> list[UUID]:
    """Bookings in one of the states whose timer has fired, the longest overdue first."""
    statement = (
        select(Booking.id)
        .where(Booking.deadline_at <= now, Booking.status.in_(statuses))
        .order_by(Booking.deadline_at)
        .limit(BATCH)
    )
    return list((await connection.execute(statement)).scalars())
