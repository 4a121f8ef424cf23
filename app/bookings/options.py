"""What each side can do next with a booking, until when, and why not.

The actions themselves ask here, so that nobody is offered what is then refused. Pure: a booking's
row, locked or as it is shown, and the time. Source: section 4 of the domain rules.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from app.bookings.errors import Obstacle, TransitionNotAllowed
from app.bookings.lifecycle import PENDING, Action, allowed
from db.enums import BookingActor, BookingStatus


class BookingAction(StrEnum):
    """What people do to a booking. Everything else, payments and timers do."""

    PAY = "PAY"
    ACCEPT = "ACCEPT"
    DECLINE = "DECLINE"
    CANCEL = "CANCEL"
    PROPOSE_ALTERATION = "PROPOSE_ALTERATION"
    ACCEPT_ALTERATION = "ACCEPT_ALTERATION"
    DECLINE_ALTERATION = "DECLINE_ALTERATION"
    WITHDRAW_ALTERATION = "WITHDRAW_ALTERATION"
    PAY_ALTERATION = "PAY_ALTERATION"
    REVIEW = "REVIEW"


class Option(msgspec.Struct, frozen=True):
    """Whether an action is possible now: then until when, otherwise why not."""

    action: BookingAction
    obstacle: Obstacle | None
    until: datetime | None

    @property
    def is_available(self) -> bool:
        return self.obstacle is None


# Whose actions they are. A review is decided by app.reviews.rules, and what is about an alteration
# by app.bookings.alterations.rules.
OF_SIDE: dict[BookingActor, tuple[BookingAction, ...]] = {
    BookingActor.GUEST: (BookingAction.PAY, BookingAction.CANCEL),
    BookingActor.HOST: (BookingAction.ACCEPT, BookingAction.DECLINE, BookingAction.CANCEL),
    BookingActor.ADMIN: (BookingAction.CANCEL,),
}


def options(booking: Any, by: BookingActor, now: datetime) -> list[Option]:
    """What `by` may do with the booking now, and what not."""
    found = []
    for action in OF_SIDE[by]:
        why_not = obstacle(booking, action, by, now)
        until = booking.check_out_at if action is BookingAction.CANCEL else booking.deadline_at
        found.append(Option(action, why_not, until if why_not is None else None))
    return found


def obstacle(
    booking: Any, action: BookingAction, by: BookingActor, now: datetime
) -> Obstacle | None:
    """Why `by` cannot do this to the booking now, or None."""
    if action not in OF_SIDE[by]:
        return Obstacle.OTHER_SIDE
    status = BookingStatus(booking.status)
    if action is BookingAction.CANCEL:
        possible, is_over = allowed(Action.CANCEL, status, by), booking.check_out_at <= now
    elif action is BookingAction.PAY:
        possible, is_over = status is BookingStatus.PENDING_PAYMENT, is_lapsed(booking, now)
    else:
        possible, is_over = status is BookingStatus.PENDING_HOST, is_lapsed(booking, now)
    if not possible:
        return Obstacle.STATUS
    if booking.accepted_at is not None:
        return Obstacle.PAYMENT_UNDER_WAY
    return Obstacle.TIME_IS_OVER if is_over else None


def require(booking: Any, action: BookingAction, by: BookingActor, now: datetime) -> None:
    """Raises TransitionNotAllowed unless `by` can do this to the booking now."""
    why_not = obstacle(booking, action, by, now)
    if why_not is not None:
        raise TransitionNotAllowed(BookingStatus(booking.status), why_not)


def is_lapsed(booking: Any, now: datetime) -> bool:
    """Whether a pending booking's time to pay or to answer is over."""
    return (
        booking.status in PENDING and booking.deadline_at is not None and booking.deadline_at <= now
    )
