"""From when bookings' money may be paid out, and when what is held back is looked at again."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.ledger import queries as books
from app.payouts import rules
from app.payouts.rules import PayoutTerms, StayTerms
from db.enums import BookingStatus, PaymentProvider, PayoutStatus
from db.models import Booking, Payout

# What the rules want to know of a booking.
STAY = (
    Booking.check_in,
    Booking.check_out,
    Booking.check_in_at,
    Booking.timezone,
    Booking.status,
)


async def first_stay_over(reader: AsyncConnection | AsyncSession, host_id: UUID) -> datetime | None:
    """When a host's first completed stay ended."""
    ended: datetime | None = await reader.scalar(
        select(func.min(Booking.check_out_at)).where(
            Booking.host_id == host_id, Booking.status == BookingStatus.COMPLETED
        )
    )
    return ended


def stay_terms(row: Any) -> StayTerms:
    """A booking's row, with the columns of STAY, as the rules take it."""
    return StayTerms(
        check_in=row.check_in,
        check_out=row.check_out,
        check_in_at=row.check_in_at,
        timezone=row.timezone,
        is_cancelled=row.status == BookingStatus.CANCELLED,
    )


async def settle_booking(
    session: AsyncSession, booking_id: UUID, terms: PayoutTerms, now: datetime
) -> None:
    """After money has moved: what was paid out before, or ends earlier now, is settled again."""
    booking = (
        await session.execute(
            select(
                Booking.host_id,
                Booking.currency,
                Booking.payout_due_at,
                Booking.confirmed_at,
                *STAY,
            )
            .where(Booking.id == booking_id)
            .with_for_update(key_share=True)
        )
    ).one_or_none()
    if booking is None:
        return
    earned = await books.earned(session, booking.host_id, booking.currency, [booking_id])
    _, outstanding = earned.get(booking_id, (0, 0))
    following = rules.next_due(stay_terms(booking), terms.delay, now) or now
    due_at = booking.payout_due_at
    if due_at is not None:
        if due_at > following:
            # The stay was shortened: what is left of it does not wait for days that it lost.
            await set_due(session, [booking_id], following)
    elif outstanding < 0:
        await set_due(session, [booking_id], now)
    elif outstanding > 0 and booking.confirmed_at is not None:
        await set_due(session, [booking_id], following)


async def resume(
    session: AsyncSession,
    host_id: UUID,
    provider: PaymentProvider,
    currency: str | None,
    now: datetime,
) -> None:
    """A host's account can be paid to again: what waits after a refusal is tried at once.

    `currency` None: in all of them.
    """
    mine = [Payout.host_id == host_id, Payout.provider == provider]
    theirs = [Booking.host_id == host_id, Booking.payout_look_at.is_not(None)]
    if currency is not None:
        mine.append(Payout.currency == currency)
        theirs.append(Booking.currency == currency)
    locked = select(Booking.id).where(*theirs).order_by(Booking.id).with_for_update(key_share=True)
    await session.execute(update(Booking).where(Booking.id.in_(locked)).values(payout_look_at=None))
    await session.execute(
        update(Payout)
        .where(*mine, Payout.status == PayoutStatus.FAILED, Payout.next_attempt_at > now)
        .values(next_attempt_at=now)
    )


async def set_due(
    session: AsyncSession, booking_ids: Collection[UUID], due_at: datetime | None
) -> None:
    """From when something of these bookings may be paid out; None: nothing is left of them."""
    await _change(session, booking_ids, payout_due_at=due_at, payout_look_at=None)


async def look_again(
    session: AsyncSession, booking_ids: Collection[UUID], look_at: datetime
) -> None:
    """What is due of these bookings is held back, and looked at again then."""
    await _change(session, booking_ids, payout_look_at=look_at)


async def due_again(
    session: AsyncSession, booking_ids: Collection[UUID], since: datetime, look_at: datetime
) -> None:
    """What was set aside comes back, due as it was, and to be looked at later."""
    due_at = func.least(Booking.payout_due_at, since)
    await _change(session, booking_ids, payout_due_at=due_at, payout_look_at=look_at)


async def _change(session: AsyncSession, booking_ids: Collection[UUID], **values: object) -> None:
    # In the order of their ids, in which everybody locks bookings.
    locked = (
        select(Booking.id)
        .where(Booking.id.in_(booking_ids))
        .order_by(Booking.id)
        .with_for_update(key_share=True)
    )
    if booking_ids:
        await session.execute(update(Booking).where(Booking.id.in_(locked)).values(values))
