"""The only place that reads the time, so that tests can move it."""

from datetime import UTC, datetime

_frozen: datetime | None = None


def now() -> datetime:
    """The current instant, aware and in UTC."""
    return _frozen or datetime.now(UTC)


def frozen() -> datetime | None:
    """Where the clock has been stopped; None when it runs and the database's may be asked."""
    return _frozen


def freeze(instant: datetime | None) -> None:
    """Stop the clock of this process at `instant`; None lets it run again. For tests."""
    global _frozen
    _frozen = instant
