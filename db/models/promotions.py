"""Codes that make stays cheaper."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Key, Minor


class Promotion(Base):
    """A code, what it takes off, and for which stays. Its funder pays: a host, or the platform."""

    __tablename__ = "promotions"
    __table_args__ = (
        CheckConstraint("(rate_bp IS NULL) <> (amount_minor IS NULL)", name="rate_or_amount"),
        CheckConstraint(
            "rate_bp BETWEEN 1 AND 9000 AND amount_minor > 0 AND min_amount_minor > 0",
            name="amounts",
        ),
        CheckConstraint(
            "currency IS NOT NULL OR (amount_minor IS NULL AND min_amount_minor IS NULL)",
            name="currency",
        ),
        CheckConstraint("max_uses > 0 AND max_uses_per_guest > 0 AND uses >= 0", name="uses"),
        CheckConstraint("min_nights BETWEEN 1 AND 365", name="min_nights"),
        CheckConstraint("stays_from < stays_to AND bookings_from < bookings_to", name="windows"),
        # Hosts' codes do not get in each other's way, or tell of each other.
        UniqueConstraint("host_id", "code", postgresql_nulls_not_distinct=True),
        Index(None, "host_id", "id"),
    )

    id: Mapped[Key]
    # Who pays for it; None: the platform.
    host_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    # In capitals.
    code: Mapped[str]
    rate_bp: Mapped[int | None] = mapped_column(Integer)
    amount_minor: Mapped[Minor | None]
    # Of the amounts here; then only places that let in it.
    currency: Mapped[str | None] = mapped_column(String(3))
    # None: all of the host's, or of everybody's.
    property_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    max_uses: Mapped[int | None] = mapped_column(Integer)
    max_uses_per_guest: Mapped[int | None] = mapped_column(Integer)
    min_nights: Mapped[int | None] = mapped_column(SmallInteger)
    # Of the subtotal without it.
    min_amount_minor: Mapped[Minor | None]
    # All nights of a stay lie in `[from, to)`, and so does the property's date when it is booked.
    stays_from: Mapped[date | None]
    stays_to: Mapped[date | None]
    bookings_from: Mapped[date | None]
    bookings_to: Mapped[date | None]
    # Bookings that it was agreed for and that are pending or have been confirmed.
    uses: Mapped[int] = mapped_column(Integer, server_default="0")
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
