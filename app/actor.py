"""Who asks. A resolver, a REST handler and a job each build one and pass it on."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from app.errors import Unauthenticated


class Role(StrEnum):
    USER = "USER"
    SUPPORT = "SUPPORT"
    ADMIN = "ADMIN"
    # The product itself: timers, webhooks, jobs.
    SYSTEM = "SYSTEM"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The caller of one operation; `user_id` is None for an anonymous visitor and the system."""

    user_id: UUID | None = None
    role: Role = Role.USER
    session_id: UUID | None = None
    # When the access token behind this actor ends; long-lived operations end with it.
    expires_at: datetime | None = None

    @property
    def is_staff(self) -> bool:
        return self.role in (Role.SUPPORT, Role.ADMIN)

    def require_user(self) -> UUID:
        """The caller's user id. Raises Unauthenticated when there is none."""
        if self.user_id is None:
            raise Unauthenticated
        return self.user_id


ANONYMOUS = Actor()
SYSTEM = Actor(role=Role.SYSTEM)
