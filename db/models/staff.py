"""The trail of what staff looked at and did."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Key, one_of
from db.enums import StaffActionKind

READS = ", ".join(f"'{kind}'" for kind in StaffActionKind if kind.endswith("_READ"))


class StaffAction(Base):
    """One line of the trail; a trigger refuses to change or delete any.

    What concerns two people (a booking's guest and host) is a line for each.
    """

    __tablename__ = "staff_actions"
    __table_args__ = (
        Index(None, "subject_id", "id"),
        Index(None, "staff_id", "id"),
        one_of("kind", StaffActionKind),
        CheckConstraint("role IN ('SUPPORT', 'ADMIN', 'SYSTEM')", name="role"),
        CheckConstraint("(staff_id IS NULL) = (role = 'SYSTEM')", name="staff"),
        CheckConstraint(f"reason IS NOT NULL OR kind IN ({READS})", name="reason"),
        CheckConstraint("(new_role IS NOT NULL) = (kind = 'ROLE_CHANGED')", name="new_role"),
    )

    id: Mapped[Key]
    # None: an operator, on the command line.
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    # What they were at the time.
    role: Mapped[str]
    kind: Mapped[str]
    # On whom; None: a search that found nobody.
    subject_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    # The booking, payment or property, as the kind says. Not a foreign key: it may be any of them.
    object_id: Mapped[UUID | None]
    # Among staff: it may speak of others.
    reason: Mapped[str | None]
    new_role: Mapped[str | None]
    # The request's, as in the log.
    request_id: Mapped[str] = mapped_column(server_default="")
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
