"""Values as letters print them."""

from datetime import UTC, date, datetime

import pytest

from app import money
from app.notifications import formats
from tests.notifications.stays import stay


@pytest.mark.parametrize(
    ("amount", "currency", "printed"),
    [
        (123_450, "EUR", "€1,234.50"),
        (5, "USD", "$0.05"),
        (12_000, "JPY", "¥12,000"),
        (12_345, "KWD", "KWD\xa012.345"),
        (-1_00, "GBP", "-£1.00"),
    ],
)
def test_money_has_its_currencys_decimals(amount: int, currency: str, printed: str) -> None:
    assert money.printed(amount, currency) == printed


@pytest.mark.parametrize(
    ("check_in", "check_out", "printed"),
    [
        (date(2026, 7, 14), date(2026, 7, 17), "14–17 July 2026"),
        (date(2026, 7, 30), date(2026, 8, 2), "30 July – 2 August 2026"),
        (date(2026, 12, 30), date(2027, 1, 2), "30 December 2026 – 2 January 2027"),
    ],
)
def test_stays_are_printed_without_saying_anything_twice(
    check_in: date, check_out: date, printed: str
) -> None:
    assert formats.days(check_in, check_out) == printed


@pytest.mark.parametrize(
    ("timezone", "printed"),
    [
        ("Pacific/Kiritimati", "Wednesday 1 July 2026, 04:00"),
        ("Europe/Lisbon", "Tuesday 30 June 2026, 15:00"),
        ("Pacific/Pago_Pago", "Tuesday 30 June 2026, 03:00"),
    ],
)
def test_instants_are_printed_in_the_propertys_zone(timezone: str, printed: str) -> None:
    instant = datetime(2026, 6, 30, 14, tzinfo=UTC)

    assert formats.clock(instant, stay(timezone=timezone)) == printed


def test_a_party_names_who_comes() -> None:
    assert formats.party(stay(adults=1, children=2, infants=1, pets=1)) == (
        "1 adult, 2 children, 1 infant, 1 pet"
    )


def test_what_people_type_becomes_one_plain_line() -> None:
    assert formats.plain("A\r\nBcc: eve@example.com\x00\u2028 B") == "A Bcc: eve@example.com B"
    assert len(formats.plain("x" * 500)) == 120


def test_an_address_says_nothing_twice() -> None:
    twin = stay(address="Quai 3", postal_code="", city="Luxembourg", region="", country="LU")

    assert formats.address(twin) == "Quai 3, Luxembourg"
