"""The control calls under `/_sandbox`: what a provider would never let you do. See docs/sandbox.md.

They want the secret key, so that no web page that a developer visits can make them.
"""

import hmac
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

import msgspec

from app.sandbox.api import Api
from app.sandbox.faults import Fault
from app.sandbox.state import Obj, WebhookMood
from app.sandbox.webhooks import Sender

Call = Callable[[bytes], Awaitable[Obj]]


class ControlRefused(Exception):
    """A control call that can't be carried out; `fields` is what the answer says of it."""

    def __init__(self, status: int, fields: Obj) -> None:
        super().__init__(str(fields))
        self.status = status
        self.fields = fields


def missing(what: str, name: str) -> ControlRefused:
    """404: there is no such thing."""
    return ControlRefused(404, {"message": f"No such {what}: '{name}'"})


class Control(ABC):
    """The control calls that every sandbox has; a provider's own are in `calls` of its subclass."""

    # What `state` shows, and the tables behind it.
    dumped: ClassVar[Mapping[str, str]]

    def __init__(self, api: Api, sender: Sender) -> None:
        self._api = api
        self._state = api.state
        self._sender = sender
        self._calls = {
            ("GET", "state"): self._dump,
            ("POST", "reset"): self._reset,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "webhooks"): self._webhooks,
            ("POST", "webhooks"): self._set_mood,
            ("POST", "webhooks/resume"): self._resume,
            ("POST", "webhooks/resend"): self._resend,
            ("POST", "clock"): self._clock,
            ("POST", "amend"): self._amend,
            **self.calls(),
        }

    @abstractmethod
    def calls(self) -> dict[tuple[str, str], Call]:
        """A provider's own calls, by method and name."""

    @abstractmethod
    def balance(self) -> object:
        """What the provider's balance says."""

    @abstractmethod
    def begin(self) -> None:
        """What exists from the start, and again after everything is forgotten."""

    @abstractmethod
    def resend(self, event: Obj, times: int) -> int:
        """Send an event again; returns how many deliveries that is."""

    async def handle(self, method: str, name: str, key: str, body: bytes) -> tuple[int, Obj]:
        """Carry out one call; its status and answer."""
        try:
            if not hmac.compare_digest(key.encode(), self._state.config.secret_key.encode()):
                message = "Control calls want the secret key as a bearer token."
                raise ControlRefused(401, {"message": message})
            call = self._calls.get((method, name))
            if call is None:
                raise missing("control call", f"{method} {name}")
            answer = await call(body or b"{}")
        except msgspec.MsgspecError as error:
            return 400, {"error": {"message": str(error)}}
        except ControlRefused as error:
            return error.status, {"error": error.fields}
        finally:
            await self._api.store.flush()
        return 200, answer

    async def _dump(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Dump)
        tables = {
            name: list(self._state.table(kind).values())[wanted.skip :]
            for name, kind in self.dumped.items()
            if wanted.only is None or name in wanted.only
        }
        return {**tables, "balance": self.balance()}

    async def _reset(self, _: bytes) -> Obj:
        await self._sender.drain()
        self._state.clear()
        self._api.faults.waiting.clear()
        self.begin()
        return {"reset": True}

    async def _list_faults(self, _: bytes) -> Obj:
        return {"faults": msgspec.to_builtins(self._api.faults.waiting)}

    async def _add_fault(self, body: bytes) -> Obj:
        self._api.faults.waiting.append(msgspec.json.decode(body, type=Fault))
        return await self._list_faults(body)

    async def _clear_faults(self, body: bytes) -> Obj:
        self._api.faults.waiting.clear()
        return await self._list_faults(body)

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
        return {"deliveries": self.resend(event, wanted.times)}

    async def _amend(self, body: bytes) -> Obj:
        wanted = msgspec.json.decode(body, type=_Amend)
        table = self.dumped.get(wanted.kind)
        row = self._state.get(table, wanted.id) if table else None
        if table is None or row is None:
            raise missing(wanted.kind, wanted.id)
        if wanted.change is None:
            self._state.remove(table, wanted.id)
            return {"gone": True}
        row.update(wanted.change)
        self._state.put(table, row)
        return row

    async def _clock(self, body: bytes) -> Obj:
        self._state.clock_offset += msgspec.json.decode(body, type=_Clock).advance_seconds
        return {"now": self._state.now()}


class _Dump(msgspec.Struct):
    # The kinds to show; all of them by default.
    only: list[str] | None = None
    # So many of each, the oldest, are left out.
    skip: int = 0


class _Resume(msgspec.Struct):
    shuffle: bool = False


class _Resend(msgspec.Struct):
    event: str
    times: int = 1


class _Amend(msgspec.Struct):
    """`kind` as `state` names it; `change` None: the object goes."""

    kind: str
    id: str
    change: Obj | None


class _Clock(msgspec.Struct):
    advance_seconds: int


class Topup(msgspec.Struct):
    """Money into the balance, in minor units."""

    amount: int
    currency: str
