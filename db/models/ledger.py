"""The double-entry ledger. Append-only: triggers refuse every update and delete.

A deferred constraint trigger lets no transaction commit in which the postings of an entry do not
add up to zero per currency. Both triggers are made by the migration.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Currency, Key, Minor, one_of
from db.enums import JournalEntryKind, LedgerAccountKind, PaymentProvider, Side


class LedgerAccount(Base):
    """An account in one currency; host and guest accounts have an owner, the platform's none.

    What providers hold and keep is an account for each of them.
    """

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        one_of("kind", LedgerAccountKind),
        CheckConstraint(
            "(kind IN ('GUEST', 'HOST_PAYABLE')) = (owner_id IS NOT NULL)", name="owner"
        ),
        one_of("provider", PaymentProvider),
        CheckConstraint(
            "(kind IN ('PROVIDER_CLEARING', 'PROVIDER_FEES')) = (provider IS NOT NULL)",
            name="at_provider",
        ),
        UniqueConstraint(
            "kind", "owner_id", "provider", "currency", postgresql_nulls_not_distinct=True
        ),
        UniqueConstraint("id", "currency"),
        Index(None, "owner_id"),
    )

    id: Mapped[Key]
    kind: Mapped[str]
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    provider: Mapped[str | None]
    currency: Mapped[Currency]


class LedgerTax(Base):
    """A tax that was taken for an authority, which its name and where it is due tell."""

    __tablename__ = "ledger_taxes"
    __table_args__ = (UniqueConstraint("country", "region", "name"),)

    id: Mapped[Key]
    # Of the place that was let, when it was paid for.
    country: Mapped[str]
    region: Mapped[str]
    name: Mapped[str]


class JournalEntry(Base):
    """One movement of money. `(source, source_id, kind)` makes posting it twice impossible."""

    __tablename__ = "journal_entries"
    __table_args__ = (
        one_of("kind", JournalEntryKind),
        UniqueConstraint("source", "source_id", "kind"),
        # What a month's reports are made of.
        Index(None, "occurred_at"),
    )

    id: Mapped[Key]
    kind: Mapped[str]
    # The table and row that the movement comes from: payments, refunds, payouts.
    source: Mapped[str]
    source_id: Mapped[UUID]
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Posting(Base):
    """One side of an entry: debits are positive, credits negative."""

    __tablename__ = "postings"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount"),
        one_of("service_fee", Side),
        ForeignKeyConstraint(
            ["account_id", "currency"], ["ledger_accounts.id", "ledger_accounts.currency"]
        ),
        Index(None, "entry_id"),
        Index(None, "account_id", "booking_id"),
        Index(None, "booking_id"),
        # Few postings are taxes.
        Index("postings_tax_id_idx", "tax_id", postgresql_where=text("tax_id IS NOT NULL")),
    )

    id: Mapped[Key]
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("journal_entries.id"))
    account_id: Mapped[UUID]
    # The booking that it concerns, so that a host's due can be told per stay.
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("bookings.id"))
    amount_minor: Mapped[Minor]
    currency: Mapped[Currency]
    # Whose fee, of what is on PLATFORM_REVENUE; which tax, of what is on TAX_PAYABLE.
    service_fee: Mapped[str | None]
    tax_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_taxes.id"))
