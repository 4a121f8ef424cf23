"""Test cards as Stripe documents them (docs.stripe.com/testing), by number and by `pm_card_…`."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from app.sandbox.state import Obj, State, new_id
from app.sandbox.stripe.errors import StripeError, missing
from app.sandbox.stripe.params import Params


class Decline(msgspec.Struct, frozen=True):
    """Why a card is refused, in the words of the error."""

    code: str
    decline_code: str
    message: str
    param: str | None = None
    # Refused by the platform's own rules, before the bank was asked.
    blocked: bool = False


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """How one test card behaves."""

    number: str
    # What follows `pm_card_`; the first one names it, the others are aliases.
    names: tuple[str, ...]
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    decline: Decline | None = None
    # Asks for 3-D Secure; `decline` is then what happens after the challenge was passed.
    challenge: bool = False
    # Paid, and then disputed for this reason; or only asked about (`inquiry`).
    dispute: str | None = None

    @property
    def last4(self) -> str:
        return self.number[-4:]


def _declined(decline_code: str, message: str = "Your card was declined.") -> Decline:
    return Decline("card_declined", decline_code, message)


GENERIC = _declined("generic_decline")
INSUFFICIENT = _declined("insufficient_funds", "Your card has insufficient funds.")
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
_NOT_A_TEST_CARD = _declined(
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card."
    " For a list of valid test cards, visit: https://stripe.com/docs/testing.",
)
_VELOCITY = _declined(
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently"
    " or exceeding its amount limit.",
)
_EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.", "exp_month")
_CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "cvc")
_PROCESSING = Decline(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
_BLOCKED = Decline("card_declined", "fraudulent", "Your card was declined.", blocked=True)


def _card(number: str, *names: str, **behaviour: Any) -> Card:
    return Card(number=number, names=names, **behaviour)


CARDS = (
    _card("4242424242424242", "visa"),
    _card("4000056655665556", "visa_debit", funding="debit"),
    _card("5555555555554444", "mastercard", brand="mastercard"),
    _card("2223003122003222", "mastercard_series_2", brand="mastercard"),
    _card("5200828282828210", "mastercard_debit", brand="mastercard", funding="debit"),
    _card("5105105105105100", "mastercard_prepaid", brand="mastercard", funding="prepaid"),
    _card("378282246310005", "amex", brand="amex"),
    _card("6011111111111117", "discover", brand="discover"),
    _card("3056930009020004", "diners", brand="diners"),
    _card("3566002020360505", "jcb", brand="jcb"),
    _card("6200000000000005", "unionpay", brand="unionpay"),
    _card("4000008260000000", "gb", country="GB"),
    _card("4000002760000016", "de", country="DE"),
    _card("4000002500000003", "fr", country="FR"),
    _card("4000000000000077", "bypassPending"),
    _card("4000000000000259", "createDispute", dispute="fraudulent"),
    _card("4000000000002685", "createDisputeProductNotReceived", dispute="product_not_received"),
    _card("4000000000001976", "createDisputeInquiry", dispute="inquiry"),
    _card("4000000000000002", "visa_chargeDeclined", "chargeDeclined", decline=GENERIC),
    _card(
        "4000000000009995",
        "visa_chargeDeclinedInsufficientFunds",
        "chargeDeclinedInsufficientFunds",
        decline=INSUFFICIENT,
    ),
    _card(
        "4000000000009987",
        "visa_chargeDeclinedLostCard",
        "chargeDeclinedLostCard",
        decline=_declined("lost_card"),
    ),
    _card(
        "4000000000009979",
        "visa_chargeDeclinedStolenCard",
        "chargeDeclinedStolenCard",
        decline=_declined("stolen_card"),
    ),
    _card("4000000000000069", "chargeDeclinedExpiredCard", decline=_EXPIRED),
    _card("4000000000000127", "chargeDeclinedIncorrectCvc", decline=_CVC),
    _card("4000000000000119", "chargeDeclinedProcessingError", decline=_PROCESSING),
    _card(
        "4000000000006975",
        "visa_chargeDeclinedVelocityLimitExceeded",
        "chargeDeclinedVelocityLimitExceeded",
        decline=_VELOCITY,
    ),
    _card("4000000000000341", "chargeCustomerFail", decline=GENERIC),
    _card("4100000000000019", "radarBlock", decline=_BLOCKED),
    _card("4000000000003220", "threeDSecure2Required", "threeDSecureRequired", challenge=True),
    _card("4000000000003055", "threeDSecureOptional"),
    _card(
        "4000008400001629",
        "threeDSecureRequiredChargeDeclined",
        challenge=True,
        decline=GENERIC,
    ),
    _card("4000002500003155", "authenticationRequiredOnSetup", challenge=True),
    _card("4000002760003184", "authenticationRequired", challenge=True),
    _card("4000003800000446", "authenticationRequiredSetupForOffSession", challenge=True),
    _card(
        "4000008260003178",
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        challenge=True,
        decline=INSUFFICIENT,
    ),
)
_BY_NUMBER = {card.number: card for card in CARDS}
BY_TOKEN = {f"pm_card_{name}": card for card in CARDS for name in card.names}


def payment_method(state: State, params: Params) -> Obj | None:
    """The payment method that a request names: saved, a test token, or card data; else None."""
    given = params.string("payment_method")
    if given is None:
        if not params.nested("payment_method_data").names():
            return None
        return create(state, params.nested("payment_method_data"))
    if given in BY_TOKEN:
        return _save(state, BY_TOKEN[given], Params({}))
    saved = state.get("payment_method", given)
    if saved is None:
        raise missing("PaymentMethod", given, "payment_method")
    return saved


def create(state: State, params: Params) -> Obj:
    """A payment method from card data, as Stripe.js and `POST /v1/payment_methods` send it."""
    params.only("type", "card", "billing_details", "metadata", "allow_redisplay")
    params.required("type")
    params.choice("type", "card")
    details = params.nested("card")
    details.only("number", "exp_month", "exp_year", "cvc", "token")
    token = details.string("token")
    if token is not None:
        named = BY_TOKEN.get(token.replace("tok_", "pm_card_", 1))
        if named is None:
            raise missing("token", token, "card[token]", 400)
        return _save(state, named, params)
    number = details.required("number").replace(" ", "")
    _check_card_data(number, details, datetime.fromtimestamp(state.now(), UTC))
    card = _BY_NUMBER.get(number, Card(number=number, names=("",), decline=_NOT_A_TEST_CARD))
    return _save(state, card, params)


def behaviour(state: State, method: Obj) -> Card:
    """How the card behind a payment method behaves."""
    number = state.table("card_number")[method["id"]]["number"]
    return _BY_NUMBER.get(number, Card(number=number, names=("",), decline=_NOT_A_TEST_CARD))


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _check_card_data(number: str, details: Params, today: datetime) -> None:
    if not number.isascii() or not number.isdigit() or len(number) > 19 or not _luhn(number):
        raise _card_error("incorrect_number", "Your card number is incorrect.", "number")
    month, year = details.integer("exp_month"), details.integer("exp_year")
    if month is not None and not 1 <= month <= 12:
        message = "Your card's expiration month is invalid."
        raise _card_error("invalid_expiry_month", message, "exp_month")
    if year is not None:
        full = year + 2000 if year < 100 else year
        if (full, month or 12) < (today.year, today.month):
            message = "Your card's expiration year is invalid."
            raise _card_error("invalid_expiry_year", message, "exp_year")


def _card_error(code: str, message: str, param: str) -> StripeError:
    return StripeError(402, "card_error", message, code=code, param=param)


def _save(state: State, card: Card, params: Params) -> Obj:
    details = params.nested("card")
    year = details.integer("exp_year") or datetime.fromtimestamp(state.now(), UTC).year + 4
    billing = params.nested("billing_details")
    address = billing.nested("address")
    method: Obj = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": params.string("allow_redisplay") or "unspecified",
        "billing_details": {
            "address": {name: address.string(name) for name in ADDRESS},
            **{name: billing.string(name) for name in ("email", "name", "phone", "tax_id")},
        },
        "card": {
            "brand": card.brand,
            "checks": _checks(card),
            "country": card.country,
            "display_brand": card.brand,
            "exp_month": details.integer("exp_month") or 12,
            "exp_year": year + 2000 if year < 100 else year,
            "fingerprint": f"sandbox{card.number[-9:]}",
            "funding": card.funding,
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": state.now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": params.metadata(),
        "type": "card",
    }
    state.put("payment_method", method)
    state.put("card_number", {"id": method["id"], "number": card.number})
    return method


ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def _checks(card: Card) -> Obj:
    cvc = "fail" if card.decline is _CVC else "pass"
    return {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": cvc}
