"""Which codes there can be, and for which stays one is good."""

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec import structs

from app.errors import Invalid
from app.ids import new_id
from app.pricing import rules as pricing
from app.pricing.rules import Guests, Quote, Terms
from app.promotions.errors import MESSAGES, PromotionRefusal
from app.promotions.rules import Found, Offer, checked, normalized, refusal

R = PromotionRefusal
TODAY = date(2026, 6, 1)
CHECK_IN = date(2026, 7, 6)
DAY = timedelta(days=1)
TEN = Offer(code="TEN", rate_bp=1_000)


def quote(nights: int = 3) -> Quote:
    terms = Terms(currency="EUR", base_price_minor=100_00, guest_fee_bp=1_200, host_fee_bp=300)
    return pricing.quote(terms, {}, CHECK_IN, CHECK_IN + nights * DAY, Guests(adults=1), TODAY)


def found(uses: int = 0, guest_uses: int = 0, *, has_ended: bool = False, **offer: Any) -> Found:
    return Found(
        id=new_id(),
        offer=structs.replace(TEN, **offer),
        by_host=True,
        has_ended=has_ended,
        uses=uses,
        guest_uses=guest_uses,
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (found(), None),
        (found(has_ended=True), R.OVER),
        (found(bookings_to=TODAY), R.OVER),
        (found(bookings_to=TODAY + DAY), None),
        (found(bookings_from=TODAY + DAY), R.NOT_YET),
        (found(bookings_from=TODAY), None),
        (found(uses=4, max_uses=5), None),
        (found(uses=5, max_uses=5), R.USED_UP),
        (found(guest_uses=1, max_uses_per_guest=2), None),
        (found(guest_uses=2, max_uses_per_guest=2), R.USED_BY_GUEST),
        (found(guest_uses=99), None),
        (found(min_nights=3), None),
        (found(min_nights=4), R.TOO_FEW_NIGHTS),
        # Of the price without the service fee.
        (found(min_amount_minor=300_00), None),
        (found(min_amount_minor=300_01), R.AMOUNT_TOO_SMALL),
        (found(stays_from=CHECK_IN), None),
        (found(stays_from=CHECK_IN + DAY), R.OTHER_DATES),
        # The day of leaving is no night.
        (found(stays_to=CHECK_IN + 3 * DAY), None),
        (found(stays_to=CHECK_IN + 2 * DAY), R.OTHER_DATES),
    ],
)
def test_which_stays_a_code_is_for(code: Found, expected: PromotionRefusal | None) -> None:
    assert refusal(code, quote(), TODAY) is expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("summer-26", "SUMMER-26"),
        (" Summer ", "SUMMER"),
        ("abc", None),
        ("A" * 32, "A" * 32),
        ("A" * 33, None),
        ("-ABCD", None),
        ("ÄBCD", None),
        ("AB CD", None),
        ("", None),
    ],
)
def test_codes_are_letters_digits_and_dashes(text: str, code: str | None) -> None:
    assert normalized(text) == code


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "abc"}, "code"),
        ({"rate_bp": None}, "percent"),
        ({"amount_minor": 1, "currency": "EUR"}, "percent"),
        ({"rate_bp": 0}, "percent"),
        ({"rate_bp": 9_001}, "percent"),
        ({"rate_bp": None, "amount_minor": 0, "currency": "EUR"}, "amount"),
        ({"rate_bp": None, "amount_minor": 10**9 + 1, "currency": "EUR"}, "amount"),
        ({"min_amount_minor": 0, "currency": "EUR"}, "minAmount"),
        ({"max_uses": 0}, "maxUses"),
        ({"max_uses_per_guest": 0}, "maxUsesPerGuest"),
        ({"min_nights": 366}, "minNights"),
        ({"stays_from": TODAY, "stays_to": TODAY}, "staysTo"),
        ({"bookings_from": TODAY + DAY, "bookings_to": TODAY}, "bookingsTo"),
        ({"property_ids": ()}, "propertyIds"),
        ({"property_ids": tuple(new_id() for _ in range(51))}, "propertyIds"),
    ],
)
def test_what_no_code_can_be(changes: dict[str, Any], field: str) -> None:
    offer = Offer(code="SUMMER", rate_bp=1_000)
    assert checked(offer).code == "SUMMER"
    with pytest.raises(Invalid) as refused:
        checked(structs.replace(offer, **changes))
    assert refused.value.field == field


def test_every_refusal_has_its_words() -> None:
    assert set(MESSAGES) == set(PromotionRefusal)
