"""The API's operations: which method and path leads to which function."""

from collections.abc import Callable

import msgspec

from app.sandbox.state import Obj, State
from app.sandbox.stripe import (
    accounts,
    balance,
    cards,
    disputes,
    endpoints,
    events,
    listing,
    payment_intents,
    refunds,
    transfers,
)
from app.sandbox.stripe.errors import StripeError, bad_param, invalid, missing
from app.sandbox.stripe.params import Params


class Call(msgspec.Struct, frozen=True):
    """One request, decoded."""

    path: str
    # The ids in the path.
    ids: tuple[str, ...]
    params: Params
    publishable: bool


Operation = Callable[[State, Call], Obj]


def _own(call: Call, intent: Obj) -> None:
    """With the publishable key, one must know the intent's secret."""
    secret = call.params.string("client_secret")
    if call.publishable and secret is None:
        raise bad_param("Missing required param: client_secret.", "client_secret")
    if secret is not None and secret != intent["client_secret"]:
        raise invalid(
            "The client_secret provided does not match the client_secret associated with the"
            " PaymentIntent.",
            code="payment_intent_invalid_parameter",
            param="client_secret",
        )


def _retrieve_intent(state: State, call: Call) -> Obj:
    call.params.only("client_secret")
    intent = payment_intents.find(state, call.ids[0])
    _own(call, intent)
    return intent


def _confirm_intent(state: State, call: Call) -> Obj:
    _own(call, payment_intents.find(state, call.ids[0]))
    return payment_intents.confirm(state, call.ids[0], call.params, call.publishable)


def _list(kind: str, *filters: str) -> Operation:
    def run(state: State, call: Call) -> Obj:
        return listing.page(state, kind, call.params, call.path, filters)

    return run


def _search(kind: str) -> Operation:
    def run(state: State, call: Call) -> Obj:
        return listing.search(state, kind, call.params, call.path)

    return run


def _retrieve(kind: str) -> Operation:
    def run(state: State, call: Call) -> Obj:
        call.params.only()
        found = state.get(kind, call.ids[0])
        if found is None:
            raise missing(kind, call.ids[0])
        return found

    return run


def _list_events(state: State, call: Call) -> Obj:
    types = call.params.strings("types")
    rows = [row for row in state.table("event").values() if not types or row["type"] in types]
    call.params.drop("types")
    return listing.page(state, "event", call.params, call.path, ("type",), rows)


def _list_reversals(state: State, call: Call) -> Obj:
    transfers.find(state, call.ids[0])
    made = state.table("transfer_reversal").values()
    rows = [row for row in made if row["transfer"] == call.ids[0]]
    return listing.page(state, "transfer_reversal", call.params, call.path, (), rows)


def _retrieve_reversal(state: State, call: Call) -> Obj:
    found = state.get("transfer_reversal", call.ids[1])
    if found is None or found["transfer"] != call.ids[0]:
        raise missing("transfer_reversal", call.ids[1])
    return found


def _update_charge(state: State, call: Call) -> Obj:
    call.params.only("metadata", "description")
    charge = _retrieve("charge")(state, msgspec.structs.replace(call, params=Params({})))
    before = dict(charge)
    if "description" in call.params:
        charge["description"] = call.params.string("description")
    charge["metadata"] = call.params.metadata(charge["metadata"])
    state.put("charge", charge)
    events.emit(state, "charge.updated", charge, before)
    return charge


def _on(function: Callable[..., Obj]) -> Operation:
    """An operation that takes the ids of the path and the parameters."""

    def run(state: State, call: Call) -> Obj:
        return function(state, *call.ids, call.params)

    return run


def _without_params(function: Callable[..., Obj]) -> Operation:
    def run(state: State, call: Call) -> Obj:
        call.params.only()
        return function(state, *call.ids)

    return run


_create_method = _on(cards.create)
_PI, _CHARGE, _REFUND = "/v1/payment_intents", "/v1/charges", "/v1/refunds"
_ACCOUNT, _TRANSFER, _HOOK = "/v1/accounts", "/v1/transfers", "/v1/webhook_endpoints"
_DISPUTE = "/v1/disputes"
_REVERSALS = f"{_TRANSFER}/*/reversals"

