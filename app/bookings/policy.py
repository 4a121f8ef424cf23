"""Who may read a booking, and from which side."""

from app.actor import Actor
from app.bookings.queries import BookingRow
from db.enums import BookingActor


def side(row: BookingRow, actor: Actor) -> BookingActor | None:
    """The caller's part in the booking; None: they are staff, or it is not theirs to see."""
    if actor.user_id is None:
        return None
    if actor.user_id == row.guest_id:
        return BookingActor.GUEST
    if actor.user_id == row.host_id:
        return BookingActor.HOST
    return None
