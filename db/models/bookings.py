"""Bookings, their history, and the idempotency keys of the mutations that make them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Currency, Key, Minor, one_of
from db.enums import (
    AlterationStatus,
    BookingActor,
    BookingStatus,
    CancellationPolicy,
    PaymentMethod,
)


class Booking(Base):
    """A stay `[check_in, check_out)` in the property's local dates, and its price as agreed."""

    __tablename__ = "bookings"
    __table_args__ = (
        one_of("status", BookingStatus),
        one_of("cancelled_by", BookingActor),
        one_of("cancellation_policy", CancellationPolicy),
        one_of("payment_method", PaymentMethod),
        CheckConstraint("check_out > check_in AND check_out - check_in <= 365", name="dates"),
        CheckConstraint("check_out_at > check_in_at", name="instants"),
        CheckConstraint("guest_id <> host_id", name="own_property"),
        CheckConstraint(
            "adults >= 1 AND children >= 0 AND infants >= 0 AND pets >= 0"
            " AND adults + children <= 50",
            name="guests",
        ),
        CheckConstraint(
            "host_payout_minor >= 0 AND tax_minor >= 0 AND total_minor > 0"
            " AND promotion_minor >= 0"
            " AND host_payout_minor + tax_minor <= total_minor + promotion_minor",
            name="amounts",
        ),
        CheckConstraint("cardinality(night_prices) = check_out - check_in", name="night_prices"),
        CheckConstraint("(status = 'CANCELLED') = (cancelled_by IS NOT NULL)", name="cancelled"),
        Index(None, "guest_id", "id"),
        Index(None, "host_id", "id"),
        # What has changed lately, for hosts who follow their bookings live.
        Index(None, "host_id", "updated_at"),
        Index(None, "property_id", "check_in"),
        # How often a guest has used a code.
        Index(None, "promotion_id", "guest_id", postgresql_where=text("promotion_id IS NOT NULL")),
        # The timers: expiry of holds and requests, completion of stays.
        Index(
            "bookings_deadline_idx", "deadline_at", postgresql_where=text("deadline_at IS NOT NULL")
        ),
        Index(
            "bookings_payout_due_idx",
            text("greatest(payout_due_at, payout_look_at)"),
            postgresql_where=text("payout_due_at IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id"))
    guest_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    # The property's host when the booking was made.
    host_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str]
    # Grows by one with each row of the history.
    version: Mapped[int]
    check_in: Mapped[date]
    check_out: Mapped[date]
    # The instants derived from dates, times and zone as they were when the booking was made.
    check_in_at: Mapped[datetime]
    check_out_at: Mapped[datetime]
    timezone: Mapped[str]
    adults: Mapped[int] = mapped_column(SmallInteger)
    children: Mapped[int] = mapped_column(SmallInteger)
    infants: Mapped[int] = mapped_column(SmallInteger)
    pets: Mapped[int] = mapped_column(SmallInteger)
    message: Mapped[str] = mapped_column(server_default="")
    # The price as it was: line items add up to the total; see app.pricing.rules.Quote.
    currency: Mapped[Currency]
    total_minor: Mapped[Minor]
    host_payout_minor: Mapped[Minor]
    tax_minor: Mapped[Minor]
    # What the platform pays of the price by a promotion of its own.
    promotion_minor: Mapped[Minor] = mapped_column(server_default="0")
    # The code that it was booked with.
    promotion_id: Mapped[UUID | None] = mapped_column(ForeignKey("promotions.id"))
    line_items: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    # What the price was made of, for when the stay is altered: app.properties.terms.Terms as they
    # were, and what each night costs.
    price_terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    night_prices: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    guest_fee_bp: Mapped[int]
    host_fee_bp: Mapped[int]
    cancellation_policy: Mapped[str]
    instant_book: Mapped[bool]
    payment_method: Mapped[str]
    # When the current state's timer fires: hold or request over, or check-out. None: never.
    deadline_at: Mapped[datetime | None]
    # The host has said yes and the capture is under way; set only while PENDING_HOST.
    accepted_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]
    cancellation_reason: Mapped[str | None]
    # When the next part of it may be paid out, at first 24 h after the check-in instant; None when
    # nothing of it is still to be paid out.
    payout_due_at: Mapped[datetime | None]
    # What is due and held back is not looked at again before.
    payout_look_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class BookingChange(Base):
    """One transition of a booking. Its version rides on every live update.

    A trigger refuses every change but that of a reason to NULL (docs/decisions/0054).
    """

    __tablename__ = "booking_changes"
    __table_args__ = (
        one_of("status", BookingStatus),
        one_of("previous_status", BookingStatus),
        one_of("actor", BookingActor),
        one_of("alteration_status", AlterationStatus),
        CheckConstraint("(version = 1) = (previous_status IS NULL)", name="first"),
        CheckConstraint("(alteration_id IS NULL) = (alteration_status IS NULL)", name="alteration"),
        Index(None, "alteration_id", postgresql_where=text("alteration_id IS NOT NULL")),
    )

    booking_id: Mapped[UUID] = mapped_column(
        ForeignKey("bookings.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str]
    previous_status: Mapped[str | None]
    actor: Mapped[str]
    actor_id: Mapped[UUID | None]
    reason: Mapped[str | None]
    # A step in the life of an alteration: the booking itself stays in its state.
    alteration_id: Mapped[UUID | None] = mapped_column(ForeignKey("booking_alterations.id"))
    alteration_status: Mapped[str | None]
    occurred_at: Mapped[datetime]


class BookingAlteration(Base):
    """Other dates or guests for a confirmed booking, as one side proposes them to the other.

    Amounts are those of the altered stay, as they were offered; differences are what they are more
    (or less) than the booking's at that time. At most one of a booking is live.
    """

    __tablename__ = "booking_alterations"
    __table_args__ = (
        one_of("status", AlterationStatus),
        CheckConstraint("proposed_by IN ('GUEST', 'HOST')", name="proposed_by"),
        CheckConstraint("check_out > check_in AND check_out - check_in <= 365", name="dates"),
        CheckConstraint("check_out_at > check_in_at", name="instants"),
        CheckConstraint(
            "adults >= 1 AND children >= 0 AND infants >= 0 AND pets >= 0"
            " AND adults + children <= 50",
            name="guests",
        ),
        CheckConstraint(
            "host_payout_minor >= 0 AND tax_minor >= 0 AND total_minor > 0"
            " AND promotion_minor >= 0"
            " AND host_payout_minor + tax_minor <= total_minor + promotion_minor",
            name="amounts",
        ),
        CheckConstraint("cardinality(night_prices) = check_out - check_in", name="night_prices"),
        CheckConstraint(
            "(status IN ('OPEN', 'AWAITING_PAYMENT')) = (settled_at IS NULL)", name="settled"
        ),
        Index(None, "booking_id", "id"),
        Index(
            "booking_alterations_live_key",
            "booking_id",
            unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
        # The timer.
        Index(
            "booking_alterations_expires_idx",
            "expires_at",
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.id"))
    proposed_by: Mapped[str]
    status: Mapped[str]
    message: Mapped[str] = mapped_column(server_default="")
    check_in: Mapped[date]
    check_out: Mapped[date]
    check_in_at: Mapped[datetime]
    check_out_at: Mapped[datetime]
    adults: Mapped[int] = mapped_column(SmallInteger)
    children: Mapped[int] = mapped_column(SmallInteger)
    infants: Mapped[int] = mapped_column(SmallInteger)
    pets: Mapped[int] = mapped_column(SmallInteger)
    # Dates, guests and total of the booking when it was proposed: app.bookings.alterations.rules.
    previous: Mapped[dict[str, Any]] = mapped_column(JSONB)
    currency: Mapped[Currency]
    total_minor: Mapped[Minor]
    host_payout_minor: Mapped[Minor]
    tax_minor: Mapped[Minor]
    promotion_minor: Mapped[Minor]
    line_items: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    night_prices: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    difference_minor: Mapped[Minor]
    host_difference_minor: Mapped[Minor]
    tax_difference_minor: Mapped[Minor]
    promotion_difference_minor: Mapped[Minor]
    # Until when it can be answered, or paid.
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # When it was over, in whatever way.
    settled_at: Mapped[datetime | None]


class HostCancellation(Base):
    """A confirmed stay that its host has cancelled: a fee on their next payout, and a count."""

    __tablename__ = "host_cancellations"
    __table_args__ = (
        CheckConstraint("fee_minor >= 0", name="fee"),
        Index(None, "host_id", "cancelled_at"),
    )

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.id"), primary_key=True)
    host_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    currency: Mapped[Currency]
    fee_minor: Mapped[Minor]
    cancelled_at: Mapped[datetime]
    # Staff have accepted the reason: no fee, and not counted.
    waived_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """One keyed request of one user. The row exists only if its first transaction committed."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        CheckConstraint("length(request_hash) = 32", name="request_hash"),
        Index(None, "created_at"),
    )

    actor_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    operation: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    # What the request made; the reply is read from it.
    subject_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
