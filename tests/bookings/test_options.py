"""What each side may do next: every state, every side, and both sides of each deadline."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.bookings.errors import Obstacle
from app.bookings.lifecycle import PENDING
from app.bookings.options import BookingAction, Option, obstacle, options
from db.enums import BookingActor, BookingStatus

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PAY, ACCEPT, DECLINE, CANCEL = (
    BookingAction.PAY,
    BookingAction.ACCEPT,
    BookingAction.DECLINE,
    BookingAction.CANCEL,
)
S = BookingStatus


def booking(status: BookingStatus, **changes: Any) -> Any:
    values: dict[str, Any] = {
        "status": status,
        "deadline_at": NOW + SECOND if status in PENDING else None,
        "accepted_at": None,
        "check_out_at": NOW + timedelta(days=3),
    }
    return SimpleNamespace(**values | changes)


@pytest.mark.parametrize(
    ("by", "status", "possible"),
    [
        (BookingActor.GUEST, S.PENDING_PAYMENT, {PAY, CANCEL}),
        (BookingActor.GUEST, S.PENDING_HOST, {CANCEL}),
        (BookingActor.GUEST, S.CONFIRMED, {CANCEL}),
        (BookingActor.HOST, S.PENDING_PAYMENT, {CANCEL}),
        (BookingActor.HOST, S.PENDING_HOST, {ACCEPT, DECLINE, CANCEL}),
        (BookingActor.HOST, S.CONFIRMED, {CANCEL}),
        (BookingActor.ADMIN, S.PENDING_PAYMENT, {CANCEL}),
        (BookingActor.ADMIN, S.PENDING_HOST, {CANCEL}),
        (BookingActor.ADMIN, S.CONFIRMED, {CANCEL}),
        *(
            (by, status, set[BookingAction]())
            for by in (BookingActor.GUEST, BookingActor.HOST, BookingActor.ADMIN)
            for status in (S.COMPLETED, S.CANCELLED, S.DECLINED, S.EXPIRED)
        ),
    ],
)
def test_what_a_state_allows(
    by: BookingActor, status: BookingStatus, possible: set[BookingAction]
) -> None:
    found = options(booking(status), by, NOW)
    assert {option.action for option in found if option.is_available} == possible
    assert {option.obstacle for option in found} <= {None, Obstacle.STATUS}


@pytest.mark.parametrize(
    ("by", "action", "status"),
    [
        (BookingActor.GUEST, PAY, S.PENDING_PAYMENT),
        (BookingActor.HOST, ACCEPT, S.PENDING_HOST),
        (BookingActor.HOST, DECLINE, S.PENDING_HOST),
    ],
)
def test_a_deadline_ends_it(by: BookingActor, action: BookingAction, status: BookingStatus) -> None:
    until = NOW + timedelta(minutes=15)
    waiting = booking(status, deadline_at=until)
    assert Option(action, None, until) in options(waiting, by, until - SECOND)
    assert Option(action, Obstacle.TIME_IS_OVER, None) in options(waiting, by, until)


@pytest.mark.parametrize("by", [BookingActor.GUEST, BookingActor.HOST, BookingActor.ADMIN])
def test_a_stay_can_be_cancelled_until_check_out(by: BookingActor) -> None:
    stay = booking(S.CONFIRMED)
    ends = stay.check_out_at
    assert Option(CANCEL, None, ends) in options(stay, by, ends - SECOND)
    assert Option(CANCEL, Obstacle.TIME_IS_OVER, None) in options(stay, by, ends)


def test_nothing_while_the_payment_of_an_accepted_request_is_made() -> None:
    accepted = booking(S.PENDING_HOST, accepted_at=NOW)
    for by in (BookingActor.GUEST, BookingActor.HOST):
        blocked = {
            option.action: option.obstacle
            for option in options(accepted, by, NOW)
            if option.action is not PAY
        }
        assert set(blocked.values()) == {Obstacle.PAYMENT_UNDER_WAY}


def test_nobody_acts_for_the_other_side() -> None:
    waiting = booking(S.PENDING_HOST)
    assert obstacle(waiting, ACCEPT, BookingActor.GUEST, NOW) is Obstacle.OTHER_SIDE
    assert obstacle(waiting, PAY, BookingActor.HOST, NOW) is Obstacle.OTHER_SIDE
    assert obstacle(waiting, DECLINE, BookingActor.ADMIN, NOW) is Obstacle.OTHER_SIDE
