"""What an altered stay costs, and who may do what about it when: by tables."""

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.availability.rules import StayNotAllowedReason, instant
from app.bookings.alterations.rules import (
    Agreed,
    Change,
    altered,
    deadline,
    difference_lines,
    obstacle,
    options,
    refusal,
    wanted,
)
from app.bookings.errors import Obstacle
from app.bookings.options import BookingAction
from app.errors import Invalid
from app.pricing.rules import Guests, Promotion, Quote, Tax, Terms, night_prices, quote
from app.promotions.rules import Offer
from app.properties.terms import StayTerms
from db.enums import BookingActor, LineItemKind, TaxKind

# A Monday.
MONDAY = date(2027, 3, 1)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
ZONE = "Europe/Lisbon"
NOW = datetime(2027, 2, 1, 12, tzinfo=UTC)
TWO = Guests(adults=2)
TERMS = Terms(
    currency="EUR",
    base_price_minor=100_00,
    weekend_price_minor=150_00,
    cleaning_fee_minor=50_00,
    guests_included=2,
    extra_guest_fee_minor=10_00,
    weekly_discount_bp=1_000,
    taxes=(Tax(name="City", kind=TaxKind.PERCENTAGE, rate_bp=600, max_nights=3),),
    guest_fee_bp=1_200,
    host_fee_bp=300,
)
GUEST, HOST, ADMIN = BookingActor.GUEST, BookingActor.HOST, BookingActor.ADMIN
A = BookingAction


def price_of(nights: int) -> Quote:
    """What it cost when it was booked."""
    return quote(TERMS, {}, MONDAY, MONDAY + nights * DAY, TWO, MONDAY - 30 * DAY)


def agreed(
    nights: int = 3,
    *,
    check_in: date = MONDAY,
    terms: Terms = TERMS,
    offer: Offer | None = None,
    by_host: bool = False,
    timezone: str = ZONE,
) -> Agreed:
    check_out = check_in + nights * DAY
    promotion = None
    if offer is not None:
        promotion = Promotion(
            code=offer.code, rate_bp=offer.rate_bp, amount_minor=offer.amount_minor, by_host=by_host
        )
    booked_on = check_in - 30 * DAY
    price = quote(terms, {}, check_in, check_out, TWO, booked_on, promotion)
    return Agreed(
        check_in=check_in,
        check_out=check_out,
        check_in_at=instant(check_in, time(15), timezone),
        check_out_at=instant(check_out, time(11), timezone),
        timezone=timezone,
        guests=TWO,
        currency="EUR",
        total_minor=price.total_minor,
        host_payout_minor=price.host_payout_minor,
        tax_minor=price.tax_minor,
        promotion_minor=price.promotion_minor,
        terms=terms,
        night_prices=tuple(night_prices(terms, {}, check_in, check_out)),
        booked_on=booked_on,
        offer=offer,
        offer_by_host=by_host,
    )


def today(price: int = 300_00) -> Any:
    return lambda night: price


def amounts(stay: Any, kind: LineItemKind) -> int:
    return sum(line.amount_minor for line in stay.quote.line_items if line.kind is kind)


def test_nights_keep_their_price_and_new_ones_cost_what_they_do_today() -> None:
    booked = agreed(3)
    stay = altered(booked, MONDAY - DAY, MONDAY + 4 * DAY, TWO, today())
    assert stay.night_prices == (300_00, 100_00, 100_00, 100_00, 300_00)
    assert stay.extra_nights == (MONDAY - DAY, MONDAY + 3 * DAY)
    # The fees are those that were agreed: nothing else has become dearer.
    assert amounts(stay, LineItemKind.CLEANING_FEE) == 50_00
    assert stay.quote.guest_fee_bp == 1_200


def test_a_week_together_gets_the_discount_of_a_week() -> None:
    stay = altered(agreed(5), MONDAY, MONDAY + 7 * DAY, TWO, today(200_00))
    # Four nights at 100.00 and one at 150.00 as booked, two at 200.00 of today.
    assert amounts(stay, LineItemKind.NIGHTS) == 950_00
    assert amounts(stay, LineItemKind.DISCOUNT) == -95_00


def test_more_guests_cost_what_was_agreed_for_them() -> None:
    booked = agreed(3)
    stay = altered(booked, MONDAY, MONDAY + 3 * DAY, Guests(adults=4), today())
    assert amounts(stay, LineItemKind.EXTRA_GUESTS) == 3 * 2 * 10_00
    assert stay.extra_nights == ()
    assert stay.difference_minor > 0


