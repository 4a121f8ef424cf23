"""The life of a booking as data: which action leads from which state to which, and by whom.

Source: section 4 of the domain rules. No other transition exists.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from db.enums import BookingActor, BookingStatus

S = BookingStatus
GUEST, HOST, ADMIN, SYSTEM = (
    BookingActor.GUEST,
    BookingActor.HOST,
    BookingActor.ADMIN,
    BookingActor.SYSTEM,
)


class Action(StrEnum):
    HOLD = "HOLD"
    REQUEST = "REQUEST"
    PAY = "PAY"
    AUTHORIZE = "AUTHORIZE"
    ACCEPT = "ACCEPT"
    ACCEPT_UNPAID = "ACCEPT_UNPAID"
    DECLINE = "DECLINE"
    EXPIRE = "EXPIRE"
    CANCEL = "CANCEL"
    COMPLETE = "COMPLETE"
    REVIVE = "REVIVE"
    ALTER = "ALTER"


class Transition(msgspec.Struct, frozen=True):
    """One row of the table: from any of `sources` to `target`, by any of `actors`."""

    sources: frozenset[BookingStatus | None]
    target: BookingStatus
    actors: frozenset[BookingActor]


def _row(
    sources: tuple[BookingStatus | None, ...], target: BookingStatus, *actors: BookingActor
) -> Transition:
    return Transition(frozenset(sources), target, frozenset(actors))


TRANSITIONS: dict[Action, Transition] = {
    # Instant book, or a method that can authorise: the nights are held while the guest pays.
    Action.HOLD: _row((None,), S.PENDING_PAYMENT, GUEST),
    # Request to book with a method that cannot authorise: pay after the host accepts.
    Action.REQUEST: _row((None,), S.PENDING_HOST, GUEST),
    Action.PAY: _row((S.PENDING_PAYMENT,), S.CONFIRMED, SYSTEM),
    Action.AUTHORIZE: _row((S.PENDING_PAYMENT,), S.PENDING_HOST, SYSTEM),
    Action.ACCEPT: _row((S.PENDING_HOST,), S.CONFIRMED, HOST, SYSTEM),
    Action.ACCEPT_UNPAID: _row((S.PENDING_HOST,), S.PENDING_PAYMENT, HOST, SYSTEM),
    Action.DECLINE: _row((S.PENDING_HOST,), S.DECLINED, HOST),
    Action.EXPIRE: _row((S.PENDING_PAYMENT, S.PENDING_HOST), S.EXPIRED, SYSTEM),
    Action.CANCEL: _row(
        (S.PENDING_PAYMENT, S.PENDING_HOST, S.CONFIRMED), S.CANCELLED, GUEST, HOST, ADMIN
    ),
    Action.COMPLETE: _row((S.CONFIRMED,), S.COMPLETED, SYSTEM),
    # A payment that succeeded after its hold was over, with the nights still free.
    Action.REVIVE: _row((S.EXPIRED,), S.CONFIRMED, SYSTEM),
    # A step in the life of an alteration (app.bookings.alterations).
    Action.ALTER: _row((S.CONFIRMED,), S.CONFIRMED, GUEST, HOST, SYSTEM),
}

PENDING = frozenset({S.PENDING_PAYMENT, S.PENDING_HOST})


def allowed(action: Action, status: BookingStatus | None, actor: BookingActor) -> bool:
    """Whether the table has this transition for this actor."""
    transition = TRANSITIONS[action]
    return status in transition.sources and actor in transition.actors


def hold_deadline(now: datetime, hold_seconds: int) -> datetime:
    """Until when the nights are held for the guest to pay."""
    return now + timedelta(seconds=hold_seconds)


def answer_deadline(now: datetime, check_in_at: datetime, request_seconds: int) -> datetime:
    """Until when the host can answer: 24 h after the request, at the latest at check-in.

    A stay may be requested on its first evening, when the check-in instant is already past;
    the host then has the full time, and the stay's end bounds nothing shorter.
    """
    latest = now + timedelta(seconds=request_seconds)
    return min(latest, check_in_at) if check_in_at > now else latest
