"""Payouts' tasks: each is one line to a flow that may run twice."""

from app import clock
from app.identity.events import HostJoined
from app.payments.events import DisputeSettled, PayoutEventReceived, RefundRequested
from app.payouts import accounts, flows
from app.payouts.events import PayoutReserved
from app.runtime import Runtime
from jobs.registry import sweep, task


@task("payouts.open_account")
async def open_account(runtime: Runtime, event: HostJoined) -> None:
    """Open a new host's account at the provider."""
    await flows.open_account(runtime.db, runtime.providers, event.user_id)


@task("payouts.send")
async def send(runtime: Runtime, event: PayoutReserved) -> None:
    """Transfer a reserved payout."""
    await flows.send(runtime.db, runtime.providers, event.payout_id)


@task("payouts.on_refund")
async def on_refund(runtime: Runtime, event: RefundRequested) -> None:
    """Net a refund that came after the payout from the next ones."""
    await flows.on_refund(runtime.db, runtime.settings, event.booking_id)


@task("payouts.on_dispute")
async def on_dispute(runtime: Runtime, event: DisputeSettled) -> None:
    """Net what a bank took after the payout from the next ones."""
    await flows.on_refund(runtime.db, runtime.settings, event.booking_id)


@task("payouts.process_event")
async def process_event(runtime: Runtime, event: PayoutEventReceived) -> None:
    """Settle what a webhook about an account or a transfer tells."""
    await flows.process_event(runtime.db, runtime.providers, event.event_id)


@sweep("payouts.release_due")
async def release_due(runtime: Runtime) -> None:
    """Pay hosts whose guests have been there for a day."""
    await flows.release_due(runtime.db, runtime.settings, clock.now())


@sweep("payouts.resend_stuck", every_seconds=60)
async def resend_stuck(runtime: Runtime) -> None:
    """Take up payouts whose task has died."""
    await flows.resend_stuck(runtime.db, runtime.providers, clock.now())


@sweep("payouts.ask_waiting", every_seconds=600)
async def ask_waiting(runtime: Runtime) -> None:
    """Ask about accounts that hold up money and that no webhook told of."""
    await accounts.ask_waiting(runtime.db, runtime.providers, clock.now())
