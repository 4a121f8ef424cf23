"""What can go wrong on purpose.

A DomainError is an answer, not a fault: it says to the client what to do otherwise. Everything
that is not a DomainError is a bug or a broken neighbour, gets masked and logged with an id.
"""

from typing import ClassVar


class DomainError(Exception):
    """An expected refusal. `code` is stable and in UPPER_SNAKE, `message` is for a person."""

    public: ClassVar[bool] = True
    code: ClassVar[str] = "BAD_USER_INPUT"
    message: str

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(DomainError):
    """The input can never be accepted as it is. `field` names the input that is wrong."""

    code = "BAD_USER_INPUT"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotFound(DomainError):
    """Not there, or not the caller's to see: the two look the same on purpose."""

    code = "NOT_FOUND"


class Unauthenticated(DomainError):
    """The caller did not say who they are."""

    code = "UNAUTHENTICATED"

    def __init__(self, message: str = "Sign in first.") -> None:
        super().__init__(message)


class Forbidden(DomainError):
    """The caller may see the thing, but not do this to it."""

    code = "FORBIDDEN"


class Conflict(DomainError):
    """The state has moved on; reading again and retrying may help."""

    code = "CONFLICT"


class RateLimited(DomainError):
    """Too often. The same may be tried again after `retry_after` seconds."""

    code = "RATE_LIMITED"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after

    @property
    def extensions(self) -> dict[str, int]:
        """What a GraphQL error says besides its code."""
        return {"retryAfter": self.retry_after}


class Unavailable(DomainError):
    """A neighbour (payment provider, …) does not answer; the same request may work later."""

    code = "SERVICE_UNAVAILABLE"
