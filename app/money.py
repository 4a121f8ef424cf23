"""Money: an integer count of minor units and an ISO 4217 currency. Never a float."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from babel.numbers import format_currency, get_currency_precision, list_currencies

from app.errors import Invalid

CURRENCIES: frozenset[str] = frozenset(list_currencies())

# One basis point is a hundredth of a percent.
BASIS = 10_000


class Money(msgspec.Struct, frozen=True, gc=False):
    """An amount in minor units (cents; whole yen; thousandths of a dinar) of one currency."""

    amount: int
    currency: str


def sum_of(column: str) -> Callable[[Any], Mapping[str, Any]]:
    """How PostgreSQL makes a Money of a row's column and its currency: see db.shapes.in_sql."""
    return lambda row: {"amount": getattr(row, column), "currency": row.currency}


def share(amount_minor: int, rate_bp: int) -> int:
    """`rate_bp` basis points of an amount, rounded half up (away from zero for negatives)."""
    return divide(amount_minor * rate_bp, BASIS)


def divide(amount_minor: int, divisor: int) -> int:
    """An amount divided by a positive integer, rounded half up (away from zero)."""
    sign = -1 if amount_minor < 0 else 1
    return sign * ((abs(amount_minor) * 2 + divisor) // (2 * divisor))


def decimals(currency: str) -> int:
    """Digits after the decimal point: 2 for EUR, 0 for JPY, 3 for KWD (CLDR)."""
    return get_currency_precision(currency)


def printed(amount_minor: int, currency: str) -> str:
    """`123450, EUR` is €1,234.50, `12000, JPY` ¥12,000 and `12345, KWD` KWD 12.345."""
    amount = Decimal(amount_minor).scaleb(-decimals(currency))
    text = format_currency(amount, currency, locale="en")
    # A currency without a sign of its own keeps a distance (CLDR says so, babel does not do it).
    return text.replace(currency, f"{currency}\xa0")


def require_currency(code: str) -> str:
    """The currency code itself. Raises Invalid when ISO 4217 knows no such code."""
    if code not in CURRENCIES:
        raise Invalid(f"{code!r} is not an ISO 4217 currency code.", field="currency")
    return code
