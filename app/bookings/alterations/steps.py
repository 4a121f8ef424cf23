"""The steps in the life of an alteration, each in its caller's transaction.

The booking's lock guards its alteration, too: whoever moves one holds it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.availability import service as availability
from app.bookings.alterations import queries, rules
from app.bookings.alterations.events import AlterationMoved
from app.bookings.alterations.queries import AlterationRow
from app.bookings.lifecycle import Action
from app.bookings.transitions import Step, move
from app.config import Settings
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.ledger.rules import Shares
from app.line_items import LineItem, line_items_from_builtins, line_items_to_builtins
from app.outbox import emit
from app.payments import service as payments
from app.payments.giving_back import give_back
from app.payments.rules import TAKEN, PaymentRecord
from db.enums import AlterationStatus, BookingActor, RefundReason
from db.models import Booking, BookingAlteration


async def live(session: AsyncSession, booking_id: UUID) -> AlterationRow | None:
    """The alteration that a locked booking waits for."""
    return (await queries.live_of(session, [booking_id])).get(booking_id)


async def step(
    session: AsyncSession,
    booking: Row[Any],
    alteration_id: UUID,
    status: AlterationStatus,
    by: BookingActor,
    now: datetime,
    *,
    actor_id: UUID | None = None,
    reason: str | None = None,
    expires_at: datetime | None = None,
    **columns: Any,
) -> None:
    """Note that an alteration is in another state, in the booking's history and for all to hear.

    `columns` are the booking's, as they change with it.
    """
    changes: dict[str, Any] = {"status": status}
    if expires_at is not None:
        changes["expires_at"] = expires_at
    if status not in (AlterationStatus.OPEN, AlterationStatus.AWAITING_PAYMENT):
        changes["settled_at"] = now
    await session.execute(
        update(BookingAlteration).where(BookingAlteration.id == alteration_id).values(changes)
    )
    version = await move(
        session,
        booking,
        Action.ALTER,
        by,
        actor_id=actor_id,
        now=now,
        reason=reason,
        alteration=Step(alteration_id, status),
        **columns,
    )
    moved = AlterationMoved(
        booking_id=booking.id, version=version, alteration_id=alteration_id, status=status
    )
    await emit(session, moved)


async def apply(
    session: AsyncSession,
    booking: Row[Any],
    alteration: AlterationRow,
    by: BookingActor,
    settings: Settings,
    now: datetime,
    actor_id: UUID | None = None,
) -> None:
    """Make the booking what was agreed: nights, price and history, and what is given back.

    What it costs more has been paid.
    """
    await availability.resettle(session, booking.id, alteration.check_in, alteration.check_out)
    await step(
        session,
        booking,
        alteration.id,
        AlterationStatus.ACCEPTED,
        by,
        now,
        actor_id=actor_id,
        **await _altered_columns(session, booking.id, alteration, settings, now),
    )
    before = line_items_from_builtins(booking.line_items)
    difference = shares_of(alteration)
    if alteration.difference_minor < 0:
        back = Shares(
            host_minor=-difference.host_minor,
            platform_minor=-difference.platform_minor,
            tax_minor=-difference.tax_minor,
            promotion_minor=-difference.promotion_minor,
        )
        lines = rules.difference_lines(alteration.line_items, before)
        reason = RefundReason.ALTERATION
        await give_back(session, booking.id, reason, back, lines, now, alteration.id)
    elif alteration.difference_minor == 0:
        lines = rules.difference_lines(before, alteration.line_items)
        await _post_shift(session, alteration, booking.host_id, difference, lines, now)


async def _post_shift(
    session: AsyncSession,
    alteration: AlterationRow,
    host_id: UUID,
    difference: Shares,
    lines: Sequence[LineItem],
    now: datetime,
) -> None:
    """The guest's price is the same: tell the books if it falls apart in another way."""
    payment = await payments.live_payment(session, alteration.booking_id)
    place = ("", "") if payment is None else (payment.country, payment.region)
    entry = entries.alteration(
        alteration.id,
        alteration.booking_id,
        host_id,
        alteration.currency,
        entries.shares_of(lines, *place, difference),
    )
    if entry.lines:
        await ledger.post(session, entry, now)


