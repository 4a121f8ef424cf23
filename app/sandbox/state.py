"""Everything a sandbox knows, as plain JSON objects in tables, newest last."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

Obj = dict[str, Any]
# Table and id, and the row's JSON; None where it was removed.
Change = tuple[str, str, bytes | None]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """How one sandbox is set up."""

    secret_key: str = "sk_test_sandbox"
    publishable_key: str = "pk_test_sandbox"
    # Where browsers reach the sandbox's pages.
    public_url: str = "http://127.0.0.1:8420"
    # The endpoint that exists from the start and receives every event; None: no endpoint.
    webhook_url: str | None = None
    # What webhooks are signed with.
    webhook_secret: str = "whsec_sandbox"
    # SQLite file that keeps everything across restarts; None: memory only.
    data: str | None = None
    # Webhooks are retried after this long, then twice as long each time, up to the maximum.
    retry_seconds: float = 1.0
    retry_max_seconds: float = 60.0
    # How long Paystack's refunds, transfers and phones take.
    settle_seconds: float = 0.5


class WebhookMood(msgspec.Struct, kw_only=True):
    """How badly webhooks behave at the moment (set by the control calls)."""

    paused: bool = False
    # Each event is sent this many times.
    duplicate: int = 1
    delay_seconds: float = 0.0
    # Each delivery waits a random time up to this, so that events overtake each other.
    shuffle_seconds: float = 0.0
    # Event types, with `*`, that are never sent.
    drop: list[str] = []


class State:
    """Tables of objects, the clock, and what changed since the last write to disk."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.tables: dict[str, dict[str, Obj]] = {}
        self.changes: dict[tuple[str, str], None] = {}
        self.keep_changes = config.data is not None
        self.mood = WebhookMood()
        # The request being carried out; Stripe's events name it as their cause.
        self.request: Obj = {"id": None, "idempotency_key": None}
        self.on_delivery: Callable[[Obj], None] = lambda delivery: None
        # While history is imported: the instant it happened at, and no events.
        self.past: int | None = None
        self.clock_offset = 0

    def table(self, kind: str) -> dict[str, Obj]:
        """The rows of one kind, by id, oldest first."""
        return self.tables.setdefault(kind, {})

    def get(self, kind: str, object_id: str) -> Obj | None:
        """One row."""
        return self.table(kind).get(object_id)

    def put(self, kind: str, row: Obj) -> None:
        """Add a row, or note that it changed. Rows are changed in place, then put."""
        self.table(kind)[row["id"]] = row
        if self.keep_changes:
            self.changes[kind, row["id"]] = None

    def remove(self, kind: str, object_id: str) -> None:
        """Forget a row, if it is there."""
        self.table(kind).pop(object_id, None)
        if self.keep_changes:
            self.changes[kind, object_id] = None

    def take_changes(self) -> list[Change]:
        """What must reach the disk, encoded now so that later changes can't tear it."""
        changed: list[Change] = []
        for kind, object_id in self.changes:
            row = self.get(kind, object_id)
            changed.append((kind, object_id, None if row is None else msgspec.json.encode(row)))
        self.changes = {}
        return changed

    def now(self) -> int:
        """Seconds since 1970 by the sandbox's clock, which a control call can move."""
        return self.past if self.past is not None else int(time.time()) + self.clock_offset

    @contextmanager
    def at(self, instant: int) -> Iterator[None]:
        """Carry out operations as if they had happened then, without telling webhooks."""
        self.past = instant
        try:
            yield
        finally:
            self.past = None

    def clear(self) -> None:
        """Forget everything."""
        for kind, rows in self.tables.items():
            for object_id in rows:
                if self.keep_changes:
                    self.changes[kind, object_id] = None
        self.tables = {}
        self.mood = WebhookMood()
        self.clock_offset = 0


def new_id(prefix: str) -> str:
    """An id that looks like a provider's: `pi_` and 24 random letters and digits."""
    return f"{prefix}_{secrets.token_hex(12)}"
