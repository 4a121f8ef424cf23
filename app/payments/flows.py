"""Payments between us and the provider: a transaction, a call, a transaction.

Every flow may run twice, at once, and after a crash at any point, with one effect: it reads what
is true, calls with a key made from our row's id, and settles what the provider shows.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.payments import disputes, service, settle
from app.payments.errors import PaymentUnavailable, ProviderRefused, ProviderUnavailable
from app.payments.provider import (
    Charge,
    ChargeRequest,
    Provider,
    ProviderRefund,
    Providers,
)
from app.payments.rules import CLOSED, TAKEN, PaymentRecord, RefundRecord
from db.enums import PaymentStatus, RefundStatus
from db.models import User
from db.session import Database

log = structlog.get_logger(__name__)

# A payment that has no charge after this long may have one that we did not hear of.
ASK_FIRST_AFTER = timedelta(seconds=20)


async def start(db: Database, providers: Providers, payment_id: UUID) -> None:
    """Open the charge that the guest pays, unless there is one.

    Raises PaymentUnavailable when the provider does not answer (a task tries again) or refuses
    (the payment has failed for good; not retryable).
    """
    await start_as(db, providers, await _read(db, payment_id))


async def start_as(db: Database, providers: Providers, payment: PaymentRecord) -> None:
    """The same for who has just read or opened the payment; its row is settled as it is by then."""
    if payment.provider_payment_id is not None or payment.status in CLOSED:
        return
    provider = providers[payment.provider]
    try:
        charge = await _ensure_charge(db, provider, payment)
    except ProviderUnavailable as error:
        raise PaymentUnavailable from error
    except ProviderRefused as error:
        log.warning("a charge was refused", payment=str(payment.id), why=str(error))
        await _lose(db, payment.id, error)
        raise PaymentUnavailable(
            "The payment provider refuses this payment.", retryable=False
        ) from error
    status = await _settle(db, provider, payment.id, charge, is_start=True)
    if status in CLOSED:
        # Closed while the provider was busy: nobody may pay this charge.
        await void(db, providers, payment.id)


async def heal_start(db: Database, providers: Providers, payment_id: UUID) -> None:
    """Finish a start that did not; a refusal has been recorded and is no reason to try again."""
    try:
        await start(db, providers, payment_id)
    except PaymentUnavailable as error:
        if error.retryable:
            raise


async def sync(db: Database, providers: Providers, payment_id: UUID) -> PaymentStatus:
    """Ask the provider how a payment stands, and settle it; returns its status.

    A payment that was never started is left alone. Raises PaymentUnavailable when the provider
    does not answer.
    """
    payment = await _read(db, payment_id)
    if payment.provider_payment_id is None:
        return payment.status
    provider = providers[payment.provider]
    try:
        charge = await provider.retrieve_charge(payment.provider_payment_id)
    except ProviderUnavailable as error:
        raise PaymentUnavailable from error
    return await _settle(db, provider, payment_id, charge)


async def capture(db: Database, providers: Providers, payment_id: UUID) -> PaymentStatus:
    """Take what the guest's bank holds for us; returns how the payment stands after it.

    PAID: it is ours, and the ledger says so. FAILED or CANCELLED: it is lost, the guest has kept
    the money. PENDING: there is nothing to take yet. Raises PaymentUnavailable when the outcome
    is unknown; asking again is safe.
    """
    payment = await _read(db, payment_id)
    if payment.status is PaymentStatus.PENDING:
        await sync(db, providers, payment_id)
        payment = await _read(db, payment_id)
    if payment.status is not PaymentStatus.AUTHORIZED:
        return payment.status
    if payment.void_requested_at is not None:
        return await void(db, providers, payment_id)
    provider = providers[payment.provider]
    charge_id = _charge_id(payment)
    try:
        charge = await provider.capture(charge_id, key=f"capture:{payment.id}")
    except ProviderUnavailable as error:
        raise PaymentUnavailable from error
    except ProviderRefused as error:
        # The bank does not honour its word. Undo it, so that it cannot come true later.
        log.warning("a capture was refused", payment=str(payment_id), why=str(error))
        return await _undo(db, provider, payment_id, charge_id)
    return await _settle(db, provider, payment_id, charge)


async def void(db: Database, providers: Providers, payment_id: UUID) -> PaymentStatus:
    """Give up a payment, at the provider if it knows of it; returns how it stands after that.

    CANCELLED (or FAILED): nothing was taken, and nothing can be any more. PAID or beyond: the
    guest was faster. PENDING or AUTHORIZED: the bank is at work on it and has the last word; the
    provider does not let go before. Raises PaymentUnavailable when the outcome is unknown.
    """

    async def mark(session: AsyncSession) -> PaymentRecord:
        payment = await service.get_for_update(session, payment_id)
        return await service.mark_unwanted(session, payment, clock.now())

    payment = await db.run(mark)
    if payment.provider_payment_id is None or payment.status in TAKEN:
        return payment.status
    provider = providers[payment.provider]
    return await _undo(db, provider, payment_id, payment.provider_payment_id)


async def refund(db: Database, providers: Providers, refund_id: UUID) -> RefundStatus:
    """Give a guest's money back at the provider; returns how the refund stands after it.

    FAILED: the provider refuses, and the guest is still owed. Raises PaymentUnavailable when the
    outcome is unknown; asking again is safe.
    """
    async with db.read() as connection:
        refund = await service.get_refund(connection, refund_id)
        payment = await service.get(connection, refund.payment_id)
        # Not while the money is with the guest's bank, which may keep it.
        waits = await disputes.is_open(connection, refund.payment_id)
    if refund.status is not RefundStatus.PENDING or waits:
        return refund.status
    provider = providers[payment.provider]
    try:
        shown = await _ensure_refund(db, provider, payment, refund)
    except ProviderUnavailable as error:
        raise PaymentUnavailable from error
    except ProviderRefused as error:
        log.error("a refund was refused", refund=str(refund_id), why=str(error))
        code = error.code
        return await db.run(
            lambda session: settle.fail_refund(session, refund_id, code, clock.now())
        )
    return await db.run(
        lambda session: settle.settle_refund(session, refund_id, shown, clock.now())
    )


async def sync_dispute(db: Database, provider: Provider, provider_dispute_id: str) -> bool:
    """Ask how a dispute stands, and follow it. False when it is about no payment of ours.

    Raises ProviderUnavailable when the provider does not answer, and NotOurs when it is about
    more than we took.
    """
    shown = await provider.retrieve_dispute(provider_dispute_id)
    if shown.charge_id is None:
        return False
    async with db.read() as connection:
        payment_id = await service.find_id(connection, provider.name, shown.charge_id)
    if payment_id is None:
        return False
    # Its charge was taken: our own row may not know yet.
    await sync(db, {provider.name: provider}, payment_id)
    now = clock.now()
    await db.run(lambda session: disputes.settle_dispute(session, payment_id, shown, now))
    return True


async def _ensure_refund(
    db: Database, provider: Provider, payment: PaymentRecord, refund: RefundRecord
) -> ProviderRefund:
    """The refund as the provider has it: known, found, or made."""
    if refund.provider_refund_id is not None:
        return await provider.retrieve_refund(refund.provider_refund_id)
    if not provider.is_idempotent and not await db.run(
        lambda session: service.claim_refund(session, refund.id, clock.now())
    ):
        raise ProviderUnavailable(f"refund {refund.id} is being made at this moment")
    charge_id = _charge_id(payment)
    # Money moves only after asking whether it has: keys are forgotten, refunds are not.
    found = await provider.find_refund(charge_id, refund.id, refund.created_at)
    return found or await provider.refund(
        charge_id, refund.id, refund.amount_minor, payment.currency, key=f"refund:{refund.id}"
    )


async def _lose(db: Database, payment_id: UUID, refusal: ProviderRefused) -> PaymentStatus:
    return await db.run(lambda session: settle.lose(session, payment_id, refusal.code, clock.now()))


async def _undo(
    db: Database, provider: Provider, payment_id: UUID, charge_id: str
) -> PaymentStatus:
    try:
        charge = await provider.void(charge_id)
    except (ProviderUnavailable, ProviderRefused) as error:
        raise PaymentUnavailable from error
    return await _settle(db, provider, payment_id, charge)


async def _ensure_charge(db: Database, provider: Provider, payment: PaymentRecord) -> Charge:
    """The payment's one charge: found, if an earlier try may have opened it, else opened."""
    if clock.now() - payment.created_at >= ASK_FIRST_AFTER:
        found = await provider.find_charge(payment.id)
        if found is not None:
            return found
    request = ChargeRequest(
        payment_id=payment.id,
        booking_id=payment.booking_id,
        email=await _email(db, payment.guest_id) if provider.wants_email else None,
        method=payment.method,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        manual_capture=payment.manual_capture,
        created_at=payment.created_at,
    )
    return await provider.create_charge(
        request, key=f"charge:{payment.booking_id}:{payment.attempt}"
    )


async def _email(db: Database, user_id: UUID) -> str:
    async with db.read() as connection:
        return str(await connection.scalar(select(User.email).where(User.id == user_id)))


async def _settle(
    db: Database, provider: Provider, payment_id: UUID, charge: Charge, *, is_start: bool = False
) -> PaymentStatus:
    return await db.run(
        lambda session: settle.settle_charge(
            session,
            payment_id,
            charge,
            live=provider.live,
            now=clock.now(),
            is_start=is_start,
        )
    )


async def _read(db: Database, payment_id: UUID) -> PaymentRecord:
    async with db.read() as connection:
        return await service.get(connection, payment_id)


def _charge_id(payment: PaymentRecord) -> str:
    assert payment.provider_payment_id is not None, f"payment {payment.id} has no charge"
    return payment.provider_payment_id
