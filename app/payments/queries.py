"""Reading payments, in batches."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from app.money import Money
from db import rows
from db.models import Payment


class PaymentRow(msgspec.Struct, frozen=True):
    """An attempt to pay. Who may read which field: app.payments.policy."""

    id: UUID
    booking_id: UUID
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
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def refunded_amount(self) -> Money:
        return Money(self.refunded_minor, self.currency)


async def payments(connection: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, PaymentRow]:
    """Payments by id."""
    return await rows.by_id(connection, Payment, PaymentRow, ids)


async def latest_of(
    connection: AsyncConnection, booking_ids: Sequence[UUID]
) -> Mapping[UUID, PaymentRow]:
    """The last attempt to pay each booking, by booking."""
    result = await connection.execute(
        select(*rows.columns(Payment, PaymentRow))
        .where(rows.among(Payment.booking_id, booking_ids))
        .order_by(Payment.booking_id, Payment.attempt.desc())
        .ext(distinct_on(Payment.booking_id))
    )
    return {row.booking_id: PaymentRow(*row) for row in result}
