"""Reading bookings and their history, in batches."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.money import Money
from app.pricing.rules import Guests, LineItem
from db import rows
from db.enums import BookingStatus
from db.models import Booking, BookingChange


class BookingRow(msgspec.Struct, frozen=True):
    """A booking as it is shown. Who may read it: app.bookings.policy."""

    id: UUID
    property_id: UUID
    guest_id: UUID
    host_id: UUID
    status: str
    version: int
    check_in: date
    check_out: date
    check_in_at: datetime
    check_out_at: datetime
    timezone: str
    adults: int
    children: int
    infants: int
    pets: int
    message: str
    currency: str
    total_minor: int
    host_payout_minor: int
    line_items: list[dict[str, Any]]
    host_fee_bp: int
    cancellation_policy: str
    deadline_at: datetime | None
    accepted_at: datetime | None
    confirmed_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    cancellation_reason: str | None
    created_at: datetime

    @property
    def nights(self) -> int:
        return (self.check_out - self.check_in).days

    @property
    def guests(self) -> Guests:
        return Guests(
            adults=self.adults, children=self.children, infants=self.infants, pets=self.pets
        )

    @property
    def total_price(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def expires_at(self) -> datetime | None:
        """When the booking ends by itself unless somebody pays or answers."""
        pending = self.status in (BookingStatus.PENDING_PAYMENT, BookingStatus.PENDING_HOST)
        return self.deadline_at if pending else None

    def lines(self) -> list[LineItem]:
        """The price as it was agreed, in the pricing rules' own terms."""
        return msgspec.convert(self.line_items, list[LineItem])


class ChangeRow(msgspec.Struct, frozen=True):
    """One entry of a booking's history."""

    booking_id: UUID
    version: int
    status: str
    previous_status: str | None
    actor: str
    reason: str | None
    occurred_at: datetime


class Access(msgspec.Struct, frozen=True):
    """What a person's bookings let them see of a property."""

    has_booking: bool = False
    # A confirmed booking that has not ended.
    is_staying: bool = False


BOOKINGS_OF_GUEST = rows.Listing(
    model=Booking, row=BookingRow, parent=Booking.guest_id, status=Booking.status
)
BOOKINGS_OF_HOST = rows.Listing(
    model=Booking, row=BookingRow, parent=Booking.host_id, status=Booking.status
)


async def bookings(connection: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, BookingRow]:
    """Bookings by id."""
    return await rows.by_id(connection, Booking, BookingRow, ids)


async def history_of(
    connection: AsyncConnection, booking_ids: Sequence[UUID]
) -> Mapping[UUID, list[ChangeRow]]:
    """Bookings' histories, oldest first, by booking."""
    result = await connection.execute(
        select(*rows.columns(BookingChange, ChangeRow))
        .where(rows.among(BookingChange.booking_id, booking_ids))
        .order_by(BookingChange.booking_id, BookingChange.version)
    )
    found: defaultdict[UUID, list[ChangeRow]] = defaultdict(list)
    for row in result:
        found[row.booking_id].append(ChangeRow(*row))
    return found


async def changes_after(
    connection: AsyncConnection, booking_id: UUID, version: int
) -> list[ChangeRow]:
    """A booking's transitions later than `version`, in order."""
    result = await connection.execute(
        select(*rows.columns(BookingChange, ChangeRow))
        .where(BookingChange.booking_id == booking_id, BookingChange.version > version)
        .order_by(BookingChange.version)
    )
    return [ChangeRow(*row) for row in result]


async def changes_of_host(
    connection: AsyncConnection,
    host_id: UUID,
    since: datetime,
    booking_ids: Sequence[UUID] | None = None,
) -> list[ChangeRow]:
    """The transitions of a host's bookings since an instant, in order; None: of all bookings."""
    statement = (
        select(*rows.columns(BookingChange, ChangeRow))
        .join(Booking, Booking.id == BookingChange.booking_id)
        .where(
            Booking.host_id == host_id,
            Booking.updated_at >= since,
            BookingChange.occurred_at >= since,
        )
        .order_by(BookingChange.occurred_at, BookingChange.booking_id, BookingChange.version)
    )
    if booking_ids is not None:
        statement = statement.where(rows.among(Booking.id, booking_ids))
    return [ChangeRow(*row) for row in await connection.execute(statement)]


async def access(
    connection: AsyncConnection, guest_id: UUID, property_ids: Sequence[UUID], now: datetime
) -> Mapping[UUID, Access]:
    """What the guest's bookings let them see of these properties; none for the others."""
    staying = and_(Booking.status == BookingStatus.CONFIRMED, Booking.check_out_at > now)
    result = await connection.execute(
        select(Booking.property_id, func.bool_or(staying))
        .where(Booking.guest_id == guest_id, rows.among(Booking.property_id, property_ids))
        .group_by(Booking.property_id)
    )
    return {row[0]: Access(has_booking=True, is_staying=row[1]) for row in result}
