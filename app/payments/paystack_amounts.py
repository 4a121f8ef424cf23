"""Paystack's subunits: a hundredth of every currency (paystack.com/docs/api#supported-currency).

The West African franc, which has no smaller coin, is counted in hundredths all the same.
"""

from app.money import decimals, divide
from app.payments.errors import ProviderRefused

DIGITS = 2


def to_paystack(amount_minor: int, currency: str) -> int:
    """Our minor units in subunits. Raises ProviderRefused for an amount between two subunits."""
    shift = DIGITS - decimals(currency)
    if shift >= 0:
        return amount_minor * int(10**shift)
    amount, rest = divmod(amount_minor, int(10**-shift))
    if rest:
        raise ProviderRefused(
            "amount_not_supported", f"Paystack counts {currency} in larger units: {amount_minor}"
        )
    return amount


def from_paystack(amount: int, currency: str) -> int:
    """Subunits in our minor units; the fraction that only a fee can have is rounded."""
    shift = DIGITS - decimals(currency)
    return divide(amount, int(10**shift)) if shift >= 0 else amount * int(10**-shift)
