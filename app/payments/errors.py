"""Why a payment could not be made, and what a provider answers."""

from app.errors import DomainError, Invalid


class PaymentUnavailable(DomainError):
    """The payment provider cannot do it. `retryable`: the same request may work later."""

    code = "PAYMENT_UNAVAILABLE"

    def __init__(
        self,
        message: str = "The payment provider does not answer. Please try again in a moment.",
        *,
        retryable: bool = True,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable


class InvalidWebhook(Invalid):
    """A webhook whose signature, age or body is not the provider's: answered 400, not stored."""


class ProviderUnavailable(Exception):
    """The provider did not answer, or only with a fault: whether it acted is unknown.

    Ask before doing it again, or repeat it with the same idempotency key.
    """


class ProviderRefused(Exception):
    """The provider has decided not to do it, and has not. `code` is its own word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class NotOurs(Exception):
    """What the provider shows differs from what we asked for: amount, currency, owner or mode.

    Never applied; somebody has to look at it.
    """


class UnknownObject(Exception):
    """A webhook is about a row that is not here (yet): try again later, never drop it."""
