"""Whom hosts let help them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Key
from db.enums import CoHostRight

_RIGHTS = ", ".join(f"'{right}'" for right in CoHostRight)


class CoHost(Base):
    """Somebody's part in a property of somebody else; until they accept it, an invitation.

    What mailed codes are made of is the id: see app.identity.links.
    """

    __tablename__ = "co_hosts"
    __table_args__ = (
        CheckConstraint(
            f"rights <@ ARRAY[{_RIGHTS}] AND cardinality(rights) > 0",
            name="rights",
        ),
        # Whom an invitation was mailed to is only known until somebody accepts it.
        CheckConstraint(
            "num_nulls(user_id, accepted_at) IN (0, 2)"
            " AND (user_id IS NULL) = (email IS NOT NULL)"
            " AND (user_id IS NULL) = (expires_at IS NOT NULL)",
            name="accepted",
        ),
        UniqueConstraint("property_id", "user_id"),
        UniqueConstraint("property_id", "email"),
        Index(None, "user_id"),
        Index(None, "expires_at"),
    )

    id: Mapped[Key]
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    email: Mapped[str | None]
    rights: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # When it was mailed last.
    invited_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
