"""The outbox: consequences of committed facts, kept until they have taken effect."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Key


class OutboxMessage(Base):
    """One task to run because something happened. It outlives its job in Redis."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        Index(
            "outbox_messages_due_idx",
            "due_at",
            postgresql_where=text("done_at IS NULL AND dead_at IS NULL"),
        ),
        # Finished rows are dropped after a while, and those given up after a longer one.
        Index("outbox_messages_dead_idx", "dead_at", postgresql_where=text("dead_at IS NOT NULL")),
        Index("outbox_messages_done_idx", "done_at", postgresql_where=text("done_at IS NOT NULL")),
    )

    id: Mapped[Key]
    # The event that it follows from, and the task that it runs.
    event: Mapped[str]
    task: Mapped[str]
    # Empty once it is done.
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # When it may be handed to the queue (again): a lease's end, or a retry's time.
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    # Given up after too many tries; an operator looks at it.
    dead_at: Mapped[datetime | None]
