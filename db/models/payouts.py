"""Hosts' accounts at the provider, and what is sent to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Currency, Key, Minor, one_of
from db.enums import PaymentProvider, PayoutAccountStatus, PayoutStatus


class PayoutAccount(Base):
    """A host's connected account at a provider; or where they are paid, one per currency."""

    __tablename__ = "payout_accounts"
    __table_args__ = (
        one_of("provider", PaymentProvider),
        one_of("status", PayoutAccountStatus),
        CheckConstraint(
            "status <> 'ACTIVE' OR provider_account_id IS NOT NULL", name="active_account"
        ),
        CheckConstraint("(currency IS NULL) = (label IS NULL)", name="recipient"),
        UniqueConstraint("user_id", "provider", "currency", postgresql_nulls_not_distinct=True),
        # Two hosts may share a phone, but no account.
        Index(
            "payout_accounts_provider_account_key",
            "provider",
            "provider_account_id",
            unique=True,
            postgresql_where=text("currency IS NULL"),
        ),
    )

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    provider: Mapped[str]
    provider_account_id: Mapped[str | None]
    # None: an account that its owner completes at the provider, for every currency.
    currency: Mapped[Currency | None]
    # By what the host knows a phone or bank account: `MTN ···· 4987`.
    label: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=PayoutAccountStatus.PENDING)
    # What the provider still wants to know: app.payments.provider.Requirement.
    requirements: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    # When payouts stop unless it is told by then, and the provider's word for why they have.
    due_by: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Payout(Base):
    """One transfer to a host: reserved in the ledger first, then sent exactly once."""

    __tablename__ = "payouts"
    __table_args__ = (
        one_of("provider", PaymentProvider),
        one_of("status", PayoutStatus),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("(status = 'PAID') = (paid_at IS NOT NULL)", name="paid"),
        UniqueConstraint("provider", "provider_transfer_id"),
        Index(None, "host_id", "id"),
        Index(
            "payouts_reserved_idx", "next_attempt_at", postgresql_where=text("status = 'RESERVED'")
        ),
    )

    id: Mapped[Key]
    host_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    provider: Mapped[str]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    status: Mapped[str]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    provider_transfer_id: Mapped[str | None]
    failure_code: Mapped[str | None]
    # RESERVED: when the provider is asked again. FAILED: when another payout tries it again.
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    paid_at: Mapped[datetime | None]


class PayoutItem(Base):
    """What one booking adds to a payout; negative when an earlier payout was too much."""

    __tablename__ = "payout_items"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount"),
        Index(None, "booking_id"),
    )

    payout_id: Mapped[UUID] = mapped_column(ForeignKey("payouts.id"), primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.id"), primary_key=True)
    amount_minor: Mapped[Minor]
