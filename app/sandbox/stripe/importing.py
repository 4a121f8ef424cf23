"""Bulk import of history: accounts, paid payments and transfers as if made in the past.

The very operations that make them otherwise, carried out under the clock of then and without
events, so that an import can't say what the sandbox itself could not have done.
"""

import asyncio
from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec

from app.sandbox.state import Obj, State
from app.sandbox.stripe import accounts, payment_intents, refunds, transfers
from app.sandbox.stripe.params import Params, nest

T = TypeVar("T")


class PastAccount(msgspec.Struct, kw_only=True):
    """An Express account; `created` in seconds since 1970."""

    id: str
    email: str | None = None
    country: str = "US"
    metadata: dict[str, str] = {}
    created: int
    onboarded: bool = True


class PastPayment(msgspec.Struct, kw_only=True):
    """A PaymentIntent; amounts in minor units, instants in seconds since 1970."""

    id: str
    amount: int
    currency: str
    created: int
    # When it was confirmed, and refunded; by default at once.
    paid: int | None = None
    refunded: int | None = None
    status: Literal["succeeded", "requires_capture", "canceled"] = "succeeded"
    capture_method: Literal["automatic", "manual"] = "automatic"
    payment_method: str = "pm_card_visa"
    refund_amount: int = 0
    # By default made up, and the payment's.
    refund_id: str | None = None
    refund_metadata: dict[str, str] | None = None
    metadata: dict[str, str] = {}
    transfer_group: str | None = None
    description: str | None = None


class PastTransfer(msgspec.Struct, kw_only=True):
    """A transfer; `amount` in minor units, `created` in seconds since 1970."""

    id: str
    amount: int
    currency: str
    destination: str
    created: int
    metadata: dict[str, str] = {}
    transfer_group: str | None = None


class History(msgspec.Struct, kw_only=True):
    """What to import, in this order. Objects that exist already are left as they are."""

    accounts: list[PastAccount] = []
    payment_intents: list[PastPayment] = []
    transfers: list[PastTransfer] = []


async def load(state: State, history: History) -> Obj:
    """Import history; the answer holds the objects made, as the API would show them.

    Raises:
        StripeError: an object that could not have come about; those before it are in.
    """
    return {
        "accounts": await _each(state, history.accounts, _account),
        "payment_intents": await _each(state, history.payment_intents, _payment),
        "transfers": await _each(state, history.transfers, _transfer),
    }


async def _each(state: State, history: list[T], make: Callable[[State, T], Obj]) -> list[Obj]:
    made = []
    for past in history:
        made.append(make(state, past))
        # Others get their turn between two objects of a long history.
        await asyncio.sleep(0)
    return made


def _params(values: dict[str, str | int | None], metadata: dict[str, str]) -> Params:
    sent = [(name, str(value)) for name, value in values.items() if value is not None]
    return Params({**nest(sent), "metadata": dict(metadata)})


def _account(state: State, past: PastAccount) -> Obj:
    found = state.get("account", past.id)
    if found is not None:
        return found
    with state.at(past.created):
        params = _params({"country": past.country, "email": past.email}, past.metadata)
        account = accounts.create(state, params, past.id)
        account["capabilities"]["transfers"] = "inactive"
        return accounts.onboard(state, past.id) if past.onboarded else account


def _payment(state: State, past: PastPayment) -> Obj:
    intent = state.get("payment_intent", past.id)
    if intent is None:
        with state.at(past.created):
            params = _params(
                {
                    "amount": past.amount,
                    "currency": past.currency,
                    "capture_method": past.capture_method,
                    "payment_method": past.payment_method,
                    "transfer_group": past.transfer_group,
                    "description": past.description,
                },
                past.metadata,
            )
            intent = payment_intents.create(state, params, past.id)
        with state.at(past.paid or past.created):
            _conclude(state, past)
        if past.refund_amount:
            with state.at(past.refunded or past.paid or past.created):
                values = {"payment_intent": past.id, "amount": str(past.refund_amount)}
                metadata = past.metadata if past.refund_metadata is None else past.refund_metadata
                params = Params({**values, "metadata": {**metadata}})
                refunds.create(state, params, past.refund_id)
    charge = state.get("charge", intent["latest_charge"] or "")
    return {**intent, "latest_charge": charge}


def _conclude(state: State, past: PastPayment) -> None:
    if past.status == "canceled":
        payment_intents.cancel(state, past.id, Params({}))
        return
    payment_intents.confirm(state, past.id, Params({}), from_browser=True)
    if past.status == "succeeded" and past.capture_method == "manual":
        payment_intents.capture(state, past.id, Params({}))


def _transfer(state: State, past: PastTransfer) -> Obj:
    found = state.get("transfer", past.id)
    if found is not None:
        return found
    with state.at(past.created):
        params = _params(
            {
                "amount": past.amount,
                "currency": past.currency,
                "destination": past.destination,
                "transfer_group": past.transfer_group,
            },
            past.metadata,
        )
        return transfers.create(state, params, past.id)
