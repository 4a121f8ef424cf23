"""What happens to alterations, and the tasks that follow."""

from typing import ClassVar
from uuid import UUID

from app.bookings.events import BookingEvent
from app.outbox import Event
from db.enums import AlterationStatus


class AlterationMoved(BookingEvent, frozen=True, kw_only=True):
    """An alteration was proposed, answered or settled, or its time is over."""

    tasks: ClassVar[tuple[str, ...]] = ("notifications.booking_alteration",)
    alteration_id: UUID
    status: AlterationStatus


class AlterationAgreed(Event, frozen=True, kw_only=True):
    """Both sides agree; the capture follows, here or, if this process dies, in a job."""

    tasks: ClassVar[tuple[str, ...]] = ("bookings.finish_alteration",)
    alteration_id: UUID
