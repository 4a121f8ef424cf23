"""Disputes: opened and decided by control calls, as banks do it."""

from app.sandbox.paystack import balance, events, transactions, views
from app.sandbox.paystack.errors import invalid, missing
from app.sandbox.paystack.numbers import number
from app.sandbox.state import Obj, State


def find(state: State, wanted: str) -> Obj:
    """The dispute. Raises PaystackError: 404."""
    row = state.get("dispute", wanted)
    if row is None:
        raise missing("Dispute")
    return row


def of_transaction(state: State, wanted: str) -> Obj:
    """The dispute about the transaction with this id. Raises PaystackError: 404."""
    paid = transactions.find_by_id(state, wanted)
    for row in state.table("dispute").values():
        if row["transaction"] == paid["id"]:
            return row
    raise missing("Dispute")


def open_dispute(state: State, reference: str, amount: int | None, reason: str) -> Obj:
    """A guest's bank wants money back."""
    paid = transactions.find(state, reference)
    if paid["paid"] is None:
        raise invalid("Transaction has not been paid")
    given = number(state)
    row: Obj = {
        "id": str(given),
        "number": given,
        "transaction": paid["id"],
        "amount": paid["amount"] if amount is None else amount,
        "status": "awaiting-merchant-feedback",
        "resolution": None,
        "reason": reason,
        "created": state.now(),
        "resolved": None,
    }
    state.put("dispute", row)
    events.emit(state, "charge.dispute.create", views.dispute(state, row))
    return views.dispute(state, row)


def resolve(state: State, wanted: str, *, won: bool) -> Obj:
    """The bank has decided; lost, the money is gone."""
    row = find(state, wanted)
    if row["resolved"] is not None:
        raise invalid("Dispute is resolved already")
    row.update(
        status="resolved",
        resolution="declined" if won else "merchant-accepted",
        resolved=state.now(),
    )
    state.put("dispute", row)
    if not won:
        paid = transactions.find(state, row["transaction"])
        balance.add(state, paid["currency"], -row["amount"], "dispute", row["number"])
    events.emit(state, "charge.dispute.resolve", views.dispute(state, row))
    return views.dispute(state, row)
