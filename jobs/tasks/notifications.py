"""Letters that follow from events. They have a lane of their own: mail may be slow."""

from app.bookings.events import (
    BookingAccepted,
    BookingCancelled,
    BookingCompleted,
    BookingConfirmed,
    BookingDeclined,
    BookingEvent,
    BookingExpired,
    BookingRequested,
)
from app.identity.events import RegisteredAgain, UserRegistered
from app.notifications import flows
from app.notifications.rules import Occasion
from app.payouts.events import PayoutSent
from app.runtime import Runtime
from jobs.registry import Lane, task

# Two mails of 20 s at most.
SECONDS = 45


@task("notifications.welcome", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def welcome(runtime: Runtime, event: UserRegistered) -> None:
    await flows.welcome(runtime.db, runtime.settings, event.user_id)


@task("notifications.already_registered", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def already_registered(runtime: Runtime, event: RegisteredAgain) -> None:
    await flows.already_registered(
        runtime.db, runtime.settings, event.user_id, str(event.attempt_id)
    )


@task("notifications.booking_requested", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_requested(runtime: Runtime, event: BookingRequested) -> None:
    await _tell(runtime, Occasion.REQUESTED, event)


@task("notifications.booking_accepted", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_accepted(runtime: Runtime, event: BookingAccepted) -> None:
    await _tell(runtime, Occasion.ACCEPTED, event)


@task("notifications.booking_confirmed", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_confirmed(runtime: Runtime, event: BookingConfirmed) -> None:
    await _tell(runtime, Occasion.CONFIRMED, event)


@task("notifications.booking_declined", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_declined(runtime: Runtime, event: BookingDeclined) -> None:
    await _tell(runtime, Occasion.DECLINED, event)


@task("notifications.booking_cancelled", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_cancelled(runtime: Runtime, event: BookingCancelled) -> None:
    await _tell(runtime, Occasion.CANCELLED, event)


@task("notifications.booking_expired", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_expired(runtime: Runtime, event: BookingExpired) -> None:
    await _tell(runtime, Occasion.EXPIRED, event)


@task("notifications.review_invitation", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def review_invitation(runtime: Runtime, event: BookingCompleted) -> None:
    await _tell(runtime, Occasion.COMPLETED, event)


@task("notifications.payout_sent", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def payout_sent(runtime: Runtime, event: PayoutSent) -> None:
    await flows.payout_sent(runtime.db, runtime.settings, event.payout_id)


async def _tell(runtime: Runtime, occasion: Occasion, event: BookingEvent) -> None:
    await flows.about_booking(
        runtime.db, runtime.settings, occasion, event.booking_id, event.version
    )
