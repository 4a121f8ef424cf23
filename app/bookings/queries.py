"""Reading bookings and their history, in batches."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ARRAY,
    Integer,
    Select,
    Uuid,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    type_coerce,
)

from app.errors import Invalid
from app.money import Money, sum_of
from app.pricing.rules import Guests, LineItem
from app.properties.queries import is_active
from db import rows
from db.enums import BookingStatus
from db.models import Booking, BookingChange, CoHost, User
from db.shapes import Form, Related, in_sql
from db.statements import Reader, Statement

MAX_DAYS = 366
# Of a stay that comes, lasts or has been.
COMING = (
    BookingStatus.PENDING_PAYMENT,
    BookingStatus.PENDING_HOST,
    BookingStatus.CONFIRMED,
    BookingStatus.COMPLETED,
)


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
    @in_sql(lambda of: type_coerce(of.check_out - of.check_in, Integer))
    def nights(self) -> int:
        return (self.check_out - self.check_in).days

    @property
    def guests(self) -> Guests:
        return Guests(
            adults=self.adults, children=self.children, infants=self.infants, pets=self.pets
        )

    @property
    @in_sql(sum_of("total_minor"))
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
    # The alteration whose step it is, and its state after it.
    alteration_id: UUID | None
    alteration_status: str | None
    occurred_at: datetime


class StayRow(msgspec.Struct, frozen=True):
    """As much of a booking as everybody on the host's side may know."""

    id: UUID
    property_id: UUID
    guest_id: UUID
    status: str
    check_in: date
    check_out: date
    adults: int
    children: int
    infants: int
    pets: int

    @property
    def guests(self) -> Guests:
        return Guests(
            adults=self.adults, children=self.children, infants=self.infants, pets=self.pets
        )


class Access(msgspec.Struct, frozen=True):
    """What a person's bookings, and their part in it, let them see of a property."""

    has_booking: bool = False
    # A confirmed booking that has not ended.
    is_staying: bool = False
    # What they may do as a co-host.
    rights: frozenset[str] = frozenset()


BOOKINGS_OF_GUEST = rows.Listing(
    model=Booking, row=BookingRow, parent=Booking.guest_id, status=Booking.status
)
BOOKINGS_OF_HOST = rows.Listing(
    model=Booking, row=BookingRow, parent=Booking.host_id, status=Booking.status
)
BOOKINGS_OF_PROPERTY = rows.Listing(
    model=Booking, row=BookingRow, parent=Booking.property_id, status=Booking.status
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


def _access() -> Select[Any]:
    is_confirmed = Booking.status == BookingStatus.CONFIRMED
    staying = and_(is_confirmed, Booking.check_out_at > bindparam("now"))
    property_id = func.unnest(bindparam("properties", type_=ARRAY(Uuid))).column_valued("wanted")
    is_staying = (
        select(func.bool_or(staying))
        .where(Booking.guest_id == bindparam("user_id"), Booking.property_id == property_id)
        .scalar_subquery()
    )
    rights = (
        select(CoHost.rights)
        .join(User, User.id == CoHost.user_id)
        .where(
            CoHost.property_id == property_id, CoHost.user_id == bindparam("user_id"), is_active()
        )
        .scalar_subquery()
    )
    return select(property_id, is_staying, rights)


def _stays() -> Select[Any]:
    return (
        select(*rows.columns(Booking, StayRow))
        .where(
            rows.among(Booking.property_id, "properties"),
            Booking.check_in < bindparam("end"),
            Booking.check_out > bindparam("start"),
            Booking.status.in_([literal_column(f"'{each}'") for each in COMING]),
        )
        .order_by(Booking.check_in, Booking.id)
    )


_STAYS = Statement(StayRow, _stays)
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
_ACCESS: Statement[tuple[UUID, Access]] = Statement(
    lambda property_id, is_staying, rights: (
        property_id,
        Access(
            # Null without any.
            has_booking=is_staying is not None,
            is_staying=bool(is_staying),
            rights=frozenset(rights or ()),
        ),
    ),
    _access,
)


async def bookings(
    reader: Reader, ids: Sequence[UUID], shape: Form[BookingRow] | None = None
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


async def stays(
    reader: Reader, property_ids: Sequence[UUID], start: date, end: date
) -> Mapping[UUID, list[StayRow]]:
    """Who comes or has come to these properties on a night of `[start, end)`, by property.

    Raises Invalid for an empty range or one of more than 366 days.
    """
    if not 1 <= (end - start).days <= MAX_DAYS:
        raise Invalid(f"Expected between 1 and {MAX_DAYS} days.", field="to")
    return rows.grouped(
        await _STAYS.fetch(reader, properties=property_ids, start=start, end=end), "property_id"
    )


async def access(
    reader: Reader, user_id: UUID, property_ids: Sequence[UUID], now: datetime
) -> Mapping[UUID, Access]:
    """What somebody's bookings, and their part in them, let them see of these properties."""
    return dict(await _ACCESS.fetch(reader, user_id=user_id, properties=property_ids, now=now))
