"""Facts about accounts, and what follows from them."""

from uuid import UUID

from app.outbox import Event


class UserRegistered(Event, frozen=True, kw_only=True):
    """Somebody has made an account."""

    tasks = ("notifications.welcome",)
    user_id: UUID


class RegisteredAgain(Event, frozen=True, kw_only=True):
    """Somebody registered with an address that has an account: its owner is told, nobody else."""

    tasks = ("notifications.already_registered",)
    user_id: UUID
    # Tells one attempt from the next, so that each has a letter of its own.
    attempt_id: UUID


class HostJoined(Event, frozen=True, kw_only=True):
    """A user has become a host."""

    tasks = ("payouts.open_account",)
    user_id: UUID


def session_channel(session_id: UUID) -> str:
    """The live channel that gets a hint when this sign-in session is revoked."""
    return f"session:{session_id}"
