"""PaymentIntents and their states (docs.stripe.com/payments/paymentintents/lifecycle)."""

import secrets

from app.sandbox.state import Obj, State, new_id
from app.sandbox.stripe import charges, events, refusals
from app.sandbox.stripe.cards import (
    AUTHENTICATION_REQUIRED,
    Card,
    Decline,
    behaviour,
    payment_method,
)
from app.sandbox.stripe.errors import bad_param, invalid, missing
from app.sandbox.stripe.params import Params, currency

_MAX_AMOUNT = 99_999_999
# Stripe's minimum charge in minor units (docs.stripe.com/currencies#minimum-and-maximum).
_MINIMUM = {
    "aed": 200,
    "bgn": 100,
    "czk": 1500,
    "dkk": 250,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "thb": 1000,
}
_OTHER_MINIMUM = 50

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation")

_DETAILS = ("description", "metadata", "receipt_email", "transfer_group")
_DESCRIPTORS = ("statement_descriptor", "statement_descriptor_suffix")
_PAYMENT = ("payment_method", "payment_method_data")
_CONFIRMATION = ("return_url", "off_session", "error_on_requires_action", "use_stripe_sdk")


def find(state: State, intent_id: str, param: str = "intent") -> Obj:
    """The intent, or Stripe's 404."""
    intent = state.get("payment_intent", intent_id)
    if intent is None:
        raise missing("payment_intent", intent_id, param)
    return intent


def create(state: State, params: Params, intent_id: str | None = None) -> Obj:
    """A new intent, confirmed at once if asked to."""
    params.only(
        *("amount", "currency", "capture_method", "confirmation_method", "confirm"),
        "automatic_payment_methods",
        *_DETAILS,
        *_DESCRIPTORS,
        *_PAYMENT,
        *_CONFIRMATION,
    )
    amount, code = params.required_positive("amount"), currency(params)
    check_amount(amount, code)
    params.choice("confirmation_method", "automatic")
    confirm_now = params.boolean("confirm")
    if not confirm_now:
        _refuse_without_confirm(params)
    intent = _blank(state, params, intent_id or new_id("pi"), amount, code)
    method = payment_method(state, params)
    if confirm_now:
        _require_return_url(intent, params)
    if method is not None:
        intent.update(payment_method=method["id"], status="requires_confirmation")
    state.put("payment_intent", intent)
    events.emit(state, "payment_intent.created", intent)
    return _confirm(state, intent, params) if confirm_now else intent


def _refuse_without_confirm(params: Params) -> None:
    for name in _CONFIRMATION:
        if name in params and name != "use_stripe_sdk":
            raise bad_param(f"You can only pass {name} when confirm is set to true.", name)


def _blank(state: State, params: Params, intent_id: str, amount: int, code: str) -> Obj:
    automatic = params.nested("automatic_payment_methods")
    automatic.only("enabled", "allow_redirects")
    enabled = automatic.boolean("enabled", default=True)
    redirects = automatic.choice("allow_redirects", "always", "never") or "always"
    capture = params.choice("capture_method", "automatic", "automatic_async", "manual")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": redirects, "enabled": True}
        if enabled
        else None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": capture or "automatic_async",
        "client_secret": f"{intent_id}_secret_{secrets.token_urlsafe(18)}",
        "confirmation_method": "automatic",
        "created": state.now(),
        "currency": code,
        "customer": None,
        "customer_account": None,
        "description": params.string("description", 1_000),
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": None,
        "metadata": params.metadata(),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": params.string("receipt_email"),
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": params.string("statement_descriptor", 22),
        "statement_descriptor_suffix": params.string("statement_descriptor_suffix", 22),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": params.string("transfer_group"),
    }


def check_amount(amount: int, code: str) -> None:
    """Refuse what is below the currency's minimum or above Stripe's maximum."""
    minimum = _MINIMUM.get(code, _OTHER_MINIMUM)
    if amount < minimum:
        message = f"Amount must be at least {minimum} {code} in its smallest unit"
        raise bad_param(message, "amount", "amount_too_small")
    if amount > _MAX_AMOUNT:
        message = f"Amount must be no more than {_MAX_AMOUNT} {code} in its smallest unit"
        raise bad_param(message, "amount", "amount_too_large")