async def _altered_columns(
    session: AsyncSession,
    booking_id: UUID,
    alteration: AlterationRow,
    settings: Settings,
    now: datetime,
) -> dict[str, Any]:
    due_at = await session.scalar(select(Booking.payout_due_at).where(Booking.id == booking_id))
    if due_at is not None or alteration.host_difference_minor > 0:
        delay = timedelta(seconds=settings.payout_delay_seconds)
        due_at = max(alteration.check_in_at + delay, now)
    same = (
        *("check_in", "check_out", "check_in_at", "check_out_at", "total_minor"),
        *("adults", "children", "infants", "pets"),
        *("host_payout_minor", "tax_minor", "promotion_minor"),
    )
    return {
        **{name: getattr(alteration, name) for name in same},
        "line_items": line_items_to_builtins(alteration.line_items),
        "night_prices": list(alteration.night_prices),
        "deadline_at": alteration.check_out_at,
        "payout_due_at": due_at,
    }


async def end(
    session: AsyncSession,
    booking: Row[Any],
    alteration: AlterationRow,
    status: AlterationStatus,
    by: BookingActor,
    now: datetime,
    actor_id: UUID | None = None,
    reason: str | None = None,
) -> None:
    """Leave the booking as it was: declined, withdrawn or expired."""
    await _drop(session, alteration, now)
    await step(session, booking, alteration.id, status, by, now, actor_id=actor_id, reason=reason)


async def end_lapsed(session: AsyncSession, booking: Row[Any], now: datetime) -> bool:
    """Expire the alteration that a locked booking waits for, if its time is over."""
    alteration = await live(session, booking.id)
    if alteration is None or not rules.is_over(alteration, now):
        return False
    await end(session, booking, alteration, AlterationStatus.EXPIRED, BookingActor.SYSTEM, now)
    return True


async def end_with_booking(session: AsyncSession, booking: Row[Any], now: datetime) -> None:
    """A confirmed booking ends, and takes with it the alteration that it waits for.

    Without a step of its own: the booking's says it.
    """
    alteration = await live(session, booking.id)
    if alteration is not None:
        await _drop(session, alteration, now)
        await session.execute(
            update(BookingAlteration)
            .where(BookingAlteration.id == alteration.id)
            .values(status=AlterationStatus.EXPIRED, settled_at=now)
        )


async def refund_payment(session: AsyncSession, payment: PaymentRecord, now: datetime) -> None:
    """Give back all that was paid for an alteration which has come to nothing."""
    await payments.request_refund(
        session,
        payment_id=payment.id,
        reason=RefundReason.LATE_PAYMENT,
        amount_minor=payment.amount_minor,
        host_minor=payment.host_minor,
        platform_minor=payment.platform_minor,
        tax_minor=payment.tax_minor,
        promotion_minor=payment.promotion_minor,
        line_items=payment.line_items,
        now=now,
    )


def shares_of(alteration: AlterationRow) -> Shares:
    """Whose money the difference becomes, or is given back by."""
    host, tax = alteration.host_difference_minor, alteration.tax_difference_minor
    promotion = alteration.promotion_difference_minor
    return Shares(
        host_minor=host,
        platform_minor=alteration.difference_minor + promotion - host - tax,
        tax_minor=tax,
        promotion_minor=promotion,
    )


async def _drop(session: AsyncSession, alteration: AlterationRow, now: datetime) -> None:
    """Free what was held for it, and let go of its money."""
    await availability.release_more(session, alteration.booking_id)
    payment = await payments.live_payment_for_update(session, alteration.booking_id, alteration.id)
    if payment is None:
        return
    if payment.status in TAKEN:
        await refund_payment(session, payment, now)
    else:
        await payments.request_void(session, alteration.booking_id, now, alteration.id)