@pytest.mark.parametrize(
    ("nights", "kept"),
    [(4, True), (3, True), (2, False)],
)
@pytest.mark.parametrize("by_host", [False, True])
def test_a_code_goes_on_as_long_as_the_stay_is_one_that_it_is_for(
    nights: int, kept: bool, by_host: bool
) -> None:
    offer = Offer(code="SPRING", rate_bp=1_000, min_nights=3, bookings_to=date(2020, 1, 1))
    stay = altered(
        agreed(3, offer=offer, by_host=by_host), MONDAY, MONDAY + nights * DAY, TWO, today()
    )
    kinds = {line.kind for line in stay.quote.line_items}
    code = LineItemKind.HOST_PROMOTION if by_host else LineItemKind.PLATFORM_PROMOTION
    assert (code in kinds) is kept


stays = st.tuples(st.integers(-40, 40), st.integers(1, 40))


@given(booked=st.integers(1, 40), stay=stays, guests=st.integers(1, 6), price=st.integers(1, 10**6))
def test_the_shares_of_a_difference_are_the_difference(
    booked: int, stay: tuple[int, int], guests: int, price: int
) -> None:
    before = agreed(booked)
    start = MONDAY + stay[0] * DAY
    end = start + stay[1] * DAY
    found = altered(before, start, end, Guests(adults=guests), today(price))
    assert found.difference.total_minor == found.quote.total_minor - before.total_minor
    assert before.host_payout_minor + found.difference.host_minor == found.quote.host_payout_minor
    assert before.tax_minor + found.difference.tax_minor == found.quote.tax_minor
    assert len(found.night_prices) == stay[1]
    lines = difference_lines(price_of(booked).line_items, found.quote.line_items)
    assert sum(line.amount_minor for line in lines) == found.difference_minor
    assert all(line.quantity * line.unit_minor == line.amount_minor != 0 for line in lines)


@given(booked=st.integers(1, 40), price=st.integers(1, 10**6))
def test_what_stays_as_it_is_costs_what_it_did(booked: int, price: int) -> None:
    before = agreed(booked)
    found = altered(before, before.check_in, before.check_out, TWO, today(price))
    assert found.difference_minor == 0
    assert (found.check_in_at, found.check_out_at) == (before.check_in_at, before.check_out_at)


def test_another_date_keeps_the_agreed_time_whatever_the_clocks_do() -> None:
    # The clocks go forward in Lisbon on 28 March 2027.
    before = agreed(3, check_in=date(2027, 3, 25))
    found = altered(before, before.check_in, date(2027, 3, 29), TWO, today())
    assert before.check_out_at == datetime(2027, 3, 28, 10, tzinfo=UTC)
    assert found.check_out_at == datetime(2027, 3, 29, 10, tzinfo=UTC)
    earlier = altered(before, date(2027, 3, 25), date(2027, 3, 27), TWO, today())
    assert earlier.check_out_at == datetime(2027, 3, 27, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "now"),
    [
        (Change(), NOW),
        (Change(check_in=MONDAY, check_out=MONDAY + 3 * DAY, guests=TWO), NOW),
        (Change(check_out=MONDAY), NOW),
        (Change(check_out=MONDAY + 366 * DAY), NOW),
        (Change(guests=Guests(adults=0)), NOW),
        # The stay has begun: its beginning is what it is.
        (Change(check_in=MONDAY + DAY), instant(MONDAY, time(15), ZONE)),
    ],
)
def test_what_can_never_be_wanted(change: Change, now: datetime) -> None:
    with pytest.raises(Invalid):
        wanted(agreed(3), change, now)


def test_until_check_in_the_beginning_can_be_moved() -> None:
    before = agreed(3)
    change = Change(check_in=MONDAY + DAY)
    assert wanted(before, change, before.check_in_at - SECOND)[0] == MONDAY + DAY


def at(days: int, hour: int) -> datetime:
    """So many days after that Monday, at a full hour there."""
    return instant(MONDAY + days * DAY, time(hour), ZONE)


PLACE = StayTerms(timezone=ZONE, max_guests=4)


