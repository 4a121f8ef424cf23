"""Refusals about dates and stays."""

from collections.abc import Iterable
from datetime import date

from app.availability.rules import StayNotAllowedReason
from app.errors import DomainError


class DatesUnavailable(DomainError):
    """Some of the nights asked for are not free; `nights` lists exactly those, in order."""

    code = "DATES_UNAVAILABLE"

    def __init__(self, nights: Iterable[date]) -> None:
        super().__init__("Some of these nights are not available.")
        self.nights = tuple(sorted(nights))


class StayNotAllowed(DomainError):
    """The property's terms do not allow this stay."""

    code = "STAY_NOT_ALLOWED"

    def __init__(self, reason: StayNotAllowedReason) -> None:
        super().__init__(reason.message)
        self.reason = reason
