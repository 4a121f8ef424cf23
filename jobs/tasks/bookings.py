"""What follows for bookings from payments, and the bookings' timers."""

from app import clock
from app.bookings import flows, settling
from app.bookings.alterations import flows as alteration_flows
from app.bookings.alterations import settling as altering
from app.bookings.alterations.events import AlterationAgreed
from app.bookings.events import AcceptanceStarted
from app.payments.events import PaymentAuthorized, PaymentLost, PaymentSucceeded
from app.runtime import Runtime
from jobs.registry import sweep, task


@task("bookings.on_payment_authorized")
async def on_payment_authorized(runtime: Runtime, event: PaymentAuthorized) -> None:
    """Ask the host, or take what an alteration costs if both sides have agreed."""
    if event.alteration_id is not None:
        ids = (event.booking_id, event.alteration_id)
        await runtime.db.run(lambda session: altering.authorized(session, *ids, clock.now()))
        return
    await runtime.db.run(
        lambda session: settling.authorized(
            session, event.booking_id, runtime.settings, clock.now()
        )
    )


@task("bookings.on_payment_succeeded")
async def on_payment_succeeded(runtime: Runtime, event: PaymentSucceeded) -> None:
    """Confirm, or alter, or give the money back."""
    if event.alteration_id is not None:
        paid = (event.booking_id, event.alteration_id, event.payment_id)
        await runtime.db.run(
            lambda session: altering.succeeded(session, *paid, runtime.settings, clock.now())
        )
        return
    await runtime.db.run(
        lambda session: settling.succeeded(
            session, event.booking_id, event.payment_id, runtime.settings, clock.now()
        )
    )


@task("bookings.on_payment_lost")
async def on_payment_lost(runtime: Runtime, event: PaymentLost) -> None:
    """End the booking or its alteration, or let the guest pay anew."""
    if event.alteration_id is not None:
        unpaid = (event.booking_id, event.alteration_id, event.payment_id)
        await runtime.db.run(
            lambda session: altering.lost(session, *unpaid, runtime.settings, clock.now())
        )
        await alteration_flows.finish(
            runtime.db, runtime.providers, runtime.settings, event.alteration_id
        )
        return
    await runtime.db.run(
        lambda session: settling.lost(session, event.booking_id, runtime.settings, clock.now())
    )


@task("bookings.finish_acceptance")
async def finish_acceptance(runtime: Runtime, event: AcceptanceStarted) -> None:
    """Capture for a host's yes whose process did not get to it."""
    await flows.finish_acceptance(runtime.db, runtime.providers, runtime.settings, event.booking_id)


@task("bookings.finish_alteration")
async def finish_alteration(runtime: Runtime, event: AlterationAgreed) -> None:
    """Take or ask for what an agreed alteration costs, if its process did not get to it."""
    await alteration_flows.finish(
        runtime.db, runtime.providers, runtime.settings, event.alteration_id
    )


@sweep("bookings.expire_alterations")
async def expire_alterations(runtime: Runtime) -> None:
    """End the alterations whose time is over."""
    await alteration_flows.expire_due(runtime.db, runtime.providers)


@sweep("bookings.expire_due")
async def expire_due(runtime: Runtime) -> None:
    """End holds and requests that are over."""
    await flows.expire_due(runtime.db, runtime.providers)


@sweep("bookings.complete_due")
async def complete_due(runtime: Runtime) -> None:
    """Complete the stays that have ended."""
    await flows.complete_due(runtime.db)
