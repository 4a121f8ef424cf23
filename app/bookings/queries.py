"""Reading bookings and their history, in batches."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, and_, bindparam, func, select

from app.money import Money
from app.pricing.rules import Guests, LineItem
from db import rows
from db.enums import BookingStatus
from db.models import Booking, BookingChange
from db.shapes import Related, Shape
from db.statements import Reader, Statement


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
    # The price as it was agreed.
    line_items: tuple[LineItem, ...]
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

HISTORY = Related(
    name="its_history",
    model=BookingChange,
    row=ChangeRow,
    key="booking_id",
    parent="id",
    many=True,
    order=lambda change: change.version,
)


def _changes_of_host(*, of_bookings: bool) -> Select[Any]:
    return (
        select(*rows.columns(BookingChange, ChangeRow))
        .join(Booking, Booking.id == BookingChange.booking_id)
        .where(
            Booking.host_id == bindparam("host_id"),
            Booking.updated_at >= bindparam("since"),
            BookingChange.occurred_at >= bindparam("since"),
            *([rows.among(Booking.id, "bookings")] if of_bookings else []),
        )
        .order_by(BookingChange.occurred_at, BookingChange.booking_id, BookingChange.version)
    )


def _booked() -> Select[Any]:
    is_confirmed = Booking.status == BookingStatus.CONFIRMED
    staying = and_(is_confirmed, Booking.check_out_at > bindparam("now"))
    return (
        select(Booking.property_id, func.bool_or(staying))
        .where(
            Booking.guest_id == bindparam("guest_id"),
            rows.among(Booking.property_id, "properties"),
        )
        .group_by(Booking.property_id)
    )


_BOOKINGS = rows.ByKey(Booking.id, BookingRow)
_HISTORY_OF = rows.ByKey(
    BookingChange.booking_id, ChangeRow, BookingChange.booking_id, BookingChange.version
)
_CHANGES_AFTER = Statement(
    ChangeRow,
    lambda: (
        select(*rows.columns(BookingChange, ChangeRow))
        .where(
            BookingChange.booking_id == bindparam("booking_id"),
            BookingChange.version > bindparam("version"),
        )
        .order_by(BookingChange.version)
    ),
)
_CHANGES_OF_HOST = Statement(ChangeRow, lambda: _changes_of_host(of_bookings=False))
_CHANGES_OF_BOOKINGS = Statement(ChangeRow, lambda: _changes_of_host(of_bookings=True))
_BOOKED: Statement[tuple[UUID, Access]] = Statement(
    lambda property_id, is_staying: (property_id, Access(has_booking=True, is_staying=is_staying)),
    _booked,
)


async def bookings(
    reader: Reader, ids: Sequence[UUID], shape: Shape[BookingRow] | None = None
) -> Mapping[UUID, BookingRow]:
    """Bookings by id."""
    return await _BOOKINGS.one(reader, ids, shape)


async def history_of(reader: Reader, booking_ids: Sequence[UUID]) -> Mapping[UUID, list[ChangeRow]]:
    """Bookings' histories, oldest first, by booking."""
    return await _HISTORY_OF.many(reader, booking_ids)


async def changes_after(reader: Reader, booking_id: UUID, version: int) -> list[ChangeRow]:
    """A booking's transitions later than `version`, in order."""
    return await _CHANGES_AFTER.fetch(reader, booking_id=booking_id, version=version)


async def changes_of_host(
    reader: Reader,
    host_id: UUID,
    since: datetime,
    booking_ids: Sequence[UUID] | None = None,
) -> list[ChangeRow]:
    """The transitions of a host's bookings since an instant, in order; None: of all bookings."""
    if booking_ids is None:
        return await _CHANGES_OF_HOST.fetch(reader, host_id=host_id, since=since)
    return await _CHANGES_OF_BOOKINGS.fetch(
        reader, host_id=host_id, since=since, bookings=booking_ids
    )


async def access(
    reader: Reader, guest_id: UUID, property_ids: Sequence[UUID], now: datetime
) -> Mapping[UUID, Access]:
    """What the guest's bookings let them see of these properties; none for the others."""
    return dict(await _BOOKED.fetch(reader, guest_id=guest_id, properties=property_ids, now=now))
