"""What happened to payouts, and the tasks that follow."""

from uuid import UUID

from app.outbox import Event


class PayoutReserved(Event, frozen=True, kw_only=True):
    """Money was taken from what a host is due, to be sent to them."""

    tasks = ("payouts.send",)
    payout_id: UUID


class PayoutRefused(Event, frozen=True, kw_only=True):
    """A host's account did not take the money, and they can do something about it."""

    tasks = ("notifications.payout_failed",)
    payout_id: UUID
    # In words, as app.payouts.advice has them.
    advice: str


class PayoutSent(Event, frozen=True, kw_only=True):
    """The provider has the money on its way to the host."""

    tasks = ("notifications.payout_sent",)
    payout_id: UUID
