"""Prices are those of the slow model, whatever the property, the stay and the moment."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.pricing import rules
from app.properties.terms import set_prices
from tests.support import model
from tests.support.places import (
    guests_of,
    night_terms_of,
    promotion_of,
    random_code,
    random_now,
    random_party,
    random_place,
    random_stay,
    terms_of,
)


@settings(deadline=None, max_examples=300)
@given(st.randoms(use_true_random=False), st.integers(0, 10_000), st.integers(0, 10_000))
def test_prices_are_the_models(chance: Random, guest_fee_bp: int, host_fee_bp: int) -> None:
    now = random_now(chance)
    place, party = random_place(chance, now), random_party(chance)
    stay, code = random_stay(chance, place, now), random_code(chance)
    found = rules.quote(
        terms_of(place, guest_fee_bp, host_fee_bp),
        set_prices(night_terms_of(place)),
        *stay,
        guests_of(party),
        model.today(place, now),
        promotion_of(code),
    )
    expected = model.bill(
        place, *stay, party, now, guest_fee_bp=guest_fee_bp, host_fee_bp=host_fee_bp, code=code
    )
    lines = [(i.kind, i.quantity, i.unit_minor, i.amount_minor) for i in found.line_items]
    assert lines == expected.lines
    assert found.subtotal_minor == expected.subtotal_minor
    assert found.total_minor == expected.total_minor == sum(line[3] for line in lines)
    assert found.tax_minor == expected.tax_minor
    assert found.host_payout_minor == expected.host_payout_minor
    shares = found.host_payout_minor + found.platform_minor + found.tax_minor
    assert shares == found.total_minor + found.promotion_minor
    assert found.total_minor > 0
