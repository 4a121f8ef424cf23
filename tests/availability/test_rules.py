"""Which stays are allowed, and when a local time is, from UTC−11 to UTC+14."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.availability import rules
from app.availability.rules import StayNotAllowedReason as Reason
from app.errors import Invalid
from app.properties.terms import Guests, NightTerms, StayTerms

TWO = Guests(adults=2)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ZONES = [
    "Pacific/Pago_Pago",  # UTC−11
    "America/Los_Angeles",
    "America/St_Johns",  # half an hour off
    "Europe/Lisbon",
    "Asia/Kathmandu",  # a quarter off
    "Australia/Lord_Howe",  # jumps by half an hour
    "Pacific/Chatham",
    "Pacific/Kiritimati",  # UTC+14
]


def terms(**changes: Any) -> StayTerms:
    defaults: dict[str, Any] = {"timezone": "Europe/Lisbon", "max_guests": 4}
    return StayTerms(**(defaults | changes))


def refusal(
    property: StayTerms,
    check_in: date,
    nights: int = 3,
    guests: Guests = TWO,
    calendar: dict[date, NightTerms] | None = None,
    now: datetime = NOW,
) -> Reason | None:
    check_out = check_in + timedelta(days=nights)
    return rules.refusal(property, check_in, check_out, guests, calendar or {}, now)


@pytest.mark.parametrize(
    ("day", "at", "timezone", "expected"),
    [
        (date(2026, 7, 1), time(15), "Pacific/Pago_Pago", "2026-07-02T02:00"),
        (date(2026, 7, 1), time(15), "Pacific/Kiritimati", "2026-07-01T01:00"),
        (date(2026, 7, 1), time(15), "Asia/Kathmandu", "2026-07-01T09:15"),
        # The day of the change has its new offset in the afternoon.
        (date(2026, 3, 28), time(15), "Europe/Lisbon", "2026-03-28T15:00"),
        (date(2026, 3, 29), time(15), "Europe/Lisbon", "2026-03-29T14:00"),
        # 01:30 is skipped: an hour later. 01:30 comes twice: the first.
        (date(2026, 3, 29), time(1, 30), "Europe/Lisbon", "2026-03-29T01:30"),
        (date(2026, 10, 25), time(1, 30), "Europe/Lisbon", "2026-10-25T00:30"),
        (date(2026, 11, 1), time(1, 30), "America/New_York", "2026-11-01T05:30"),
        (date(2028, 2, 29), time(11), "America/New_York", "2028-02-29T16:00"),
        # Half an hour is skipped: 02:15 is 02:45.
        (date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe", "2026-10-03T15:45"),
    ],
)
def test_instants(day: date, at: time, timezone: str, expected: str) -> None:
    found = rules.instant(day, at, timezone)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert found.tzinfo is UTC


@settings(deadline=None)
@given(
    st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.sampled_from(ZONES),
)
def test_an_instant_is_the_first_with_that_local_time(day: date, at: time, timezone: str) -> None:
    found = rules.instant(day, at, timezone)
    wall = datetime.combine(day, at)
    local = found.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    if local == wall:
        earlier = (found - timedelta(minutes=30), found - timedelta(hours=1))
        assert all(e.astimezone(ZoneInfo(timezone)).replace(tzinfo=None) != wall for e in earlier)
    else:
        # Skipped: no instant has that local time, and the one found is as much later as the jump.
        assert timedelta(minutes=30) <= local - wall <= timedelta(hours=1)


@pytest.mark.parametrize("timezone", ZONES)
def test_days_around_a_change_of_the_clocks_are_one_night_each(timezone: str) -> None:
    for start in (date(2026, 3, 1), date(2026, 10, 1)):
        found = rules.nights(start, start + timedelta(days=61))
        assert len(found) == len(set(found)) == 61
        checks = [rules.instant(night, time(15), timezone) for night in found]
        gaps = {later - earlier for earlier, later in pairwise(checks)}
        assert all(timedelta(hours=23) <= gap <= timedelta(hours=25) for gap in gaps)


def test_the_check_out_day_is_not_a_night() -> None:
    assert rules.nights(date(2028, 2, 28), date(2028, 3, 1)) == [
        date(2028, 2, 28),
        date(2028, 2, 29),
    ]


@pytest.mark.parametrize("timezone", ZONES)
def test_a_stay_begins_today_at_the_earliest_as_the_property_counts(timezone: str) -> None:
    for hour in range(0, 48, 3):
        now = NOW + timedelta(hours=hour)
        today = now.astimezone(ZoneInfo(timezone)).date()
        property = terms(timezone=timezone)
        assert refusal(property, today - timedelta(days=1), now=now) is Reason.IN_THE_PAST
        assert refusal(property, today, now=now) is None


@pytest.mark.parametrize("timezone", ZONES)
def test_the_booking_window_counts_local_days(timezone: str) -> None:
    now = NOW + timedelta(hours=11)
    last = now.astimezone(ZoneInfo(timezone)).date() + timedelta(days=30)
    property = terms(timezone=timezone, booking_window_days=30)
    assert refusal(property, last, now=now) is None
    assert refusal(property, last + timedelta(days=1), now=now) is Reason.TOO_FAR_AHEAD


@pytest.mark.parametrize("timezone", ZONES)
def test_advance_notice_ends_to_the_second(timezone: str) -> None:
    property = terms(timezone=timezone, advance_notice_hours=30, check_in_time=time(14, 30))
    check_in = date(2026, 6, 10)
    last = rules.instant(check_in, time(14, 30), timezone) - timedelta(hours=30)
    assert refusal(property, check_in, now=last) is None
    assert refusal(property, check_in, now=last + timedelta(seconds=1)) is Reason.TOO_SOON


def test_notice_across_a_change_of_the_clocks_is_hours_that_pass() -> None:
    # Check-in at 15:00 summer time is 14:00 UTC; 24 real hours before, not the same wall time.
    property = terms(advance_notice_hours=24)
    last = datetime(2026, 3, 28, 14, tzinfo=UTC)
    assert refusal(property, date(2026, 3, 29), now=last) is None
    assert refusal(property, date(2026, 3, 29), now=last + timedelta(minutes=1)) is Reason.TOO_SOON


def test_without_notice_a_place_can_be_booked_until_the_day_ends() -> None:
    late = datetime(2026, 6, 1, 22, 59, tzinfo=UTC)
    assert refusal(terms(), date(2026, 6, 1), now=late) is None
    late += timedelta(minutes=1)
    assert refusal(terms(), date(2026, 6, 1), now=late) is Reason.IN_THE_PAST


@pytest.mark.parametrize(
    ("nights", "override", "expected"),
    [
        (2, None, Reason.TOO_SHORT),
        (3, None, None),
        (10, None, None),
        (11, None, Reason.TOO_LONG),
        (4, 5, Reason.TOO_SHORT),
        (5, 5, None),
        (1, 1, None),
    ],
)
def test_length_of_stay(nights: int, override: int | None, expected: Reason | None) -> None:
    check_in = date(2026, 7, 1)
    # Only the night of check-in decides.
    other = check_in + timedelta(days=1)
    calendar = {
        check_in: NightTerms(night=check_in, min_nights=override),
        other: NightTerms(night=other, min_nights=30),
    }
    assert refusal(terms(min_nights=3, max_nights=10), check_in, nights, calendar=calendar) is (
        expected
    )


def test_weekdays() -> None:
    # Saturday to Saturday.
    property = terms(check_in_weekdays=1 << 5, check_out_weekdays=1 << 5)
    saturday = date(2026, 7, 4)
    assert refusal(property, saturday, 7) is None
    assert refusal(property, saturday, 6) is Reason.NO_CHECK_OUT_ON_THIS_DAY
    assert refusal(property, saturday - timedelta(days=1), 8) is Reason.NO_CHECK_IN_ON_THIS_DAY


@pytest.mark.parametrize(
    ("guests", "expected"),
    [
        (Guests(adults=4, infants=5), None),
        (Guests(adults=3, children=2), Reason.TOO_MANY_GUESTS),
        (Guests(adults=1, pets=1), Reason.PETS_NOT_ALLOWED),
    ],
)
def test_guests(guests: Guests, expected: Reason | None) -> None:
    assert refusal(terms(), date(2026, 7, 1), guests=guests) is expected
    assert refusal(terms(max_guests=9, pets_allowed=True), date(2026, 7, 1), guests=guests) is None


@pytest.mark.parametrize(
    ("nights", "guests", "field"),
    [
        (0, TWO, "checkOut"),
        (-1, TWO, "checkOut"),
        (366, TWO, "checkOut"),
        (1, Guests(adults=0, children=1), "guests.adults"),
        (1, Guests(adults=1, children=-1), "guests.children"),
        (1, Guests(adults=1, infants=-1), "guests.infants"),
        (1, Guests(adults=1, pets=51), "guests.pets"),
        (1, Guests(adults=26, children=25), "guests"),
        (1, Guests(adults=51), "guests"),
    ],
)
def test_bounds(nights: int, guests: Guests, field: str) -> None:
    check_in = date(2026, 7, 1)
    with pytest.raises(Invalid) as refused:
        rules.require_bounds(check_in, check_in + timedelta(days=nights), guests)
    assert refused.value.field == field


def test_bounds_include_a_year_and_fifty_guests() -> None:
    check_in = date(2026, 7, 1)
    rules.require_bounds(check_in, check_in + timedelta(days=365), Guests(adults=25, children=25))


def test_every_reason_has_something_to_say() -> None:
    assert all(reason.message.endswith(".") for reason in Reason)


@pytest.mark.parametrize("check_in", [date.min, date(9999, 12, 1)])
def test_the_ends_of_the_calendar_are_refused_like_any_other_date(check_in: date) -> None:
    property = terms(advance_notice_hours=72, timezone="Pacific/Kiritimati")
    assert refusal(property, check_in) in (Reason.IN_THE_PAST, Reason.TOO_FAR_AHEAD)


@settings(max_examples=500, deadline=None)
@given(
    zone=st.sampled_from([*ZONES, "America/Havana", "Asia/Beirut", "Africa/Cairo"]),
    check_in=st.times(),
    notice=st.sampled_from([0, 1, 23, 24, 25, 48, 167]) | st.integers(0, 720),
    window=st.integers(0, 60),
    now=st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))
    # Clocks change on these days, at midnight in the last three zones.
    | st.builds(
        datetime,
        st.just(2026),
        st.sampled_from([3, 4, 10, 11]),
        st.integers(1, 30),
        st.integers(0, 23),
        st.sampled_from([0, 30, 59]),
        tzinfo=st.just(UTC),
    ),
)
def test_check_in_dates_are_those_that_are_not_refused(
    zone: str, check_in: time, notice: int, window: int, now: datetime
) -> None:
    place = terms(
        timezone=zone,
        check_in_time=check_in,
        advance_notice_hours=notice,
        booking_window_days=window,
    )
    first, last = rules.check_in_dates(place, now)
    for offset in range(-2, window + 3):
        day = now.date() + timedelta(days=offset)
        assert (first <= day <= last) == (rules.date_refusal(place, day, now) is None), day
