"""The calendar: what each night costs, who has it, and what other sites say about it."""

from datetime import date, datetime
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
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Key, Minor, one_of
from db.enums import CalendarFailure, NightKind


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
        CheckConstraint("kind = 'BLOCK' OR import_id IS NULL", name="import"),
        Index(None, "booking_id", postgresql_where=text("booking_id IS NOT NULL")),
        Index(None, "import_id", postgresql_where=text("import_id IS NOT NULL")),
        # Which holds have lapsed by themselves since some instant.
        Index(None, "hold_expires_at", postgresql_where=text("kind = 'HOLD'")),
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
    # A night that another site's calendar says is taken.
    import_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("calendar_imports.id", ondelete="CASCADE")
    )


class CalendarFeed(Base):
    """Where other sites find a property's calendar. Whoever knows the token may read it."""

    __tablename__ = "calendar_feeds"
    __table_args__ = (UniqueConstraint("token"),)

    property_id: Mapped[UUID] = mapped_column(
        ForeignKey("properties.id", ondelete="CASCADE"), primary_key=True
    )
    token: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CalendarImport(Base):
    """Another site's calendar of a property, and how it was the last time."""

    __tablename__ = "calendar_imports"
    __table_args__ = (
        UniqueConstraint("property_id", "url"),
        Index(None, "due_at"),
        one_of("failure", CalendarFailure),
    )

    id: Mapped[Key]
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    # The host's name for it: the other site's, perhaps.
    name: Mapped[str]
    url: Mapped[str]
    # What the other site called the version that was read.
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    # When it is to be fetched next.
    due_at: Mapped[datetime]
    synced_at: Mapped[datetime | None]
    # Why the last attempt failed; None after one that did not.
    failure: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ImportedStay(Base):
    """Nights `[starts_on, ends_on)` that are taken elsewhere, as another site's calendar says."""

    __tablename__ = "imported_stays"
    __table_args__ = (CheckConstraint("ends_on > starts_on", name="nights"),)

    import_id: Mapped[UUID] = mapped_column(
        ForeignKey("calendar_imports.id", ondelete="CASCADE"), primary_key=True
    )
    uid: Mapped[str] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    ends_on: Mapped[date]
    summary: Mapped[str]


class CalendarSync(Base):
    """One line of an import's log."""

    __tablename__ = "calendar_syncs"
    __table_args__ = (Index(None, "import_id", "id"), one_of("failure", CalendarFailure))

    id: Mapped[Key]
    import_id: Mapped[UUID] = mapped_column(ForeignKey("calendar_imports.id", ondelete="CASCADE"))
    failure: Mapped[str | None]
    # How many stays came and went; both 0 when nothing was new.
    added: Mapped[int] = mapped_column(server_default="0")
    removed: Mapped[int] = mapped_column(server_default="0")
    finished_at: Mapped[datetime]
