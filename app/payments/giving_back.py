"""Giving back what a booking was paid by, whichever of its payments it came with."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.ledger.rules import Shares
from app.line_items import LineItem
from app.payments import rules, service
from app.payments.rules import TAKEN
from db.enums import RefundReason
from db.models import Payment, Refund


async def give_back(
    session: AsyncSession,
    booking_id: UUID,
    reason: RefundReason,
    shares: Shares,
    line_items: Sequence[LineItem],
    now: datetime,
    alteration_id: UUID | None = None,
) -> None:
    """Owe the guest a part of what a booking was paid by, of the newest payment first.

    No payment gives back more than it brought; of none, nothing is given back. The booking is
    locked. Raises ValueError when more would be given back than was paid.
    """
    found = await session.execute(
        select(Payment.id, Payment.captured_minor)
        .where(Payment.booking_id == booking_id, Payment.status.in_(TAKEN))
        .order_by(Payment.attempt.desc())
        .with_for_update(key_share=True)
    )
    taken = found.all()
    if not taken:
        return
    # Once they are locked. What was decided counts, sent or not: the guest is owed it.
    owed = await session.execute(
        select(Refund.payment_id, func.sum(Refund.amount_minor))
        .where(Refund.payment_id.in_([row.id for row in taken]))
        .group_by(Refund.payment_id)
    )
    given = {payment_id: int(amount) for payment_id, amount in owed}
    left = {row.id: row.captured_minor - given.get(row.id, 0) for row in taken}
    parts = rules.spread(shares, list(left.values()))
    lines = rules.spread_lines(line_items, [part.total_minor for part in parts])
    for payment_id, part, of in zip(left, parts, lines, strict=True):
        if part.total_minor:
            await service.request_refund(
                session,
                payment_id=payment_id,
                reason=reason,
                amount_minor=part.total_minor,
                host_minor=part.host_minor,
                platform_minor=part.platform_minor,
                tax_minor=part.tax_minor,
                promotion_minor=part.promotion_minor,
                line_items=of,
                alteration_id=alteration_id,
                now=now,
            )
