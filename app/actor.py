"""Who asks, and what staff may do. A resolver, a REST handler and a job each build one and pass
it on.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from app.errors import Unauthenticated
from db.enums import StaffActionKind as Kind


class Role(StrEnum):
    USER = "USER"
    SUPPORT = "SUPPORT"
    ADMIN = "ADMIN"
    # The product itself: timers, webhooks, jobs.
    SYSTEM = "SYSTEM"


SUPPORT_MAY = frozenset(
    {
        Kind.PERSON_READ,
        Kind.BOOKINGS_READ,
        Kind.SIGN_INS_READ,
        Kind.BOOKING_READ,
        Kind.PAYMENT_READ,
        Kind.PROPERTY_READ,
        Kind.VERIFICATION_RESENT,
        Kind.SESSIONS_REVOKED,
        Kind.SUSPENDED,
        Kind.REINSTATED,
    }
)
# What each role may look at and do beyond what every person may. All of it leaves a line in the
# trail (app.identity.staff), which asks the database for the role: a token's may be outdated.
RIGHTS: Mapping[Role, frozenset[Kind]] = {
    Role.SUPPORT: SUPPORT_MAY,
    Role.ADMIN: SUPPORT_MAY
    | {
        Kind.TRAIL_READ,
        Kind.DEBTS_READ,
        Kind.BOOKS_READ,
        Kind.ROLE_CHANGED,
        Kind.BOOKING_CANCELLED,
        Kind.PROMOTIONS_READ,
        Kind.PROMOTION_CREATED,
        Kind.PROMOTION_ENDED,
        Kind.CANCELLATION_FEE_WAIVED,
        Kind.RECONCILIATION_READ,
        Kind.RECONCILIATION_STARTED,
        Kind.DIFFERENCE_BOOKED,
        Kind.PAYOUTS_RELEASED,
    },
}


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The caller of one operation; `user_id` is None for an anonymous visitor and the system."""

    user_id: UUID | None = None
    role: Role = Role.USER
    session_id: UUID | None = None
    # When the access token behind this actor ends; long-lived operations end with it.
    expires_at: datetime | None = None

    def may(self, kind: Kind) -> bool:
        """Whether the caller's token says that they are staff who may do this."""
        return kind in RIGHTS.get(self.role, ())

    def require_user(self) -> UUID:
        """The caller's user id. Raises Unauthenticated when there is none."""
        if self.user_id is None:
            raise Unauthenticated
        return self.user_id


ANONYMOUS = Actor()
SYSTEM = Actor(role=Role.SYSTEM)
