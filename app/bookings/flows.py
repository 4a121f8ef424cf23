"""Bookings between us and the payment provider: a transaction, a call, a transaction."""

import asyncio
from functools import partial
from uuid import UUID
from weakref import WeakValueDictionary

import structlog

from app import clock
from app.actor import Actor
from app.bookings import expiry, placing, service, settling
from app.bookings.cancellation import CancellationRefund
from app.bookings.lifecycle import PENDING
from app.bookings.placing import CreateBooking
from app.config import Settings
from app.payments import flows as payment_flows
from app.payments import service as payments
from app.payments.errors import PaymentUnavailable
from app.payments.provider import Providers
from app.payments.rules import TAKEN, PaymentRecord
from db.enums import BookingStatus, PaymentStatus
from db.session import Database

log = structlog.get_logger(__name__)

_turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

# A twin of a request waits so long for the first one to reach the provider before it tries itself.
TWIN_WAITS_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)


async def create_booking(
    db: Database, providers: Providers, settings: Settings, actor: Actor, command: CreateBooking
) -> UUID:
    """Hold the nights, then open the payment at the provider; returns the booking's id.

    The same request under the same key, at once or later, returns the same booking. Raises what
    `placing.place` raises, and PaymentUnavailable: the nights are then held all the same, and the
    request may be sent again under its key.
    """
    # One at a time per property and process. They would wait for each other in PostgreSQL anyway,
    # but here they do so without a connection, and a hot property starves no other.
    async with _turns.setdefault(command.property_id, asyncio.Lock()):
        await placing.refuse_early(db, actor, command)
        placed = await db.run(lambda session: placing.place(session, actor, command, settings))
    if placed.payment is not None:
        await payment_flows.start_as(db, providers, placed.payment)
        return placed.booking_id
    async with db.read() as connection:
        payment = await payments.live_payment(connection, placed.booking_id)
    if payment is not None and not await _started_by_twin(db, payment):
        await payment_flows.start(db, providers, payment.id)
    return placed.booking_id


async def _started_by_twin(db: Database, payment: PaymentRecord) -> bool:
    """Whether the request that placed the booking has reached the provider, waiting a little."""
    for seconds in TWIN_WAITS_SECONDS:
        if payment.provider_payment_id is not None:
            return True
        await asyncio.sleep(seconds)
        async with db.read() as connection:
            payment = await payments.get(connection, payment.id)
    return payment.provider_payment_id is not None


async def accept(
    db: Database, providers: Providers, settings: Settings, actor: Actor, booking_id: UUID
) -> None:
    """The host says yes: capture what was authorised and confirm, or ask the guest to pay.

    Raises BookingNotFound, TransitionNotAllowed, and PaymentUnavailable when the provider does
    not answer: the yes stands, and a task finishes it.
    """
    now = clock.now()
    await db.run(
        lambda session: service.begin_acceptance(session, actor, booking_id, settings, now)
    )
    await finish_acceptance(db, providers, settings, booking_id)


async def finish_acceptance(
    db: Database, providers: Providers, settings: Settings, booking_id: UUID
) -> None:
    """Bring an accepted booking to its end, from wherever it stands.

    Raises PaymentUnavailable when the provider does not answer; doing it again is safe.
    """
    async with db.read() as connection:
        payment = await payments.live_payment(connection, booking_id)
    if payment is None:
        # Given up before its capture: the request's time was over at the same instant.
        await _ask_anew(db, providers, settings, booking_id)
        return
    if payment.status is PaymentStatus.PENDING:
        await payment_flows.start(db, providers, payment.id)
        return
    status = await payment_flows.capture(db, providers, payment.id)
    now = clock.now()
    if status in TAKEN:
        await db.run(
            lambda session: settling.succeeded(session, booking_id, payment.id, settings, now)
        )
    elif status in (PaymentStatus.FAILED, PaymentStatus.CANCELLED):
        await _ask_anew(db, providers, settings, booking_id)


async def _ask_anew(
    db: Database, providers: Providers, settings: Settings, booking_id: UUID
) -> None:
    """The authorisation was lost. The host's yes stands: the guest pays anew."""
    now = clock.now()
    await db.run(lambda session: settling.lost(session, booking_id, settings, now))
    async with db.read() as connection:
        payment = await payments.live_payment(connection, booking_id)
    if payment is not None:
        await payment_flows.start(db, providers, payment.id)


async def decline(db: Database, actor: Actor, booking_id: UUID, reason: str | None) -> None:
    """The host says no. Raises BookingNotFound, TransitionNotAllowed, Invalid."""
    now = clock.now()
    await db.run(lambda session: service.decline(session, actor, booking_id, reason, now))


async def cancel(
    db: Database, settings: Settings, actor: Actor, booking_id: UUID, reason: str | None
) -> CancellationRefund:
    """End a booking; returns what goes back, which a task then sends.

    Raises BookingNotFound, TransitionNotAllowed, Invalid.
    """
    now = clock.now()
    return await db.run(
        lambda session: service.cancel(session, actor, booking_id, reason, settings, now)
    )


async def expire_due(db: Database, providers: Providers) -> None:
    """End the holds and requests whose time is over."""
    async with db.read() as connection:
        lapsed = await expiry.due(connection, PENDING, clock.now())
    for booking_id in lapsed:
        try:
            await expire(db, providers, booking_id)
        except PaymentUnavailable:
            # The next sweep asks again. Somebody who wants the nights meanwhile gets them.
            log.warning("a lapsed booking's payment cannot be voided yet", booking=str(booking_id))


async def expire(db: Database, providers: Providers, booking_id: UUID) -> None:
    """End a hold or request that is over, its payment first.

    If the payment has succeeded meanwhile, the booking is confirmed by that instead. Raises
    PaymentUnavailable when the provider does not answer.
    """
    async with db.read() as connection:
        payment = await payments.live_payment(connection, booking_id)
    if payment is not None:
        status = await payment_flows.void(db, providers, payment.id)
        if status in TAKEN or status is PaymentStatus.PENDING:
            return
    now = clock.now()
    await db.run(lambda session: expiry.expire(session, booking_id, now))


async def complete_due(db: Database) -> None:
    """Complete the stays whose check-out instant has passed."""
    now = clock.now()
    async with db.read() as connection:
        ended = await expiry.due(connection, frozenset({BookingStatus.CONFIRMED}), now)
    for booking_id in ended:
        await db.run(partial(expiry.complete, booking_id=booking_id, now=now))
