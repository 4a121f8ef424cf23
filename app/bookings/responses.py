"""How reliably hosts answer requests to book: part of their public face.

The response rate is the share, in whole percent, of the requests of the last `WINDOW` that the
host answered before they expired. A request counts on the day it is over: answered when the host
accepted, declined or withdrew it, unanswered when it expired. One that the guest took back, or
staff ended, and one that still waits, count for nothing. Below `LEAST` requests there is no rate:
one evening without reception would make it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select

from app.money import divide
from db import rows
from db.enums import BookingActor, BookingStatus
from db.models import Booking, BookingChange
from db.statements import Reader, Statement

WINDOW = timedelta(days=365)
LEAST = 5

_is_unanswered = BookingChange.status == BookingStatus.EXPIRED
_is_answered = and_(
    BookingChange.status != BookingStatus.EXPIRED,
    or_(
        BookingChange.status != BookingStatus.CANCELLED,
        BookingChange.actor == BookingActor.HOST,
    ),
)
_OUTCOMES: Statement[tuple[UUID, int | None]] = Statement(
    lambda host_id, answered, unanswered: (host_id, percentage(answered, unanswered)),
    lambda: (
        select(
            Booking.host_id,
            func.count().filter(_is_answered),
            func.count().filter(_is_unanswered),
        )
        .join(BookingChange, BookingChange.booking_id == Booking.id)
        .where(
            rows.among(Booking.host_id, "hosts"),
            # Where guests book at once there are no requests. The rest of it narrows the search:
            # a booking is as new as its last change.
            Booking.instant_book.is_(False),
            Booking.updated_at >= bindparam("since"),
            BookingChange.occurred_at >= bindparam("since"),
            BookingChange.previous_status == BookingStatus.PENDING_HOST,
        )
        .group_by(Booking.host_id)
    ),
)


def percentage(answered: int, unanswered: int) -> int | None:
    """The rate, rounded half up; None: too few requests to tell."""
    requests = answered + unanswered
    return divide(100 * answered, requests) if requests >= LEAST else None


async def response_rates(
    reader: Reader, host_ids: Sequence[UUID], now: datetime
) -> Mapping[UUID, int | None]:
    """The response rate of each host who has one, in percent."""
    return dict(await _OUTCOMES.fetch(reader, hosts=host_ids, since=now - WINDOW))
