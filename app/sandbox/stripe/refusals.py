"""How a PaymentIntent says no: declined cards, failed challenges, the wrong state."""

import copy

from app.sandbox.stripe.cards import Decline
from app.sandbox.stripe.errors import Obj, StripeError, doc_url, invalid


def payment_error(method: Obj, charge: Obj, decline: Decline) -> Obj:
    """The intent's `last_payment_error` after a declined charge."""
    error: Obj = {
        "charge": charge["id"],
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": doc_url(decline.code),
        "message": decline.message,
        "payment_method": copy.deepcopy(method),
        "type": "card_error",
    }
    if charge["outcome"]["network_decline_code"]:
        error["network_decline_code"] = charge["outcome"]["network_decline_code"]
    if decline.param:
        error["param"] = decline.param
    return error


def declined(intent: Obj, error: Obj) -> StripeError:
    """402: what `last_payment_error` says, and the intent as it is now."""
    details = {**error, "payment_intent": copy.deepcopy(intent)}
    named = {name: details.pop(name, None) for name in ("code", "param")}
    del details["type"], details["doc_url"]
    return StripeError(402, "card_error", details.pop("message"), **named, **details)


def authentication_failed(method: Obj) -> Obj:
    """The intent's `last_payment_error` after a failed challenge."""
    code = "payment_intent_authentication_failure"
    return {
        "code": code,
        "doc_url": doc_url(code),
        "message": "We are unable to authenticate your payment method. Please choose a different"
        " payment method and try again.",
        "payment_method": copy.deepcopy(method),
        "type": "invalid_request_error",
    }


def unexpected(intent: Obj, message: str) -> StripeError:
    """400 `payment_intent_unexpected_state`, which carries the intent as it is."""
    return invalid(
        message,
        code="payment_intent_unexpected_state",
        payment_intent=copy.deepcopy(intent),
    )


def unexpected_state(
    intent: Obj, verb: str, wanted: tuple[str, ...], field: str | None = None
) -> StripeError:
    """The usual wording: what could not be done (to a field of the intent), and when it could."""
    subject = f"This PaymentIntent's {field}" if field else "This PaymentIntent"
    return unexpected(
        intent,
        f"{subject} could not be {verb} because it has a status of {intent['status']}. Only a"
        f" PaymentIntent with one of the following statuses may be {verb}: {', '.join(wanted)}.",
    )