def update(state: State, intent_id: str, params: Params) -> Obj:
    """Change an intent; amount, currency and payment method only while it is still open."""
    params.only("amount", "currency", *_DETAILS, *_DESCRIPTORS, *_PAYMENT)
    intent = find(state, intent_id)
    changes: Obj = {"amount": intent["amount"], "currency": intent["currency"]}
    for name in ("amount", "currency", *_PAYMENT, "receipt_email", "transfer_group"):
        if name in params and intent["status"] not in OPEN:
            raise refusals.unexpected_state(intent, "updated", OPEN, name)
    if "amount" in params:
        changes["amount"] = params.required_positive("amount")
    if "currency" in params:
        changes["currency"] = currency(params)
    check_amount(changes["amount"], changes["currency"])
    for name in ("description", "receipt_email", "transfer_group", *_DESCRIPTORS):
        if name in params:
            changes[name] = params.string(name)
    changes["metadata"] = params.metadata(intent["metadata"])
    method = payment_method(state, params)
    if method is not None:
        changes.update(
            payment_method=method["id"], status="requires_confirmation", next_action=None
        )
    intent.update(changes)
    state.put("payment_intent", intent)
    return intent


def confirm(state: State, intent_id: str, params: Params, from_browser: bool = False) -> Obj:
    """Try to pay. `from_browser`: with the publishable key, where Stripe.js sees to redirects."""
    params.only("client_secret", "receipt_email", *_PAYMENT, *_CONFIRMATION)
    intent = find(state, intent_id)
    if intent["status"] not in OPEN:
        done = intent["status"] in ("succeeded", "requires_capture")
        why = "it has already succeeded after being previously confirmed"
        if not done:
            why = f"it has a status of {intent['status']}"
        raise refusals.unexpected(intent, f"You cannot confirm this PaymentIntent because {why}.")
    if not from_browser:
        _require_return_url(intent, params)
    if "receipt_email" in params:
        intent["receipt_email"] = params.string("receipt_email")
    method = payment_method(state, params)
    if method is not None:
        intent["payment_method"] = method["id"]
        state.put("payment_intent", intent)
    return _confirm(state, intent, params)


def _require_return_url(intent: Obj, params: Params) -> None:
    automatic = intent["automatic_payment_methods"]
    if not automatic or automatic["allow_redirects"] == "never":
        return
    if "return_url" not in params and not params.boolean("use_stripe_sdk"):
        raise invalid(
            "This PaymentIntent is configured to accept payment methods enabled in your"
            " Dashboard. Because some of these payment methods might redirect your customer off"
            " of your page, you must provide a `return_url`. If you don't want to accept"
            " redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true`"
            " and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup"
            " Intents and Payment Intents.",
            param="return_url",
        )


def _confirm(state: State, intent: Obj, params: Params) -> Obj:
    method = state.get("payment_method", intent["payment_method"] or "")
    if method is None:
        raise refusals.unexpected(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can"
            " either update the PaymentIntent with a payment method and then confirm it again, or"
            " confirm it again directly with a payment method or ConfirmationToken.",
        )
    card = behaviour(state, method)
    if not card.challenge:
        return attempt(state, intent, method, card, card.decline)
    # Nobody is there to be asked.
    if params.boolean("error_on_requires_action") or params.boolean("off_session"):
        return attempt(state, intent, method, card, AUTHENTICATION_REQUIRED)
    return _ask(state, intent, params.string("return_url"))


def _ask(state: State, intent: Obj, return_url: str | None) -> Obj:
    challenge = {"id": new_id("payatt"), "payment_intent": intent["id"], "return_url": return_url}
    state.put("challenge", challenge)
    redirect = {
        "return_url": return_url,
        "url": f"{state.config.public_url}/3ds/{challenge['id']}",
    }
    intent.update(
        status="requires_action",
        last_payment_error=None,
        next_action={"redirect_to_url": redirect, "type": "redirect_to_url"},
    )
    state.put("payment_intent", intent)
    events.emit(state, "payment_intent.requires_action", intent)
    return intent


