"""Recipients, and transfers to them: on their way for a while, then there, failed, or back."""

import re

from app.sandbox.paystack import balance, banks, events, views
from app.sandbox.paystack.errors import invalid, missing
from app.sandbox.paystack.instruments import OTP
from app.sandbox.paystack.later import later
from app.sandbox.paystack.numbers import code, number
from app.sandbox.paystack.params import (
    CreateRecipient,
    FinalizeTransfer,
    Transfer,
    UpdateRecipient,
)
from app.sandbox.state import Obj, State

# What becomes of transfers to accounts whose numbers end so; all others arrive.
FAILS, COMES_BACK, REFUSED = "0002", "0003", "0009"
_REFERENCE = re.compile(r"[a-z0-9_-]{16,50}")
_ACCOUNT = re.compile(r"\+?[0-9]{8,15}")


def create_recipient(state: State, params: CreateRecipient) -> Obj:
    """Where transfers may go; the same details again are the same recipient."""
    bank = banks.find(params.bank_code, params.type, params.currency)
    if not _ACCOUNT.fullmatch(params.account_number):
        raise invalid("Account number is invalid", "invalid_account_number")
    for row in state.table("recipient").values():
        same = (row["type"], row["account_number"], row["bank_code"], row["deleted"])
        if same == (params.type, params.account_number, bank["code"], False):
            return views.recipient(row)
    made: Obj = {
        "id": code("RCP"),
        "number": number(state),
        "type": params.type,
        "name": params.name,
        "account_number": params.account_number,
        "bank_code": bank["code"],
        "bank_name": bank["name"],
        "currency": bank["currency"],
        "description": params.description,
        "email": "",
        "metadata": params.metadata,
        "deleted": False,
        "created": state.now(),
    }
    state.put("recipient", made)
    return views.recipient(made)


def find_recipient(state: State, wanted: str) -> Obj:
    """The recipient, by code or id. Raises PaystackError: 404."""
    for row in state.table("recipient").values():
        if wanted in (row["id"], str(row["number"])):
            return row
    raise missing("Recipient")


def update_recipient(state: State, wanted: str, params: UpdateRecipient) -> Obj:
    """Change a recipient's name or e-mail."""
    row = find_recipient(state, wanted)
    row["name"] = params.name or row["name"]
    row["email"] = params.email or row["email"]
    state.put("recipient", row)
    return views.recipient(row)


def delete_recipient(state: State, wanted: str) -> None:
    """Nothing goes there any more."""
    row = find_recipient(state, wanted)
    row["deleted"] = True
    state.put("recipient", row)


def create(state: State, params: Transfer) -> Obj:
    """Send money from the balance. Its reference is taken for good, whatever becomes of it."""
    if not _REFERENCE.fullmatch(params.reference):
        raise invalid("Reference is invalid: 16 to 50 of a-z, 0-9, - and _", "invalid_reference")
    if state.get("transfer", params.reference) is not None:
        raise invalid(
            "Please provide a unique reference. Reference already exists on a transfer",
            "duplicate_transfer_reference",
        )
    to = state.get("recipient", params.recipient)
    if to is None or to["deleted"]:
        raise invalid("Recipient specified is invalid", "invalid_recipient")
    if to["currency"] != params.currency:
        raise invalid("Recipient's currency does not match", "invalid_currency")
    if params.amount <= 0:
        raise invalid("Invalid amount", "invalid_amount")
    if to["account_number"].endswith(REFUSED):
        raise invalid("Transfers to this account are not allowed", "recipient_blocked")
    fee = balance.transfer_fee(params.currency)
    balance.require(state, params.currency, params.amount + fee)
    row: Obj = {
        "id": params.reference,
        "number": number(state),
        "transfer_code": code("TRF"),
        "recipient": to["id"],
        "amount": params.amount,
        "fee": fee,
        "currency": params.currency,
        "reason": params.reason,
        "status": "otp" if _asks_for_otp(state) else "pending",
        "failure": None,
        "created": state.now(),
        "settled": None,
    }
    state.put("transfer", row)
    balance.add(state, params.currency, -(params.amount + fee), "transfer", row["number"])
    if row["status"] == "pending":
        later(state, "transfer", row["id"])
    return views.new_transfer(state, row)


def _asks_for_otp(state: State) -> bool:
    settings = state.get("settings", "transfers")
    return settings is not None and bool(settings["otp"])


def find(state: State, wanted: str) -> Obj:
    """The transfer with this reference. Raises PaystackError: 404."""
    row = state.get("transfer", wanted)
    if row is None:
        raise missing("Transfer")
    return row


def find_by_code(state: State, wanted: str) -> Obj:
    """The transfer with this code or id. Raises PaystackError: 404."""
    for row in state.table("transfer").values():
        if wanted in (row["transfer_code"], str(row["number"])):
            return row
    raise missing("Transfer")


def finalize(state: State, params: FinalizeTransfer) -> Obj:
    """The owner of the business has confirmed it."""
    row = find_by_code(state, params.transfer_code)
    if row["status"] != "otp":
        raise invalid("Transfer is not currently awaiting OTP", "transfer_not_awaiting_otp")
    if params.otp != OTP:
        raise invalid("OTP is invalid", "invalid_otp")
    row["status"] = "pending"
    state.put("transfer", row)
    later(state, "transfer", row["id"])
    return views.new_transfer(state, row)


def settle(state: State, wanted: str) -> None:
    """It has arrived, or failed; some come back after they had arrived."""
    row = find(state, wanted)
    to = state.table("recipient")[row["recipient"]]["account_number"]
    if row["status"] == "pending":
        failed = to.endswith(FAILS)
        _conclude(state, row, "failed" if failed else "success")
        if to.endswith(COMES_BACK):
            later(state, "transfer", row["id"])
    elif row["status"] == "success" and to.endswith(COMES_BACK):
        _conclude(state, row, "reversed")


def _conclude(state: State, row: Obj, status: str) -> None:
    row.update(status=status, settled=state.now())
    if status != "success":
        row["failure"] = "Account could not be credited"
        # The fee comes back with the money.
        whole = row["amount"] + row["fee"]
        balance.add(state, row["currency"], whole, "transfer", row["number"])
    state.put("transfer", row)
    events.emit(state, f"transfer.{status}", views.transfer(state, row))
