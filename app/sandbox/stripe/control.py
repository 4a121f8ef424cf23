"""The control calls under `/_sandbox`: what a provider would never let you do. See docs/sandbox.md.

They want the secret key, so that no web page that a developer visits can make them.
"""

import hmac

import msgspec

from app.sandbox.stripe import accounts, balance, endpoints, events, importing, payment_intents
from app.sandbox.stripe.api import Api
from app.sandbox.stripe.errors import StripeError, missing, unauthorized
from app.sandbox.stripe.faults import Fault
from app.sandbox.stripe.params import Params, currency
from app.sandbox.stripe.state import Obj, WebhookMood
from app.sandbox.stripe.webhooks import Sender

_DUMPED = {
    "accounts": "account",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "transfers": "transfer",
    "transfer_reversals": "transfer_reversal",
    "balance_transactions": "balance_transaction",
    "events": "event",
    "deliveries": "delivery",
}


class Control:
    """The control calls over one sandbox."""

    def __init__(self, api: Api, sender: Sender) -> None:
        self._api = api
        self._state = api.state
        self._sender = sender
        self._calls = {
            ("GET", "state"): self._dump,
            ("POST", "reset"): self._reset,
            ("POST", "import"): self._import,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "idempotency/forget"): self._forget_keys,
            ("GET", "webhooks"): self._webhooks,
            ("POST", "webhooks"): self._set_mood,
            ("POST", "webhooks/resume"): self._resume,
            ("POST", "webhooks/resend"): self._resend,
            ("POST", "clock"): self._clock,
            ("POST", "topup"): self._topup,
            ("POST", "accounts/onboard"): self._onboard,
            ("POST", "payment_intents/challenge"): self._challenge,
        }

    async def handle(self, method: str, name: str, key: str, body: bytes) -> tuple[int, Obj]:
        """Carry out one call; its status and answer."""
        try:
            if not hmac.compare_digest(key.encode(), self._state.config.secret_key.encode()):
                raise unauthorized("Control calls want the secret key as a bearer token.")
            call = self._calls.get((method, name))
            if call is None:
                raise missing("control call", f"{method} {name}")
            answer = await call(body or b"{}")
        except msgspec.MsgspecError as error:
            return 400, {"error": {"type": "invalid_request_error", "message": str(error)}}
        except StripeError as error:
            return error.status, {"error": error.fields}
        finally:
            await self._api.store.flush()
        return 200, answer

    async def _dump(self, _: bytes) -> Obj:
        tables = {name: list(self._state.table(kind).values()) for name, kind in _DUMPED.items()}
        return {**tables, "balance": balance.balance(self._state)}

    async def _reset(self, _: bytes) -> Obj:
        await self._sender.drain()
        self._state.clear()
        self._api.faults.waiting.clear()
        endpoints.configure(self._state)
        return {"reset": True}

    async def _import(self, body: bytes) -> Obj:
        history = msgspec.json.decode(body, type=importing.History)
        return await importing.load(self._state, history)

    async def _list_faults(self, _: bytes) -> Obj:
        return {"faults": msgspec.to_builtins(self._api.faults.waiting)}

    async def _add_fault(self, body: bytes) -> Obj:
        self._api.faults.waiting.append(msgspec.json.decode(body, type=Fault))
        return await self._list_faults(body)

    async def _clear_faults(self, body: bytes) -> Obj:
        self._api.faults.waiting.clear()
        return await self._list_faults(body)

    async def _forget_keys(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Key)
        return {"forgotten": self._api.keys.forget(wanted.key)}

    async def _webhooks(self, _: bytes) -> Obj:
        counts = dict.fromkeys(("pending", "delivered", "dropped", "failed"), 0)
        for delivery in self._state.table("delivery").values():
            counts[delivery["status"]] += 1
        return {**msgspec.to_builtins(self._state.mood), **counts}

    async def _set_mood(self, body: bytes) -> Obj:
        # What is left out goes back to normal.
        self._state.mood = msgspec.json.decode(body, type=WebhookMood)
        if not self._state.mood.paused:
            self._sender.resume(shuffle=False)
        return await self._webhooks(body)

    async def _resume(self, body: bytes) -> Obj:
        self._sender.resume(msgspec.json.decode(body, type=_Resume).shuffle)
        return await self._webhooks(body)

    async def _resend(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Resend)
        event = self._state.get("event", wanted.event)
        if event is None:
            raise missing("event", wanted.event)
        return {"deliveries": events.resend(self._state, event, wanted.times)}

    async def _clock(self, body: bytes) -> Obj:
        self._state.clock_offset += msgspec.json.decode(body, type=_Clock).advance_seconds
        return {"now": self._state.now()}

    async def _topup(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Topup)
        code = currency(Params({"currency": wanted.currency}))
        balance.book(self._state, "topup", wanted.amount, code, None)
        return balance.balance(self._state)

    async def _onboard(self, body: bytes) -> Obj:
        return accounts.onboard(self._state, msgspec.json.decode(body, type=_Onboard).account)

    async def _challenge(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Challenge)
        intent = payment_intents.find(self._state, wanted.payment_intent)
        return payment_intents.answer_challenge(self._state, intent, wanted.passed)


class _Key(msgspec.Struct):
    key: str | None = None


class _Resume(msgspec.Struct):
    shuffle: bool = False


class _Resend(msgspec.Struct):
    event: str
    times: int = 1


class _Clock(msgspec.Struct):
    advance_seconds: int


class _Topup(msgspec.Struct):
    amount: int
    currency: str


class _Onboard(msgspec.Struct):
    account: str


class _Challenge(msgspec.Struct):
    payment_intent: str
    passed: bool = True
