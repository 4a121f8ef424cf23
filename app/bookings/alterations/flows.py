"""Alterations between us and the payment provider: a transaction, a call, a transaction."""

from uuid import UUID

import structlog
from sqlalchemy import select

from app import clock
from app.actor import Actor
from app.bookings import expiry
from app.bookings.alterations import queries, service, settling
from app.bookings.alterations.queries import AlterationRow
from app.bookings.alterations.service import Accept, Propose
from app.config import Settings
from app.payments import flows as payment_flows
from app.payments import service as payments
from app.payments.errors import PaymentUnavailable
from app.payments.provider import Providers
from app.payments.rules import TAKEN
from db.enums import AlterationStatus, PaymentStatus
from db.models import BookingAlteration
from db.session import Database

log = structlog.get_logger(__name__)

BATCH = 100


async def propose(
    db: Database, providers: Providers, settings: Settings, actor: Actor, command: Propose
) -> UUID:
    """Offer the other side another stay, then open the payment that there may be; returns its id.

    Raises what `service.propose` raises, and PaymentUnavailable: the offer stands all the same, and
    the request may be sent again under its key.
    """
    alteration_id = await db.run(lambda session: service.propose(session, actor, command, settings))
    async with db.read() as connection:
        payment = await payments.live_payment(connection, command.booking_id, alteration_id)
    if payment is not None and payment.status is PaymentStatus.PENDING:
        await payment_flows.start(db, providers, payment.id)
    return alteration_id


async def accept(
    db: Database, providers: Providers, settings: Settings, actor: Actor, command: Accept
) -> None:
    """The other side's yes: alter the booking, or take or ask for what it costs more.

    Raises what `service.accept` raises, and PaymentUnavailable: the yes stands, and a task finishes
    it.
    """
    now = clock.now()
    await db.run(lambda session: service.accept(session, actor, command, settings, now))
    await finish(db, providers, settings, command.alteration_id)


async def finish(
    db: Database, providers: Providers, settings: Settings, alteration_id: UUID
) -> None:
    """Bring an alteration that both sides have agreed to to its end, from wherever it stands.

    Raises PaymentUnavailable when the provider does not answer; doing it again is safe.
    """
    alteration = await _read(db, alteration_id)
    if alteration.status != AlterationStatus.AWAITING_PAYMENT:
        return
    booking_id = alteration.booking_id
    async with db.read() as connection:
        payment = await payments.live_payment(connection, booking_id, alteration_id)
    if payment is None:
        return
    if payment.status is PaymentStatus.PENDING:
        await payment_flows.start(db, providers, payment.id)
        return
    status = await payment_flows.capture(db, providers, payment.id)
    now = clock.now()
    ids = (booking_id, alteration_id, payment.id)
    if status in TAKEN:
        await db.run(lambda session: settling.succeeded(session, *ids, settings, now))
    elif status in (PaymentStatus.FAILED, PaymentStatus.CANCELLED):
        # The authorisation was lost. Both have agreed: the guest pays anew.
        await db.run(lambda session: settling.lost(session, *ids, settings, now))
        await finish(db, providers, settings, alteration_id)


async def decline(db: Database, actor: Actor, alteration_id: UUID, reason: str | None) -> None:
    """The other side's no. Raises NotFound, AlterationNotAllowed, Invalid."""
    now = clock.now()
    await db.run(lambda session: service.decline(session, actor, alteration_id, reason, now))


async def withdraw(db: Database, actor: Actor, alteration_id: UUID) -> None:
    """Think better of it. Raises NotFound, AlterationNotAllowed."""
    now = clock.now()
    await db.run(lambda session: service.withdraw(session, actor, alteration_id, now))


async def expire_due(db: Database, providers: Providers) -> None:
    """End the alterations whose time is over."""
    async with db.read() as connection:
        lapsed = await connection.scalars(
            select(BookingAlteration.id)
            .where(
                BookingAlteration.settled_at.is_(None), BookingAlteration.expires_at <= clock.now()
            )
            .order_by(BookingAlteration.expires_at)
            .limit(BATCH)
        )
        alteration_ids = lapsed.all()
    for alteration_id in alteration_ids:
        try:
            await expire(db, providers, alteration_id)
        except PaymentUnavailable:
            # The next sweep asks again. Somebody who wants the nights meanwhile gets them.
            log.warning("a payment cannot be voided yet", alteration=str(alteration_id))


async def expire(db: Database, providers: Providers, alteration_id: UUID) -> None:
    """End an alteration whose time is over, its payment first.

    If an agreed one has been paid meanwhile, the booking is altered by that instead. Raises
    PaymentUnavailable when the provider does not answer.
    """
    alteration = await _read(db, alteration_id)
    booking_id = alteration.booking_id
    async with db.read() as connection:
        payment = await payments.live_payment(connection, booking_id, alteration_id)
    if payment is not None:
        status = await payment_flows.void(db, providers, payment.id)
        agreed = alteration.status == AlterationStatus.AWAITING_PAYMENT
        if status is PaymentStatus.PENDING or (status in TAKEN and agreed):
            return
    now = clock.now()
    await db.run(lambda session: expiry.expire(session, booking_id, now))


async def _read(db: Database, alteration_id: UUID) -> AlterationRow:
    return (await queries.alterations(db, [alteration_id]))[alteration_id]
