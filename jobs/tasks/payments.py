"""Payments' tasks: each is one line to a flow that may run twice."""

from app import clock
from app.payments import flows, inbox, sweeps
from app.payments.events import (
    PaymentOpened,
    PaymentVoidRequested,
    ProviderEventReceived,
    RefundRequested,
)
from app.runtime import Runtime
from jobs.registry import sweep, task


@task("payments.start")
async def start(runtime: Runtime, event: PaymentOpened) -> None:
    """Open the charge if the mutation that wanted it could not."""
    await flows.heal_start(runtime.db, runtime.providers, event.payment_id)


@task("payments.void")
async def void(runtime: Runtime, event: PaymentVoidRequested) -> None:
    """Undo a payment that is not wanted any more."""
    await flows.void(runtime.db, runtime.providers, event.payment_id)


@task("payments.refund")
async def refund(runtime: Runtime, event: RefundRequested) -> None:
    """Give money back."""
    await flows.refund(runtime.db, runtime.providers, event.refund_id)


@task("payments.process_event")
async def process_event(runtime: Runtime, event: ProviderEventReceived) -> None:
    """Settle what a webhook is about."""
    await inbox.process_event(runtime.db, runtime.providers, event.event_id)


@sweep("payments.sync_unsettled")
async def sync_unsettled(runtime: Runtime) -> None:
    """Find payments whose webhook never came."""
    await sweeps.sync_unsettled(runtime.db, runtime.providers, clock.now())


@sweep("payments.ask_given_up", every_seconds=60)
async def ask_given_up(runtime: Runtime) -> None:
    """Find what was paid after it had been given up."""
    await sweeps.ask_given_up(runtime.db, runtime.providers, clock.now())


@sweep("payments.ask_disputed", every_seconds=300)
async def ask_disputed(runtime: Runtime) -> None:
    """Find out what banks have decided, and no webhook told."""
    await sweeps.ask_disputed(runtime.db, runtime.providers, clock.now())


@sweep("payments.retry_refunds", every_seconds=60)
async def retry_refunds(runtime: Runtime) -> None:
    """Take up refunds whose task has died."""
    await sweeps.retry_refunds(runtime.db, runtime.providers, clock.now())
