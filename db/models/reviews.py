"""Reviews of stays."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Key


class Review(Base):
    """A guest's word on a property, once per completed stay."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("booking_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        CheckConstraint("length(comment) BETWEEN 1 AND 5000", name="comment"),
        Index(None, "property_id", "id"),
        Index(None, "host_id", "id"),
        Index(None, "author_id"),
    )

    id: Mapped[Key]
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.id"))
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id"))
    # The booking's: who let the place at the time.
    host_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    rating: Mapped[int] = mapped_column(SmallInteger)
    comment: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
