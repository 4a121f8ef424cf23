"""When and how much a host is paid, and why not yet."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.availability.rules import instant
from app.payouts import rules
from app.payouts.rules import Hold, Owed, PayoutTerms, StayTerms

A, B, C = (UUID(int=n) for n in (1, 2, 3))
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
TERMS = PayoutTerms(delay=DAY, minimums={"EUR": 10_00}, carry=30 * DAY, new_host=timedelta())
ZONES = ["Europe/Lisbon", "Pacific/Pago_Pago", "Pacific/Kiritimati"]


def stay(
    check_in: date, nights: int, zone: str = "Europe/Lisbon", *, cancelled: bool = False
) -> StayTerms:
    return StayTerms(
        check_in=check_in,
        check_out=check_in + timedelta(days=nights),
        check_in_at=instant(check_in, time(15), zone),
        timezone=zone,
        is_cancelled=cancelled,
    )


SHORT = stay(date(2026, 6, 1), 3)


@pytest.mark.parametrize(
    ("due", "owed", "paid"),
    [
        ({A}, {A: 100}, {A: 100}),
        ({A}, {A: 100, B: 50}, {A: 100}),
        ({A, B}, {A: 100, B: 50}, {A: 100, B: 50}),
        # Nothing is owed any more: cancelled, everything given back.
        ({A}, {}, {}),
        # An earlier stay was refunded after it had been paid out.
        ({A}, {A: 100, C: -30}, {A: 100, C: -30}),
        ({A}, {A: 100, C: -130}, {A: 100, C: -130}),
    ],
)
def test_to_pay(due: set[UUID], owed: dict[UUID, int], paid: dict[UUID, int]) -> None:
    all_of_them = {key: Owed(max(amount, 0), amount) for key, amount in owed.items()}
    assert rules.to_pay(dict.fromkeys((A, B, C), SHORT), due, all_of_them, DAY, NOW) == paid


@pytest.mark.parametrize(
    ("check_in", "nights", "expected"),
    [
        (date(2026, 3, 1), 1, [(date(2026, 3, 1), 1)]),
        (date(2026, 3, 1), 27, [(date(2026, 3, 1), 27)]),
        # Long, and over before its first month is.
        (date(2026, 3, 1), 28, [(date(2026, 3, 1), 28)]),
        (date(2026, 3, 1), 31, [(date(2026, 3, 1), 31)]),
        (date(2026, 3, 1), 32, [(date(2026, 3, 1), 31), (date(2026, 4, 1), 1)]),
        (
            date(2026, 1, 31),
            90,
            [
                (date(2026, 1, 31), 28),
                (date(2026, 2, 28), 31),
                (date(2026, 3, 31), 30),
                (date(2026, 4, 30), 1),
            ],
        ),
        # Into a leap year's February.
        (
            date(2027, 12, 30),
            62,
            [(date(2027, 12, 30), 31), (date(2028, 1, 30), 30), (date(2028, 2, 29), 1)],
        ),
    ],
)
def test_parts(check_in: date, nights: int, expected: list[tuple[date, int]]) -> None:
    found = rules.parts(stay(check_in, nights), DAY)
    zone = "Europe/Lisbon"
    assert [(part.due_at, part.nights) for part in found] == [
        (instant(first, time(15), zone) + DAY, nights) for first, nights in expected
    ]


def test_a_cancelled_stay_is_paid_at_once() -> None:
    long = stay(date(2026, 3, 1), 100)
    assert len(rules.parts(long, DAY)) == 4
    cancelled = stay(date(2026, 3, 1), 100, cancelled=True)
    assert rules.parts(cancelled, DAY) == [rules.Part(long.check_in_at + DAY, 100)]
    assert rules.releasable(cancelled, Owed(90, 90), DAY, long.check_in_at) == 90


@pytest.mark.parametrize("zone", ZONES)
def test_released_month_by_month(zone: str) -> None:
    """61 nights of 10.00 from 1 March, over the beginning of summer time."""
    long = stay(date(2026, 3, 1), 61, zone)
    april = instant(date(2026, 4, 1), time(15), zone) + DAY
    whole = Owed(610_00, 610_00)
    assert rules.releasable(long, whole, DAY, long.check_in_at + DAY) == 310_00
    assert rules.releasable(long, whole, DAY, april - SECOND) == 310_00
    assert rules.releasable(long, whole, DAY, april) == 610_00
    # The first part has been paid.
    assert rules.releasable(long, Owed(610_00, 300_00), DAY, april - SECOND) == 0
    assert rules.releasable(long, Owed(610_00, 300_00), DAY, april) == 300_00
    assert rules.next_due(long, DAY, long.check_in_at) == long.check_in_at + DAY
    assert rules.next_due(long, DAY, april - SECOND) == april
    assert rules.next_due(long, DAY, april) is None


def test_what_is_owed_to_the_host_is_no_debt() -> None:
    """Refunded so much that the first part was too large: nothing more goes, nothing comes back."""
    long = stay(date(2026, 3, 1), 61)
    early = long.check_in_at + DAY
    assert rules.releasable(long, Owed(400_00, 90_00), DAY, early) == 0
    assert rules.releasable(long, Owed(300_00, -10_00), DAY, early) == -10_00


def test_a_shortened_stay_is_paid_whole() -> None:
    """Left after 35 of 61 nights, and the rest given back to the guest."""
    short = stay(date(2026, 3, 1), 35)
    april = instant(date(2026, 4, 1), time(15), "Europe/Lisbon") + DAY
    assert rules.releasable(short, Owed(350_00, 40_00), DAY, april - SECOND) == 0
    assert rules.releasable(short, Owed(350_00, 40_00), DAY, april) == 40_00


@given(
    nights=st.integers(1, 365),
    earned=st.integers(0, 10**8),
    start=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    zone=st.sampled_from(ZONES),
    steps=st.lists(st.integers(1, 60), max_size=12),
)
def test_all_of_it_is_paid_and_never_too_early(
    nights: int, earned: int, start: date, zone: str, steps: list[int]
) -> None:
    booked = stay(start, nights, zone)
    found = rules.parts(booked, DAY)
    assert sum(part.nights for part in found) == nights
    assert all(part.nights > 0 for part in found)
    assert [part.due_at for part in found] == sorted({part.due_at for part in found})
    now, paid = found[0].due_at, 0
    for step in [0, *steps, 400]:
        now += timedelta(days=step)
        part = rules.releasable(booked, Owed(earned, earned - paid), DAY, now)
        assert part >= 0
        paid += part
        spent = sum(each.nights for each in found if each.due_at <= now)
        # Rounded to the minor unit.
        assert abs(paid * nights - earned * spent) <= nights
    assert paid == earned


HOLDS = [
    # Nothing, or less than nothing.
    ({A: 50_00, B: -50_00}, Hold.OWES),
    ({A: 50_00, B: -60_00}, Hold.OWES),
    ({A: 9_99}, Hold.BELOW_MINIMUM),
    ({A: 10_00}, None),
    ({A: 60_00, B: -50_00}, None),
    ({A: 59_99, B: -50_00}, Hold.BELOW_MINIMUM),
]


@pytest.mark.parametrize(("items", "hold"), HOLDS)
def test_hold(items: dict[UUID, int], hold: Hold | None) -> None:
    assert rules.hold(items, "EUR", NOW, None, TERMS, NOW) is hold


@pytest.mark.parametrize(
    ("age", "hold"),
    [(timedelta(), Hold.BELOW_MINIMUM), (30 * DAY - SECOND, Hold.BELOW_MINIMUM), (30 * DAY, None)],
)
def test_small_amounts_are_not_carried_for_ever(age: timedelta, hold: Hold | None) -> None:
    assert rules.hold({A: 1}, "EUR", NOW - age, None, TERMS, NOW) is hold


def test_a_currency_without_a_minimum() -> None:
    assert rules.hold({A: 1}, "JPY", NOW, None, TERMS, NOW) is None


@pytest.mark.parametrize(
    ("over", "hold"),
    [
        (None, Hold.NEW_HOST),
        (NOW, Hold.NEW_HOST),
        (NOW - 7 * DAY + SECOND, Hold.NEW_HOST),
        (NOW - 7 * DAY, None),
    ],
)
def test_new_hosts_wait(over: datetime | None, hold: Hold | None) -> None:
    terms = msgspec.structs.replace(TERMS, new_host=7 * DAY)
    assert rules.hold({A: 100_00}, "EUR", NOW, over, terms, NOW) is hold


@pytest.mark.parametrize(
    ("refusals", "minutes"), [(1, 10), (2, 20), (3, 40), (9, 24 * 60), (5000, 24 * 60)]
)
def test_retry_after(refusals: int, minutes: int) -> None:
    assert rules.retry_after(refusals) == timedelta(minutes=minutes)


def test_asking_less_and_less_often() -> None:
    asked, age = [], timedelta()
    for _ in range(12):
        age += rules.ask_again_after(age)
        asked.append(age / timedelta(minutes=1))
    assert asked[:6] == [1, 2, 4, 8, 16, 32]
    assert asked[-1] - asked[-2] == 6 * 60
