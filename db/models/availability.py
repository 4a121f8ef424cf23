"""The calendar: what each night costs, and who has it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Minor, one_of
from db.enums import NightKind


class CalendarNight(Base):
    """What a host has set for one night, over the property's general terms."""

    __tablename__ = "calendar_nights"
    __table_args__ = (
        CheckConstraint("price_minor > 0", name="price"),
        CheckConstraint("min_nights BETWEEN 1 AND 365", name="min_nights"),
    )

    property_id: Mapped[UUID] = mapped_column(
        ForeignKey("properties.id", ondelete="CASCADE"), primary_key=True
    )
    night: Mapped[date] = mapped_column(primary_key=True)
    price_minor: Mapped[Minor | None]
    min_nights: Mapped[int | None] = mapped_column(SmallInteger)
    closed: Mapped[bool] = mapped_column(server_default=text("false"))


class OccupiedNight(Base):
    """A taken night. Its primary key is what makes a double booking impossible."""

    __tablename__ = "occupied_nights"
    __table_args__ = (
        one_of("kind", NightKind),
        CheckConstraint("(kind = 'BLOCK') = (booking_id IS NULL)", name="booking"),
        CheckConstraint("(kind = 'HOLD') = (hold_expires_at IS NOT NULL)", name="hold"),
        Index(None, "booking_id", postgresql_where=text("booking_id IS NOT NULL")),
    )

    property_id: Mapped[UUID] = mapped_column(
        ForeignKey("properties.id", ondelete="CASCADE"), primary_key=True
    )
    night: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]
    # Checked at commit: nights are claimed before the booking's row is written.
    booking_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("bookings.id", deferrable=True, initially="DEFERRED")
    )
    # After this instant the night is free again, whether or not a sweep has removed the row.
    hold_expires_at: Mapped[datetime | None]
