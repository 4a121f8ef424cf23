"""When a stay may be reviewed, and what a review may say (domain rules, section 7)."""

from datetime import datetime, timedelta

from app.errors import Invalid
from app.reviews.errors import ReviewNotAllowedReason
from app.text import plain_text
from db.enums import BookingStatus

WINDOW = timedelta(days=14)
COMMENT_LENGTH = 5_000


def refusal(
    status: BookingStatus, check_out_at: datetime, now: datetime
) -> ReviewNotAllowedReason | None:
    """Why the guest of such a booking may not review it now, or None. The last instant counts."""
    if status is not BookingStatus.COMPLETED:
        return ReviewNotAllowedReason.STAY_NOT_COMPLETED
    if now > check_out_at + WINDOW:
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
