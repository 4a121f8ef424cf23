"""The price of a stay, line by line (domain rules, section 3)."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.money import decimals
from app.pricing.rules import (
    Fees,
    Guests,
    LineItem,
    Quote,
    Tax,
    Terms,
    line_items_from_builtins,
    line_items_to_builtins,
    quote,
)
from db.enums import LineItemKind, TaxKind

K = LineItemKind
# A Monday.
MONDAY = date(2027, 3, 1)
TWO = Guests(adults=2)


def terms(**changes: Any) -> Terms:
    defaults: dict[str, Any] = {
        "currency": "EUR",
        "base_price_minor": 100_00,
        "guests_included": 2,
        "guest_fee_bp": 1_200,
        "host_fee_bp": 300,
    }
    return Terms(**(defaults | changes))


def price(
    property: Terms,
    nights: int = 2,
    check_in: date = MONDAY,
    guests: Guests = TWO,
    today: date = MONDAY - timedelta(days=60),
    night_prices: dict[date, int] | None = None,
) -> Quote:
    check_out = check_in + timedelta(days=nights)
    return quote(property, night_prices or {}, check_in, check_out, guests, today)


def lines(found: Quote) -> list[tuple[LineItemKind, int, int, int]]:
    return [(i.kind, i.quantity, i.unit_minor, i.amount_minor) for i in found.line_items]


def amount(found: Quote, kind: LineItemKind) -> int:
    return sum(item.amount_minor for item in found.line_items if item.kind is kind)


def test_a_plain_stay_costs_its_nights_and_the_service_fee() -> None:
    found = price(terms())
    assert lines(found) == [(K.NIGHTS, 2, 100_00, 200_00), (K.SERVICE_FEE, 1, 24_00, 24_00)]
    assert (found.subtotal_minor, found.total_minor) == (200_00, 224_00)
    # The host pays 3 % of 200; nothing of the guest's fee is theirs.
    assert (found.host_payout_minor, found.platform_minor) == (194_00, 30_00)
    assert (found.nights, found.average_per_night_minor) == (2, 100_00)


def test_friday_and_saturday_nights_have_the_weekend_price_and_overrides_go_first() -> None:
    friday = MONDAY + timedelta(days=4)
    found = price(
        terms(weekend_price_minor=150_00),
        nights=7,
        night_prices={
            friday: 170_00,
            MONDAY: 90_00,
            MONDAY - timedelta(days=1): 1,
            friday + timedelta(days=3): 2,
        },
    )
    assert lines(found)[:4] == [
        (K.NIGHTS, 1, 90_00, 90_00),
        (K.NIGHTS, 4, 100_00, 400_00),  # Tuesday to Thursday, and Sunday
        (K.NIGHTS, 1, 170_00, 170_00),
        (K.NIGHTS, 1, 150_00, 150_00),
    ]


@pytest.mark.parametrize(
    ("nights", "days_ahead", "discount"),
    [
        (28, 100, 5_000),  # monthly, although it is early and longer than a week
        (27, 100, 2_000),  # weekly
        (7, 100, 2_000),
        (6, 100, 1_000),  # early bird
        (6, 60, 1_000),
        (6, 59, 0),
        (6, 4, 0),
        (6, 3, 500),  # last minute
        (6, 0, 500),
        (7, 0, 2_000),  # weekly, although it is late
    ],
)
def test_at_most_one_discount(nights: int, days_ahead: int, discount: int) -> None:
    property = terms(
        monthly_discount_bp=5_000,
        weekly_discount_bp=2_000,
        early_bird_days=60,
        early_bird_discount_bp=1_000,
        last_minute_days=3,
        last_minute_discount_bp=500,
    )
    found = price(property, nights=nights, today=MONDAY - timedelta(days=days_ahead))
    assert amount(found, K.DISCOUNT) == -nights * 100_00 * discount // 10_000
    assert found.subtotal_minor == nights * 100_00 + amount(found, K.DISCOUNT)


def test_a_month_gets_the_weekly_discount_where_there_is_no_monthly_one() -> None:
    found = price(terms(weekly_discount_bp=1_000), nights=30)
    assert amount(found, K.DISCOUNT) == -300_00
    assert [i.description for i in found.line_items if i.kind is K.DISCOUNT] == [
        "Weekly discount (10 %)"
    ]


@pytest.mark.parametrize(
    ("guests", "extra", "pets"),
    [
        (Guests(adults=1), 0, 0),
        (Guests(adults=2, infants=3), 0, 0),
        (Guests(adults=2, children=1), 3 * 15_00, 0),
        (Guests(adults=3, children=2, infants=1, pets=1), 9 * 15_00, 40_00),
        (Guests(adults=1, pets=3), 0, 40_00),
    ],
)
def test_extra_guests_cleaning_and_pets(guests: Guests, extra: int, pets: int) -> None:
    property = terms(extra_guest_fee_minor=15_00, cleaning_fee_minor=60_00, pet_fee_minor=40_00)
    found = price(property, nights=3, guests=guests)
    assert amount(found, K.EXTRA_GUESTS) == extra
    assert amount(found, K.CLEANING_FEE) == 60_00
    assert amount(found, K.PET_FEE) == pets
    assert found.subtotal_minor == 300_00 + extra + 60_00 + pets


@pytest.mark.parametrize(
    ("tax", "nights", "expected"),
    [
        # 10 % of nights and cleaning, without the service fee.
        ({"rate_bp": 1_000}, 2, 26_00),
        ({"rate_bp": 1_000, "max_nights": 1}, 2, 13_00),
        ({"rate_bp": 1_000, "max_nights": 5}, 2, 26_00),
        ({"rate_bp": 1_000, "long_stays_exempt": True}, 27, 276_00),
        ({"rate_bp": 1_000, "long_stays_exempt": True}, 28, 0),
        ({"amount_minor": 2_00}, 2, 12_00),
        ({"amount_minor": 2_00, "max_nights": 7}, 10, 42_00),
        ({"amount_minor": 2_00, "max_nights": 7, "long_stays_exempt": True}, 28, 0),
    ],
)
def test_taxes(tax: dict[str, Any], nights: int, expected: int) -> None:
    kind = TaxKind.PERCENTAGE if "rate_bp" in tax else TaxKind.PER_GUEST_NIGHT
    property = terms(
        cleaning_fee_minor=60_00,
        guests_included=4,
        taxes=(Tax(name="City tax", kind=kind, **tax),),
    )
    found = price(property, nights=nights, guests=Guests(adults=2, children=1, infants=1))
    assert amount(found, K.TAX) == found.tax_minor == expected
    assert found.total_minor == found.subtotal_minor + found.service_fee_minor + expected


def test_every_tax_is_a_line_of_its_own() -> None:
    property = terms(
        taxes=(
            Tax(name="VAT", kind=TaxKind.PERCENTAGE, rate_bp=600),
            Tax(name="City tax", kind=TaxKind.PER_GUEST_NIGHT, amount_minor=2_00),
        )
    )
    found = [i for i in price(property).line_items if i.kind is K.TAX]
    assert [(i.description, i.quantity, i.amount_minor) for i in found] == [
        ("VAT", 1, 12_00),
        ("City tax", 4, 8_00),
    ]


@pytest.mark.parametrize(
    ("currency", "base", "fee_bp", "expected"),
    [
        # 12.5 of the smallest unit is 13, whatever it is worth: yen, cent, thousandth of a dinar.
        ("JPY", 250, 500, 13),
        ("EUR", 250, 500, 13),
        ("KWD", 250, 500, 13),
        ("JPY", 249, 500, 12),
    ],
)
def test_rounds_half_up_in_minor_units(
    currency: str, base: int, fee_bp: int, expected: int
) -> None:
    found = price(terms(currency=currency, base_price_minor=base, guest_fee_bp=fee_bp), nights=1)
    assert found.service_fee_minor == expected
    assert {"JPY": 0, "EUR": 2, "KWD": 3}[currency] == decimals(currency)


def test_a_discount_never_gives_a_stay_away() -> None:
    property = terms(base_price_minor=1, last_minute_days=9, last_minute_discount_bp=9_900)
    found = price(property, nights=1, today=MONDAY)
    assert (found.subtotal_minor, found.total_minor) == (1, 1)


def test_a_stay_of_29_february_has_that_night() -> None:
    assert price(terms(), check_in=date(2028, 2, 28)).check_out == date(2028, 3, 1)
    assert price(terms(), check_in=date(2028, 2, 28)).nights == 2


minor = st.integers(0, 10**9)
rate = st.integers(0, 9_900)
taxes = st.builds(
    Tax,
    name=st.just("Tax"),
    kind=st.just(TaxKind.PERCENTAGE),
    rate_bp=st.integers(0, 10_000),
    max_nights=st.none() | st.integers(1, 40),
    long_stays_exempt=st.booleans(),
) | st.builds(
    Tax,
    name=st.just("Tax"),
    kind=st.just(TaxKind.PER_GUEST_NIGHT),
    amount_minor=minor,
    max_nights=st.none() | st.integers(1, 40),
    long_stays_exempt=st.booleans(),
)
any_terms = st.builds(
    Terms,
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    base_price_minor=st.integers(1, 10**9),
    weekend_price_minor=st.none() | st.integers(1, 10**9),
    cleaning_fee_minor=minor,
    pet_fee_minor=minor,
    guests_included=st.integers(1, 50),
    extra_guest_fee_minor=minor,
    monthly_discount_bp=rate,
    weekly_discount_bp=rate,
    early_bird_days=st.none() | st.integers(1, 100),
    early_bird_discount_bp=rate,
    last_minute_days=st.none() | st.integers(0, 100),
    last_minute_discount_bp=rate,
    taxes=st.lists(taxes, max_size=3).map(tuple),
    guest_fee_bp=st.integers(0, 10_000),
    host_fee_bp=st.integers(0, 10_000),
)
any_guests = st.builds(
    Guests,
    adults=st.integers(1, 30),
    children=st.integers(0, 20),
    infants=st.integers(0, 5),
    pets=st.integers(0, 3),
)


@settings(deadline=None)
@given(
    any_terms,
    any_guests,
    st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    st.integers(1, 365),
    st.integers(0, 400),
    st.dictionaries(st.integers(0, 364), st.integers(1, 10**9), max_size=10),
)
def test_any_price_adds_up(
    property: Terms,
    guests: Guests,
    check_in: date,
    nights: int,
    ahead: int,
    overrides: dict[int, int],
) -> None:
    night_prices = {check_in + timedelta(days=day): price for day, price in overrides.items()}
    today = check_in - timedelta(days=ahead)
    found = price(property, nights, check_in, guests, today, night_prices)
    assert sum(item.amount_minor for item in found.line_items) == found.total_minor
    assert found.host_payout_minor + found.platform_minor + found.tax_minor == found.total_minor
    assert sum(i.quantity for i in found.line_items if i.kind is K.NIGHTS) == nights
    assert found.total_minor >= found.subtotal_minor > 0
    assert min(found.host_payout_minor, found.platform_minor, found.tax_minor) >= 0
    # Clients count up to 2^53.
    assert found.total_minor < 2**53
    for item in found.line_items:
        assert item.quantity * item.unit_minor == item.amount_minor != 0
        assert (item.amount_minor < 0) == (item.kind is K.DISCOUNT)


@settings(deadline=None)
@given(any_terms, st.integers(1, 60))
def test_stored_line_items_come_back_as_they_were(property: Terms, nights: int) -> None:
    items = price(property, nights, guests=Guests(adults=5, pets=1)).line_items
    stored = line_items_to_builtins(items)
    assert all(isinstance(value, str | int) for row in stored for value in row.values())
    back: tuple[LineItem, ...] = line_items_from_builtins(stored)
    assert back == items


def test_fees_are_part_of_the_terms_and_kept_on_the_quote() -> None:
    fees = Fees(guest_fee_bp=0, host_fee_bp=1_500)
    found = price(terms(guest_fee_bp=fees.guest_fee_bp, host_fee_bp=fees.host_fee_bp))
    assert (found.guest_fee_bp, found.host_fee_bp) == (0, 1_500)
    assert (found.total_minor, found.host_payout_minor) == (200_00, 170_00)
