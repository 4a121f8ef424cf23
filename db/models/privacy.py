"""What people have asked to be given of their data."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Key


class DataExport(Base):
    """One export. It lies here, where nobody but us can read it, until it expires."""

    __tablename__ = "data_exports"
    __table_args__ = (
        CheckConstraint("(content IS NULL) = (ready_at IS NULL)", name="ready"),
        Index(None, "user_id", "id"),
        Index(None, "expires_at"),
    )

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ready_at: Mapped[datetime | None]
    # After this it is deleted; counted anew once it is ready.
    expires_at: Mapped[datetime]
    # The JSON document; compressed by PostgreSQL.
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
