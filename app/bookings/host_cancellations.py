"""Confirmed stays that hosts have cancelled: the fee on their next payout, and the count."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.bookings.errors import BookingNotFound
from app.bookings.transitions import booking_for_update
from app.errors import NotFound
from app.identity import staff
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.money import Money
from db import rows
from db.enums import StaffActionKind
from db.models import Booking, HostCancellation
from db.statements import Reader, Statement

# So far back cancellations count in public.
WINDOW = timedelta(days=365)


class HostCancellationRow(msgspec.Struct, frozen=True):
    """What a cancellation costs the host."""

    booking_id: UUID
    currency: str
    fee_minor: int
    cancelled_at: datetime
    waived_at: datetime | None

    @property
    def fee(self) -> Money:
        return Money(self.fee_minor, self.currency)


_BY_BOOKING = rows.ByKey(HostCancellation.booking_id, HostCancellationRow)
_COUNTS: Statement[tuple[UUID, int]] = Statement(
    lambda host_id, count: (host_id, count),
    lambda: (
        select(HostCancellation.host_id, func.count())
        .where(
            rows.among(HostCancellation.host_id, "hosts"),
            HostCancellation.cancelled_at > bindparam("since"),
            HostCancellation.waived_at.is_(None),
        )
        .group_by(HostCancellation.host_id)
    ),
)


async def record(session: AsyncSession, booking: Row[Any], fee_minor: int, now: datetime) -> None:
    """Note a host's cancellation of a locked booking, and take the fee from what they are due."""
    await session.execute(
        insert(HostCancellation).values(
            booking_id=booking.id,
            host_id=booking.host_id,
            currency=booking.currency,
            fee_minor=fee_minor,
            cancelled_at=now,
        )
    )
    if fee_minor:
        fee = entries.cancellation_fee(booking.id, booking.host_id, booking.currency, fee_minor)
        await _settle_again(session, booking.id, now)
        await ledger.post(session, fee, now)


async def waive(
    session: AsyncSession, actor: Actor, booking_id: UUID, reason: str | None, now: datetime
) -> Money:
    """Let a host off: no fee, and not counted. Returns the fee; twice changes nothing.

    Leaves a line in the staff's trail. Raises NotFound, also to who may not, and Invalid without a
    reason.
    """
    try:
        booking = await booking_for_update(session, booking_id)
    except BookingNotFound:
        booking = None
    kind = StaffActionKind.CANCELLATION_FEE_WAIVED
    host_id = None if booking is None else booking.host_id
    await staff.act(session, actor, kind, host_id, object_id=booking_id, reason=reason, now=now)
    found = (await _BY_BOOKING.one(session, [booking_id])).get(booking_id)
    if booking is None or found is None:
        raise NotFound("The host of this booking has not cancelled it.")
    if found.waived_at is None:
        await session.execute(
            update(HostCancellation)
            .where(HostCancellation.booking_id == booking_id)
            .values(waived_at=now)
        )
        if found.fee_minor:
            await _settle_again(session, booking_id, now)
            entry = entries.cancellation_fee_waived(
                booking_id, booking.host_id, found.currency, found.fee_minor
            )
            await ledger.post(session, entry, now)
    return found.fee


async def of_bookings(
    reader: Reader, booking_ids: Sequence[UUID]
) -> Mapping[UUID, HostCancellationRow]:
    """What hosts' cancellations cost them, by booking."""
    return await _BY_BOOKING.one(reader, booking_ids)


async def counts(reader: Reader, host_ids: Sequence[UUID], now: datetime) -> Mapping[UUID, int]:
    """How many stays each host has cancelled lately; hosts without any are left out."""
    return dict(await _COUNTS.fetch(reader, hosts=host_ids, since=now - WINDOW))


async def _settle_again(session: AsyncSession, booking_id: UUID, now: datetime) -> None:
    """The next release looks at the booking, if it was paid out before and nobody would."""
    await session.execute(
        update(Booking)
        .where(Booking.id == booking_id, Booking.payout_due_at.is_(None))
        .values(payout_due_at=now)
    )
