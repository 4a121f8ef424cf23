"""What follows for bookings from payments, and the bookings' timers."""

from app import clock
from app.bookings import flows, settling
from app.bookings.events import AcceptanceStarted
from app.payments.events import PaymentAuthorized, PaymentLost, PaymentSucceeded
from app.runtime import Runtime
from jobs.registry import sweep, task


@task("bookings.on_payment_authorized")
async def on_payment_authorized(runtime: Runtime, event: PaymentAuthorized) -> None:
    """Ask the host."""
    await runtime.db.run(
        lambda session: settling.authorized(
            session, event.booking_id, runtime.settings, clock.now()
        )
    )


@task("bookings.on_payment_succeeded")
async def on_payment_succeeded(runtime: Runtime, event: PaymentSucceeded) -> None:
    """Confirm, or give the money back."""
    await runtime.db.run(
        lambda session: settling.succeeded(
            session, event.booking_id, event.payment_id, runtime.settings, clock.now()
        )
    )


@task("bookings.on_payment_lost")
async def on_payment_lost(runtime: Runtime, event: PaymentLost) -> None:
    """End the booking, or let the guest pay anew."""
    await runtime.db.run(
        lambda session: settling.lost(session, event.booking_id, runtime.settings, clock.now())
    )


@task("bookings.finish_acceptance")
async def finish_acceptance(runtime: Runtime, event: AcceptanceStarted) -> None:
    """Capture for a host's yes whose process did not get to it."""
    await flows.finish_acceptance(runtime.db, runtime.providers, runtime.settings, event.booking_id)


@sweep("bookings.expire_due")
async def expire_due(runtime: Runtime) -> None:
    """End holds and requests that are over."""
    await flows.expire_due(runtime.db, runtime.providers)


@sweep("bookings.complete_due")
async def complete_due(runtime: Runtime) -> None:
    """Complete the stays that have ended."""
    await flows.complete_due(runtime.db)
