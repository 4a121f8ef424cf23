"""What letters speak of, as plain values."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from db.enums import (
    AlterationStatus,
    BookingActor,
    BookingStatus,
    CancellationPolicy,
    CoHostRight,
    DisputeStatus,
    LinkPurpose,
)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who gets letters, or is spoken of in one."""

    id: UUID
    email: str
    first_name: str
    last_name: str

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class MailedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that is to be mailed. Its code is derived when it is."""

    id: UUID
    purpose: LinkPurpose
    new_email: str | None
    username: str
    # The account's person, at the address that the link is for.
    recipient: Person
    # Whose verified address that is, when it is another account's.
    owner: Person | None


class ReadyExport(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's data, which lies there for them until it expires."""

    person: Person
    expires_at: datetime


class CoHosting(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation to help with a property, or what became of it."""

    property_id: UUID
    title: str
    host: Person
    rights: tuple[CoHostRight, ...]
    invited_at: datetime
    expires_at: datetime | None
    # Whom it was mailed to; None once it is accepted.
    email: str | None
    # Who has accepted it.
    first_name: str


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """A booking with its two sides. Amounts are minor units of `currency`."""

    booking_id: UUID
    property_id: UUID
    status: BookingStatus
    # The state that the transition in question left; None for a booking's first.
    previous_status: BookingStatus | None
    # The host was asked for an answer at some time.
    was_requested: bool
    accepted_at: datetime | None
    confirmed_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: BookingActor | None
    cancellation_reason: str | None
    cancellation_policy: CancellationPolicy
    deadline_at: datetime | None
    updated_at: datetime

    guest: Person
    host: Person
    message: str

    title: str
    address: str
    postal_code: str
    city: str
    region: str
    # ISO 3166-1 alpha-2
    country: str
    timezone: str

    check_in: date
    check_out: date
    check_in_at: datetime
    check_out_at: datetime
    adults: int
    children: int
    infants: int
    pets: int

    currency: str
    total_minor: int
    host_payout_minor: int
    line_items: list[dict[str, Any]]
    captured_minor: int
    refunded_minor: int
    # Where the guest can pay, while there is something to pay.
    pay_url: str | None
    is_reviewed: bool

    @property
    def is_cut_short(self) -> bool:
        """It was ended after the guest could have arrived."""
        ended = self.cancelled_at
        return self.confirmed_at is not None and ended is not None and ended >= self.check_in_at


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """The dates of a stay before it was altered."""

    check_in: date
    check_out: date


class Alteration(msgspec.Struct, frozen=True, kw_only=True):
    """Other dates or guests for a stay, and what has just become of them."""

    status: AlterationStatus
    proposed_by: BookingActor
    # Whose step it was, and their reason.
    by: BookingActor
    reason: str | None
    message: str
    check_in: date
    check_out: date
    check_in_at: datetime
    check_out_at: datetime
    adults: int
    children: int
    infants: int
    pets: int
    previous: Before
    total_minor: int
    difference_minor: int
    host_difference_minor: int
    expires_at: datetime
    # The guest can pay the difference now.
    is_payable: bool


class DisputedStay(msgspec.Struct, frozen=True, kw_only=True):
    """A stay whose guest's bank wants money back, or has decided."""

    booking_id: UUID
    host: Person
    guest: str
    title: str
    check_in: date
    check_out: date
    status: DisputeStatus
    currency: str
    amount_minor: int
    # What it has cost the host: of a dispute that was lost.
    host_minor: int


class HostPayout(msgspec.Struct, frozen=True, kw_only=True):
    """Money for a host for some bookings, sent or refused."""

    payout_id: UUID
    host: Person
    currency: str
    amount_minor: int
    bookings: int


class FoundPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place that a saved search has found, as everybody sees it."""

    title: str
    city: str
    price_minor: int
    currency: str


class NewMatches(msgspec.Struct, frozen=True, kw_only=True):
    """What a saved search has found that it had not found before."""

    saved_search_id: UUID
    name: str
    person: Person
    places: tuple[FoundPlace, ...]
