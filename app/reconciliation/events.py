"""What a member of staff asked for, and the task that follows."""

from app.outbox import Event


class ReconciliationRequested(Event, frozen=True, kw_only=True):
    """The books are to be compared with a provider now."""

    tasks = ("reconciliation.begin",)
    provider: str
