"""When and how much a host is paid."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.payouts import rules

A, B, C = (UUID(int=n) for n in (1, 2, 3))


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
    assert rules.to_pay(due, owed) == paid


@pytest.mark.parametrize(
    ("refusals", "minutes"), [(1, 10), (2, 20), (3, 40), (9, 24 * 60), (5000, 24 * 60)]
)
def test_retry_after(refusals: int, minutes: int) -> None:
    assert rules.retry_after(refusals) == timedelta(minutes=minutes)
