"""Who may read a booking, and from which side."""

from collections.abc import Collection
from typing import Any

from app.actor import Actor
from app.properties.policy import includes
from db.enums import BookingActor, CoHostRight


def side(row: Any, actor: Actor, rights: Collection[str] = ()) -> BookingActor | None:
    """The caller's part in the booking, with the rights that they have as a co-host of its
    property; None: they are staff, or it is not theirs to see.

    Who comes as a guest is nothing else, whatever rights they have.
    """
    if actor.user_id is None:
        return None
    if actor.user_id == row.guest_id:
        return BookingActor.GUEST
    if actor.user_id == row.host_id or includes(rights, CoHostRight.ALL):
        return BookingActor.HOST
    return None