@pytest.mark.parametrize(
    ("check_in", "check_out", "guests", "now", "why"),
    [
        (MONDAY, MONDAY + 9 * DAY, TWO, NOW, None),
        (MONDAY - DAY, MONDAY, TWO, at(-1, 23), None),
        (
            MONDAY - DAY,
            MONDAY + DAY,
            TWO,
            at(0, 0),
            StayNotAllowedReason.IN_THE_PAST,
        ),
        # Out by eleven: at eleven it is too late to say so.
        (MONDAY, MONDAY + DAY, TWO, at(1, 11) - SECOND, None),
        (
            MONDAY,
            MONDAY + DAY,
            TWO,
            at(1, 11),
            StayNotAllowedReason.IN_THE_PAST,
        ),
        (
            date.max - DAY,
            date.max,
            TWO,
            NOW,
            StayNotAllowedReason.TOO_FAR_AHEAD,
        ),
        (MONDAY, MONDAY + 3 * DAY, Guests(adults=4), NOW, None),
        (
            MONDAY,
            MONDAY + 3 * DAY,
            Guests(adults=5),
            NOW,
            StayNotAllowedReason.TOO_MANY_GUESTS,
        ),
        (
            MONDAY,
            MONDAY + 3 * DAY,
            Guests(adults=2, pets=1),
            NOW,
            StayNotAllowedReason.PETS_NOT_ALLOWED,
        ),
    ],
)
def test_what_a_place_cannot_have_whatever_its_host_says(
    check_in: date,
    check_out: date,
    guests: Guests,
    now: datetime,
    why: StayNotAllowedReason | None,
) -> None:
    assert refusal(agreed(3), check_in, check_out, guests, PLACE, now) is why


def test_who_may_come_already_may_go_on_to() -> None:
    smaller = StayTerms(timezone=ZONE, max_guests=1)
    assert refusal(agreed(3), MONDAY, MONDAY + DAY, TWO, smaller, NOW) is None


@pytest.mark.parametrize(
    ("check_in", "nights", "now", "until"),
    [
        (MONDAY, 4, NOW, NOW + DAY),
        # The end of either stay.
        (MONDAY, 4, at(3, 9), at(3, 11)),
        (MONDAY, 2, at(2, 9), at(2, 11)),
        # Another beginning: that of either.
        (MONDAY + DAY, 2, at(0, 9), at(0, 15)),
        (MONDAY - DAY, 4, at(-1, 9), at(-1, 15)),
        # It is evening already: tonight, then, if the other side says so before the stay begins.
        (MONDAY - DAY, 4, at(-1, 20), at(0, 15)),
    ],
)
def test_an_answer_has_time_while_both_stays_are_ahead(
    check_in: date, nights: int, now: datetime, until: datetime
) -> None:
    begins = instant(check_in, time(15), ZONE)
    ends = instant(check_in + nights * DAY, time(11), ZONE)
    assert deadline(agreed(3), begins, ends, now, 24 * 3600) == until


def row(status: str = "CONFIRMED") -> Any:
    return SimpleNamespace(status=status, check_out_at=NOW + DAY)


def offer_of(by: BookingActor, status: str = "OPEN") -> Any:
    return SimpleNamespace(proposed_by=by, status=status, expires_at=NOW + SECOND)


@pytest.mark.parametrize(
    ("by", "alteration", "possible"),
    [
        (GUEST, None, {A.PROPOSE_ALTERATION}),
        (HOST, None, {A.PROPOSE_ALTERATION}),
        (GUEST, offer_of(GUEST), {A.WITHDRAW_ALTERATION}),
        (HOST, offer_of(GUEST), {A.ACCEPT_ALTERATION, A.DECLINE_ALTERATION}),
        (GUEST, offer_of(HOST), {A.ACCEPT_ALTERATION, A.DECLINE_ALTERATION}),
        (HOST, offer_of(HOST), {A.WITHDRAW_ALTERATION}),
        *(
            (GUEST, offer_of(side, "AWAITING_PAYMENT"), {A.PAY_ALTERATION, A.WITHDRAW_ALTERATION})
            for side in (GUEST, HOST)
        ),
        *((HOST, offer_of(side, "AWAITING_PAYMENT"), set[A]()) for side in (GUEST, HOST)),
        (ADMIN, None, set[A]()),
    ],
)
def test_who_may_do_what_when(by: BookingActor, alteration: Any, possible: set[A]) -> None:
    found = options(row(), alteration, by, NOW)
    assert {each.action for each in found if each.is_available} == possible
    for status in ("PENDING_HOST", "COMPLETED", "CANCELLED"):
        assert not any(each.is_available for each in options(row(status), alteration, by, NOW))


@pytest.mark.parametrize("by", [GUEST, HOST])
def test_an_answer_is_too_late_when_its_time_is_over(by: BookingActor) -> None:
    other = HOST if by is GUEST else GUEST
    waiting = offer_of(other)
    late = waiting.expires_at
    assert obstacle(row(), waiting, A.ACCEPT_ALTERATION, by, late) is Obstacle.TIME_IS_OVER
    assert obstacle(row(), waiting, A.PROPOSE_ALTERATION, by, late - SECOND) is (
        Obstacle.ALTERATION_OPEN
    )
    # Another may follow at once, whether or not a sweep has noted it.
    assert obstacle(row(), waiting, A.PROPOSE_ALTERATION, by, late) is None
    assert obstacle(row(), None, A.ACCEPT_ALTERATION, by, NOW) is Obstacle.NO_ALTERATION
