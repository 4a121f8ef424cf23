"""Stripe's minor units, which are not always the currency's own (docs.stripe.com/currencies)."""

from app.money import decimals, divide
from app.payments.errors import ProviderRefused

ZERO = {
    *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"),
    *("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
}
THREE = {"BHD", "JOD", "KWD", "OMR", "TND"}


def to_stripe(amount_minor: int, currency: str) -> int:
    """Our minor units in Stripe's. Raises ProviderRefused for an amount that Stripe cannot take."""
    shift = _digits(currency) - decimals(currency)
    if shift >= 0:
        return amount_minor * int(10**shift)
    amount, rest = divmod(amount_minor, int(10**-shift))
    if rest:
        raise ProviderRefused(
            "amount_not_supported", f"Stripe counts {currency} in larger units than {amount_minor}"
        )
    return amount


def from_stripe(amount: int, currency: str) -> int:
    """Stripe's minor units in ours; the fraction that only a fee of theirs can have is rounded."""
    shift = _digits(currency) - decimals(currency)
    return divide(amount, int(10**shift)) if shift >= 0 else amount * int(10**-shift)


def _digits(currency: str) -> int:
    if currency in ZERO:
        return 0
    return 3 if currency in THREE else 2