def attempt(state: State, intent: Obj, method: Obj, card: Card, decline: Decline | None) -> Obj:
    """Charge the card now.

    Raises:
        StripeError: 402, the card was declined; the intent wants another payment method.
    """
    charge = charges.authorize(state, intent, method, card, decline)
    intent.update(latest_charge=charge["id"], next_action=None)
    if decline is not None:
        error = refusals.payment_error(method, charge, decline)
        _back_to_start(state, intent, error)
        events.emit(state, "charge.failed", charge)
        events.emit(state, "payment_intent.payment_failed", intent)
        raise refusals.declined(intent, error)
    intent["last_payment_error"] = None
    if intent["capture_method"] == "manual":
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        events.emit(state, "charge.succeeded", charge)
        events.emit(state, "payment_intent.amount_capturable_updated", intent)
    else:
        charges.capture(state, charge, intent["amount"])
        intent.update(status="succeeded", amount_received=intent["amount"])
        events.emit(state, "charge.succeeded", charge)
        events.emit(state, "payment_intent.succeeded", intent)
    state.put("payment_intent", intent)
    return intent


def _back_to_start(state: State, intent: Obj, error: Obj) -> None:
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_payment_error=error,
    )
    state.put("payment_intent", intent)


def answer_challenge(state: State, intent: Obj, passed: bool) -> Obj:
    """The person passed or failed 3-D Secure.

    Raises:
        StripeError: nothing was asked, or the bank declined the card although they passed.
    """
    if intent["status"] != "requires_action":
        raise refusals.unexpected_state(intent, "authenticated", ("requires_action",))
    method = state.table("payment_method")[intent["payment_method"]]
    if passed:
        card = behaviour(state, method)
        return attempt(state, intent, method, card, card.decline)
    error = refusals.authentication_failed(method)
    _back_to_start(state, intent, error)
    events.emit(state, "payment_intent.payment_failed", intent)
    return intent


def capture(state: State, intent_id: str, params: Params) -> Obj:
    """Take the money that is held, or part of it; the rest is let go."""
    params.only("amount_to_capture", "metadata", *_DESCRIPTORS)
    intent = find(state, intent_id)
    if intent["status"] != "requires_capture":
        raise refusals.unexpected_state(intent, "captured", ("requires_capture",))
    amount = params.positive("amount_to_capture") or intent["amount_capturable"]
    if amount > intent["amount_capturable"]:
        raise invalid(
            "The amount to capture is greater than the amount that can be captured"
            f" ({intent['amount_capturable']} {intent['currency']}).",
            code="amount_too_large",
            param="amount_to_capture",
        )
    charge = state.table("charge")[intent["latest_charge"]]
    before = dict(charge)
    charges.capture(state, charge, amount)
    intent.update(
        status="succeeded",
        amount_capturable=0,
        amount_received=amount,
        metadata=params.metadata(intent["metadata"]),
    )
    state.put("payment_intent", intent)
    events.emit(state, "charge.captured", charge, before)
    events.emit(state, "payment_intent.succeeded", intent)
    return intent


def cancel(state: State, intent_id: str, params: Params) -> Obj:
    """Give up an intent; money that is held is let go, without a refund object."""
    params.only("cancellation_reason")
    intent = find(state, intent_id)
    reason = params.choice(
        "cancellation_reason",
        *("duplicate", "fraudulent", "requested_by_customer", "abandoned"),
    )
    if intent["status"] not in (*_CANCELABLE, "requires_action"):
        raise refusals.unexpected_state(
            intent, "canceled", (*_CANCELABLE, "requires_action", "processing")
        )
    intent.update(
        status="canceled",
        amount_capturable=0,
        canceled_at=state.now(),
        cancellation_reason=reason,
        next_action=None,
    )
    state.put("payment_intent", intent)
    events.emit(state, "payment_intent.canceled", intent)
    return intent
