"""Failures in the shape in which Paystack answers them (paystack.com/docs/api/errors)."""

from typing import Any

from app.sandbox.faults import Fault


class PaystackError(Exception):
    """An error reply. `code` is Paystack's own word for it, `next_step` its advice."""

    def __init__(self, status: int, message: str, code: str, next_step: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.next_step = next_step

    def body(self) -> dict[str, Any]:
        """The JSON of the reply."""
        answer: dict[str, Any] = {"status": False, "message": self.message}
        if self.next_step is not None:
            answer["meta"] = {"nextStep": self.next_step}
        if self.status in (401, 404):
            # The published description has the two words the other way round for these.
            return {**answer, "type": self.code, "code": "validation_error"}
        kind = "api_error" if self.status >= 500 or self.status == 429 else "validation_error"
        return {**answer, "type": kind, "code": self.code}


def invalid(message: str, code: str = "invalid_params") -> PaystackError:
    """400: the request can't be carried out as it is, or as things stand."""
    return PaystackError(400, message, code, "Ensure that you're passing the right values")


def missing(what: str, code: str | None = None) -> PaystackError:
    """404: no such object."""
    return PaystackError(404, f"{what} not found", code or f"{what.lower()}_not_found")


def fault_error(fault: Fault) -> PaystackError:
    """The reply of a fault of kind `error`."""
    if fault.status == 429:
        return PaystackError(429, "Too many requests", "rate_limited")
    return PaystackError(fault.status, "An error occurred, please try again", "unknown")
