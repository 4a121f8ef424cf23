"""What hosts and guests do to a booking that exists, each in its caller's transaction."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.availability import service as availability
from app.bookings import cancellation, events, host_cancellations, host_fees, options, policy
from app.bookings.alterations import steps as alterations
from app.bookings.cancellation import CancellationRefund, Stay
from app.bookings.errors import BookingNotFound, Obstacle, TransitionNotAllowed
from app.bookings.lifecycle import Action
from app.bookings.options import BookingAction
from app.bookings.settling import ask_to_pay
from app.bookings.transitions import booking_for_update, move
from app.config import Settings
from app.identity import service as identity
from app.identity import staff
from app.ledger.rules import Shares
from app.line_items import line_items_from_builtins
from app.outbox import emit
from app.payments import service as payments
from app.payments.giving_back import give_back
from app.properties import co_hosts
from app.text import plain_text
from db.enums import (
    BookingActor,
    BookingStatus,
    CancellationPolicy,
    PaymentStatus,
    RefundReason,
    StaffActionKind,
)
from db.models import Booking

REASON_LENGTH = 1_000
# A capture that was begun is settled long before this, by the call, a retry or the sweep.
CAPTURE_GRACE = timedelta(hours=1)


def party(booking: Any, actor: Actor, rights: Collection[str] = ()) -> BookingActor:
    """As what the caller acts on a booking, with their rights as a co-host of its property.

    Raises BookingNotFound for who does not.
    """
    side = policy.side(booking, actor, rights)
    if side is not None:
        return side
    if actor.may(StaffActionKind.BOOKING_CANCELLED):
        return BookingActor.ADMIN
    raise BookingNotFound


async def begin_acceptance(
    session: AsyncSession, actor: Actor, booking_id: UUID, settings: Settings, now: datetime
) -> UUID:
    """The host says yes. Returns the payment to capture, or to start when none was authorised.

    While a capture is under way the booking stays PENDING_HOST, its nights held, and nobody can
    cancel, decline or expire it. Raises BookingNotFound, TransitionNotAllowed, AccountSuspended.
    """
    await identity.require_active(session, actor.require_user())
    booking = await _hosted_for_update(session, actor, booking_id)
    if booking.host_id != actor.user_id:
        # Nobody takes guests for a host who may not.
        await identity.require_active(session, booking.host_id)
    options.require(booking, BookingAction.ACCEPT, BookingActor.HOST, now)
    payment = await payments.live_payment_for_update(session, booking_id)
    if payment is None:
        return await ask_to_pay(
            session, booking, BookingActor.HOST, settings, now, actor.require_user()
        )
    if payment.status is not PaymentStatus.AUTHORIZED:
        raise TransitionNotAllowed(BookingStatus.PENDING_HOST, Obstacle.PAYMENT_UNDER_WAY)
    until = now + CAPTURE_GRACE
    await session.execute(
        update(Booking)
        .where(Booking.id == booking_id)
        .values(accepted_at=now, deadline_at=until, updated_at=now)
    )
    await availability.extend(session, booking_id, until)
    await emit(
        session, events.AcceptanceStarted(booking_id=booking_id), after=timedelta(seconds=30)
    )
    return payment.id


async def decline(
    session: AsyncSession, actor: Actor, booking_id: UUID, reason: str | None, now: datetime
) -> None:
    """The host says no: nights free, authorisation given up.

    Raises BookingNotFound, TransitionNotAllowed, Invalid.
    """
    booking = await _hosted_for_update(session, actor, booking_id)
    options.require(booking, BookingAction.DECLINE, BookingActor.HOST, now)
    version = await move(
        session,
        booking,
        Action.DECLINE,
        BookingActor.HOST,
        actor_id=actor.user_id,
        now=now,
        reason=_checked(reason),
        deadline_at=None,
    )
    await availability.release(session, booking_id)
    await payments.request_void(session, booking_id, now)
    await emit(session, events.BookingDeclined(booking_id=booking_id, version=version))


async def cancel(
    session: AsyncSession,
    actor: Actor,
    booking_id: UUID,
    reason: str | None,
    settings: Settings,
    now: datetime,
) -> CancellationRefund:
    """End a booking; returns what goes back to the guest.

    Nights that have begun stay the booking's. After a host's cancellation of a confirmed stay the
    others are blocked, and the host owes a fee. An admin's leaves a line in the staff's trail and
    needs a reason. Raises BookingNotFound, TransitionNotAllowed, Invalid.
    """
    booking = await booking_for_update(session, booking_id)
    by = await _party(session, booking, actor)
    if by is BookingActor.ADMIN:
        await staff.act(
            session,
            actor,
            StaffActionKind.BOOKING_CANCELLED,
            booking.guest_id,
            booking.host_id,
            object_id=booking_id,
            reason=reason,
            now=now,
        )
    options.require(booking, BookingAction.CANCEL, by, now)
    await alterations.end_with_booking(session, booking, now)
    stay = stay_of(booking)
    refund = cancellation.refund(stay, by, now)
    reason = _checked(reason)
    version = await move(
        session,
        booking,
        Action.CANCEL,
        by,
        actor_id=actor.user_id,
        now=now,
        reason=reason,
        deadline_at=None,
        cancelled_at=now,
        cancelled_by=by,
        cancellation_reason=reason,
    )
    first = stay.check_out - timedelta(days=cancellation.nights_given_up(stay, now))
    fee = host_fees.fee(stay, by, booking.currency, host_fees.terms(settings), now)
    if fee is None:
        await availability.release(session, booking_id, first)
    else:
        await availability.block_released(session, booking_id, first)
    await _give_back(session, booking, refund, now)
    if fee is not None:
        await host_cancellations.record(session, booking, fee, now)
    await emit(session, events.BookingCancelled(booking_id=booking_id, version=version))
    return refund


def stay_of(booking: Any) -> Stay:
    """A booking's row as the cancellation rules take it."""
    return Stay(
        status=BookingStatus(booking.status),
        policy=CancellationPolicy(booking.cancellation_policy),
        check_in=booking.check_in,
        check_out=booking.check_out,
        check_in_at=booking.check_in_at,
        timezone=booking.timezone,
        confirmed_at=booking.confirmed_at,
        line_items=line_items_from_builtins(booking.line_items),
        host_payout_minor=booking.host_payout_minor,
        host_fee_bp=booking.host_fee_bp,
    )


