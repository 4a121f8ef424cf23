"""Refusals of booking operations."""

from enum import StrEnum

from app.errors import Conflict, DomainError, NotFound
from app.pricing.rules import Quote
from db.enums import BookingStatus


class Obstacle(StrEnum):
    """Why something cannot be done to a booking now."""

    STATUS = "STATUS"
    OTHER_SIDE = "OTHER_SIDE"
    PAYMENT_UNDER_WAY = "PAYMENT_UNDER_WAY"
    TIME_IS_OVER = "TIME_IS_OVER"
    CHANGED_MEANWHILE = "CHANGED_MEANWHILE"
    ALREADY_DONE = "ALREADY_DONE"
    ALTERATION_OPEN = "ALTERATION_OPEN"
    NO_ALTERATION = "NO_ALTERATION"
    TOO_OFTEN = "TOO_OFTEN"


MESSAGES = {
    Obstacle.STATUS: "A booking that is {status} does not allow this.",
    Obstacle.OTHER_SIDE: "Only the other side can do this.",
    Obstacle.PAYMENT_UNDER_WAY: "The payment is under way; try again in a moment.",
    Obstacle.TIME_IS_OVER: "The time for this is over.",
    Obstacle.CHANGED_MEANWHILE: "The booking changed at the same moment; look again.",
    Obstacle.ALREADY_DONE: "This has been done.",
    Obstacle.ALTERATION_OPEN: "There is an alteration already; answer or withdraw it first.",
    Obstacle.NO_ALTERATION: "There is no alteration that waits for an answer.",
    Obstacle.TOO_OFTEN: "This has been tried too often.",
}


class BookingNotFound(NotFound):
    """No such booking, or not the caller's."""

    def __init__(self) -> None:
        super().__init__("There is no such booking.")


class PriceChanged(DomainError):
    """The price is not the one that the guest saw. Nothing was booked or charged."""

    code = "PRICE_CHANGED"

    def __init__(self, quote: Quote) -> None:
        super().__init__("The price has changed; look at the new quote and confirm it.")
        self.quote = quote


class TransitionNotAllowed(Conflict):
    """The booking's state does not allow the action, or not to this caller."""

    code = "TRANSITION_NOT_ALLOWED"

    def __init__(self, status: BookingStatus, reason: Obstacle) -> None:
        super().__init__(MESSAGES[reason].format(status=status))
        self.status = status
        self.reason = reason


class AlterationNotAllowed(TransitionNotAllowed):
    """The same about altering a booking, or answering who wants to."""

    code = "ALTERATION_NOT_ALLOWED"

    @property
    def obstacle(self) -> Obstacle:
        return self.reason
