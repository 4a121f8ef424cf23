"""Transactions: opened, paid on the page or by a charge, and found again by their reference."""

import re
from typing import Any

import msgspec

from app.sandbox.paystack import balance, events, views
from app.sandbox.paystack.errors import PaystackError, invalid, missing
from app.sandbox.paystack.numbers import code, number, reference
from app.sandbox.paystack.params import Initialize
from app.sandbox.state import Obj, State

CHANNELS = ("card", "mobile_money")
# Subunits; less is refused.
MINIMUM = {"NGN": 5_000, "GHS": 10, "KES": 300, "ZAR": 100, "USD": 200}
# Their last step was not taken yet: they can still be paid.
UNPAID = ("abandoned", "ongoing", "failed")
_REFERENCE = re.compile(r"[A-Za-z0-9.=-]{1,100}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def find(state: State, wanted: str) -> Obj:
    """The transaction with this reference. Raises PaystackError: 404."""
    row = state.get("transaction", wanted)
    if row is None:
        raise missing("Transaction reference", "transaction_not_found")
    return row


def find_by_id(state: State, wanted: str) -> Obj:
    """The transaction with this number. Raises PaystackError: 404."""
    for row in state.table("transaction").values():
        if str(row["number"]) == wanted:
            return row
    raise missing("Transaction")


def initialize(state: State, params: Initialize) -> Obj:
    """Open a transaction, and say where it can be paid."""
    channels = params.channels or list(CHANNELS)
    if not set(channels) <= set(CHANNELS):
        raise invalid(f"The sandbox knows these channels: {', '.join(CHANNELS)}")
    row = open_new(
        state, params.email, params.amount, params.currency, params.reference, params.metadata
    )
    row["channels"] = channels
    row["callback_url"] = params.callback_url
    state.put("transaction", row)
    return {
        "authorization_url": f"{state.config.public_url}/pay/{row['access_code']}",
        "access_code": row["access_code"],
        "reference": row["id"],
    }


def open_new(
    state: State,
    email: str,
    amount: int,
    currency: str,
    wanted: str | None,
    metadata: str | dict[str, Any] | None,
) -> Obj:
    """A transaction that nobody has tried to pay. Raises PaystackError as Paystack would."""
    if not _EMAIL.fullmatch(email):
        raise invalid("Invalid Email Address Passed", "invalid_email_address")
    if currency not in MINIMUM:
        raise PaystackError(403, "Currency not supported by merchant", "unsupported_currency")
    if amount < MINIMUM[currency]:
        raise invalid("Invalid Amount Sent", "invalid_amount")
    chosen = wanted or reference()
    if not _REFERENCE.fullmatch(chosen):
        raise invalid("Invalid reference", "invalid_reference")
    if state.get("transaction", chosen) is not None:
        raise invalid("Duplicate Transaction Reference", "duplicate_reference")
    row: Obj = {
        "id": chosen,
        "number": number(state),
        "access_code": reference(15),
        "customer": _customer(state, email),
        "amount": amount,
        "currency": currency,
        "metadata": _metadata(metadata),
        "channels": list(CHANNELS),
        "callback_url": None,
        "status": "abandoned",
        # What the payer is asked for next: send_pin, send_otp, open_url, pay_offline.
        "step": None,
        "gateway_response": "The transaction was not completed",
        "channel": "card",
        "instrument": None,
        "authorization": None,
        "fees": None,
        "refunded": 0,
        "created": state.now(),
        "paid": None,
    }
    state.put("transaction", row)
    return row


def _metadata(given: str | dict[str, Any] | None) -> dict[str, Any] | None:
    if not isinstance(given, str):
        return given
    try:
        decoded = msgspec.json.decode(given)
    except msgspec.DecodeError as error:
        raise invalid("Invalid metadata: expected JSON", "invalid_metadata") from error
    if not isinstance(decoded, dict):
        raise invalid("Invalid metadata: expected an object", "invalid_metadata")
    return decoded


def _customer(state: State, email: str) -> str:
    if state.get("customer", email) is None:
        row = {"id": email, "number": number(state), "customer_code": code("CUS")}
        state.put("customer", row)
    return email


def succeed(state: State, row: Obj) -> None:
    """The money is taken: count it, with the fee, and tell."""
    row.update(
        status="success",
        step=None,
        gateway_response="Successful" if row["channel"] == "card" else "Approved",
        fees=balance.charge_fee(row["amount"], row["currency"], row["channel"]),
        paid=state.now(),
    )
    state.put("transaction", row)
    kept = row["amount"] - row["fees"]
    balance.add(state, row["currency"], kept, "transaction", row["number"])
    events.emit(state, "charge.success", views.transaction(state, row))


def fail(state: State, row: Obj, why: str) -> None:
    """The try has failed; on the page another one may follow. Paystack tells nobody of it."""
    row.update(status="failed", step=None, gateway_response=why)
    state.put("transaction", row)
