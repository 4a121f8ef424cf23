"""The API's operations: which method and path leads to which function, and what it takes."""

from collections.abc import Callable
from typing import Any

import msgspec

from app.sandbox.paystack import (
    balance,
    banks,
    charges,
    disputes,
    params,
    refunds,
    transactions,
    transfers,
    views,
)
from app.sandbox.paystack.errors import PaystackError
from app.sandbox.paystack.listing import page
from app.sandbox.state import Obj, State


class Answer(msgspec.Struct, frozen=True):
    """What an operation answers: Paystack's message, the data, and what it says of a list."""

    message: str
    data: object = None
    meta: Obj | None = None
    status: int = 200


Operation = Callable[..., Answer]


def _initialize(state: State, given: params.Initialize) -> Answer:
    return Answer("Authorization URL created", transactions.initialize(state, given))


def _verify(state: State, _: params.Nothing, reference: str) -> Answer:
    row = transactions.find(state, reference)
    return Answer("Verification successful", views.transaction(state, row))


def _fetch_transaction(state: State, _: params.Nothing, wanted: str) -> Answer:
    row = transactions.find_by_id(state, wanted)
    return Answer("Transaction retrieved", views.fetched(state, row))


def _list_transactions(state: State, given: params.TransactionPage) -> Answer:
    rows = state.table("transaction").values()
    data, meta = page(
        rows,
        given,
        lambda row: views.listed(state, row),
        status=given.status,
        amount=given.amount,
    )
    volume = sum(row["amount"] for row in rows if row["paid"] is not None)
    return Answer("Transactions retrieved", data, {**meta, "total_volume": volume})


def _charge_known(state: State, given: params.ChargeAuthorization) -> Answer:
    shown = charges.charge_authorization(state, given)
    return Answer("Charge attempted", views.charge_authorization(shown))


def _charge(state: State, given: params.Charge) -> Answer:
    return Answer("Charge attempted", charges.create(state, given))


def _submit_pin(state: State, given: params.SubmitPin) -> Answer:
    return Answer("Charge attempted", charges.submit_pin(state, given))


def _submit_otp(state: State, given: params.SubmitOtp) -> Answer:
    return Answer("Charge attempted", charges.submit_otp(state, given))


def _check_charge(state: State, _: params.Nothing, reference: str) -> Answer:
    return Answer("Reference check successful", charges.check(state, reference))


def _refund(state: State, given: params.Refund) -> Answer:
    return Answer("Refund has been queued for processing", refunds.create(state, given))


def _fetch_refund(state: State, _: params.Nothing, wanted: str) -> Answer:
    return Answer("Refund retrieved", views.refund(state, refunds.find(state, wanted)))


def _list_refunds(state: State, given: params.Page) -> Answer:
    data, meta = page(state.table("refund").values(), given, lambda row: views.refund(state, row))
    failed = sum(row["status"] == "failed" for row in state.table("refund").values())
    # A text here, and here alone.
    meta |= {"perPage": str(meta["perPage"]), "failedRefundCount": failed}
    return Answer("Refunds retrieved", data, meta)


def _create_recipient(state: State, given: params.CreateRecipient) -> Answer:
    made = transfers.create_recipient(state, given)
    return Answer("Transfer recipient created successfully", made, status=201)


def _fetch_recipient(state: State, _: params.Nothing, wanted: str) -> Answer:
    row = transfers.find_recipient(state, wanted)
    return Answer("Recipient retrieved", views.recipient(row))


def _update_recipient(state: State, given: params.UpdateRecipient, wanted: str) -> Answer:
    return Answer("Recipient updated", transfers.update_recipient(state, wanted, given))


def _delete_recipient(state: State, _: params.Nothing, wanted: str) -> Answer:
    transfers.delete_recipient(state, wanted)
    return Answer("Transfer recipient set as inactive")


def _list_recipients(state: State, given: params.Page) -> Answer:
    data, meta = page(state.table("recipient").values(), given, views.recipient)
    return Answer("Recipients retrieved", data, meta)


def _transfer(state: State, given: params.Transfer) -> Answer:
    return Answer("Transfer has been queued", transfers.create(state, given))


def _finalize_transfer(state: State, given: params.FinalizeTransfer) -> Answer:
    return Answer("Transfer has been queued", transfers.finalize(state, given))


def _fetch_transfer(state: State, _: params.Nothing, wanted: str) -> Answer:
    row = transfers.find_by_code(state, wanted)
    return Answer("Transfer retrieved", views.transfer(state, row))


def _verify_transfer(state: State, _: params.Nothing, reference: str) -> Answer:
    row = transfers.find(state, reference)
    return Answer("Transfer retrieved", views.transfer(state, row))


def _list_transfers(state: State, given: params.TransferPage) -> Answer:
    data, meta = page(
        state.table("transfer").values(),
        given,
        lambda row: views.transfer(state, row),
        status=given.status,
        recipient=given.recipient,
    )
    return Answer("Transfers retrieved", data, meta)


def _balance(state: State, _: params.Nothing) -> Answer:
    return Answer("Balances retrieved", balance.shown(state))


