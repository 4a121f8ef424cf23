"""What happens to bookings, and the tasks that follow."""

from typing import ClassVar
from uuid import UUID

from app.outbox import Event


class BookingEvent(Event, frozen=True, kw_only=True):
    """A transition of a booking, as the version of its history that recorded it."""

    booking_id: UUID
    version: int


class BookingRequested(BookingEvent, frozen=True, kw_only=True):
    """The host is asked for an answer."""

    tasks: ClassVar[tuple[str, ...]] = ("notifications.booking_requested",)


class BookingAccepted(BookingEvent, frozen=True, kw_only=True):
    """The host said yes, and the guest has still to pay."""

    tasks: ClassVar[tuple[str, ...]] = ("notifications.booking_accepted",)


class BookingConfirmed(BookingEvent, frozen=True, kw_only=True):
    """Paid, and the nights are the guest's."""

    tasks: ClassVar[tuple[str, ...]] = ("notifications.booking_confirmed",)


class BookingDeclined(BookingEvent, frozen=True, kw_only=True):
    """The host said no."""

    tasks: ClassVar[tuple[str, ...]] = ("notifications.booking_declined",)


class BookingCancelled(BookingEvent, frozen=True, kw_only=True):
    """Guest, host or an admin ended it."""

    tasks: ClassVar[tuple[str, ...]] = ("notifications.booking_cancelled",)


class BookingExpired(BookingEvent, frozen=True, kw_only=True):
    """Nobody paid or answered in time."""

    tasks: ClassVar[tuple[str, ...]] = ("notifications.booking_expired",)


class BookingCompleted(BookingEvent, frozen=True, kw_only=True):
    """The guest has checked out."""

    tasks: ClassVar[tuple[str, ...]] = ("notifications.review_invitation",)


class AcceptanceStarted(Event, frozen=True, kw_only=True):
    """The host said yes; the capture follows, here or, if this process dies, in a job."""

    tasks: ClassVar[tuple[str, ...]] = ("bookings.finish_acceptance",)
    booking_id: UUID
