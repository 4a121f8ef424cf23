"""What an amount is in another currency: exact, and rounded half up once."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.currencies.rules import LARGEST, PLACES, Converted, Rates, convert, minor_per_euro
from app.money import Money, decimals

DAY = date(2026, 11, 20)
UNITS = {"EUR": "1", "USD": "1.0876", "JPY": "163.45", "KWD": "0.33412", "GBP": "0.5"}
RATES = Rates(
    DAY,
    {
        currency: int(minor_per_euro(Decimal(units), currency).scaleb(PLACES))
        for currency, units in UNITS.items()
    },
)


@pytest.mark.parametrize(
    ("money", "currency", "amount"),
    [
        (Money(100_00, "EUR"), "USD", 108_76),
        (Money(100_00, "EUR"), "JPY", 16_345),
        (Money(100_00, "EUR"), "KWD", 33_412),
        (Money(16_345, "JPY"), "EUR", 100_00),
        (Money(33_412, "KWD"), "EUR", 100_00),
        (Money(1_000, "JPY"), "KWD", 2_044),
        # Half a minor unit goes up, away from zero for what is given back.
        (Money(1, "EUR"), "GBP", 1),
        (Money(3, "EUR"), "GBP", 2),
        (Money(-1, "EUR"), "GBP", -1),
        (Money(0, "EUR"), "JPY", 0),
    ],
)
def test_amounts_are_converted(money: Money, currency: str, amount: int) -> None:
    assert convert(money, currency, RATES) == Converted(amount, currency, DAY)


def test_its_own_currency_needs_no_rate() -> None:
    assert convert(Money(12_345, "CHF"), "CHF", None) == Converted(12_345, "CHF", None)


def test_what_is_not_known_is_not_invented() -> None:
    assert convert(Money(1_00, "EUR"), "USD", None) is None
    assert convert(Money(1_00, "EUR"), "CHF", RATES) is None
    assert convert(Money(1_00, "CHF"), "EUR", RATES) is None
    assert convert(Money(LARGEST, "EUR"), "USD", RATES) is None


@given(
    st.integers(-(10**12), 10**12), st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS))
)
def test_as_by_hand(amount: int, own: str, other: str) -> None:
    found = convert(Money(amount, own), other, RATES)
    assert found is not None
    # In whole units, as people reckon; decimals of more places than any tie needs.
    euros = Decimal(amount).scaleb(-decimals(own)) * Decimal(UNITS[other])
    exact = euros.scaleb(decimals(other)) / Decimal(UNITS[own])
    if (exact * 2).as_tuple().exponent:  # not a tie that 28 digits could have made up
        assert abs(found.amount - exact) <= Decimal("0.5")
    assert own == other or found.amount == exact.quantize(Decimal(1), ROUND_HALF_UP)
