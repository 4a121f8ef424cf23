"""Reading payments, in batches."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from app.money import Money, sum_of
from db import rows
from db.models import Dispute, Payment
from db.shapes import Related, in_sql
from db.statements import Reader, Statement


class PaymentRow(msgspec.Struct, frozen=True):
    """An attempt to pay. Who may read which field: app.payments.policy."""

    id: UUID
    booking_id: UUID
    alteration_id: UUID | None
    guest_id: UUID
    host_id: UUID
    status: str
    method: str
    provider: str
    amount_minor: int
    refunded_minor: int
    currency: str
    client_secret: str | None
    redirect_url: str | None
    failure_code: str | None
    paid_at: datetime | None

    @property
    @in_sql(sum_of("amount_minor"))
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    @in_sql(sum_of("refunded_minor"))
    def refunded_amount(self) -> Money:
        return Money(self.refunded_minor, self.currency)


class DisputeRow(msgspec.Struct, frozen=True):
    """A guest's bank that wants money back; whoever sees the payment sees it."""

    id: UUID
    payment_id: UUID
    status: str
    amount_minor: int
    currency: str
    reason: str
    evidence_due_at: datetime | None
    opened_at: datetime
    settled_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


# Of a payment, oldest first.
DISPUTES = Related(
    name="its_disputes",
    model=Dispute,
    row=DisputeRow,
    key="payment_id",
    parent="id",
    many=True,
    order=lambda dispute: dispute.id,
)

# Of a booking: the last attempt to pay it, but for what alterations add.
PAYMENT = Related(
    name="its_payment",
    model=Payment,
    row=PaymentRow,
    key="booking_id",
    parent="id",
    only=lambda payment: payment.alteration_id.is_(None),
    order=lambda payment: payment.attempt.desc(),
)

_PAYMENTS = rows.ByKey(Payment.id, PaymentRow)
_DISPUTES_OF = rows.ByKey(Dispute.payment_id, DisputeRow, Dispute.id)
_LATEST_OF_ALTERATIONS = Statement(
    PaymentRow,
    lambda: (
        select(*rows.columns(Payment, PaymentRow))
        .where(rows.among(Payment.alteration_id, "alterations"))
        .order_by(Payment.alteration_id, Payment.attempt.desc())
        .ext(distinct_on(Payment.alteration_id))
    ),
)
_LATEST_OF = Statement(
    PaymentRow,
    lambda: (
        select(*rows.columns(Payment, PaymentRow))
        .where(rows.among(Payment.booking_id, "bookings"), Payment.alteration_id.is_(None))
        .order_by(Payment.booking_id, Payment.attempt.desc())
        .ext(distinct_on(Payment.booking_id))
    ),
)


async def payments(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, PaymentRow]:
    """Payments by id."""
    return await _PAYMENTS.one(reader, ids)


async def disputes_of(
    reader: Reader, payment_ids: Sequence[UUID]
) -> Mapping[UUID, list[DisputeRow]]:
    """The disputes of payments, oldest first, by payment."""
    return await _DISPUTES_OF.many(reader, payment_ids)


async def latest_of(reader: Reader, booking_ids: Sequence[UUID]) -> Mapping[UUID, PaymentRow]:
    """The last attempt to pay each booking, by booking."""
    found = await _LATEST_OF.fetch(reader, bookings=booking_ids)
    return {payment.booking_id: payment for payment in found}


async def latest_of_alterations(
    reader: Reader, alteration_ids: Sequence[UUID]
) -> Mapping[UUID, PaymentRow]:
    """The last attempt to pay what each alteration adds, by alteration."""
    found = await _LATEST_OF_ALTERATIONS.fetch(reader, alterations=alteration_ids)
    return {payment.alteration_id: payment for payment in found if payment.alteration_id}