def _balance_ledger(state: State, given: params.Page) -> Answer:
    data, meta = page(state.table("balance_line").values(), given, views.balance_line)
    return Answer("Balance ledger retrieved", data, meta)


def _list_banks(_: State, given: params.Banks) -> Answer:
    return Answer("Banks retrieved", banks.listed(given.country, given.currency, given.type))


def _resolve(_: State, given: params.Resolve) -> Answer:
    bank = banks.find(given.bank_code)
    data = {
        "account_number": given.account_number,
        "account_name": banks.account_name(given.account_number),
        "bank_id": bank["id"],
    }
    return Answer("Account number resolved", data)


def _list_disputes(state: State, given: params.DisputePage) -> Answer:
    wanted = given.transaction
    reference = transactions.find_by_id(state, wanted)["id"] if wanted is not None else None
    data, meta = page(
        state.table("dispute").values(),
        given,
        lambda row: {**views.dispute(state, row), "customer": _text_metadata(state, row)},
        status=given.status,
        transaction=reference,
    )
    return Answer("Disputes retrieved", data, meta)


def _text_metadata(state: State, row: Obj) -> Obj:
    """In the list of disputes, and of refunds, a customer's metadata is text."""
    paid = state.table("transaction")[row["transaction"]]
    return {**views.customer(state, paid["customer"]), "metadata": ""}


def _fetch_dispute(state: State, _: params.Nothing, wanted: str) -> Answer:
    return Answer("Dispute retrieved", views.dispute(state, disputes.find(state, wanted)))


def _dispute_of(state: State, _: params.Nothing, wanted: str) -> Answer:
    row = disputes.of_transaction(state, wanted)
    return Answer("Dispute retrieved", views.dispute(state, row))


# `*` stands for an id. Fixed words come before it, where both would match.
TABLE: tuple[tuple[str, str, type[params.Params], Operation], ...] = (
    ("POST", "/transaction/initialize", params.Initialize, _initialize),
    (
        "POST",
        "/transaction/charge_authorization",
        params.ChargeAuthorization,
        _charge_known,
    ),
    ("GET", "/transaction/verify/*", params.Nothing, _verify),
    ("GET", "/transaction", params.TransactionPage, _list_transactions),
    ("GET", "/transaction/*", params.Nothing, _fetch_transaction),
    ("POST", "/charge", params.Charge, _charge),
    ("POST", "/charge/submit_pin", params.SubmitPin, _submit_pin),
    ("POST", "/charge/submit_otp", params.SubmitOtp, _submit_otp),
    ("GET", "/charge/*", params.Nothing, _check_charge),
    ("POST", "/refund", params.Refund, _refund),
    ("GET", "/refund", params.Page, _list_refunds),
    ("GET", "/refund/*", params.Nothing, _fetch_refund),
    ("POST", "/transferrecipient", params.CreateRecipient, _create_recipient),
    ("GET", "/transferrecipient", params.Page, _list_recipients),
    ("GET", "/transferrecipient/*", params.Nothing, _fetch_recipient),
    ("PUT", "/transferrecipient/*", params.UpdateRecipient, _update_recipient),
    ("DELETE", "/transferrecipient/*", params.Nothing, _delete_recipient),
    ("POST", "/transfer", params.Transfer, _transfer),
    ("POST", "/transfer/finalize_transfer", params.FinalizeTransfer, _finalize_transfer),
    ("GET", "/transfer", params.TransferPage, _list_transfers),
    ("GET", "/transfer/verify/*", params.Nothing, _verify_transfer),
    ("GET", "/transfer/*", params.Nothing, _fetch_transfer),
    ("GET", "/balance", params.Nothing, _balance),
    ("GET", "/balance/ledger", params.Page, _balance_ledger),
    ("GET", "/bank", params.Banks, _list_banks),
    ("GET", "/bank/resolve", params.Resolve, _resolve),
    ("GET", "/dispute", params.DisputePage, _list_disputes),
    ("GET", "/dispute/transaction/*", params.Nothing, _dispute_of),
    ("GET", "/dispute/*", params.Nothing, _fetch_dispute),
)
_ROUTES = [(method, path.split("/"), taken, operation) for method, path, taken, operation in TABLE]
# Where the API answers; everything else is pages and control calls.
PREFIXES = tuple(dict.fromkeys("/" + path.split("/")[1] for _, path, _, _ in TABLE))


def resolve(method: str, path: str) -> tuple[type[params.Params], Operation, tuple[Any, ...]]:
    """What an operation takes, the operation, and the ids in the path.

    Raises:
        PaystackError: 404, there is no such operation.
    """
    steps = path.rstrip("/").split("/")
    for wanted, pattern, taken, operation in _ROUTES:
        if wanted == method and len(pattern) == len(steps):
            ids = tuple(step for step, place in zip(steps, pattern, strict=True) if place == "*")
            if all(place in ("*", step) for step, place in zip(steps, pattern, strict=True)):
                return taken, operation, ids
    raise PaystackError(404, f"Route {method} {path} is unknown to the sandbox", "route_not_found")
