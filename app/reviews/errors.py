"""Why a review is refused."""

from enum import StrEnum

from app.errors import DomainError


class ReviewNotAllowedReason(StrEnum):
    STAY_NOT_COMPLETED = "STAY_NOT_COMPLETED"
    WINDOW_CLOSED = "WINDOW_CLOSED"
    ALREADY_REVIEWED = "ALREADY_REVIEWED"


MESSAGES = {
    ReviewNotAllowedReason.STAY_NOT_COMPLETED: "A stay can be reviewed once it is over.",
    ReviewNotAllowedReason.WINDOW_CLOSED: "The time for a review of this stay is over.",
    ReviewNotAllowedReason.ALREADY_REVIEWED: "This stay has a review already.",
}


class ReviewNotAllowed(DomainError):
    """The guest cannot review this stay, or cannot any more."""

    code = "REVIEW_NOT_ALLOWED"

    def __init__(self, reason: ReviewNotAllowedReason) -> None:
        super().__init__(MESSAGES[reason])
        self.reason = reason
