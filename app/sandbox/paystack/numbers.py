"""Paystack's ids: numbers that grow, and codes with a prefix."""

import secrets
import string
from datetime import UTC, datetime

from app.sandbox.state import State

_FIRST = 4_000_000_001
_LETTERS = string.ascii_lowercase + string.digits


def number(state: State) -> int:
    """The next number; one row of kinds."""
    row = state.get("counter", "next") or {"id": "next", "value": _FIRST}
    given = int(row["value"])
    state.put("counter", {"id": "next", "value": given + 1})
    return given


def code(prefix: str) -> str:
    """`RCP_` and fifteen random letters and digits."""
    return f"{prefix}_{reference(15)}"


def reference(length: int = 12) -> str:
    """Random letters and digits, such as Paystack makes up where none are given."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def stamp(seconds: int | None) -> str | None:
    """An instant as Paystack writes it; None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
