"""Balance transactions: the sandbox's own books, and the balance that they add up to.

Unlike Stripe's test mode, money is available at once: nobody waits two days in a demo.
"""

from app.sandbox.state import Obj, State, new_id
from app.sandbox.stripe.errors import invalid

_CATEGORIES = {"transfer_refund": "transfer_reversal"}


def fee(amount: int) -> int:
    """Stripe's card fee in minor units: 2.9 % rounded half up, and 30."""
    return (amount * 29 + 500) // 1000 + 30


def book(
    state: State,
    type_: str,
    amount: int,
    currency: str,
    source: str | None,
    *,
    fee_minor: int = 0,
    description: str | None = None,
) -> str:
    """Add a balance transaction; `amount` in minor units, negative for money that leaves."""
    details = {
        "amount": fee_minor,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    entry: Obj = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": state.now(),
        "balance_type": "payments",
        "created": state.now(),
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee_minor,
        "fee_details": [details] if fee_minor else [],
        "net": amount - fee_minor,
        "reporting_category": _CATEGORIES.get(type_, type_),
        "source": source,
        "status": "available",
        "type": type_,
    }
    state.put("balance_transaction", entry)
    row = state.get("balance", currency) or {"id": currency, "available": 0}
    row["available"] += entry["net"]
    state.put("balance", row)
    return str(entry["id"])


def available(state: State, currency: str) -> int:
    """What can be transferred, in minor units."""
    row = state.get("balance", currency)
    return row["available"] if row else 0


def require(state: State, amount: int, currency: str) -> None:
    """Refuse to move more than there is."""
    if amount > available(state, currency):
        raise invalid(
            "You have insufficient available funds in your Stripe account. Try adding funds"
            " directly to your available balance by creating Charges using the 4000000000000077"
            " test card. See: https://stripe.com/docs/testing#available-balance",
            code="balance_insufficient",
        )


def balance(state: State) -> Obj:
    """The balance object: one line per currency that was ever used."""
    rows = list(state.table("balance").values()) or [{"id": "usd", "available": 0}]

    def lines(amount: int | None) -> list[Obj]:
        found = []
        for row in rows:
            minor = row["available"] if amount is None else amount
            found.append({"amount": minor, "currency": row["id"], "source_types": {"card": minor}})
        return found

    return {
        "object": "balance",
        "available": lines(None),
        "connect_reserved": [{"amount": 0, "currency": row["id"]} for row in rows],
        "livemode": False,
        "pending": lines(0),
    }
