"""What differs between two sides of one object: tables, and laws that hold for all of them."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ids import new_id
from app.payments.provider import (
    Charge,
    ChargeState,
    Fee,
    Movement,
    MovementKind,
    ProviderDispute,
    ProviderRefund,
    Transfer,
    TransferState,
)
from app.reconciliation import rules
from app.reconciliation.rules import Found, Side
from db.enums import DifferenceKind, DifferenceSubject, DisputeStatus, RefundStatus

Kind, Subject = DifferenceKind, DifferenceSubject
NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
TAKEN = Side(
    status="TAKEN",
    amount_minor=300,
    currency="EUR",
    moved={"EUR": 300},
    kept={"EUR": 9},
)


def side(**change: Any) -> Side:
    values = {name: getattr(TAKEN, name) for name in Side.__struct_fields__}
    return Side(**{**values, **change})


OPEN = side(status="NOT_TAKEN", moved={}, kept={})


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        (TAKEN, TAKEN, []),
        (side(kept={"EUR": 9, "USD": 0}), TAKEN, []),
        (None, TAKEN, [(Kind.UNKNOWN_CHARGE, "EUR", 0, 291)]),
        # Nobody has paid it: it is nothing.
        (None, OPEN, []),
        (TAKEN, None, [(Kind.MISSING_AT_PROVIDER, "EUR", 291, 0)]),
        (OPEN, None, []),
        (OPEN, TAKEN, [(Kind.STATUS_DIFFERS, "EUR", 0, 291)]),
        (TAKEN, OPEN, [(Kind.STATUS_DIFFERS, "EUR", 291, 0)]),
        # No money yet, and yet not the same.
        (OPEN, side(moved={}, kept={}), [(Kind.STATUS_DIFFERS, "EUR", 0, 0)]),
        (TAKEN, side(moved={"EUR": 299}), [(Kind.AMOUNT_DIFFERS, "EUR", 291, 290)]),
        (
            TAKEN,
            side(amount_minor=299, moved={"EUR": 299}),
            [(Kind.AMOUNT_DIFFERS, "EUR", 291, 290)],
        ),
        (OPEN, side(status="NOT_TAKEN", amount_minor=1, moved={}, kept={}), "AMOUNT"),
        (TAKEN, side(kept={"EUR": 10}), [(Kind.FEE_DIFFERS, "EUR", 291, 290)]),
        (TAKEN, side(kept={}), [(Kind.FEE_DIFFERS, "EUR", 291, 300)]),
        # What was booked by hand under another name makes it good all the same.
        (side(moved={"EUR": 299}), side(kept={"EUR": 10}), []),
        (
            TAKEN,
            side(kept={"USD": 9}),
            [(Kind.FEE_DIFFERS, "EUR", 291, 300), (Kind.FEE_DIFFERS, "USD", 0, -9)],
        ),
        (
            TAKEN,
            side(currency="USD", moved={"USD": 300}),
            [(Kind.AMOUNT_DIFFERS, "EUR", 291, -9), (Kind.AMOUNT_DIFFERS, "USD", 0, 300)],
        ),
    ],
)
def test_what_differs(ours: Side | None, theirs: Side | None, found: Any) -> None:
    got = rules.compare(Subject.CHARGE, ours, theirs)
    if found == "AMOUNT":
        assert got == [
            Found(kind=Kind.AMOUNT_DIFFERS, currency="EUR", ours_minor=0, theirs_minor=0)
        ]
    else:
        assert [(one.kind, one.currency, one.ours_minor, one.theirs_minor) for one in got] == found


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        (Subject.REFUND, Kind.UNKNOWN_REFUND),
        (Subject.TRANSFER, Kind.UNKNOWN_TRANSFER),
        (Subject.DISPUTE, Kind.UNKNOWN_DISPUTE),
        (Subject.MOVEMENT, Kind.UNKNOWN_MOVEMENT),
    ],
)
def test_what_is_unknown(subject: DifferenceSubject, kind: DifferenceKind) -> None:
    (one,) = rules.compare(subject, None, TAKEN)
    assert one.kind is kind


money = st.dictionaries(st.sampled_from(["EUR", "USD", "JPY"]), st.integers(-500, 500))
sides = st.builds(
    Side,
    status=st.sampled_from(["TAKEN", "NOT_TAKEN"]),
    amount_minor=st.integers(0, 3),
    currency=st.sampled_from(["EUR", "USD"]),
    moved=money,
    kept=money,
)


@given(sides)
def test_whoever_says_the_same_does_not_differ(one: Side) -> None:
    assert rules.compare(Subject.CHARGE, one, one) == []


@given(st.none() | sides, st.none() | sides)
def test_what_is_found_is_all_that_is_off(ours: Side | None, theirs: Side | None) -> None:
    """The differences add up to what the two sides differ by, in each currency."""
    found = rules.compare(Subject.CHARGE, ours, theirs)
    drift: Counter[str] = Counter()
    for one in found:
        drift[one.currency] += one.theirs_minor - one.ours_minor
    whole = rules.net(theirs)
    whole.subtract(rules.net(ours))
    assert {code: amount for code, amount in drift.items() if amount} == {
        code: amount for code, amount in whole.items() if amount
    }
    assert len({one.currency for one in found}) == len(found)


@given(st.none() | sides, st.none() | sides)
def test_both_ways(ours: Side | None, theirs: Side | None) -> None:
    there = rules.compare(Subject.CHARGE, ours, theirs)
    back = rules.compare(Subject.CHARGE, theirs, ours)
    assert bool(there) == bool(back)
    # A difference of words alone moves nothing, and is in the currency of our side.
    assert {one.currency: one.theirs_minor - one.ours_minor for one in there if moves(one)} == {
        one.currency: one.ours_minor - one.theirs_minor for one in back if moves(one)
    }


def moves(one: rules.Found) -> bool:
    return one.ours_minor != one.theirs_minor


COMMON: dict[str, Any] = {
    "provider_id": "x",
    "amount_minor": 300,
    "currency": "EUR",
}


@pytest.mark.parametrize(
    ("state", "captured", "status", "net"),
    [
        (ChargeState.SUCCEEDED, 300, "TAKEN", 291),
        (ChargeState.SUCCEEDED, 200, "TAKEN", 191),
        (ChargeState.AUTHORIZED, 0, "NOT_TAKEN", 0),
        (ChargeState.OPEN, 0, "NOT_TAKEN", 0),
        (ChargeState.CANCELLED, 0, "NOT_TAKEN", 0),
    ],
)
def test_charges(state: ChargeState, captured: int, status: str, net: int) -> None:
    charge = Charge(
        **COMMON,
        payment_id=None,
        booking_id=None,
        state=state,
        captured_minor=captured,
        live=False,
        created_at=NOW,
        fee=Fee(9, "EUR"),
    )
    shown = rules.of_charge(charge)
    assert (shown.status, rules.net(shown)["EUR"]) == (status, net)
    for age, orphaned in ((timedelta(minutes=59), False), (timedelta(hours=1), True)):
        expected = orphaned and state is ChargeState.SUCCEEDED
        assert rules.is_orphaned(charge, NOW + age) is expected


@pytest.mark.parametrize(
    ("status", "net"),
    [(RefundStatus.SUCCEEDED, -300), (RefundStatus.PENDING, 0), (RefundStatus.FAILED, 0)],
)
def test_refunds(status: RefundStatus, net: int) -> None:
    refund = ProviderRefund(
        **COMMON, refund_id=new_id(), charge_id="y", status=status, created_at=NOW
    )
    assert rules.net(rules.of_refund(refund))["EUR"] == net


@pytest.mark.parametrize(
    ("state", "returned", "status", "net"),
    [
        (TransferState.SENT, 0, "SENT", -310),
        (TransferState.SENT, 100, "SENT", -210),
        (TransferState.PENDING, 0, "PENDING", 0),
        (TransferState.FAILED, 0, "RETURNED", 0),
        (TransferState.RETURNED, 300, "RETURNED", 0),
    ],
)
def test_transfers(state: TransferState, returned: int, status: str, net: int) -> None:
    transfer = Transfer(
        **COMMON,
        payout_id=None,
        destination="z",
        state=state,
        returned_minor=returned,
        live=False,
        created_at=NOW,
        fee=Fee(10, "EUR"),
    )
    shown = rules.of_transfer(transfer)
    assert (shown.status, rules.net(shown)["EUR"]) == (status, net)


@pytest.mark.parametrize(
    ("status", "withdrawn", "net"),
    [
        (DisputeStatus.NEEDS_RESPONSE, True, -315),
        (DisputeStatus.NEEDS_RESPONSE, False, -15),
        (DisputeStatus.LOST, False, -315),
        (DisputeStatus.WON, False, -15),
    ],
)
def test_disputes(status: DisputeStatus, withdrawn: bool, net: int) -> None:
    dispute = ProviderDispute(
        **COMMON,
        charge_id="y",
        status=status,
        is_withdrawn=withdrawn,
        fee=Fee(15, "EUR"),
        reason="fraudulent",
        evidence_due_at=None,
        opened_at=NOW,
    )
    assert rules.net(rules.of_dispute(dispute))["EUR"] == net


@pytest.mark.parametrize("kind", MovementKind)
def test_movements(kind: MovementKind) -> None:
    movement = Movement(**COMMON, kind=kind, description="a thing", created_at=NOW)
    assert rules.net(rules.of_movement(movement))["EUR"] == 300
    assert rules.is_plain(movement) is (kind is not MovementKind.OTHER)


@pytest.mark.parametrize(
    ("now", "night"),
    [
        ("2026-03-09T02:59:59+00:00", "2026-03-08T03:00:00+00:00"),
        ("2026-03-09T03:00:00+00:00", "2026-03-09T03:00:00+00:00"),
        ("2026-03-09T23:58:00+00:00", "2026-03-09T03:00:00+00:00"),
        ("2026-03-01T00:30:00+00:00", "2026-02-28T03:00:00+00:00"),
    ],
)
def test_the_last_night(now: str, night: str) -> None:
    assert rules.last_night(datetime.fromisoformat(now)) == datetime.fromisoformat(night)


def test_windows_overlap_and_begin_with_the_first_payment() -> None:
    first, last = NOW - timedelta(days=90), NOW - timedelta(days=1)
    assert rules.window(None, None, NOW) == (NOW - rules.OVERLAP, NOW)
    assert rules.window(None, first, NOW) == (first - rules.OVERLAP, NOW)
    assert rules.window(last, first, NOW) == (last - rules.OVERLAP, NOW)


def test_what_is_young_may_be_under_way() -> None:
    assert not rules.is_settled(NOW - rules.GRACE + timedelta(seconds=1), NOW)
    assert rules.is_settled(NOW - rules.GRACE, NOW)
