"""Bringing our rows up to what the provider shows, with everything that follows from it.

Each function runs in one transaction, after a call or a webhook; doing it twice, late or in
another order changes nothing.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.ledger import rules as entries
from app.ledger import service as ledger
from app.outbox import emit
from app.payments import rules, service
from app.payments.events import (
    PaymentAuthorized,
    PaymentLost,
    PaymentSucceeded,
    PaymentVoidRequested,
    RefundSent,
)
from app.payments.provider import Charge, ChargeState, ProviderRefund
from app.payments.rules import CLOSED, TAKEN, PaymentRecord
from db.enums import PaymentStatus, RefundStatus
from db.models import Payment, Refund


async def settle_charge(
    session: AsyncSession,
    payment_id: UUID,
    charge: Charge,
    *,
    live: bool,
    now: datetime,
    is_start: bool = False,
) -> PaymentStatus:
    """Move a payment on to what the provider shows of it; returns its status.

    Of two charges that were opened at once (`is_start`) the first becomes the payment's; nobody is
    ever told how to pay the other one. Raises NotOurs when the charge is not the one that we
    asked for.
    """
    payment = await service.get_for_update(session, payment_id)
    if is_start and payment.provider_payment_id not in (None, charge.provider_id):
        return payment.status
    rules.check_charge(payment, charge, live=live)
    status = rules.next_status(payment.status, charge.state)
    changes = _changes(payment, charge, status, now)
    await session.execute(update(Payment).where(Payment.id == payment.id).values(changes))
    if status is not payment.status:
        await _follow(session, payment, status, now)
    elif status in CLOSED and charge.state is not ChargeState.CANCELLED:
        # Closed before the provider had answered: what has been opened since must go.
        await emit(session, PaymentVoidRequested(payment_id=payment.id))
    if status in TAKEN and charge.fee is not None and charge.fee.amount_minor:
        await ledger.post(
            session,
            entries.provider_fee(
                payment.id,
                payment.booking_id,
                payment.provider,
                charge.fee.currency,
                charge.fee.amount_minor,
            ),
            now,
        )
    return status


def _changes(
    payment: PaymentRecord, charge: Charge, status: PaymentStatus, now: datetime
) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "status": status,
        "updated_at": now,
        "provider_payment_id": charge.provider_id,
        "client_secret": payment.client_secret or charge.client_secret,
        "redirect_url": payment.redirect_url or charge.redirect_url,
    }
    if status is PaymentStatus.PENDING:
        changes["failure_code"] = charge.failure_code
    if status is not payment.status:
        if status is PaymentStatus.AUTHORIZED:
            changes["authorized_at"] = now
        if status is PaymentStatus.PAID:
            changes |= {"paid_at": now, "captured_minor": charge.captured_minor}
            changes["failure_code"] = None
    return changes


async def _follow(
    session: AsyncSession, payment: PaymentRecord, status: PaymentStatus, now: datetime
) -> None:
    """What a change of status brings about."""
    ids: dict[str, Any] = {
        "booking_id": payment.booking_id,
        "payment_id": payment.id,
        "alteration_id": payment.alteration_id,
    }
    if status is PaymentStatus.AUTHORIZED:
        await emit(session, PaymentAuthorized(**ids))
    elif status is PaymentStatus.PAID:
        await ledger.post(
            session,
            entries.capture(
                payment.id,
                payment.booking_id,
                payment.host_id,
                payment.provider,
                payment.currency,
                payment.shares,
            ),
            now,
        )
        await emit(session, PaymentSucceeded(**ids))
    elif payment.void_requested_at is None:
        await emit(session, PaymentLost(**ids))


async def lose(
    session: AsyncSession, payment_id: UUID, failure_code: str, now: datetime
) -> PaymentStatus:
    """The provider refuses to open this charge: the payment has failed for good."""
    payment = await service.get_for_update(session, payment_id)
    if payment.status is not PaymentStatus.PENDING or payment.provider_payment_id is not None:
        return payment.status
    await session.execute(
        update(Payment)
        .where(Payment.id == payment.id)
        .values(status=PaymentStatus.FAILED, failure_code=failure_code, updated_at=now)
    )
    await _follow(session, payment, PaymentStatus.FAILED, now)
    return PaymentStatus.FAILED


async def settle_refund(
    session: AsyncSession, refund_id: UUID, shown: ProviderRefund, now: datetime
) -> RefundStatus:
    """Move a refund on to what the provider shows of it; returns its status.

    Raises NotOurs when the refund is not the one that we asked for.
    """
    payment_id = (await service.get_refund(session, refund_id)).payment_id
    payment = await service.get_for_update(session, payment_id)
    refund = await service.get_refund(session, refund_id, lock=True)
    rules.check_refund(refund, payment.currency, shown)
    status = rules.next_refund_status(refund.status, shown.status)
    settled = None if status is RefundStatus.PENDING else now
    await session.execute(
        update(Refund)
        .where(Refund.id == refund.id)
        .values(
            provider_refund_id=shown.provider_id,
            status=status,
            failure_code=shown.failure_code if status is RefundStatus.FAILED else None,
            settled_at=settled,
        )
    )
    if status is refund.status:
        return status
    ids = (refund.id, payment.booking_id, payment.guest_id, payment.provider)
    money = (payment.currency, refund.amount_minor)
    if status is RefundStatus.SUCCEEDED:
        await ledger.post(session, entries.refund_sent(*ids, *money), now)
        await emit(session, RefundSent(payment_id=payment.id, refund_id=refund.id))
    elif refund.status is RefundStatus.SUCCEEDED:
        await ledger.post(session, entries.refund_returned(*ids, *money), now)
    await _count_refunds(session, payment, now)
    return status


async def fail_refund(
    session: AsyncSession, refund_id: UUID, failure_code: str, now: datetime
) -> RefundStatus:
    """The provider refuses a refund. The guest is still owed it, in the ledger and here."""
    refund = await service.get_refund(session, refund_id, lock=True)
    if refund.status is not RefundStatus.PENDING or refund.provider_refund_id is not None:
        return refund.status
    await session.execute(
        update(Refund)
        .where(Refund.id == refund.id)
        .values(status=RefundStatus.FAILED, failure_code=failure_code, settled_at=now)
    )
    return RefundStatus.FAILED


async def _count_refunds(session: AsyncSession, payment: PaymentRecord, now: datetime) -> None:
    refunded = await service.refunded_minor(session, payment.id)
    changes: dict[str, Any] = {"refunded_minor": refunded, "updated_at": now}
    if payment.status is not PaymentStatus.DISPUTED:
        changes["status"] = rules.after_refund(payment.captured_minor, refunded)
    await session.execute(update(Payment).where(Payment.id == payment.id).values(changes))
