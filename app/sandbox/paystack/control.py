"""The control calls that only Paystack's sandbox has."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import msgspec

from app.sandbox import control
from app.sandbox.control import Call, ControlRefused, Topup
from app.sandbox.paystack import balance, charges, disputes, events, transactions, views
from app.sandbox.paystack.api import Api
from app.sandbox.paystack.errors import PaystackError, invalid
from app.sandbox.paystack.instruments import BY_NUMBER
from app.sandbox.paystack.later import Clockwork
from app.sandbox.paystack.numbers import number
from app.sandbox.state import Obj
from app.sandbox.webhooks import Sender


class Control(control.Control):
    """The control calls over one sandbox."""

    dumped: ClassVar = {
        "transactions": "transaction",
        "authorizations": "authorization",
        "refunds": "refund",
        "recipients": "recipient",
        "transfers": "transfer",
        "disputes": "dispute",
        "events": "event",
        "balance_lines": "balance_line",
        "deliveries": "delivery",
    }

    def __init__(self, api: Api, sender: Sender, clockwork: Clockwork) -> None:
        self._clockwork = clockwork
        super().__init__(api, sender)

    def calls(self) -> dict[tuple[str, str], Call]:
        """Those of payers, of banks, and of what happens by itself."""
        return {
            ("POST", "topup"): _worded(self._topup),
            ("POST", "pay"): _worded(self._pay),
            ("POST", "phone"): _worded(self._phone),
            ("POST", "bank"): _worded(self._bank),
            ("POST", "disputes"): _worded(self._dispute),
            ("POST", "disputes/resolve"): _worded(self._resolve),
            ("POST", "transfers/otp"): _worded(self._otp),
            ("POST", "hold"): _worded(self._hold),
            ("POST", "settle"): _worded(self._settle),
        }

    def balance(self) -> object:
        """One line per currency."""
        return balance.shown(self._state)

    def begin(self) -> None:
        """The address that was named at the start; and time goes on."""
        self._clockwork.is_held = False
        events.configure(self._state)

    def resend(self, event: Obj, times: int) -> int:
        """To the one address there is."""
        return events.resend(self._state, event, times)

    async def _topup(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=Topup)
        model = "topup" if wanted.amount > 0 else "settlement"
        balance.add(self._state, wanted.currency, wanted.amount, model, number(self._state))
        return {"balance": self.balance()}

    async def _pay(self, body: bytes) -> Obj:
        """As the payer does on the page, up to the first question."""
        wanted = msgspec.json.decode(body, type=_Pay)
        row = transactions.find(self._state, wanted.reference)
        if wanted.phone is not None:
            charges.pay_by_phone(self._state, row, wanted.phone, wanted.telco)
        else:
            card = BY_NUMBER.get(wanted.card)
            if card is None:
                raise invalid("That is no test card")
            charges.pay_by_card(self._state, row, card)
        return views.step(self._state, row)

    async def _phone(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Phone)
        row = charges.answer_phone(self._state, wanted.reference, wanted.approved)
        return views.step(self._state, row)

    async def _bank(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Bank)
        charges.authenticate(self._state, wanted.reference, wanted.passed)
        return charges.check(self._state, wanted.reference)

    async def _dispute(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Dispute)
        return disputes.open_dispute(self._state, wanted.reference, wanted.amount, wanted.reason)

    async def _resolve(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Resolve)
        return disputes.resolve(self._state, wanted.dispute, won=wanted.won)

    async def _otp(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Otp)
        self._state.put("settings", {"id": "transfers", "otp": wanted.required})
        return {"required": wanted.required}

    async def _hold(self, body: bytes) -> Obj:
        self._clockwork.is_held = msgspec.json.decode(body, type=_Hold).held
        return {"held": self._clockwork.is_held}

    async def _settle(self, _: bytes) -> Obj:
        """Take every waiting step now, held or not."""
        return {"taken": self._clockwork.take(self._clockwork.due(float("inf")))}


def _worded(call: Callable[[bytes], Awaitable[Obj]]) -> Call:
    """The call, whose refusals are answered in Paystack's words."""

    async def run(body: bytes) -> Obj:
        try:
            return await call(body)
        except PaystackError as error:
            fields: dict[str, Any] = error.body()
            raise ControlRefused(error.status, fields) from error

    return run


class _Pay(msgspec.Struct):
    reference: str
    card: str = "4084084084084081"
    phone: str | None = None
    telco: str = "MTN"


class _Phone(msgspec.Struct):
    reference: str
    approved: bool = True


class _Bank(msgspec.Struct):
    reference: str
    passed: bool = True


class _Dispute(msgspec.Struct):
    reference: str
    amount: int | None = None
    reason: str = "I was never there"


class _Resolve(msgspec.Struct):
    dispute: str
    won: bool = False


class _Otp(msgspec.Struct):
    required: bool = True


class _Hold(msgspec.Struct):
    held: bool = True
