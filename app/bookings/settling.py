"""What becomes of a booking when its payment is authorised, succeeds or is lost.

Payments report at least once, late and in any order; each function finds out what is already
done. Never money without nights, never nights without money.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.availability import service as availability
from app.availability.errors import DatesUnavailable
from app.bookings import events
from app.bookings.expiry import end_unpaid, expire_lapsed
from app.bookings.lifecycle import PENDING, Action, answer_deadline, hold_deadline
from app.bookings.transitions import booking_for_update, move
from app.config import Settings
from app.line_items import line_items_from_builtins
from app.money import Money
from app.outbox import emit
from app.payments import choice
from app.payments import service as payments
from app.payments.errors import PaymentUnavailable
from app.properties.service import lock_for_booking
from app.properties.terms import BookableProperty, fees_of
from db.enums import BookingActor, BookingStatus, PaymentMethod, RefundReason
from db.models import Booking


async def authorized(
    session: AsyncSession, booking_id: UUID, settings: Settings, now: datetime
) -> None:
    """The guest's money is reserved: ask the host. Too late for that: let it go again."""
    booking = await booking_for_update(session, booking_id)
    if booking.status == BookingStatus.PENDING_PAYMENT:
        deadline = answer_deadline(now, booking.check_in_at, settings.request_seconds)
        version = await move(
            session,
            booking,
            Action.AUTHORIZE,
            BookingActor.SYSTEM,
            now=now,
            deadline_at=deadline,
        )
        await availability.extend(session, booking_id, deadline)
        await emit(session, events.BookingRequested(booking_id=booking_id, version=version))
    elif booking.status in (
        BookingStatus.EXPIRED,
        BookingStatus.CANCELLED,
        BookingStatus.DECLINED,
    ):
        await payments.request_void(session, booking_id, now)


async def succeeded(
    session: AsyncSession, booking_id: UUID, payment_id: UUID, settings: Settings, now: datetime
) -> None:
    """The money is here: confirm the booking, or give the money back when the nights are gone."""
    # The property's lock comes before the booking's, and only a lapsed booking needs it: its
    # nights have to be claimed again.
    property = await _property_of_expired(session, booking_id, settings)
    booking = await booking_for_update(session, booking_id)
    match BookingStatus(booking.status):
        case BookingStatus.PENDING_PAYMENT:
            await _confirm(session, booking, Action.PAY, settings, now)
        case BookingStatus.PENDING_HOST:
            await _confirm(session, booking, Action.ACCEPT, settings, now)
        case BookingStatus.EXPIRED if property is not None:
            await _revive_or_refund(session, booking, property, payment_id, settings, now)
        case BookingStatus.EXPIRED:
            # It expired between the two looks; the task's next try takes the property's lock.
            raise RuntimeError(f"booking {booking_id} expired while its payment was settled")
        case BookingStatus.CANCELLED | BookingStatus.DECLINED:
            # A no-op for a booking that was cancelled after it was confirmed: refunded by policy.
            if booking.confirmed_at is None:
                await _refund_all(session, booking, payment_id, now)
        case BookingStatus.CONFIRMED | BookingStatus.COMPLETED:
            pass


async def lost(session: AsyncSession, booking_id: UUID, settings: Settings, now: datetime) -> None:
    """Nothing was taken, and never will be by this payment.

    After a host's acceptance the guest may pay anew; before it, the booking ends.
    """
    booking = await booking_for_update(session, booking_id)
    if booking.status == BookingStatus.PENDING_HOST and booking.accepted_at is not None:
        await ask_to_pay(session, booking, BookingActor.SYSTEM, settings, now)
    elif booking.status in PENDING and await payments.live_payment(session, booking_id) is None:
        await end_unpaid(session, booking, now)


