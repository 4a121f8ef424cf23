"""Refunds: promised at once, on their way for a while, then there, or not."""

from app.sandbox.paystack import balance, events, transactions, views
from app.sandbox.paystack.errors import invalid, missing
from app.sandbox.paystack.later import later
from app.sandbox.paystack.numbers import number
from app.sandbox.paystack.params import Refund
from app.sandbox.state import Obj, State

# A merchant's note that begins so lets the refund fail: no bank tells in advance.
FAILS = "sandbox:fail"


def create(state: State, params: Refund) -> Obj:
    """Promise a part of a paid transaction back, or all that is left."""
    paid = state.get("transaction", params.transaction) or _by_id(state, params.transaction)
    if paid["paid"] is None:
        raise invalid("Transaction has not been paid", "transaction_not_refundable")
    if params.currency is not None and params.currency != paid["currency"]:
        raise invalid("Currency does not match the transaction's", "invalid_currency")
    left = paid["amount"] - paid["refunded"]
    amount = left if params.amount is None else params.amount
    if left == 0:
        raise invalid("Transaction has been fully reversed", "transaction_fully_reversed")
    if not 0 < amount <= left:
        raise invalid("Refund amount cannot be more than what is left", "invalid_refund_amount")
    given = number(state)
    row: Obj = {
        "id": str(given),
        "number": given,
        "transaction": paid["id"],
        "amount": amount,
        "currency": paid["currency"],
        "customer_note": params.customer_note,
        "merchant_note": params.merchant_note,
        "status": "pending",
        "created": state.now(),
        "settled": None,
    }
    state.put("refund", row)
    paid["refunded"] += amount
    state.put("transaction", paid)
    balance.add(state, paid["currency"], -amount, "refund", given)
    events.emit(state, "refund.pending", views.refund_event(state, row))
    later(state, "refund", row["id"])
    return views.new_refund(state, row)


def _by_id(state: State, wanted: str) -> Obj:
    return transactions.find_by_id(state, wanted)


def find(state: State, wanted: str) -> Obj:
    """The refund. Raises PaystackError: 404."""
    row = state.get("refund", wanted)
    if row is None:
        raise missing("Refund")
    return row


def settle(state: State, wanted: str) -> None:
    """The guest's bank has taken it, or has not."""
    row = find(state, wanted)
    if row["status"] != "pending":
        return
    fails = row["merchant_note"].startswith(FAILS)
    row.update(status="failed" if fails else "processed", settled=state.now())
    state.put("refund", row)
    if fails:
        paid = state.table("transaction")[row["transaction"]]
        paid["refunded"] -= row["amount"]
        state.put("transaction", paid)
        balance.add(state, paid["currency"], row["amount"], "refund", row["number"])
    events.emit(state, f"refund.{row['status']}", views.refund_event(state, row))
