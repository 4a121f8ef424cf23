"""Payments and refunds as our rows: opened, locked, asked to be undone or given back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Conflict, NotFound
from app.ids import new_id
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.line_items import LineItem, line_items_to_builtins
from app.money import Money
from app.outbox import emit
from app.payments.events import PaymentOpened, PaymentVoidRequested, RefundRequested
from app.payments.rules import (
    CLOSED,
    TAKEN,
    UNSETTLED,
    PaymentRecord,
    RefundRecord,
    require_lines,
)
from db.enums import PaymentMethod, PaymentProvider, PaymentStatus, RefundReason, RefundStatus
from db.models import Booking, Payment, Property, Refund

# The mutation that opened the payment starts it at once; this is for when it could not.
HEAL_AFTER = timedelta(seconds=30)
CLAIMED_FOR = timedelta(minutes=1)

_PAYMENT = [getattr(Payment, name) for name in PaymentRecord.__struct_fields__]
_REFUND = [getattr(Refund, name) for name in RefundRecord.__struct_fields__]


async def open_payment(
    session: AsyncSession,
    *,
    booking_id: UUID,
    guest_id: UUID,
    host_id: UUID,
    alteration_id: UUID | None = None,
    attempt: int,
    provider: PaymentProvider,
    method: PaymentMethod,
    amount: Money,
    host_minor: int,
    platform_minor: int,
    tax_minor: int,
    promotion_minor: int = 0,
    line_items: Sequence[LineItem],
    manual_capture: bool,
    now: datetime,
) -> PaymentRecord:
    """Intend to take a booking's money, or what an alteration of it adds; returns the payment.

    The three shares (minor units) add up to the amount and what a promotion of ours adds to it;
    the lines, what it is for, to the amount. Where the place is, is noted as it is now. The
    provider hears of it by `flows.start` after the commit, or by a task half a minute later.
    """
    require_lines(line_items, amount.amount)
    statement = (
        insert(Payment)
        .values(
            id=new_id(),
            booking_id=booking_id,
            alteration_id=alteration_id,
            attempt=attempt,
            provider=provider,
            method=method,
            status=PaymentStatus.PENDING,
            amount_minor=amount.amount,
            currency=amount.currency,
            guest_id=guest_id,
            host_id=host_id,
            host_minor=host_minor,
            platform_minor=platform_minor,
            tax_minor=tax_minor,
            promotion_minor=promotion_minor,
            line_items=line_items_to_builtins(line_items),
            country=_of_place(Property.country, booking_id),
            region=_of_place(Property.region, booking_id),
            manual_capture=manual_capture,
            created_at=now,
            updated_at=now,
        )
        .returning(*_PAYMENT)
    )
    payment = _record((await session.execute(statement)).one())
    await emit(session, PaymentOpened(payment_id=payment.id), after=HEAL_AFTER)
    return payment


def _of_place(column: InstrumentedAttribute[str], booking_id: UUID) -> ScalarSelect[str]:
    """A column of the property that a booking is of."""
    return (
        select(column)
        .join(Booking, Booking.property_id == Property.id)
        .where(Booking.id == booking_id)
        .scalar_subquery()
    )


async def get(reader: AsyncConnection | AsyncSession, payment_id: UUID) -> PaymentRecord:
    """One payment. Raises NotFound."""
    return _required(await _first(reader, _payments(id=payment_id)), payment_id)


async def get_for_update(session: AsyncSession, payment_id: UUID) -> PaymentRecord:
    """One payment, locked. Bookings are locked before payments. Raises NotFound."""
    query = _payments(id=payment_id).with_for_update(key_share=True)
    return _required(await _first(session, query), payment_id)


async def live_payment(
    reader: AsyncConnection | AsyncSession, booking_id: UUID, alteration_id: UUID | None = None
) -> PaymentRecord | None:
    """The payment that is under way or has been taken, if there is one: the booking's own, or for
    an alteration of it."""
    return await _first(reader, _live(booking_id, alteration_id))


async def live_payment_for_update(
    session: AsyncSession, booking_id: UUID, alteration_id: UUID | None = None
) -> PaymentRecord | None:
    """The same, locked. Bookings are locked before payments."""
    return await _first(session, _live(booking_id, alteration_id).with_for_update(key_share=True))


async def attempts(reader: AsyncConnection | AsyncSession, booking_id: UUID) -> int:
    """How many payments have been opened for a booking, the failed ones included."""
    count = await reader.scalar(
        select(func.count()).select_from(Payment).where(Payment.booking_id == booking_id)
    )
    return int(count or 0)


async def request_void(
    session: AsyncSession, booking_id: UUID, now: datetime, alteration_id: UUID | None = None
) -> None:
    """Give up a `live_payment` if nothing has been taken yet; otherwise do nothing.

    If the provider takes the money all the same, PaymentSucceeded tells.
    """
    payment = await live_payment_for_update(session, booking_id, alteration_id)
    if payment is None or payment.status not in UNSETTLED or payment.void_requested_at is not None:
        return
    payment = await mark_unwanted(session, payment, now)
    if payment.status in UNSETTLED:
        await emit(session, PaymentVoidRequested(payment_id=payment.id))


async def mark_unwanted(
    session: AsyncSession, payment: PaymentRecord, now: datetime
) -> PaymentRecord:
    """Note that a locked payment is not wanted; returns it as it is then.

    One that the provider was not heard of is cancelled here and now: nobody was told how to pay
    it, and whoever opens its charge at this moment cancels that. Otherwise the provider comes
    first.
    """
    if payment.status not in UNSETTLED:
        return payment
    unheard = payment.provider_payment_id is None
    changed = msgspec.structs.replace(
        payment,
        void_requested_at=payment.void_requested_at or now,
        status=PaymentStatus.CANCELLED if unheard else payment.status,
        updated_at=now,
    )
    await session.execute(
        update(Payment)
        .where(Payment.id == payment.id)
        .values(
            void_requested_at=changed.void_requested_at,
            status=changed.status,
            updated_at=changed.updated_at,
        )
    )
    return changed


async def request_refund(
    session: AsyncSession,
    *,
    payment_id: UUID,
    reason: RefundReason,
    amount_minor: int,
    host_minor: int,
    platform_minor: int,
    tax_minor: int,
    promotion_minor: int = 0,
    line_items: Sequence[LineItem],
    alteration_id: UUID | None = None,
    now: datetime,
) -> UUID:
    """Owe the guest a part of a taken payment, or all of it; returns the refund's id.

    The lines tell what is given back; none: nobody knows more than the shares. Once per payment
    and reason, or alteration: asked again for the same amount, it is the same refund.

    Raises:
        Conflict: nothing was taken, more is asked for than is left, or the same reason came
            with another amount.
    """
    require_lines(line_items, amount_minor)
    payment = await get_for_update(session, payment_id)
    if payment.status not in TAKEN:
        raise Conflict("This payment has not been taken, so there is nothing to give back.")
    made = (
        await session.execute(
            select(Refund.id, Refund.reason, Refund.alteration_id, Refund.amount_minor).where(
                Refund.payment_id == payment_id
            )
        )
    ).all()
    for refund_id, known_reason, known_alteration, known_minor in made:
        if (known_reason, known_alteration) == (reason, alteration_id):
            if known_minor != amount_minor:
                raise Conflict("This payment has been refunded for that reason already.")
            return UUID(str(refund_id))
    # A failed refund counts, too: the guest is still owed it.
    if sum(row.amount_minor for row in made) + amount_minor > payment.captured_minor:
        raise Conflict("More would be given back than was paid.")
    refund = RefundRecord(
        id=new_id(),
        payment_id=payment_id,
        reason=reason,
        alteration_id=alteration_id,
        status=RefundStatus.PENDING,
        amount_minor=amount_minor,
        host_minor=host_minor,
        platform_minor=platform_minor,
        tax_minor=tax_minor,
        promotion_minor=promotion_minor,
        line_items=tuple(line_items),
        provider_refund_id=None,
        failure_code=None,
        created_at=now,
    )
    return await _owe(session, payment, refund)


async def _owe(session: AsyncSession, payment: PaymentRecord, refund: RefundRecord) -> UUID:
    values = msgspec.structs.asdict(refund)
    values["line_items"] = line_items_to_builtins(refund.line_items)
    await session.execute(insert(Refund).values(values))
    ids = (refund.id, payment.booking_id, payment.guest_id, payment.host_id, payment.currency)
    entry = entries.refund_due(*ids, refund.shares(payment))
    await ledger.post(session, entry, refund.created_at)
    await emit(
        session,
        RefundRequested(booking_id=payment.booking_id, payment_id=payment.id, refund_id=refund.id),
    )
    return refund.id


async def get_refund(
    reader: AsyncConnection | AsyncSession, refund_id: UUID, *, lock: bool = False
) -> RefundRecord:
    """One refund; payments are locked before their refunds. Raises NotFound."""
    query = select(*_REFUND).where(Refund.id == refund_id)
    row = (await reader.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFound(f"There is no refund {refund_id}.")
    return msgspec.convert(row._asdict(), RefundRecord)


async def claim_refund(session: AsyncSession, refund_id: UUID, now: datetime) -> bool:
    """Be the only one who makes a refund, for a minute: longer than any call may take."""
    claimed = await session.scalar(
        update(Refund)
        .where(
            Refund.id == refund_id,
            Refund.provider_refund_id.is_(None),
            or_(Refund.claimed_until.is_(None), Refund.claimed_until < now),
        )
        .values(claimed_until=now + CLAIMED_FOR)
        .returning(Refund.id)
    )
    return claimed is not None


async def refunds_of(
    reader: AsyncConnection | AsyncSession,
    payment_id: UUID,
    *which: ColumnElement[bool],
    lock: bool = False,
) -> list[RefundRecord]:
    """The refunds of a payment, oldest first; payments are locked before their refunds."""
    query = select(*_REFUND).where(Refund.payment_id == payment_id, *which).order_by(Refund.id)
    rows = await reader.execute(query.with_for_update() if lock else query)
    return [msgspec.convert(row._asdict(), RefundRecord) for row in rows]


async def pending_refunds(
    reader: AsyncConnection | AsyncSession, payment_id: UUID
) -> list[RefundRecord]:
    """The refunds of a payment that are under way."""
    return await refunds_of(reader, payment_id, Refund.status == RefundStatus.PENDING)


async def find_id(
    reader: AsyncConnection | AsyncSession, provider: PaymentProvider, provider_id: str
) -> UUID | None:
    """The payment that a provider knows under an id of its own."""
    found: UUID | None = await reader.scalar(
        select(Payment.id).where(
            Payment.provider == provider, Payment.provider_payment_id == provider_id
        )
    )
    return found


async def refunded_minor(session: AsyncSession, payment_id: UUID) -> int:
    """What the provider has given back of a payment, in minor units."""
    total = await session.scalar(
        select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
            Refund.payment_id == payment_id, Refund.status == RefundStatus.SUCCEEDED
        )
    )
    return int(total or 0)


def _payments(**equal: object) -> Select[tuple[object, ...]]:
    return select(*_PAYMENT).filter_by(**equal)


def _live(booking_id: UUID, alteration_id: UUID | None) -> Select[tuple[object, ...]]:
    return select(*_PAYMENT).where(
        Payment.booking_id == booking_id,
        Payment.alteration_id.is_not_distinct_from(alteration_id),
        Payment.status.not_in(CLOSED),
    )


async def _first(
    reader: AsyncConnection | AsyncSession, query: Select[tuple[object, ...]]
) -> PaymentRecord | None:
    row = (await reader.execute(query)).one_or_none()
    return None if row is None else _record(row)


def _record(row: Row[Any]) -> PaymentRecord:
    return msgspec.convert(row._asdict(), PaymentRecord)


def _required(payment: PaymentRecord | None, payment_id: UUID) -> PaymentRecord:
    if payment is None:
        raise NotFound(f"There is no payment {payment_id}.")
    return payment