async def _give_back(
    session: AsyncSession, booking: Row[Any], refund: CancellationRefund, now: datetime
) -> None:
    if booking.confirmed_at is None:
        # Not ours yet: nothing to refund unless the provider takes it all the same.
        await payments.request_void(session, booking.id, now)
    elif refund.amount_minor > 0:
        shares = Shares(
            host_minor=refund.host_minor,
            platform_minor=refund.platform_minor,
            tax_minor=refund.tax_minor,
            promotion_minor=refund.promotion_minor,
        )
        lines = refund.line_items
        await give_back(session, booking.id, RefundReason.CANCELLATION, shares, lines, now)


async def acting(
    session: AsyncSession, actor: Actor, booking_id: UUID
) -> tuple[Row[Any], BookingActor]:
    """A booking, locked, and as which of its two sides the caller acts. Raises BookingNotFound."""
    booking = await booking_for_update(session, booking_id)
    by = await _party(session, booking, actor)
    if by is BookingActor.ADMIN:
        raise BookingNotFound
    return booking, by


async def _hosted_for_update(session: AsyncSession, actor: Actor, booking_id: UUID) -> Row[Any]:
    booking, by = await acting(session, actor, booking_id)
    if by is not BookingActor.HOST:
        # The guest may see the booking; answering it is still not theirs.
        raise TransitionNotAllowed(BookingStatus(booking.status), Obstacle.OTHER_SIDE)
    return booking


async def _party(session: AsyncSession, booking: Row[Any], actor: Actor) -> BookingActor:
    """As `party`; whether somebody else is a co-host is only asked of somebody else."""
    rights: Collection[str] = ()
    if actor.user_id is not None and policy.side(booking, actor) is None:
        rights = await co_hosts.granted(session, actor.user_id, booking.property_id)
    return party(booking, actor, rights)


def _checked(reason: str | None) -> str | None:
    return reason and plain_text(reason, "reason", 0, REASON_LENGTH)
