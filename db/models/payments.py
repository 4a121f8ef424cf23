"""Payments, refunds, and the inbox of providers' webhooks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Currency, Key, Minor, one_of
from db.enums import (
    DisputeStatus,
    PaymentMethod,
    PaymentProvider,
    PaymentStatus,
    RefundReason,
    RefundStatus,
)


class Payment(Base):
    """One attempt to take a booking's money, or what an alteration of it adds.

    At most one per booking is live, and one per alteration.
    """

    __tablename__ = "payments"
    __table_args__ = (
        one_of("provider", PaymentProvider),
        one_of("method", PaymentMethod),
        one_of("status", PaymentStatus),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("refunded_minor BETWEEN 0 AND captured_minor", name="refunded"),
        CheckConstraint("captured_minor BETWEEN 0 AND amount_minor", name="captured"),
        CheckConstraint("(captured_minor > 0) = (paid_at IS NOT NULL)", name="paid"),
        CheckConstraint(
            "host_minor + platform_minor + tax_minor = amount_minor + promotion_minor",
            name="parts",
        ),
        # Of what an alteration adds, a part may be less than nothing.
        CheckConstraint(
            "alteration_id IS NOT NULL"
            " OR (host_minor >= 0 AND tax_minor >= 0 AND promotion_minor >= 0)",
            name="part_signs",
        ),
        UniqueConstraint("booking_id", "attempt"),
        UniqueConstraint("provider", "provider_payment_id"),
        Index(None, "guest_id"),
        Index(None, "host_id"),
        Index(
            "payments_live_key",
            "booking_id",
            unique=True,
            postgresql_where=text(
                "alteration_id IS NULL AND status NOT IN ('FAILED', 'CANCELLED')"
            ),
        ),
        Index(
            "payments_alteration_live_key",
            "alteration_id",
            unique=True,
            postgresql_where=text("status NOT IN ('FAILED', 'CANCELLED')"),
        ),
        Index(None, "alteration_id", postgresql_where=text("alteration_id IS NOT NULL")),
        # What the sweeps ask the provider about: what is under way, and what was given up.
        Index(
            "payments_given_up_idx",
            "void_requested_at",
            postgresql_where=text("status = 'CANCELLED'"),
        ),
        Index(
            "payments_unsettled_idx",
            "updated_at",
            postgresql_where=text("status IN ('PENDING', 'AUTHORIZED')"),
        ),
    )

    id: Mapped[Key]
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.id"))
    # None: it is for the booking itself.
    alteration_id: Mapped[UUID | None] = mapped_column(ForeignKey("booking_alterations.id"))
    attempt: Mapped[int] = mapped_column(SmallInteger)
    provider: Mapped[str]
    # None until the provider has answered; found by metadata before that.
    provider_payment_id: Mapped[str | None]
    method: Mapped[str]
    status: Mapped[str]
    amount_minor: Mapped[Minor]
    currency: Mapped[Currency]
    # Whose money it becomes: the three add up to the amount and what a promotion of ours adds.
    guest_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    host_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    host_minor: Mapped[Minor]
    platform_minor: Mapped[Minor]
    tax_minor: Mapped[Minor]
    promotion_minor: Mapped[Minor] = mapped_column(server_default="0")
    # What it is for: the lines add up to the amount. And where the place is, as it was: there the
    # taxes among them are due.
    line_items: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    country: Mapped[str] = mapped_column(server_default="")
    region: Mapped[str] = mapped_column(server_default="")
    captured_minor: Mapped[Minor] = mapped_column(server_default="0")
    refunded_minor: Mapped[Minor] = mapped_column(server_default="0")
    # Authorise now, capture when the host accepts.
    manual_capture: Mapped[bool]
    client_secret: Mapped[str | None]
    redirect_url: Mapped[str | None]
    # The provider's own word for the last failed try, e.g. `card_declined`.
    failure_code: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    authorized_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    # We want it undone at the provider (expired, cancelled, declined) and have not heard yet.
    void_requested_at: Mapped[datetime | None]


class Refund(Base):
    """Money on its way back to a guest, once per payment and reason, or alteration."""

    __tablename__ = "refunds"
    __table_args__ = (
        one_of("status", RefundStatus),
        one_of("reason", RefundReason),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint(
            "host_minor + platform_minor + tax_minor = amount_minor + promotion_minor",
            name="parts",
        ),
        CheckConstraint("(reason = 'ALTERATION') = (alteration_id IS NOT NULL)", name="altered"),
        UniqueConstraint(
            "payment_id", "reason", "alteration_id", postgresql_nulls_not_distinct=True
        ),
        Index(None, "alteration_id", postgresql_where=text("alteration_id IS NOT NULL")),
        UniqueConstraint("provider_refund_id"),
        Index("refunds_pending_idx", "created_at", postgresql_where=text("status = 'PENDING'")),
    )

    id: Mapped[Key]
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    reason: Mapped[str]
    # Which made the stay cheaper.
    alteration_id: Mapped[UUID | None] = mapped_column(ForeignKey("booking_alterations.id"))
    status: Mapped[str]
    amount_minor: Mapped[Minor]
    # Who bears it: the three add up to the amount and what of the promotion is ours again.
    host_minor: Mapped[Minor]
    platform_minor: Mapped[Minor]
    tax_minor: Mapped[Minor]
    promotion_minor: Mapped[Minor] = mapped_column(server_default="0")
    # What it gives back: as many lines as are known, which then add up to the amount.
    line_items: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    provider_refund_id: Mapped[str | None]
    # Until then nobody else makes it at a provider that has no idempotency keys.
    claimed_until: Mapped[datetime | None]
    failure_code: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    settled_at: Mapped[datetime | None]


class Dispute(Base):
    """A guest's bank wants the money of a payment back."""

    __tablename__ = "disputes"
    __table_args__ = (
        one_of("provider", PaymentProvider),
        one_of("status", DisputeStatus),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("withdrawn_minor IN (0, amount_minor)", name="withdrawn"),
        CheckConstraint("(status IN ('WON', 'LOST')) = (settled_at IS NOT NULL)", name="settled"),
        UniqueConstraint("provider", "provider_dispute_id"),
        Index(None, "payment_id"),
        # What is still to be decided, for whoever holds payouts back or asks the provider.
        Index(
            "disputes_open_idx",
            "updated_at",
            postgresql_where=text("status IN ('NEEDS_RESPONSE', 'UNDER_REVIEW')"),
        ),
    )

    id: Mapped[Key]
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    provider: Mapped[str]
    provider_dispute_id: Mapped[str]
    status: Mapped[str]
    amount_minor: Mapped[Minor]
    # The payment's.
    currency: Mapped[Currency]
    # What the bank has taken, won or lost: all, or nothing (an inquiry, or not yet).
    withdrawn_minor: Mapped[Minor] = mapped_column(server_default="0")
    # The provider's own word, e.g. `fraudulent`.
    reason: Mapped[str]
    evidence_due_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ProviderEvent(Base):
    """A provider's webhook as it came: stored before it is answered, processed afterwards."""

    __tablename__ = "provider_events"
    __table_args__ = (
        one_of("provider", PaymentProvider),
        UniqueConstraint("provider", "event_id"),
        # Old ones are dropped after a while.
        Index(None, "received_at"),
    )

    id: Mapped[Key]
    provider: Mapped[str]
    event_id: Mapped[str]
    type: Mapped[str]
    # Empty once it is processed.
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    processed_at: Mapped[datetime | None]
