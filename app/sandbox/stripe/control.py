"""The control calls that only Stripe's sandbox has."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

import msgspec

from app.sandbox import control
from app.sandbox.control import Call, ControlRefused, Topup
from app.sandbox.state import Obj
from app.sandbox.stripe import (
    accounts,
    balance,
    charges,
    disputes,
    endpoints,
    events,
    importing,
    payment_intents,
)
from app.sandbox.stripe.api import Api
from app.sandbox.stripe.errors import StripeError
from app.sandbox.stripe.params import Params, currency
from app.sandbox.webhooks import Sender


class Control(control.Control):
    """The control calls over one sandbox."""

    dumped: ClassVar = {
        "accounts": "account",
        "payment_intents": "payment_intent",
        "charges": "charge",
        "refunds": "refund",
        "disputes": "dispute",
        "transfers": "transfer",
        "transfer_reversals": "transfer_reversal",
        "balance_transactions": "balance_transaction",
        "balances": "balance",
        "events": "event",
        "deliveries": "delivery",
    }

    def __init__(self, api: Api, sender: Sender) -> None:
        self._keys = api.keys
        super().__init__(api, sender)

    def calls(self) -> dict[tuple[str, str], Call]:
        """Those of keys, accounts, challenges, and of the past."""
        return {
            ("POST", "import"): _worded(self._import),
            ("POST", "idempotency/forget"): _worded(self._forget_keys),
            ("POST", "topup"): _worded(self._topup),
            ("POST", "accounts/onboard"): _worded(self._onboard),
            ("POST", "accounts/require"): _worded(self._require),
            ("POST", "payment_intents/challenge"): _worded(self._challenge),
            ("POST", "disputes"): _worded(self._dispute),
            ("POST", "disputes/resolve"): _worded(self._resolve),
        }

    def balance(self) -> object:
        """The balance object."""
        return balance.balance(self._state)

    def begin(self) -> None:
        """The endpoint that was named at the start."""
        endpoints.configure(self._state)

    def resend(self, event: Obj, times: int) -> int:
        """To every endpoint that wants it."""
        return events.resend(self._state, event, times)

    async def _import(self, body: bytes) -> Obj:
        history = msgspec.json.decode(body, type=importing.History)
        return await importing.load(self._state, history)

    async def _forget_keys(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Key)
        return {"forgotten": self._keys.forget(wanted.key)}

    async def _topup(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=Topup)
        code = currency(Params({"currency": wanted.currency.lower()}))
        type_ = "topup" if wanted.amount > 0 else "payout"
        balance.book(self._state, type_, wanted.amount, code, None)
        return balance.balance(self._state)

    async def _onboard(self, body: bytes) -> Obj:
        return accounts.onboard(self._state, msgspec.json.decode(body, type=_Onboard).account)

    async def _require(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Requirements)
        return accounts.require(self._state, **msgspec.structs.asdict(wanted))

    async def _challenge(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Challenge)
        intent = payment_intents.find(self._state, wanted.payment_intent)
        return payment_intents.answer_challenge(self._state, intent, wanted.passed)

    async def _dispute(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Dispute)
        charge = charges.of_intent(self._state, wanted.payment_intent)
        return disputes.open_dispute(
            self._state, charge, wanted.amount, wanted.reason, inquiry=wanted.inquiry
        )

    async def _resolve(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Decision)
        dispute = disputes.find(self._state, wanted.dispute)
        return disputes.resolve(self._state, dispute, won=wanted.won)


def _worded(call: Callable[[bytes], Awaitable[Obj]]) -> Call:
    """The call, whose refusals are answered in Stripe's words."""

    async def run(body: bytes) -> Obj:
        try:
            return await call(body)
        except StripeError as error:
            raise ControlRefused(error.status, error.fields) from error

    return run


class _Key(msgspec.Struct):
    key: str | None = None


class _Onboard(msgspec.Struct):
    account: str


class _Requirements(msgspec.Struct, rename={"account_id": "account"}):
    account_id: str
    currently_due: list[str] = []
    past_due: list[str] = []
    pending_verification: list[str] = []
    # By requirement.
    errors: dict[str, str] = {}
    deadline: int | None = None
    disabled_reason: str | None = None


class _Challenge(msgspec.Struct):
    payment_intent: str
    passed: bool = True


class _Dispute(msgspec.Struct):
    payment_intent: str
    amount: int | None = None
    reason: str = "fraudulent"
    inquiry: bool = False


class _Decision(msgspec.Struct):
    dispute: str
    won: bool
