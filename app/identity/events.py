"""Facts about accounts, and what follows from them."""

from uuid import UUID

from app.outbox import Event
from db.enums import SignInEventKind


class LinkIssued(Event, frozen=True, kw_only=True):
    """A link is to be mailed. Only the worker finds out to whom, and in which words."""

    tasks = ("notifications.send_link",)
    link_id: UUID


class EmailVerified(Event, frozen=True, kw_only=True):
    """A new account's address is known to be its owner's."""

    tasks = ("notifications.welcome",)
    user_id: UUID


class PasswordForgotten(Event, frozen=True, kw_only=True):
    """Somebody says that they forgot a password. Whether there is an account is not known yet."""

    tasks = ("identity.answer_forgotten_password",)
    email: str
    # The id of the link to make, so that doing it twice makes one.
    link_id: UUID


class PasswordChanged(Event, frozen=True, kw_only=True):
    """An account has another password."""

    tasks = ("notifications.password_changed",)
    user_id: UUID
    change_id: UUID


class EmailChanged(Event, frozen=True, kw_only=True):
    """An account has another e-mail address."""

    tasks = ("notifications.email_changed",)
    user_id: UUID
    old_email: str
    change_id: UUID


class FactorsChanged(Event, frozen=True, kw_only=True):
    """Something happened to an account's second factors, which its owner is to hear of."""

    tasks = ("notifications.factors_changed",)
    user_id: UUID
    kind: SignInEventKind
    change_id: UUID


class PictureChanged(Event, frozen=True, kw_only=True):
    """A picture of somebody is about to be kept, or has been replaced."""

    tasks = ("identity.drop_unused_picture",)
    user_id: UUID
    url: str


class IdentityLinked(Event, frozen=True, kw_only=True):
    """An account can be signed in to through a provider."""

    tasks = ("notifications.identity_linked",)
    user_id: UUID
    provider: str
    identity_id: UUID


class IdentityUnlinked(Event, frozen=True, kw_only=True):
    """An account can no longer be signed in to by one of its identities."""

    tasks = ("notifications.identity_unlinked",)
    user_id: UUID
    provider: str
    identity_id: UUID


class HostJoined(Event, frozen=True, kw_only=True):
    """A user has become a host."""

    tasks = ("payouts.open_account",)
    user_id: UUID


def session_channel(session_id: UUID) -> str:
    """The live channel that gets a hint when this sign-in session is revoked."""
    return f"session:{session_id}"
