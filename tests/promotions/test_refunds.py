"""What a cancellation gives back of a stay that was booked with a code, to the minor unit."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.availability.rules import instant
from app.bookings.cancellation import Stay, refund
from app.pricing import rules
from app.pricing.rules import Promotion, Quote
from app.properties.terms import Terms, set_prices
from db.enums import BookingActor, BookingStatus, CancellationPolicy, LineItemKind
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

K = LineItemKind
CHECK_IN = date(2026, 7, 6)


def stay_of(quote: Quote, policy: CancellationPolicy, at: datetime, timezone: str) -> Stay:
    return Stay(
        status=BookingStatus.CONFIRMED,
        policy=policy,
        check_in=quote.check_in,
        check_out=quote.check_out,
        check_in_at=at,
        timezone=timezone,
        confirmed_at=at - timedelta(days=60),
        line_items=quote.line_items,
        host_payout_minor=quote.host_payout_minor,
        host_fee_bp=quote.host_fee_bp,
    )


@pytest.mark.parametrize("by_host", [True, False])
def test_a_part_of_the_nights_takes_its_part_of_the_promotion(by_host: bool) -> None:
    """Four nights at 100.00 and cleaning for 50.00, 20 % off, cancelled within the half."""
    terms = Terms(
        currency="EUR",
        base_price_minor=100_00,
        cleaning_fee_minor=50_00,
        guest_fee_bp=1_200,
        host_fee_bp=300,
    )
    code = Promotion(code="SUMMER", rate_bp=2_000, by_host=by_host)
    guests = rules.Guests(adults=2)
    leave = CHECK_IN + timedelta(days=4)
    quote = rules.quote(terms, {}, CHECK_IN, leave, guests, CHECK_IN - timedelta(days=90), code)
    at = datetime(2026, 7, 6, 14, tzinfo=UTC)
    stay = stay_of(quote, CancellationPolicy.STRICT, at, "Europe/Lisbon")
    found = refund(stay, BookingActor.GUEST, at - timedelta(days=10))
    kind = K.HOST_PROMOTION if by_host else K.PLATFORM_PROMOTION
    lines = {line.kind: line.amount_minor for line in found.line_items}
    # Half of the nights and the cleaning are 250.00 of 450.00, and so is the promotion's part.
    assert lines == {K.NIGHTS: 200_00, K.CLEANING_FEE: 50_00, kind: -50_00}
    assert found.amount_minor == 200_00
    kept_by_host = quote.host_payout_minor - found.host_minor
    # The host keeps 200.00 less 3 %, of which 40.00 were never theirs if the promotion is theirs.
    assert kept_by_host == (155_20 if by_host else 194_00)
    assert found.promotion_minor == (0 if by_host else 50_00)


@settings(deadline=None, max_examples=300)
@given(
    st.randoms(use_true_random=False),
    st.sampled_from(CancellationPolicy),
    st.sampled_from([BookingActor.GUEST, BookingActor.HOST]),
    st.integers(-70 * 24, 45 * 24),
)
def test_whatever_is_cancelled_nobody_gets_or_gives_too_much(
    chance: Random, policy: CancellationPolicy, by: BookingActor, hours: int
) -> None:
    now = random_now(chance)
    place, party, code = random_place(chance, now), random_party(chance), random_code(chance)
    stay = random_stay(chance, place, now)
    quote = rules.quote(
        terms_of(place, 1_200, 300),
        set_prices(night_terms_of(place)),
        *stay,
        guests_of(party),
        model.today(place, now),
        promotion_of(code),
    )
    at = instant(stay[0], place.check_in_time, place.timezone)
    booked = stay_of(quote, policy, at, place.timezone)
    found = refund(booked, by, at + timedelta(hours=hours))
    assert 0 <= found.amount_minor <= quote.total_minor
    shares = found.host_minor + found.platform_minor + found.tax_minor
    assert shares == found.amount_minor + found.promotion_minor
    assert 0 <= found.host_minor <= quote.host_payout_minor
    assert 0 <= found.tax_minor <= quote.tax_minor
    assert 0 <= found.promotion_minor <= quote.promotion_minor
    assert sum(line.amount_minor for line in found.line_items) == found.amount_minor
    # What is left adds up, too: nothing of anybody's share is lost between the two.
    left = quote.total_minor - found.amount_minor + quote.promotion_minor - found.promotion_minor
    assert left == (
        quote.host_payout_minor
        - found.host_minor
        + quote.platform_minor
        - found.platform_minor
        + quote.tax_minor
        - found.tax_minor
    )
    if by is BookingActor.HOST:
        assert found.amount_minor == quote.total_minor
        everything = msgspec.structs.replace(found, line_items=())
        assert everything.promotion_minor == quote.promotion_minor
