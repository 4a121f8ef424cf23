"""Receipts, invoices and credit notes, and the counters that number them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Currency, Key, Minor, one_of
from db.enums import DocumentKind, Side


class DocumentCounter(Base):
    """The last number of a series. Locked by who issues, until the commit: no number is lost."""

    __tablename__ = "document_counters"
    __table_args__ = (CheckConstraint("last > 0", name="last"),)

    # The issuer's name: another company counts anew.
    issuer: Mapped[str] = mapped_column(primary_key=True)
    # `R`, `I` or `C`: see app.accounting.rules.
    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last: Mapped[int]
    # Of the last one: numbers and instants grow together.
    issued_at: Mapped[datetime]


class Document(Base):
    """One document as it was issued; a trigger refuses to change or delete any.

    What is wrong in one is put right by another, that `corrects_id` leads from.
    """

    __tablename__ = "documents"
    __table_args__ = (
        one_of("kind", DocumentKind),
        one_of("side", Side),
        CheckConstraint("side = 'GUEST' OR kind IN ('INVOICE', 'CREDIT_NOTE')", name="receipts"),
        CheckConstraint(
            "(refund_id IS NOT NULL) = (kind IN ('REFUND_RECEIPT', 'CREDIT_NOTE'))", name="refund"
        ),
        CheckConstraint(
            "CASE WHEN refund_id IS NULL THEN total_minor > 0 ELSE total_minor < 0 END",
            name="total",
        ),
        UniqueConstraint("issuer", "number"),
        # Each once, however often it is asked for.
        UniqueConstraint(
            "payment_id", "refund_id", "kind", "side", postgresql_nulls_not_distinct=True
        ),
        Index(None, "user_id", "id"),
        Index(None, "booking_id"),
        Index(None, "refund_id"),
        Index(None, "corrects_id"),
    )

    id: Mapped[Key]
    issuer: Mapped[str]
    # `R-2026-000123`.
    number: Mapped[str]
    kind: Mapped[str]
    side: Mapped[str]
    # Whom it is for.
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.id"))
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("refunds.id"))
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    currency: Mapped[Currency]
    # Less than nothing where money is given back.
    total_minor: Mapped[Minor]
    # Everything that it says: app.accounting.rules.Content.
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    issued_at: Mapped[datetime]
