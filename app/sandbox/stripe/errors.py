"""Failures in the shape in which Stripe answers them (docs.stripe.com/api/errors)."""

from typing import Any

from app.sandbox.faults import Fault

Obj = dict[str, Any]


class StripeError(Exception):
    """An error reply.

    `executed` tells whether the operation had begun: Stripe replays such a failure under its
    idempotency key, and forgets one that never reached the operation (bad parameters, no key).
    """

    def __init__(
        self,
        status: int,
        type_: str,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        executed: bool = True,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.executed = executed
        fields = {"type": type_, "message": message, "code": code, "param": param, **details}
        if code:
            fields["doc_url"] = doc_url(code)
        self.fields: Obj = {name: value for name, value in fields.items() if value is not None}

    def body(self, request_id: str) -> Obj:
        """The JSON of the reply."""
        log = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": {**self.fields, "request_log_url": log}}


def doc_url(code: str) -> str:
    """Where Stripe explains an error code."""
    return f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


def invalid(
    message: str, *, code: str | None = None, param: str | None = None, **details: Any
) -> StripeError:
    """400: the request can't be carried out as things stand."""
    return StripeError(400, "invalid_request_error", message, code=code, param=param, **details)


def bad_param(message: str, param: str, code: str | None = None) -> StripeError:
    """400 from validation, before the operation began: not kept under an idempotency key."""
    return StripeError(
        400, "invalid_request_error", message, code=code, param=param, executed=False
    )


def missing(kind: str, object_id: str, param: str = "id", status: int = 404) -> StripeError:
    """No such object."""
    return StripeError(
        status,
        "invalid_request_error",
        f"No such {kind}: '{object_id}'",
        code="resource_missing",
        param=param,
    )


def unauthorized(message: str) -> StripeError:
    """401: no key, or one that is not ours."""
    return StripeError(401, "invalid_request_error", message, executed=False)


def secret_key_required() -> StripeError:
    """403: a publishable key where only a secret one will do."""
    return StripeError(
        403,
        "invalid_request_error",
        "This API call cannot be made with a publishable API key. Please use a secret API key.",
        code="secret_key_required",
        executed=False,
    )


def fault_error(fault: Fault) -> StripeError:
    """The reply of a fault of kind `error`, as Stripe words it."""
    if fault.status == 429:
        return StripeError(
            429,
            "invalid_request_error",
            "Request rate limit exceeded. You can learn more about rate limits here"
            " https://stripe.com/docs/rate-limits.",
            code="rate_limit",
            executed=False,
        )
    return StripeError(
        fault.status,
        "api_error",
        "An error occurred with our connection to Stripe. Please try again.",
        executed=fault.moment == "after",
    )
