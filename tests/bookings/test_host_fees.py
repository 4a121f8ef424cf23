"""What a host owes for cancelling, on both sides of every boundary."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.availability.rules import instant
from app.bookings.cancellation import Stay
from app.bookings.host_fees import HostFeeTerms, fee
from db.enums import BookingActor, BookingStatus, CancellationPolicy

TERMS = HostFeeTerms(early_bp=1_000, middle_bp=2_500, late_bp=5_000, minimums={"EUR": 50_00})
SECOND = timedelta(seconds=1)
HOST = BookingActor.HOST


def stay(
    zone: str = "Europe/Lisbon", nights: int = 4, payout: int = 1000_00, *, confirmed: bool = True
) -> Stay:
    # Over the end of summer time in Europe.
    check_in = date(2026, 10, 24)
    check_in_at = instant(check_in, time(15), zone)
    return Stay(
        status=BookingStatus.CONFIRMED,
        policy=CancellationPolicy.STRICT,
        check_in=check_in,
        check_out=check_in + timedelta(days=nights),
        check_in_at=check_in_at,
        timezone=zone,
        confirmed_at=datetime(2026, 6, 1, tzinfo=UTC) if confirmed else None,
        line_items=(),
        host_payout_minor=payout,
        host_fee_bp=300,
    )


ZONES = ["Europe/Lisbon", "Pacific/Pago_Pago", "Pacific/Kiritimati"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("notice", "owed"),
    [
        (timedelta(days=200), 100_00),
        (timedelta(days=30) + SECOND, 100_00),
        (timedelta(days=30), 100_00),
        (timedelta(days=30) - SECOND, 250_00),
        (timedelta(hours=48), 250_00),
        (timedelta(hours=48) - SECOND, 500_00),
        (timedelta(seconds=1), 500_00),
        # At check-in the first night is stayed: three of four are left.
        (timedelta(0), 375_00),
    ],
)
def test_by_notice(zone: str, notice: timedelta, owed: int) -> None:
    booked = stay(zone)
    assert fee(booked, HOST, "EUR", TERMS, booked.check_in_at - notice) == owed


@pytest.mark.parametrize(
    ("payout", "currency", "owed"),
    [
        # Ten percent would be less than the minimum.
        (300_00, "EUR", 50_00),
        (500_00, "EUR", 50_00),
        (500_10, "EUR", 50_01),
        # Never more than the stay would have brought.
        (20_00, "EUR", 20_00),
        (0, "EUR", 0),
        # No minimum in this currency, and half a yen is rounded up.
        (3_005, "JPY", 301),
    ],
)
def test_minimum(payout: int, currency: str, owed: int) -> None:
    booked = stay(payout=payout)
    now = booked.check_in_at - timedelta(days=60)
    assert fee(booked, HOST, currency, TERMS, now) == owed


@pytest.mark.parametrize("by", [BookingActor.GUEST, BookingActor.ADMIN, BookingActor.SYSTEM])
def test_nobody_elses_cancellation_costs_the_host(by: BookingActor) -> None:
    booked = stay()
    assert fee(booked, by, "EUR", TERMS, booked.check_in_at) is None


def test_a_request_can_be_withdrawn_for_nothing() -> None:
    booked = stay(confirmed=False)
    assert fee(booked, HOST, "EUR", TERMS, booked.check_in_at - SECOND) is None


def test_a_rate_of_zero_charges_nothing() -> None:
    free = HostFeeTerms(early_bp=0, middle_bp=0, late_bp=0, minimums={"EUR": 50_00})
    booked = stay()
    assert fee(booked, HOST, "EUR", free, booked.check_in_at - SECOND) == 0


@given(
    payout=st.integers(0, 10**9),
    nights=st.integers(1, 365),
    hours=st.integers(-9_000, 9_000),
    zone=st.sampled_from(ZONES),
)
def test_never_more_than_the_nights_left_would_have_brought(
    payout: int, nights: int, hours: int, zone: str
) -> None:
    booked = stay(zone, nights, payout)
    at = booked.check_in_at - timedelta(hours=hours)
    owed = fee(booked, HOST, "EUR", TERMS, at)
    assert owed is not None
    assert 0 <= owed <= payout
    # The nearer, the dearer, as long as nothing was stayed.
    if hours > 0:
        later = fee(booked, HOST, "EUR", TERMS, booked.check_in_at - SECOND)
        assert later is not None
        assert owed <= later
