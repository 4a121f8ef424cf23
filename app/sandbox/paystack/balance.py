"""What can be transferred and refunded, per currency, in subunits.

Unlike Paystack's, money is there at once: nobody waits for a settlement in a demo.
"""

from app.sandbox.paystack.errors import invalid
from app.sandbox.paystack.numbers import number
from app.sandbox.state import Obj, State

# Fees in basis points of the amount; mobile money has its own in Kenya.
_FEES = {"NGN": 150, "GHS": 195, "KES": 290, "ZAR": 290, "USD": 390}
_KENYAN_PHONE = 150
_TRANSFER_FEES = {"GHS": 100, "KES": 2_000, "NGN": 1_000, "ZAR": 300}


def charge_fee(amount: int, currency: str, channel: str) -> int:
    """What Paystack keeps of a payment, rounded half up."""
    points = _KENYAN_PHONE if (currency, channel) == ("KES", "mobile_money") else _FEES[currency]
    return (amount * points + 5_000) // 10_000


def transfer_fee(currency: str) -> int:
    """What a transfer costs."""
    return _TRANSFER_FEES.get(currency, 0)


def add(state: State, currency: str, amount: int, model: str, model_row: int) -> None:
    """Money comes, or leaves (negative), because of the row of a model; the ledger has a line."""
    row = state.get("balance", currency) or {"id": currency, "balance": 0}
    row["balance"] += amount
    state.put("balance", row)
    given = number(state)
    line: Obj = {
        "id": str(given),
        "number": given,
        "balance": row["balance"],
        "currency": currency,
        "difference": amount,
        "model": model,
        "model_row": model_row,
        "created": state.now(),
    }
    state.put("balance_line", line)


def require(state: State, currency: str, amount: int) -> None:
    """Refuse to move more than there is."""
    row = state.get("balance", currency)
    if row is None or row["balance"] < amount:
        raise invalid("Your balance is not enough to fulfil this request", "insufficient_balance")


def shown(state: State) -> list[Obj]:
    """One line per currency that was ever used."""
    rows = list(state.table("balance").values()) or [{"id": "GHS", "balance": 0}]
    return [{"currency": row["id"], "balance": row["balance"]} for row in rows]
