"""Reading alterations, and bookings as their alteration needs them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, bindparam, func, select

from app.bookings.alterations.rules import Agreed, Previous
from app.money import Money
from app.pricing.rules import Guests, LineItem, Terms
from app.promotions.rules import Offer
from app.properties.terms import zone
from db import rows
from db.models import Booking, BookingAlteration, Promotion
from db.shapes import Related
from db.statements import Reader, Statement, as_json


class AlterationRow(msgspec.Struct, frozen=True):
    """An alteration as it is shown to the booking's parties; see db.models.BookingAlteration."""

    id: UUID
    booking_id: UUID
    proposed_by: str
    status: str
    message: str
    check_in: date
    check_out: date
    check_in_at: datetime
    check_out_at: datetime
    adults: int
    children: int
    infants: int
    pets: int
    previous: Previous
    currency: str
    total_minor: int
    host_payout_minor: int
    tax_minor: int
    promotion_minor: int
    line_items: tuple[LineItem, ...]
    night_prices: tuple[int, ...]
    difference_minor: int
    host_difference_minor: int
    tax_difference_minor: int
    promotion_difference_minor: int
    expires_at: datetime
    created_at: datetime
    settled_at: datetime | None

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
    def difference(self) -> Money:
        return Money(self.difference_minor, self.currency)


# Of a booking, the newest first.
ALTERATIONS = Related(
    name="its_alterations",
    model=BookingAlteration,
    row=AlterationRow,
    key="booking_id",
    parent="id",
    many=True,
    order=lambda alteration: alteration.id.desc(),
)

_ALTERATIONS = rows.ByKey(BookingAlteration.id, AlterationRow)
_ALTERATIONS_OF = rows.ByKey(
    BookingAlteration.booking_id, AlterationRow, BookingAlteration.id.desc()
)
_LIVE_OF = Statement(
    AlterationRow,
    lambda: select(*rows.columns(BookingAlteration, AlterationRow)).where(
        rows.among(BookingAlteration.booking_id, "bookings"),
        BookingAlteration.settled_at.is_(None),
    ),
)


async def alterations(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, AlterationRow]:
    """Alterations by id."""
    return await _ALTERATIONS.one(reader, ids)


async def alterations_of(
    reader: Reader, booking_ids: Sequence[UUID]
) -> Mapping[UUID, list[AlterationRow]]:
    """The alterations of bookings, newest first, by booking."""
    return await _ALTERATIONS_OF.many(reader, booking_ids)


async def live_of(reader: Reader, booking_ids: Sequence[UUID]) -> Mapping[UUID, AlterationRow]:
    """The alteration that each booking waits for, if there is one, by booking."""
    found = await _LIVE_OF.fetch(reader, bookings=booking_ids)
    return {alteration.booking_id: alteration for alteration in found}


class Place(msgspec.Struct, frozen=True):
    """Where and when a booking is: what is locked before it."""

    property_id: UUID
    check_in: date
    check_out: date


async def place_of(reader: Reader, booking_id: UUID) -> Place | None:
    """Where and when a booking is, as far as nobody alters it meanwhile."""
    return await _PLACE.first(reader, booking=booking_id)


async def agreed(reader: Reader, booking_id: UUID) -> Agreed:
    """What was agreed about a booking. LookupError when there is none."""
    found = await _AGREED.first(reader, booking=booking_id)
    if found is None:
        raise LookupError(f"there is no booking {booking_id}")
    return found


_STAY = (
    *("check_in", "check_out", "check_in_at", "check_out_at", "timezone", "currency"),
    *("total_minor", "host_payout_minor", "tax_minor", "promotion_minor"),
)
_GUESTS = Guests.__struct_fields__


def _agreed(
    terms: Terms,
    night_prices: Sequence[int],
    created_at: datetime,
    offer: Offer | None,
    offer_host: UUID | None,
    *values: Any,
) -> Agreed:
    stay = dict(zip(_STAY, values, strict=False))
    guests = Guests(**dict(zip(_GUESTS, values[len(_STAY) :], strict=True)))
    return Agreed(
        **stay,
        guests=guests,
        terms=terms,
        night_prices=tuple(night_prices),
        booked_on=created_at.astimezone(zone(stay["timezone"])).date(),
        offer=offer,
        offer_by_host=offer_host is not None,
    )


def _select_agreed() -> Select[Any]:
    pairs = [part for name in Offer.__struct_fields__ for part in (name, getattr(Promotion, name))]
    offer = (
        select(func.json_build_object(*pairs))
        .where(Promotion.id == Booking.promotion_id)
        .scalar_subquery()
    )
    offer_host = (
        select(Promotion.host_id).where(Promotion.id == Booking.promotion_id).scalar_subquery()
    )
    return select(
        as_json(Booking.price_terms, Terms),
        Booking.night_prices,
        Booking.created_at,
        as_json(offer, Offer),
        offer_host,
        *(getattr(Booking, name) for name in (*_STAY, *_GUESTS)),
    ).where(Booking.id == bindparam("booking"))


_PLACE = Statement(
    Place,
    lambda: select(*rows.columns(Booking, Place)).where(Booking.id == bindparam("booking")),
)
_AGREED: Statement[Agreed] = Statement(_agreed, _select_agreed)
