"""Section 5 of the domain rules, row by row, one second on both sides of each boundary."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.availability.rules import instant
from app.bookings.cancellation import (
    Stay,
    is_early_departure,
    nights_given_up,
    nights_stayed,
    refund,
)
from app.money import share
from app.pricing.rules import LineItem
from db.enums import BookingActor, BookingStatus, CancellationPolicy, LineItemKind

CHECK_IN = date(2026, 7, 10)
NIGHT = 100_00
SECOND = timedelta(seconds=1)
AT = time(15)
HOST_FEE_BP = 300


def line(kind: LineItemKind, amount: int, quantity: int = 1) -> LineItem:
    return LineItem(
        kind=kind,
        description=kind.value,
        quantity=quantity,
        unit_minor=amount // quantity,
        amount_minor=amount,
    )


def make_stay(
    policy: CancellationPolicy,
    *,
    nights: int = 4,
    timezone: str = "Europe/Lisbon",
    check_in: date = CHECK_IN,
    confirmed_before: timedelta = timedelta(days=60),
    status: BookingStatus = BookingStatus.CONFIRMED,
) -> Stay:
    """Four nights at 100.00, cleaning 50.00, service fee 12 %, tax 10 %."""
    at = instant(check_in, AT, timezone)
    subtotal = nights * NIGHT + 50_00
    lines = [
        line(LineItemKind.NIGHTS, nights * NIGHT, nights),
        line(LineItemKind.CLEANING_FEE, 50_00),
        line(LineItemKind.SERVICE_FEE, share(subtotal, 1_200)),
        line(LineItemKind.TAX, share(subtotal, 1_000)),
    ]
    return Stay(
        status=status,
        policy=policy,
        check_in=check_in,
        check_out=check_in + timedelta(days=nights),
        check_in_at=at,
        timezone=timezone,
        confirmed_at=at - confirmed_before,
        line_items=lines,
        host_payout_minor=subtotal - share(subtotal, HOST_FEE_BP),
        host_fee_bp=HOST_FEE_BP,
    )


def total(stay: Stay) -> int:
    return sum(item.amount_minor for item in stay.line_items)


def back(stay: Stay, now: datetime) -> dict[LineItemKind, int]:
    lines = refund(stay, BookingActor.GUEST, now).line_items
    return {item.kind: item.amount_minor for item in lines}


FULL_UNTIL = [
    (CancellationPolicy.FLEXIBLE, timedelta(hours=24)),
    (CancellationPolicy.MODERATE, timedelta(days=5)),
    (CancellationPolicy.LIMITED, timedelta(days=14)),
    (CancellationPolicy.FIRM, timedelta(days=30)),
]


@pytest.mark.parametrize(("policy", "notice"), FULL_UNTIL)
@pytest.mark.parametrize("zone", ["Europe/Lisbon", "Pacific/Pago_Pago", "Pacific/Kiritimati"])
def test_everything_goes_back_up_to_and_including_the_policys_notice(
    policy: CancellationPolicy, notice: timedelta, zone: str
) -> None:
    stay = make_stay(policy, timezone=zone)
    boundary = stay.check_in_at - notice
    for now in (boundary - SECOND, boundary):
        assert refund(stay, BookingActor.GUEST, now).amount_minor == total(stay)
    assert refund(stay, BookingActor.GUEST, boundary + SECOND).amount_minor < total(stay)


@pytest.mark.parametrize(
    ("policy", "before", "nights_minor"),
    [
        # Less than a day's notice: all but one night.
        (CancellationPolicy.FLEXIBLE, timedelta(hours=23), 3 * NIGHT),
        # Half of the nights beyond the first.
        (CancellationPolicy.MODERATE, timedelta(days=4), 3 * NIGHT // 2),
        (CancellationPolicy.LIMITED, timedelta(days=7), 4 * NIGHT // 2),
        (CancellationPolicy.LIMITED, timedelta(days=7) - SECOND, 0),
        (CancellationPolicy.FIRM, timedelta(days=7), 4 * NIGHT // 2),
        (CancellationPolicy.FIRM, timedelta(days=7) - SECOND, 0),
        (CancellationPolicy.STRICT, timedelta(days=58), 4 * NIGHT // 2),
        (CancellationPolicy.STRICT, timedelta(days=7), 4 * NIGHT // 2),
        (CancellationPolicy.STRICT, timedelta(days=7) - SECOND, 0),
    ],
)
def test_later_a_share_of_the_nights_goes_back_and_the_service_fee_stays(
    policy: CancellationPolicy, before: timedelta, nights_minor: int
) -> None:
    stay = make_stay(policy)
    lines = back(stay, stay.check_in_at - before)
    assert lines.get(LineItemKind.NIGHTS, 0) == nights_minor
    assert lines[LineItemKind.CLEANING_FEE] == 50_00
    assert LineItemKind.SERVICE_FEE not in lines
    # 10 % of what is refunded of the nights and the fee.
    assert lines[LineItemKind.TAX] == share(nights_minor + 50_00, 1_000)


@pytest.mark.parametrize(
    ("policy", "after", "nights_minor"),
    [
        # The first night counts as stayed from the check-in instant on.
        (CancellationPolicy.FLEXIBLE, timedelta(0), 2 * NIGHT),
        (CancellationPolicy.FLEXIBLE, timedelta(days=1) - SECOND, 2 * NIGHT),
        (CancellationPolicy.FLEXIBLE, timedelta(days=1), 1 * NIGHT),
        (CancellationPolicy.FLEXIBLE, timedelta(days=2), 0),
        (CancellationPolicy.MODERATE, timedelta(0), 2 * NIGHT // 2),
        (CancellationPolicy.MODERATE, timedelta(days=3), 0),
        (CancellationPolicy.STRICT, timedelta(0), 0),
    ],
)
def test_after_check_in_the_nights_stayed_are_kept_and_so_is_the_cleaning_fee(
    policy: CancellationPolicy, after: timedelta, nights_minor: int
) -> None:
    stay = make_stay(policy)
    lines = back(stay, stay.check_in_at + after)
    assert lines.get(LineItemKind.NIGHTS, 0) == nights_minor
    assert LineItemKind.CLEANING_FEE not in lines


@pytest.mark.parametrize(
    ("after", "status", "given_up", "early"),
    [
        (-SECOND, BookingStatus.CONFIRMED, 4, False),
        (timedelta(0), BookingStatus.CONFIRMED, 3, True),
        (timedelta(days=1) - SECOND, BookingStatus.CONFIRMED, 3, True),
        (timedelta(days=1), BookingStatus.CONFIRMED, 2, True),
        (timedelta(days=3), BookingStatus.CONFIRMED, 0, True),
        # Nobody stays on a request, even one for tonight.
        (timedelta(hours=1), BookingStatus.PENDING_HOST, 4, False),
    ],
)
def test_leaving_early_gives_up_the_nights_that_have_not_begun(
    after: timedelta, status: BookingStatus, given_up: int, early: bool
) -> None:
    stay = make_stay(CancellationPolicy.FLEXIBLE, status=status)
    now = stay.check_in_at + after
    assert nights_given_up(stay, now) == given_up
    assert is_early_departure(stay, now) is early


def test_the_grace_period_gives_everything_back_even_when_strict() -> None:
    stay = make_stay(CancellationPolicy.STRICT, confirmed_before=timedelta(days=7))
    assert stay.confirmed_at is not None
    end = stay.confirmed_at + timedelta(hours=24)
    assert refund(stay, BookingActor.GUEST, end).amount_minor == total(stay)
    assert refund(stay, BookingActor.GUEST, end + SECOND).amount_minor < total(stay)


@pytest.mark.parametrize(
    ("confirmed_before", "nights"),
    [(timedelta(days=7) - SECOND, 4), (timedelta(days=7), 28)],
)
def test_no_grace_for_short_notice_or_long_stays(confirmed_before: timedelta, nights: int) -> None:
    stay = make_stay(CancellationPolicy.STRICT, confirmed_before=confirmed_before, nights=nights)
    assert stay.confirmed_at is not None
    assert refund(stay, BookingActor.GUEST, stay.confirmed_at).amount_minor < total(stay)


@pytest.mark.parametrize("by", [BookingActor.HOST, BookingActor.ADMIN])
def test_host_and_admin_give_everything_back_at_any_time(by: BookingActor) -> None:
    stay = make_stay(CancellationPolicy.STRICT)
    assert refund(stay, by, stay.check_in_at + timedelta(days=2)).amount_minor == total(stay)


@pytest.mark.parametrize("status", [BookingStatus.PENDING_PAYMENT, BookingStatus.PENDING_HOST])
def test_before_confirmation_everything_goes_back(status: BookingStatus) -> None:
    stay = make_stay(CancellationPolicy.STRICT, status=status)
    now = stay.check_in_at - timedelta(hours=1)
    assert refund(stay, BookingActor.GUEST, now).amount_minor == total(stay)


@pytest.mark.parametrize(
    ("check_in", "zone"),
    [
        (date(2026, 3, 28), "Europe/Lisbon"),  # the clocks go forward in the second night
        (date(2026, 10, 24), "Europe/Lisbon"),  # and back
        (date(2028, 2, 28), "Pacific/Kiritimati"),  # 29 February, UTC+14
        (date(2028, 2, 28), "Pacific/Pago_Pago"),  # UTC-11
    ],
)
def test_nights_are_counted_by_local_dates_whatever_the_clocks_do(
    check_in: date, zone: str
) -> None:
    stay = make_stay(CancellationPolicy.FLEXIBLE, check_in=check_in, timezone=zone)
    for stayed in range(1, 5):
        night = check_in + timedelta(days=stayed - 1)
        begins = instant(night, AT, zone)
        assert nights_stayed(stay, begins - SECOND) == stayed - 1
        assert nights_stayed(stay, begins) == stayed


# Refunded of four nights and the cleaning fee up to each boundary (the instant itself included or
# not), and after it; boundaries before the check-in instant as notice, later ones by nights.
DAY = timedelta(days=1)
ALL = 4 * NIGHT + 50_00
BOUNDARIES = [
    (CancellationPolicy.FLEXIBLE, DAY, ALL, 3 * NIGHT + 50_00),
    (CancellationPolicy.MODERATE, 5 * DAY, ALL, 3 * NIGHT // 2 + 50_00),
    (CancellationPolicy.LIMITED, 14 * DAY, ALL, 2 * NIGHT + 50_00),
    (CancellationPolicy.LIMITED, 7 * DAY, 2 * NIGHT + 50_00, 50_00),
    (CancellationPolicy.FIRM, 30 * DAY, ALL, 2 * NIGHT + 50_00),
    (CancellationPolicy.FIRM, 7 * DAY, 2 * NIGHT + 50_00, 50_00),
    (CancellationPolicy.STRICT, 7 * DAY, 2 * NIGHT + 50_00, 50_00),
]
NIGHT_BOUNDARIES = [
    (CancellationPolicy.FLEXIBLE, 0, 3 * NIGHT + 50_00, 2 * NIGHT),
    (CancellationPolicy.FLEXIBLE, 1, 2 * NIGHT, 1 * NIGHT),
    (CancellationPolicy.FLEXIBLE, 2, 1 * NIGHT, 0),
    (CancellationPolicy.MODERATE, 0, 3 * NIGHT // 2 + 50_00, 2 * NIGHT // 2),
    (CancellationPolicy.MODERATE, 1, 2 * NIGHT // 2, NIGHT // 2),
    (CancellationPolicy.MODERATE, 2, NIGHT // 2, 0),
    *(
        (policy, 0, 50_00, 0)
        for policy in (
            CancellationPolicy.LIMITED,
            CancellationPolicy.FIRM,
            CancellationPolicy.STRICT,
        )
    ),
]
# The clocks change within the notice, during the stay, or never; at both ends of the world.
PLACES = [
    ("Europe/Lisbon", date(2026, 7, 10)),
    ("Europe/Lisbon", date(2026, 3, 29)),
    ("Europe/Lisbon", date(2026, 10, 25)),
    ("Europe/Lisbon", date(2026, 10, 30)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Pacific/Pago_Pago", date(2028, 2, 28)),
    ("Pacific/Kiritimati", date(2028, 2, 28)),
]


def refunded_of(stay: Stay, now: datetime) -> int:
    lines = back(stay, now)
    return lines.get(LineItemKind.NIGHTS, 0) + lines.get(LineItemKind.CLEANING_FEE, 0)


@pytest.mark.parametrize(("zone", "check_in"), PLACES)
def test_every_boundary_to_the_second_wherever_the_place_is(zone: str, check_in: date) -> None:
    for policy, notice, until, after in BOUNDARIES:
        stay = make_stay(policy, timezone=zone, check_in=check_in)
        # Notice is elapsed time: a day before is 24 h, also when the clocks change in between.
        last = instant(check_in, AT, zone) - notice
        assert [refunded_of(stay, at) for at in (last - SECOND, last, last + SECOND)] == [
            until,
            until,
            after,
        ], (policy, notice)
    for policy, night, until, after in NIGHT_BOUNDARIES:
        stay = make_stay(policy, timezone=zone, check_in=check_in)
        # A night begins at the local check-in time, however long the one before it was.
        begins = instant(check_in + night * DAY, AT, zone)
        assert [refunded_of(stay, at) for at in (begins - SECOND, begins, begins + SECOND)] == [
            until,
            after,
            after,
        ], (policy, night)


# Of a stay that is confirmed later than their notice, only the grace period gives everything back.
LATE = [CancellationPolicy.LIMITED, CancellationPolicy.FIRM, CancellationPolicy.STRICT]


@pytest.mark.parametrize(("zone", "check_in"), PLACES)
@pytest.mark.parametrize("policy", LATE)
def test_every_boundary_of_the_grace_period_wherever_the_place_is(
    policy: CancellationPolicy, zone: str, check_in: date
) -> None:
    begins = instant(check_in, AT, zone)
    for notice, nights, has_grace in [
        (7 * DAY - SECOND, 4, False),
        (7 * DAY, 4, True),
        (7 * DAY + SECOND, 4, True),
        (7 * DAY, 27, True),
        (7 * DAY, 28, False),
    ]:
        stay = make_stay(
            policy, timezone=zone, check_in=check_in, confirmed_before=notice, nights=nights
        )
        confirmed = begins - notice
        found = [
            refund(stay, BookingActor.GUEST, confirmed + after).amount_minor == total(stay)
            for after in (timedelta(0), DAY - SECOND, DAY, DAY + SECOND)
        ]
        assert found == [has_grace, has_grace, has_grace, False], (notice, nights)


@pytest.mark.parametrize(("zone", "check_in"), PLACES)
def test_the_service_fee_goes_back_to_the_second_that_everything_does(
    zone: str, check_in: date
) -> None:
    for policy, notice in FULL_UNTIL:
        stay = make_stay(policy, timezone=zone, check_in=check_in)
        last = instant(check_in, AT, zone) - notice
        found = [
            LineItemKind.SERVICE_FEE in back(stay, at)
            for at in (last - SECOND, last, last + SECOND)
        ]
        assert found == [True, True, False], policy


@given(
    st.sampled_from(CancellationPolicy),
    st.sampled_from([BookingActor.GUEST, BookingActor.HOST]),
    st.integers(1, 40),
    st.integers(-70 * 24, 45 * 24),
    st.integers(1, 90),
)
def test_a_refund_never_exceeds_what_was_paid_and_its_parts_add_up(
    policy: CancellationPolicy, by: BookingActor, nights: int, hours: int, confirmed: int
) -> None:
    stay = make_stay(policy, nights=nights, confirmed_before=timedelta(days=confirmed))
    now = stay.check_in_at + timedelta(hours=hours)
    result = refund(stay, by, now)
    assert 0 <= result.amount_minor <= total(stay)
    assert result.host_minor + result.platform_minor + result.tax_minor == result.amount_minor
    assert 0 <= result.host_minor <= stay.host_payout_minor
    assert result.platform_minor >= 0
    assert result.tax_minor >= 0
    assert sum(item.amount_minor for item in result.line_items) == result.amount_minor


@given(st.sampled_from(CancellationPolicy), st.integers(1, 40), st.integers(-70, 45))
def test_waiting_never_raises_a_refund(policy: CancellationPolicy, nights: int, days: int) -> None:
    stay = make_stay(policy, nights=nights)
    now = stay.check_in_at + timedelta(days=days)
    earlier = refund(stay, BookingActor.GUEST, now).amount_minor
    later = refund(stay, BookingActor.GUEST, now + timedelta(days=1)).amount_minor
    assert later <= earlier


def test_an_instant_in_utc_is_what_counts() -> None:
    stay = make_stay(CancellationPolicy.FLEXIBLE)
    # 15:00 in Lisbon's summer is 14:00 UTC.
    assert stay.check_in_at == datetime(2026, 7, 10, 14, tzinfo=UTC)
