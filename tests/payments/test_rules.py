"""The states of a payment: forwards only, whatever the provider shows and when."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ids import new_id
from app.ledger.rules import Shares
from app.line_items import LineItem
from app.payments import rules
from app.payments.errors import NotOurs, ProviderRefused
from app.payments.provider import Charge, ChargeState
from app.payments.stripe_amounts import from_stripe, to_stripe
from db.enums import LineItemKind, PaymentMethod, PaymentProvider, PaymentStatus, RefundStatus

S, C = PaymentStatus, ChargeState


@pytest.mark.parametrize(
    ("ours", "shown", "then"),
    [
        (S.PENDING, C.OPEN, S.PENDING),
        (S.PENDING, C.PROCESSING, S.PENDING),
        (S.PENDING, C.AUTHORIZED, S.AUTHORIZED),
        (S.PENDING, C.SUCCEEDED, S.PAID),
        (S.PENDING, C.CANCELLED, S.CANCELLED),
        (S.AUTHORIZED, C.OPEN, S.AUTHORIZED),
        (S.AUTHORIZED, C.AUTHORIZED, S.AUTHORIZED),
        (S.AUTHORIZED, C.SUCCEEDED, S.PAID),
        (S.AUTHORIZED, C.CANCELLED, S.CANCELLED),
        (S.CANCELLED, C.OPEN, S.CANCELLED),
        (S.CANCELLED, C.AUTHORIZED, S.CANCELLED),
        (S.CANCELLED, C.SUCCEEDED, S.PAID),
        (S.FAILED, C.SUCCEEDED, S.PAID),
        *((taken, shown, taken) for taken in rules.TAKEN for shown in C),
    ],
)
def test_next_status(ours: PaymentStatus, shown: ChargeState, then: PaymentStatus) -> None:
    assert rules.next_status(ours, shown) is then


@pytest.mark.parametrize("order", list(permutations([C.OPEN, C.AUTHORIZED, C.SUCCEEDED])))
def test_any_order_ends_paid(order: tuple[ChargeState, ...]) -> None:
    status: PaymentStatus = S.PENDING
    for shown in order * 2:
        status = rules.next_status(status, shown)
    assert status is S.PAID


@pytest.mark.parametrize(
    ("captured", "refunded", "status"),
    [(100, 0, S.PAID), (100, 1, S.PARTIALLY_REFUNDED), (100, 100, S.REFUNDED)],
)
def test_after_refund(captured: int, refunded: int, status: PaymentStatus) -> None:
    assert rules.after_refund(captured, refunded) is status


R = RefundStatus


@pytest.mark.parametrize(
    ("ours", "shown", "then"),
    [
        (R.PENDING, R.PENDING, R.PENDING),
        (R.PENDING, R.SUCCEEDED, R.SUCCEEDED),
        (R.PENDING, R.FAILED, R.FAILED),
        (R.SUCCEEDED, R.PENDING, R.SUCCEEDED),
        (R.SUCCEEDED, R.FAILED, R.FAILED),
        (R.FAILED, R.SUCCEEDED, R.FAILED),
    ],
)
def test_next_refund_status(ours: RefundStatus, shown: RefundStatus, then: RefundStatus) -> None:
    assert rules.next_refund_status(ours, shown) is then


NOW = datetime(2026, 6, 1, tzinfo=UTC)
PAYMENT = rules.PaymentRecord(
    alteration_id=None,
    id=new_id(),
    booking_id=new_id(),
    attempt=1,
    provider=PaymentProvider.STRIPE,
    provider_payment_id="pi_1",
    method=PaymentMethod.CARD,
    status=S.PENDING,
    amount_minor=100,
    currency="EUR",
    guest_id=new_id(),
    host_id=new_id(),
    host_minor=90,
    platform_minor=10,
    promotion_minor=0,
    tax_minor=0,
    line_items=(),
    country="",
    region="",
    captured_minor=0,
    refunded_minor=0,
    manual_capture=False,
    client_secret=None,
    redirect_url=None,
    failure_code=None,
    created_at=NOW,
    updated_at=NOW,
    authorized_at=None,
    paid_at=None,
    void_requested_at=None,
)
CHARGE = Charge(
    provider_id="pi_1",
    payment_id=PAYMENT.id,
    booking_id=PAYMENT.booking_id,
    state=C.SUCCEEDED,
    amount_minor=100,
    currency="EUR",
    captured_minor=100,
    live=False,
    created_at=NOW,
)


def test_the_charge_that_we_asked_for() -> None:
    rules.check_charge(PAYMENT, CHARGE, live=False)
    fresh = msgspec.structs.replace(PAYMENT, provider_payment_id=None)
    rules.check_charge(fresh, CHARGE, live=False)


@pytest.mark.parametrize(
    "change",
    [
        {"provider_id": "pi_2"},
        {"payment_id": None},
        {"booking_id": new_id()},
        {"amount_minor": 99},
        {"currency": "USD"},
        {"captured_minor": 99},
        {"live": True},
    ],
)
def test_another_charge(change: dict[str, Any]) -> None:
    with pytest.raises(NotOurs):
        rules.check_charge(PAYMENT, msgspec.structs.replace(CHARGE, **change), live=False)


@pytest.mark.parametrize(
    ("minor", "currency", "stripes"),
    [
        (1250, "EUR", 1250),
        (1200, "JPY", 1200),
        (1250, "KWD", 1250),
        # Whole krónur and shillings, which Stripe counts in hundredths.
        (1200, "ISK", 120_000),
        (5000, "UGX", 500_000),
    ],
)
def test_stripes_minor_units(minor: int, currency: str, stripes: int) -> None:
    assert to_stripe(minor, currency) == stripes
    assert from_stripe(stripes, currency) == minor


def test_an_amount_that_stripe_cannot_express() -> None:
    # Ten-thousandths of a Chilean unit of account.
    with pytest.raises(ProviderRefused):
        to_stripe(12345, "CLF")
    assert from_stripe(149, "ISK") == 1


SHARES = Shares(host_minor=241_00, platform_minor=44_00, tax_minor=20_00, promotion_minor=5_00)


@pytest.mark.parametrize(
    ("left", "amounts"),
    [
        ([300_00], [300_00]),
        ([112_00, 300_00], [112_00, 188_00]),
        ([400_00, 300_00], [300_00, 0]),
        ([0, 1, 299_99], [0, 1, 299_99]),
    ],
)
def test_a_refund_takes_of_each_payment_in_turn_what_is_left_of_it(
    left: list[int], amounts: list[int]
) -> None:
    assert [part.total_minor for part in rules.spread(SHARES, left)] == amounts


def test_no_refund_takes_more_than_was_paid() -> None:
    with pytest.raises(ValueError, match="more"):
        rules.spread(SHARES, [112_00, 187_99])


@given(
    host=st.integers(-(10**6), 10**9),
    platform=st.integers(0, 10**9),
    tax=st.integers(-(10**6), 10**9),
    promotion=st.integers(0, 10**6),
    left=st.lists(st.integers(0, 10**9), min_size=1, max_size=6),
)
def test_the_parts_of_a_refund_are_the_refund(
    host: int, platform: int, tax: int, promotion: int, left: list[int]
) -> None:
    whole = Shares(
        host_minor=host, platform_minor=platform, tax_minor=tax, promotion_minor=promotion
    )
    if not 0 < whole.total_minor <= sum(left):
        return
    parts = rules.spread(whole, left)
    for name in ("host_minor", "platform_minor", "tax_minor", "promotion_minor", "total_minor"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
    assert all(0 <= part.total_minor <= most for part, most in zip(parts, left, strict=True))


@given(
    amounts=st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
    lines=st.lists(st.integers(-(10**5), 10**6), min_size=1, max_size=5),
)
def test_the_lines_of_a_refunds_parts_are_its_lines(amounts: list[int], lines: list[int]) -> None:
    lines[0] += sum(amounts) - sum(lines)
    items = [
        LineItem(
            kind=LineItemKind.NIGHTS,
            description=str(number),
            quantity=1,
            unit_minor=minor,
            amount_minor=minor,
        )
        for number, minor in enumerate(lines)
    ]
    parts = rules.spread_lines(items, amounts)
    if not sum(amounts):
        assert set(parts) == {()}
        return
    assert [sum(item.amount_minor for item in part) for part in parts] == amounts
    for number, minor in enumerate(lines):
        assert sum(part[number].amount_minor for part in parts) == minor
