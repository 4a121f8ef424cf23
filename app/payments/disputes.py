"""Disputes: what a guest's bank takes back, in our rows and in the books.

Each step runs in one transaction, after a webhook or a sweep asked the provider; doing it twice,
late or in another order changes nothing.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from app.ids import new_id
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.ledger.rules import Shares
from app.outbox import emit
from app.payments import rules, service
from app.payments.events import DisputeOpened, DisputeSettled
from app.payments.provider import ProviderDispute
from app.payments.rules import PaymentRecord
from db.enums import DisputeStatus, PaymentProvider, PaymentStatus, RefundStatus
from db.models import Booking, Dispute, Payment, Refund

OPEN = frozenset({DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW})
# A refund that was decided, and was then taken by the bank instead.
TAKEN_BY_BANK = "taken_by_bank"


def is_disputed(booking: type[Booking]) -> ColumnElement[bool]:
    """Whether a bank has still to decide about a payment of a booking: nothing is paid out of it
    until then.
    """
    of = exists().where(
        Payment.booking_id == booking.id,
        Dispute.payment_id == Payment.id,
        Dispute.status.in_(OPEN),
    )
    return of.correlate(booking)


async def is_open(reader: AsyncConnection | AsyncSession, payment_id: UUID) -> bool:
    """The same of one payment."""
    found = await reader.scalar(
        select(Dispute.id).where(Dispute.payment_id == payment_id, Dispute.status.in_(OPEN))
    )
    return found is not None


async def settle_dispute(
    session: AsyncSession, payment_id: UUID, shown: ProviderDispute, now: datetime
) -> DisputeStatus:
    """Move a dispute on to what the provider shows of it; returns its status.

    Raises NotOurs when it is not about this payment.
    """
    payment = await service.get_for_update(session, payment_id)
    rules.check_dispute(payment, shown)
    before = await _row(session, payment, shown, now)
    status = DisputeStatus(before.status)
    if status not in OPEN:
        return status
    is_withdrawn = shown.is_withdrawn or shown.status is DisputeStatus.LOST
    withdrawn = before.withdrawn_minor or (shown.amount_minor if is_withdrawn else 0)
    settled = shown.status not in OPEN
    await session.execute(
        update(Dispute)
        .where(Dispute.id == before.id)
        .values(
            status=shown.status,
            withdrawn_minor=withdrawn,
            evidence_due_at=shown.evidence_due_at,
            settled_at=now if settled else None,
            updated_at=now,
        )
    )
    await _post(session, payment, before.id, shown, withdrawn, now)
    await _mark_payment(session, payment, now)
    if settled:
        await emit(session, DisputeSettled(booking_id=payment.booking_id, dispute_id=before.id))
    return shown.status


async def _row(
    session: AsyncSession, payment: PaymentRecord, shown: ProviderDispute, now: datetime
) -> Row[UUID, str, int]:
    """Our row of a dispute, made when it is first heard of. The payment is locked."""
    new = await session.scalar(
        insert(Dispute)
        .values(
            id=new_id(),
            payment_id=payment.id,
            provider=payment.provider,
            provider_dispute_id=shown.provider_id,
            status=DisputeStatus.NEEDS_RESPONSE,
            amount_minor=shown.amount_minor,
            currency=payment.currency,
            reason=shown.reason,
            evidence_due_at=shown.evidence_due_at,
            opened_at=shown.opened_at,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["provider", "provider_dispute_id"])
        .returning(Dispute.id)
    )
    if new is not None:
        await emit(session, DisputeOpened(booking_id=payment.booking_id, dispute_id=new))
    query = select(Dispute.id, Dispute.status, Dispute.withdrawn_minor).where(
        Dispute.provider == payment.provider, Dispute.provider_dispute_id == shown.provider_id
    )
    return (await session.execute(query)).one()


async def _post(
    session: AsyncSession,
    payment: PaymentRecord,
    dispute_id: UUID,
    shown: ProviderDispute,
    withdrawn_minor: int,
    now: datetime,
) -> None:
    ids, currency = (dispute_id, payment.booking_id, payment.provider), payment.currency
    if shown.fee is not None and shown.fee.amount_minor:
        fee = entries.dispute_fee(*ids, shown.fee.currency, shown.fee.amount_minor)
        await ledger.post(session, fee, now)
    if not withdrawn_minor:
        return
    await ledger.post(session, entries.dispute_opened(*ids, currency, withdrawn_minor), now)
    if shown.status is DisputeStatus.WON:
        await ledger.post(session, entries.dispute_won(*ids, currency, withdrawn_minor), now)
    elif shown.status is DisputeStatus.LOST:
        await _withdraw_refunds(session, payment, now)
        shares = rules.lost_shares(
            payment.shares, await _given_back(session, payment), withdrawn_minor
        )
        entry = entries.dispute_lost(
            dispute_id, payment.booking_id, payment.host_id, currency, shares
        )
        await ledger.post(session, entry, now)


async def _withdraw_refunds(session: AsyncSession, payment: PaymentRecord, now: datetime) -> None:
    """What was decided and never sent: the guest's bank has taken the money itself."""
    unsent = (Refund.status == RefundStatus.PENDING, Refund.provider_refund_id.is_(None))
    for refund in await service.refunds_of(session, payment.id, *unsent, lock=True):
        await session.execute(
            update(Refund)
            .where(Refund.id == refund.id)
            .values(status=RefundStatus.FAILED, failure_code=TAKEN_BY_BANK, settled_at=now)
        )
        await ledger.post(
            session,
            entries.refund_withdrawn(
                refund.id,
                payment.booking_id,
                payment.guest_id,
                payment.host_id,
                payment.currency,
                refund.shares(payment),
            ),
            now,
        )


async def _given_back(session: AsyncSession, payment: PaymentRecord) -> Shares:
    """What the shares of a payment have given back by refunds."""
    sent = Refund.failure_code.is_distinct_from(TAKEN_BY_BANK)
    refunds = await service.refunds_of(session, payment.id, sent)
    return rules.sum_of(refund.shares(payment) for refund in refunds)


async def _mark_payment(session: AsyncSession, payment: PaymentRecord, now: datetime) -> None:
    """DISPUTED as long as a bank has the money, or may still take it."""
    disputed = await session.scalar(
        select(Dispute.id)
        .where(Dispute.payment_id == payment.id, Dispute.status != DisputeStatus.WON)
        .limit(1)
    )
    refunded = await service.refunded_minor(session, payment.id)
    status = (
        rules.after_refund(payment.captured_minor, refunded)
        if disputed is None
        else PaymentStatus.DISPUTED
    )
    await session.execute(
        update(Payment).where(Payment.id == payment.id).values(status=status, updated_at=now)
    )


async def stale(
    reader: AsyncConnection | AsyncSession, before: datetime, limit: int
) -> list[tuple[PaymentProvider, str]]:
    """Disputes that nobody was heard about since, as their providers know them."""
    rows = await reader.execute(
        select(Dispute.provider, Dispute.provider_dispute_id)
        .where(Dispute.status.in_(OPEN), Dispute.updated_at < before)
        .order_by(Dispute.updated_at)
        .limit(limit)
    )
    return [(PaymentProvider(name), provider_id) for name, provider_id in rows]
