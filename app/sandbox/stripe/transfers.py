"""Transfers to connected accounts, and their reversals."""

from app.sandbox.state import Obj, State, new_id
from app.sandbox.stripe import accounts, balance, events
from app.sandbox.stripe.errors import invalid, missing
from app.sandbox.stripe.params import Params, currency


def find(state: State, transfer_id: str) -> Obj:
    """The transfer, or Stripe's 404."""
    transfer = state.get("transfer", transfer_id)
    if transfer is None:
        raise missing("transfer", transfer_id)
    return transfer


def create(state: State, params: Params, transfer_id: str | None = None) -> Obj:
    """Move available money to an account that may receive it."""
    params.only(
        *("amount", "currency", "destination", "transfer_group", "source_transaction"),
        *("description", "metadata", "source_type"),
    )
    amount, code = params.required_positive("amount"), currency(params)
    destination = state.get("account", params.required("destination"))
    if destination is None:
        raise missing("destination", params.required("destination"), "destination", 400)
    accounts.require_transfers(destination)
    source = _source(state, params, amount, code)
    balance.require(state, amount, code)
    transfer_id = transfer_id or new_id("tr")
    group = params.string("transfer_group") or (source["transfer_group"] if source else None)
    transfer: Obj = {
        "id": transfer_id,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": balance.book(state, "transfer", -amount, code, transfer_id),
        "created": state.now(),
        "currency": code,
        "description": params.string("description"),
        "destination": destination["id"],
        "destination_payment": new_id("py"),
        "livemode": False,
        "metadata": params.metadata(),
        "reversals": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/transfers/{transfer_id}/reversals",
        },
        "reversed": False,
        "source_transaction": source["id"] if source else None,
        "source_type": params.choice("source_type", "card") or "card",
        "transfer_group": group,
    }
    state.put("transfer", transfer)
    events.emit(state, "transfer.created", transfer)
    return transfer


def _source(state: State, params: Params, amount: int, code: str) -> Obj | None:
    charge_id = params.string("source_transaction")
    if charge_id is None:
        return None
    charge = state.get("charge", charge_id)
    if charge is None:
        raise missing("charge", charge_id, "source_transaction")
    if not charge["captured"] or charge["currency"] != code:
        message = "The source_transaction must be a captured charge in the transfer's currency."
        raise invalid(message, param="source_transaction")
    moved = sum(
        transfer["amount"] - transfer["amount_reversed"]
        for transfer in state.table("transfer").values()
        if transfer["source_transaction"] == charge_id
    )
    if moved + amount > charge["amount_captured"]:
        message = "Transfers using this transaction as a source must not exceed its amount."
        raise invalid(f"{message} ({charge['amount_captured']} {code})", param="amount")
    return charge


def update(state: State, transfer_id: str, params: Params) -> Obj:
    """Change a transfer's description or metadata."""
    params.only("description", "metadata")
    transfer = find(state, transfer_id)
    before = dict(transfer)
    if "description" in params:
        transfer["description"] = params.string("description")
    transfer["metadata"] = params.metadata(transfer["metadata"])
    state.put("transfer", transfer)
    events.emit(state, "transfer.updated", transfer, before)
    return transfer


def reverse(state: State, transfer_id: str, params: Params) -> Obj:
    """Take `amount` minor units back from the account, by default all that is left."""
    params.only("amount", "description", "metadata")
    transfer = find(state, transfer_id)
    left = transfer["amount"] - transfer["amount_reversed"]
    if left == 0:
        message = f"Transfer {transfer_id} is already fully reversed."
        raise invalid(message, code="transfer_already_reversed")
    amount = params.positive("amount") or left
    if amount > left:
        unit = transfer["currency"]
        message = f"Reversal amount ({amount} {unit}) is greater than unreversed amount"
        raise invalid(f"{message} ({left} {unit})", param="amount")
    reversal = _record_reversal(state, transfer, amount, params.metadata())
    before = dict(transfer)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    shown = [reversal, *transfer["reversals"]["data"]]
    transfer["reversals"] = {**transfer["reversals"], "data": shown[:10]}
    transfer["reversals"]["has_more"] = len(shown) > 10 or before["reversals"]["has_more"]
    state.put("transfer", transfer)
    events.emit(state, "transfer.reversed", transfer, before)
    return reversal


def _record_reversal(state: State, transfer: Obj, amount: int, metadata: dict[str, str]) -> Obj:
    reversal_id = new_id("trr")
    reversal: Obj = {
        "id": reversal_id,
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": balance.book(
            state, "transfer_refund", amount, transfer["currency"], reversal_id
        ),
        "created": state.now(),
        "currency": transfer["currency"],
        "destination_payment_refund": None,
        "metadata": metadata,
        "source_refund": None,
        "transfer": transfer["id"],
    }
    state.put("transfer_reversal", reversal)
    return reversal
