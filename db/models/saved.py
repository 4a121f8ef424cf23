"""What people keep for later: wishlists, what they looked at, searches."""

from datetime import date, datetime
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

from db.base import Base, Key


class Wishlist(Base):
    """A list of places that somebody likes. Whoever knows its token may see them, too."""

    __tablename__ = "wishlists"
    __table_args__ = (
        UniqueConstraint("share_token"),
        CheckConstraint("length(name) BETWEEN 1 AND 60", name="name"),
        Index(None, "user_id", "id"),
    )

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    # None: nobody else sees it.
    share_token: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WishlistItem(Base):
    """A place on a wishlist, with what its owner notes about it."""

    __tablename__ = "wishlist_items"
    __table_args__ = (
        UniqueConstraint("wishlist_id", "property_id"),
        CheckConstraint("length(note) <= 1000", name="note"),
        CheckConstraint("(check_in IS NULL) = (check_out IS NULL)", name="dates"),
        CheckConstraint("check_out > check_in", name="nights"),
        CheckConstraint(
            "num_nulls(adults, children, infants, pets) IN (0, 4)",
            name="guests",
        ),
        Index(None, "wishlist_id", "id"),
        # In which lists of somebody's a place is.
        Index(None, "user_id", "property_id"),
        Index(None, "property_id"),
    )

    id: Mapped[Key]
    wishlist_id: Mapped[UUID] = mapped_column(ForeignKey("wishlists.id", ondelete="CASCADE"))
    # The list's owner.
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    note: Mapped[str] = mapped_column(server_default=text("''"))
    check_in: Mapped[date | None]
    check_out: Mapped[date | None]
    adults: Mapped[int | None] = mapped_column(SmallInteger)
    children: Mapped[int | None] = mapped_column(SmallInteger)
    infants: Mapped[int | None] = mapped_column(SmallInteger)
    pets: Mapped[int | None] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ViewedProperty(Base):
    """A place that somebody has looked at, and when last."""

    __tablename__ = "viewed_properties"
    __table_args__ = (
        Index(None, "user_id", "viewed_at"),
        Index(None, "property_id"),
        Index(None, "viewed_at"),
    )

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    property_id: Mapped[UUID] = mapped_column(
        ForeignKey("properties.id", ondelete="CASCADE"), primary_key=True
    )
    viewed_at: Mapped[datetime]


class ViewHistoryOptOut(Base):
    """Somebody who does not want it to be kept what they look at."""

    __tablename__ = "view_history_opt_outs"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SavedSearch(Base):
    """A search that somebody keeps, and may want mail about."""

    __tablename__ = "saved_searches"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 60", name="name"),
        CheckConstraint("email_alerts = (due_at IS NOT NULL)", name="due"),
        Index(None, "user_id", "id"),
        Index(None, "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    # What is looked for: an app.search Filter without what it leaves open.
    wanted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # The same in the client's own words, to be given back to it.
    asked: Mapped[dict[str, Any]] = mapped_column(JSONB)
    email_alerts: Mapped[bool] = mapped_column(server_default=text("false"))
    # When it is looked next for what is new; None: without alerts nobody looks.
    due_at: Mapped[datetime | None]
    # None: what there is has not been noted yet, so nothing is new.
    looked_at: Mapped[datetime | None]
    # Of a search with more matches than are noted: only what was first published later is new.
    published_since: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SavedSearchMatch(Base):
    """A place that a saved search has found: it is never new again."""

    __tablename__ = "saved_search_matches"
    __table_args__ = (Index(None, "property_id"),)

    saved_search_id: Mapped[UUID] = mapped_column(
        ForeignKey("saved_searches.id", ondelete="CASCADE"), primary_key=True
    )
    property_id: Mapped[UUID] = mapped_column(
        ForeignKey("properties.id", ondelete="CASCADE"), primary_key=True
    )
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
