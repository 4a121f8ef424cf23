"""Converting amounts by a day's rates. Exact until the one rounding at the end."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import msgspec

from app.money import Money, decimals, divide

EURO = "EUR"
# Digits after the point that a stored rate has (db.models.ExchangeRate).
PLACES = 12
# What clients can count to: JavaScript's numbers are exact so far.
LARGEST = 2**53


class Rates(msgspec.Struct, frozen=True):
    """What a euro was worth on a day, in 10⁻¹² minor units of each currency, the euro included."""

    day: date
    per_euro: Mapping[str, int]


class Converted(msgspec.Struct, frozen=True):
    """An amount in another currency, and of which day the rate is; None: it needed none."""

    amount: int
    currency: str
    as_of: date | None


def convert(money: Money, currency: str, rates: Rates | None) -> Converted | None:
    """The amount in minor units of `currency`, rounded half up.

    None where no rate is known for one of the two, or clients could not read the number.
    """
    if money.currency == currency:
        return Converted(money.amount, currency, None)
    if rates is None:
        return None
    own, other = rates.per_euro.get(money.currency), rates.per_euro.get(currency)
    if own is None or other is None:
        return None
    amount = divide(money.amount * other, own)
    return Converted(amount, currency, rates.day) if abs(amount) <= LARGEST else None


def minor_per_euro(units_per_euro: Decimal, currency: str) -> Decimal:
    """A rate as it is published (1.0876 USD, 163.45 JPY) as minor units: 108.76, 163.45."""
    return units_per_euro.scaleb(decimals(currency))
