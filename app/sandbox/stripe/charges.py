"""Charges: one per attempt to pay, made when a PaymentIntent is confirmed."""

import copy
from typing import Any

from app.sandbox.state import Obj, State, new_id
from app.sandbox.stripe import balance, cards, disputes, events
from app.sandbox.stripe.cards import Card, Decline
from app.sandbox.stripe.errors import missing


def authorize(state: State, intent: Obj, method: Obj, card: Card, decline: Decline | None) -> Obj:
    """A new charge of the intent's whole amount: refused if `decline`, else held, not captured."""
    amount = intent["amount"]
    charge: Obj = {
        "id": new_id("ch"),
        "object": "charge",
        "amount": amount,
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": copy.deepcopy(method["billing_details"]),
        "calculated_statement_descriptor": None,
        "captured": False,
        "created": state.now(),
        "currency": intent["currency"],
        "customer": None,
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        # Stripe copies the intent's metadata onto the charge once, when it is made.
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": _outcome(decline),
        "paid": decline is None,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": _card_details(method, card, amount), "type": "card"},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "failed" if decline else "succeeded",
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }
    state.put("charge", charge)
    return charge


def capture(state: State, charge: Obj, amount: int) -> None:
    """Take `amount` (minor units) of what is held, with its fee; the rest is let go."""
    charge["captured"] = True
    charge["amount_captured"] = amount
    charge["balance_transaction"] = balance.book(
        state,
        "charge",
        amount,
        charge["currency"],
        charge["id"],
        fee_minor=balance.fee(amount),
        description=charge["description"],
    )
    state.put("charge", charge)
    card = cards.behaviour(state, {"id": charge["payment_method"]})
    if card.dispute is not None:
        inquiry = card.dispute == "inquiry"
        reason = "fraudulent" if inquiry else card.dispute
        disputes.open_dispute(state, charge, None, reason, inquiry=inquiry)


def refundable(charge: Obj) -> int:
    """Minor units that were captured and not yet given back."""
    return int(charge["amount_captured"] - charge["amount_refunded"])


def of_intent(state: State, intent_id: str) -> Obj:
    """The last charge of a PaymentIntent, or Stripe's 404."""
    intent = state.get("payment_intent", intent_id)
    charge = intent and state.get("charge", intent["latest_charge"] or "")
    if charge is None:
        raise missing("payment_intent", intent_id)
    return charge


def note_refund(state: State, charge: Obj, amount: int) -> None:
    """Count a refund of `amount` minor units on its charge."""
    before = dict(charge)
    charge["amount_refunded"] += amount
    charge["refunded"] = refundable(charge) == 0
    state.put("charge", charge)
    events.emit(state, "charge.refunded", charge, before)


def _outcome(decline: Decline | None) -> Obj:
    outcome: Obj = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if decline is not None:
        blocked = decline.blocked
        outcome.update(
            network_status="not_sent_to_network" if blocked else "declined_by_network",
            network_decline_code=None if blocked else "05",
            reason="highest_risk_level" if blocked else decline.decline_code,
            seller_message="The bank did not return any further details with this decline.",
            type="blocked" if blocked else "issuer_declined",
        )
    return outcome


def _card_details(method: Obj, card: Card, amount: int) -> Obj:
    copied: dict[str, Any] = {
        name: copy.deepcopy(method["card"][name])
        for name in (
            "brand",
            "checks",
            "country",
            "exp_month",
            "exp_year",
            "fingerprint",
            "funding",
            "last4",
            "regulated_status",
            "wallet",
        )
    }
    return {
        **copied,
        "amount_authorized": amount,
        "authorization_code": None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "three_d_secure": _three_d_secure() if card.challenge else None,
        "transaction_link_id": None,
    }


def _three_d_secure() -> Obj:
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": None,
        "version": "2.2.0",
    }
