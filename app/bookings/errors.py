"""Refusals of booking operations."""

from app.errors import Conflict, DomainError, NotFound
from app.pricing.rules import Quote
from db.enums import BookingStatus


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

    def __init__(self, status: BookingStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
