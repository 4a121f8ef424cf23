"""What becomes of an alteration when its payment is authorised, succeeds or is lost.

Payments report at least once, late and in any order; each function finds out what is already
done. Never money for an alteration that has come to nothing, never an alteration without its money.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings.alterations import queries, service, steps
from app.bookings.alterations.events import AlterationAgreed
from app.bookings.alterations.rules import LIVE
from app.bookings.transitions import booking_for_update
from app.config import Settings
from app.outbox import emit
from app.payments import service as payments
from app.payments.rules import TAKEN
from db.enums import AlterationStatus, BookingActor

S = AlterationStatus


async def authorized(
    session: AsyncSession, booking_id: UUID, alteration_id: UUID, now: datetime
) -> None:
    """The guest's money is reserved: take it if the other side has agreed, or wait for them."""
    await booking_for_update(session, booking_id)
    alteration = (await queries.alterations(session, [alteration_id]))[alteration_id]
    if alteration.status == S.AWAITING_PAYMENT:
        await emit(session, AlterationAgreed(alteration_id=alteration_id))
    elif alteration.status not in LIVE:
        await payments.request_void(session, booking_id, now, alteration_id)


async def succeeded(
    session: AsyncSession,
    booking_id: UUID,
    alteration_id: UUID,
    payment_id: UUID,
    settings: Settings,
    now: datetime,
) -> None:
    """The money is here: alter the booking, or give it back if that came to nothing meanwhile."""
    booking = await booking_for_update(session, booking_id)
    alteration = (await queries.alterations(session, [alteration_id]))[alteration_id]
    if alteration.status == S.AWAITING_PAYMENT:
        await steps.apply(session, booking, alteration, BookingActor.SYSTEM, settings, now)
    elif alteration.status in (S.DECLINED, S.WITHDRAWN, S.EXPIRED):
        payment = await payments.get_for_update(session, payment_id)
        if payment.status in TAKEN:
            await steps.refund_payment(session, payment, now)


async def lost(
    session: AsyncSession,
    booking_id: UUID,
    alteration_id: UUID,
    payment_id: UUID,
    settings: Settings,
    now: datetime,
) -> None:
    """Nothing was taken, and never will be by this payment.

    What was authorised and then lost is asked for anew; what could not be paid ends the alteration.
    """
    booking = await booking_for_update(session, booking_id)
    alteration = await steps.live(session, booking_id)
    if alteration is None or alteration.id != alteration_id or alteration.status == S.OPEN:
        return
    if await payments.live_payment(session, booking_id, alteration_id) is not None:
        return
    payment = await payments.get(session, payment_id)
    if payment.manual_capture:
        await service.ask_to_pay(session, booking, alteration, settings, now)
    else:
        await steps.end(session, booking, alteration, S.EXPIRED, BookingActor.SYSTEM, now)
