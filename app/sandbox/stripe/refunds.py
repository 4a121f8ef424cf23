"""Refunds of captured charges, whole or in part."""

from app.sandbox.state import Obj, State, new_id
from app.sandbox.stripe import balance, charges, disputes, events, payment_intents
from app.sandbox.stripe.errors import bad_param, invalid, missing
from app.sandbox.stripe.params import Params


def find(state: State, refund_id: str) -> Obj:
    """The refund, or Stripe's 404."""
    refund = state.get("refund", refund_id)
    if refund is None:
        raise missing("refund", refund_id)
    return refund


def create(state: State, params: Params, refund_id: str | None = None) -> Obj:
    """Give back `amount` minor units, by default all that is left of the charge."""
    params.only("payment_intent", "charge", "amount", "reason", "metadata")
    charge = _charge(state, params)
    disputes.refuse_refunds(state, charge)
    reason = params.choice("reason", "duplicate", "fraudulent", "requested_by_customer")
    left = charges.refundable(charge)
    if left == 0:
        raise invalid(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = params.positive("amount") or left
    if amount > left:
        raise invalid(
            f"Refund amount ({amount} {charge['currency']}) is greater than unrefunded amount on"
            f" charge ({left} {charge['currency']})",
            param="amount",
        )
    refund_id = refund_id or new_id("re")
    refund = _record(state, charge, refund_id, amount, reason, params.metadata())
    charges.note_refund(state, charge, amount)
    events.emit(state, "refund.created", refund)
    return refund


def update(state: State, refund_id: str, params: Params) -> Obj:
    """Change a refund's metadata."""
    params.only("metadata")
    refund = find(state, refund_id)
    before = dict(refund)
    refund["metadata"] = params.metadata(refund["metadata"])
    state.put("refund", refund)
    events.emit(state, "refund.updated", refund, before)
    return refund


def _charge(state: State, params: Params) -> Obj:
    charge_id, intent_id = params.string("charge"), params.string("payment_intent")
    if charge_id is None and intent_id is None:
        message = "One of the following params should be provided for this request:"
        raise bad_param(f"{message} payment_intent or charge.", "payment_intent")
    if intent_id is not None:
        intent = payment_intents.find(state, intent_id, "payment_intent")
        if charge_id is not None and charge_id != intent["latest_charge"]:
            message = f"Charge {charge_id} does not belong to PaymentIntent {intent_id}."
            raise invalid(message, param="charge")
        charge_id = intent["latest_charge"]
    charge = state.get("charge", charge_id or "")
    if intent_id is not None and (charge is None or not charge["captured"]):
        message = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
        raise invalid(message, param="payment_intent")
    if charge is None:
        raise missing("charge", charge_id or "", "charge")
    if not charge["captured"]:
        message = f"Charge {charge['id']} has not been captured and cannot be refunded."
        raise invalid(message, code="charge_not_refundable", param="charge")
    return charge


def _record(
    state: State,
    charge: Obj,
    refund_id: str,
    amount: int,
    reason: str | None,
    metadata: dict[str, str],
) -> Obj:
    refund: Obj = {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        # Stripe keeps its fee when it gives money back.
        "balance_transaction": balance.book(
            state,
            "refund",
            -amount,
            charge["currency"],
            refund_id,
            description=f"REFUND FOR CHARGE {charge['id']}",
        ),
        "charge": charge["id"],
        "created": state.now(),
        "currency": charge["currency"],
        "customer": None,
        "customer_account": None,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    state.put("refund", refund)
    return refund