# `*` stands for an id. Fixed words come before it, where both would match.
_TABLE: tuple[tuple[str, str, Operation], ...] = (
    ("POST", _PI, _on(payment_intents.create)),
    ("GET", _PI, _list("payment_intent", "customer")),
    ("GET", f"{_PI}/search", _search("payment_intent")),
    ("GET", f"{_PI}/*", _retrieve_intent),
    ("POST", f"{_PI}/*", _on(payment_intents.update)),
    ("POST", f"{_PI}/*/confirm", _confirm_intent),
    ("POST", f"{_PI}/*/capture", _on(payment_intents.capture)),
    ("POST", f"{_PI}/*/cancel", _on(payment_intents.cancel)),
    ("POST", "/v1/payment_methods", _create_method),
    ("GET", "/v1/payment_methods/*", _retrieve("payment_method")),
    ("GET", _CHARGE, _list("charge", "payment_intent", "transfer_group", "customer")),
    ("GET", f"{_CHARGE}/search", _search("charge")),
    ("GET", f"{_CHARGE}/*", _retrieve("charge")),
    ("POST", f"{_CHARGE}/*", _update_charge),
    ("POST", _REFUND, _on(refunds.create)),
    ("GET", _REFUND, _list("refund", "payment_intent", "charge")),
    ("GET", f"{_REFUND}/*", _without_params(refunds.find)),
    ("POST", f"{_REFUND}/*", _on(refunds.update)),
    ("GET", _DISPUTE, _list("dispute", "payment_intent", "charge")),
    ("GET", f"{_DISPUTE}/*", _without_params(disputes.find)),
    ("POST", f"{_DISPUTE}/*", _on(disputes.update)),
    ("POST", f"{_DISPUTE}/*/close", _on(disputes.close)),
    ("GET", "/v1/balance", _without_params(balance.balance)),
    (
        *("GET", "/v1/balance_transactions"),
        _list("balance_transaction", "currency", "source", "type"),
    ),
    ("GET", "/v1/balance_transactions/*", _retrieve("balance_transaction")),
    ("POST", _ACCOUNT, _on(accounts.create)),
    ("GET", _ACCOUNT, _list("account")),
    ("GET", f"{_ACCOUNT}/*", _without_params(accounts.find)),
    ("POST", f"{_ACCOUNT}/*", _on(accounts.update)),
    ("POST", "/v1/account_links", _on(accounts.create_link)),
    ("POST", _TRANSFER, _on(transfers.create)),
    ("GET", _TRANSFER, _list("transfer", "destination", "transfer_group")),
    ("GET", f"{_TRANSFER}/*", _without_params(transfers.find)),
    ("POST", f"{_TRANSFER}/*", _on(transfers.update)),
    ("POST", _REVERSALS, _on(transfers.reverse)),
    ("GET", _REVERSALS, _list_reversals),
    ("GET", f"{_REVERSALS}/*", _retrieve_reversal),
    ("GET", "/v1/events", _list_events),
    ("GET", "/v1/events/*", _retrieve("event")),
    ("POST", _HOOK, _on(endpoints.create)),
    ("GET", _HOOK, _list("webhook_endpoint")),
    ("GET", f"{_HOOK}/*", _without_params(endpoints.find)),
    ("DELETE", f"{_HOOK}/*", _without_params(endpoints.delete)),
)
_ROUTES = [(method, path.split("/"), operation) for method, path, operation in _TABLE]
# What a browser may do with the publishable key, as Stripe.js does.
_FOR_BROWSERS = (_retrieve_intent, _confirm_intent, _create_method)


def resolve(method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
    """The operation behind a method and path, and the ids in the path.

    Raises:
        StripeError: 404, there is no such operation.
    """
    steps = path.rstrip("/").split("/")
    for wanted, pattern, operation in _ROUTES:
        if wanted == method and len(pattern) == len(steps):
            ids = tuple(step for step, place in zip(steps, pattern, strict=True) if place == "*")
            if all(place in ("*", step) for step, place in zip(steps, pattern, strict=True)):
                return operation, ids
    raise StripeError(
        404,
        "invalid_request_error",
        f"Unrecognized request URL ({method}: {path}). If you are trying to list objects, remove"
        " the trailing slash. The sandbox knows the operations listed in docs/sandbox.md.",
        executed=False,
    )


def for_browsers(operation: Operation) -> bool:
    """Whether the publishable key suffices."""
    return operation in _FOR_BROWSERS
