"""Disputes: a cardholder's bank takes money back, and decides later whose it is."""

from app.sandbox.state import Obj, State, new_id
from app.sandbox.stripe import balance, events
from app.sandbox.stripe.errors import invalid, missing
from app.sandbox.stripe.params import Params

# What Stripe keeps of every dispute, in minor units, won or lost.
FEE = 15_00
EVIDENCE_SECONDS = 7 * 86_400
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
REASONS = {
    "fraudulent": "10.4",
    "product_not_received": "13.1",
    "duplicate": "12.6.1",
    "general": "10.5",
}
EVIDENCE = (
    *("access_activity_log", "billing_address", "cancellation_policy"),
    *("cancellation_policy_disclosure", "cancellation_rebuttal", "customer_communication"),
    *("customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature"),
    *("duplicate_charge_documentation", "duplicate_charge_explanation", "duplicate_charge_id"),
    *("product_description", "receipt", "refund_policy", "refund_policy_disclosure"),
    *("refund_refusal_explanation", "service_date", "service_documentation"),
    *("shipping_address", "shipping_carrier", "shipping_date", "shipping_documentation"),
    *("shipping_tracking_number", "uncategorized_file", "uncategorized_text"),
)


def find(state: State, dispute_id: str) -> Obj:
    """The dispute, or Stripe's 404."""
    dispute = state.get("dispute", dispute_id)
    if dispute is None:
        raise missing("dispute", dispute_id)
    return dispute


def open_dispute(
    state: State, charge: Obj, amount: int | None, reason: str, *, inquiry: bool = False
) -> Obj:
    """The bank takes `amount` (by default all that is left) back; of an inquiry it only asks."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = amount or left
    if not charge["captured"] or charge["disputed"] or not 0 < amount <= left:
        raise invalid(f"Charge {charge['id']} cannot be disputed.", param="charge")
    dispute_id = new_id("dp")
    network = charge["payment_method_details"]["card"]["network"]
    dispute: Obj = {
        "id": dispute_id,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": state.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": state.now() + EVIDENCE_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": charge["payment_method_details"]["card"]["brand"],
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": network,
                "network_reason_code": REASONS.get(reason, "10.5"),
            },
            "type": "card",
        },
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    _mark_charge(state, charge)
    state.put("dispute", dispute)
    events.emit(state, "charge.dispute.created", dispute)
    if not inquiry:
        _move(state, dispute, -amount, FEE)
        events.emit(state, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def update(state: State, dispute_id: str, params: Params) -> Obj:
    """Add evidence, and hand it in with `submit`, which is what happens unless told otherwise."""
    params.only("evidence", "metadata", "submit")
    dispute = find(state, dispute_id)
    _require_open(dispute)
    before = dict(dispute)
    given = params.nested("evidence")
    given.only(*EVIDENCE)
    named = {name: given.string(name, 20_000) for name in given.names()}
    dispute["evidence"] = {**dispute["evidence"], **named}
    details = dict(dispute["evidence_details"])
    details["has_evidence"] = details["has_evidence"] or bool(named)
    if named and params.boolean("submit", default=True):
        details["submission_count"] += 1
        dispute["status"] = dispute["status"].replace("needs_response", "under_review")
    dispute["evidence_details"] = details
    dispute["metadata"] = params.metadata(dispute["metadata"])
    state.put("dispute", dispute)
    events.emit(state, "charge.dispute.updated", dispute, before)
    return dispute


def close(state: State, dispute_id: str, params: Params) -> Obj:
    """Give in: the dispute is lost."""
    params.only()
    return resolve(state, find(state, dispute_id), won=False)


def resolve(state: State, dispute: Obj, *, won: bool) -> Obj:
    """The bank has decided."""
    _require_open(dispute)
    before = dict(dispute)
    inquiry = dispute["status"].startswith("warning")
    dispute["status"] = "warning_closed" if inquiry else "won" if won else "lost"
    dispute["is_charge_refundable"] = inquiry or won
    state.put("dispute", dispute)
    if won and not inquiry:
        _move(state, dispute, dispute["amount"], 0)
        events.emit(state, "charge.dispute.funds_reinstated", dispute)
    events.emit(state, "charge.dispute.closed", dispute, before)
    return dispute


def refuse_refunds(state: State, charge: Obj) -> None:
    """Raises Stripe's error when a charge's money is with its cardholder's bank."""
    for dispute in state.table("dispute").values():
        if dispute["charge"] == charge["id"] and not dispute["is_charge_refundable"]:
            message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
            raise invalid(message, code="charge_disputed")


def _require_open(dispute: Obj) -> None:
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is already closed.")


def _mark_charge(state: State, charge: Obj) -> None:
    before = dict(charge)
    charge["disputed"] = True
    state.put("charge", charge)
    events.emit(state, "charge.updated", charge, before)


def _move(state: State, dispute: Obj, amount: int, fee_minor: int) -> None:
    """Money leaves our balance, or comes back to it."""
    booked = balance.book(
        state,
        "adjustment",
        amount,
        dispute["currency"],
        dispute["id"],
        fee_minor=fee_minor,
        description=f"Chargeback {'withdrawal' if amount < 0 else 'reversal'}"
        f" for {dispute['charge']}",
    )
    entry = state.get("balance_transaction", booked)
    assert entry is not None
    entry["reporting_category"] = "dispute" if amount < 0 else "dispute_reversal"
    state.put("balance_transaction", entry)
    # Unlike other objects, a dispute shows them whole.
    dispute["balance_transactions"] = [*dispute["balance_transactions"], dict(entry)]
    state.put("dispute", dispute)