async def ask_to_pay(
    session: AsyncSession,
    booking: Row[Any],
    actor: BookingActor,
    settings: Settings,
    now: datetime,
    actor_id: UUID | None = None,
) -> UUID:
    """PENDING_HOST → PENDING_PAYMENT: the host said yes and nothing is authorised.

    Opens a new payment, and returns its id.
    """
    method = PaymentMethod(booking.payment_method)
    offer = choice.choose(choice.configured(settings), method, booking.currency)
    if offer is None:
        raise PaymentUnavailable("Nobody takes this method of payment any more.", retryable=False)
    deadline = hold_deadline(now, settings.accepted_hold_seconds)
    version = await move(
        session,
        booking,
        Action.ACCEPT_UNPAID,
        actor,
        actor_id=actor_id,
        now=now,
        deadline_at=deadline,
    )
    await availability.extend(session, booking.id, deadline)
    await emit(session, events.BookingAccepted(booking_id=booking.id, version=version))
    payment = await payments.open_payment(
        session,
        booking_id=booking.id,
        guest_id=booking.guest_id,
        host_id=booking.host_id,
        attempt=await payments.attempts(session, booking.id) + 1,
        provider=offer.provider,
        method=method,
        amount=Money(booking.total_minor, booking.currency),
        host_minor=booking.host_payout_minor,
        platform_minor=platform_share(booking),
        tax_minor=booking.tax_minor,
        promotion_minor=booking.promotion_minor,
        line_items=line_items_from_builtins(booking.line_items),
        manual_capture=False,
        now=now,
    )
    return payment.id


async def _confirm(
    session: AsyncSession, booking: Row[Any], action: Action, settings: Settings, now: datetime
) -> None:
    version = await move(
        session,
        booking,
        action,
        BookingActor.SYSTEM,
        now=now,
        confirmed_at=now,
        deadline_at=booking.check_out_at,
        payout_due_at=booking.check_in_at + timedelta(seconds=settings.payout_delay_seconds),
    )
    await availability.confirm(session, booking.id)
    await emit(session, events.BookingConfirmed(booking_id=booking.id, version=version))


async def _property_of_expired(
    session: AsyncSession, booking_id: UUID, settings: Settings
) -> BookableProperty | None:
    """The property of a booking that has expired, locked; None for any other booking."""
    statement = select(Booking.property_id, Booking.check_in, Booking.check_out).where(
        Booking.id == booking_id, Booking.status == BookingStatus.EXPIRED
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    fees = fees_of(settings)
    return await lock_for_booking(session, row.property_id, row.check_in, row.check_out, fees)


async def _revive_or_refund(
    session: AsyncSession,
    booking: Row[Any],
    property: BookableProperty,
    payment_id: UUID,
    settings: Settings,
    now: datetime,
) -> None:
    """Paid after its hold was over: the nights again if they are free, else all the money back."""
    stay = (booking.check_in, booking.check_out, property.stay.preparation_days, now)
    try:
        async with session.begin_nested():
            found = await expire_lapsed(session, property.id, *stay)
            await availability.claim(session, property.id, booking.id, *stay, None, found)
    except DatesUnavailable:
        await _refund_all(session, booking, payment_id, now)
    else:
        await _confirm(session, booking, Action.REVIVE, settings, now)


async def _refund_all(
    session: AsyncSession, booking: Row[Any], payment_id: UUID, now: datetime
) -> None:
    await payments.request_refund(
        session,
        payment_id=payment_id,
        reason=RefundReason.LATE_PAYMENT,
        amount_minor=booking.total_minor,
        host_minor=booking.host_payout_minor,
        platform_minor=platform_share(booking),
        tax_minor=booking.tax_minor,
        promotion_minor=booking.promotion_minor,
        line_items=line_items_from_builtins(booking.line_items),
        now=now,
    )


def platform_share(booking: Row[Any]) -> int:
    """Both service fees, whatever the platform pays of the price itself."""
    price: int = booking.total_minor + booking.promotion_minor
    others: int = booking.host_payout_minor + booking.tax_minor
    return price - others
