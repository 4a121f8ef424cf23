"""When a stay may be reviewed, and what a review may say (domain rules, section 7)."""

from datetime import datetime, timedelta
from typing import Any

from app.errors import Invalid
from app.reviews.errors import ReviewNotAllowedReason
from app.text import plain_text
from db.enums import BookingStatus

WINDOW = timedelta(days=14)
COMMENT_LENGTH = 5_000


def ended_at(booking: Any) -> datetime | None:
    """When the stay of a booking's row was over; None while it is not, or when there was none.

    One that was ended after it had begun has taken place, too.
    """
    if booking.status == BookingStatus.COMPLETED:
        ended: datetime = booking.check_out_at
        return ended
    cancelled_at: datetime | None = booking.cancelled_at
    has_begun = cancelled_at is not None and cancelled_at >= booking.check_in_at
    return cancelled_at if has_begun and booking.confirmed_at is not None else None


def refusal(ended: datetime | None, now: datetime) -> ReviewNotAllowedReason | None:
    """Why the guest of a stay that has `ended_at` may not review it now, or None.

    The last instant counts.
    """
    if ended is None:
        return ReviewNotAllowedReason.STAY_NOT_COMPLETED
    if now > ended + WINDOW:
        return ReviewNotAllowedReason.WINDOW_CLOSED
    return None


def checked_rating(rating: int) -> int:
    """The rating. Raises Invalid unless it is 1 to 5."""
    if not 1 <= rating <= 5:
        raise Invalid("A rating is between 1 and 5.", field="rating")
    return rating


def checked_comment(comment: str) -> str:
    """The comment without surrounding blanks. Raises Invalid when nothing or too much is left."""
    return plain_text(comment, "comment", 1, COMMENT_LENGTH)
