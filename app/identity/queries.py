"""Reading people, in batches, and sign-in sessions."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select

from db import rows
from db.enums import VerifiedBadge
from db.models import HostDetails, Identity, Passkey, SignInEvent, SignInSession, User
from db.shapes import Form, Related
from db.statements import Reader, Statement


class UserRow(msgspec.Struct, frozen=True):
    """A person. Who may read which field: app.identity.policy."""

    id: UUID
    username: str
    first_name: str
    last_name: str
    email: str
    email_verified_at: datetime | None
    bio: str
    picture_url: str | None
    languages: list[str]
    timezone: str | None
    currency: str | None
    phone: str | None
    role: str
    is_host: bool
    host_since_at: datetime | None
    suspended_at: datetime | None
    deletion_scheduled_at: datetime | None
    created_at: datetime

    @property
    def verified_badges(self) -> list[VerifiedBadge]:
        """What we have made sure of ourselves, and nothing that somebody only told us."""
        return [VerifiedBadge.EMAIL] if self.email_verified_at is not None else []


class HostDetailsRow(msgspec.Struct, frozen=True):
    """What somebody told to become a host."""

    user_id: UUID
    kind: str
    legal_name: str
    country: str
    born_on: date | None
    registration_number: str | None
    terms_version: str
    agreed_at: datetime


class SessionRow(msgspec.Struct, frozen=True):
    """A device that somebody is signed in on."""

    id: UUID
    user_id: UUID
    user_agent: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class PasskeyRow(msgspec.Struct, frozen=True):
    """A passkey, without what its answers are checked by."""

    id: UUID
    user_id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


class SignInEventRow(msgspec.Struct, frozen=True):
    """A line of the audit trail."""

    id: UUID
    user_id: UUID | None
    kind: str
    session_id: UUID | None
    user_agent: str
    address: str
    occurred_at: datetime


class IdentityRow(msgspec.Struct, frozen=True):
    """Who somebody is to a provider."""

    id: UUID
    user_id: UUID
    provider: str
    email: str | None
    created_at: datetime
    last_used_at: datetime


# Of those who claim one address.
MAX_FOUND = 20
# More devices than anybody looks through.
MAX_SESSIONS = 50
MAX_IDENTITIES = 50
SIGN_IN_EVENTS = rows.Listing(
    model=SignInEvent, row=SignInEventRow, parent=SignInEvent.user_id, status=SignInEvent.kind
)

# Of rows with a column of that person's id.
HOST, GUEST, AUTHOR = (
    Related(name=f"its_{role}", model=User, row=UserRow, parent=f"{role}_id")
    for role in ("host", "guest", "author")
)

_USERS = rows.ByKey(User.id, UserRow)
_HOST_DETAILS = rows.ByKey(HostDetails.user_id, HostDetailsRow)
_IDS_BY_EMAIL: Statement[UUID] = Statement(
    lambda user_id: user_id,
    lambda: (
        select(User.id)
        .where(User.email == bindparam("email"))
        .order_by(User.email_verified_at.is_(None), User.id.desc())
        .limit(MAX_FOUND)
    ),
)
_IDS_BY_USERNAME: Statement[UUID] = Statement(
    lambda user_id: user_id, lambda: select(User.id).where(User.username == bindparam("username"))
)
_SESSIONS = rows.ByKey(SignInSession.id, SessionRow)
_PASSKEYS = rows.ByKey(Passkey.id, PasskeyRow)
_PASSKEYS_OF = Statement(
    PasskeyRow,
    lambda: (
        select(*rows.columns(Passkey, PasskeyRow))
        .where(Passkey.user_id == bindparam("user_id"))
        .order_by(Passkey.id)
    ),
)
_SIGN_IN_EVENTS = rows.ByKey(SignInEvent.id, SignInEventRow)
_IDENTITIES = rows.ByKey(Identity.id, IdentityRow)
_IDENTITIES_OF = Statement(
    IdentityRow,
    lambda: (
        select(*rows.columns(Identity, IdentityRow))
        .where(Identity.user_id == bindparam("user_id"))
        .order_by(Identity.id)
        .limit(MAX_IDENTITIES)
    ),
)
_HAS_PASSWORD: Statement[bool] = Statement(
    lambda has_password: has_password,
    lambda: select(User.password_hash.is_not(None)).where(User.id == bindparam("user_id")),
)
_OPEN_SESSIONS = Statement(
    SessionRow,
    lambda: (
        select(*rows.columns(SignInSession, SessionRow))
        .where(
            SignInSession.user_id == bindparam("user_id"),
            SignInSession.revoked_at.is_(None),
            SignInSession.expires_at > bindparam("now"),
        )
        .order_by(SignInSession.last_used_at.desc(), SignInSession.id.desc())
        .limit(MAX_SESSIONS)
    ),
)
_OPEN_SESSION: Statement[UUID] = Statement(
    lambda session_id: session_id,
    lambda: select(SignInSession.id).where(
        SignInSession.id == bindparam("session_id"),
        SignInSession.revoked_at.is_(None),
        SignInSession.expires_at > bindparam("now"),
    ),
)


async def users(
    reader: Reader, ids: Sequence[UUID], shape: Form[UserRow] | None = None
) -> Mapping[UUID, UserRow]:
    """People by id."""
    return await _USERS.one(reader, ids, shape)


async def host_details(reader: Reader, user_ids: Sequence[UUID]) -> Mapping[UUID, HostDetailsRow]:
    """What people told to become hosts, by person."""
    return await _HOST_DETAILS.one(reader, user_ids)


async def user_ids(
    reader: Reader, *, email: str | None = None, username: str | None = None
) -> list[UUID]:
    """Who has exactly this address, verified or claimed, or this username. The newest first."""
    if email is not None:
        return await _IDS_BY_EMAIL.fetch(reader, email=email)
    return await _IDS_BY_USERNAME.fetch(reader, username=username)


async def sessions(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, SessionRow]:
    """Sign-in sessions by id, ended ones too."""
    return await _SESSIONS.one(reader, ids)


async def open_sessions(reader: Reader, user_id: UUID, now: datetime) -> list[SessionRow]:
    """Where somebody is signed in, the last used first."""
    return await _OPEN_SESSIONS.fetch(reader, user_id=user_id, now=now)


async def passkeys(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, PasskeyRow]:
    """Passkeys by id."""
    return await _PASSKEYS.one(reader, ids)


async def passkeys_of(reader: Reader, user_id: UUID) -> list[PasskeyRow]:
    """Somebody's passkeys, the oldest first."""
    return await _PASSKEYS_OF.fetch(reader, user_id=user_id)


async def identities(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, IdentityRow]:
    """People's identities by id."""
    return await _IDENTITIES.one(reader, ids)


async def identities_of(reader: Reader, user_id: UUID) -> list[IdentityRow]:
    """Who somebody is to providers, the oldest first."""
    return await _IDENTITIES_OF.fetch(reader, user_id=user_id)


async def has_password(reader: Reader, user_id: UUID) -> bool:
    """Whether somebody can sign in by a password."""
    return await _HAS_PASSWORD.first(reader, user_id=user_id) is True


async def sign_in_events(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, SignInEventRow]:
    """Lines of the audit trail by id."""
    return await _SIGN_IN_EVENTS.one(reader, ids)


async def session_is_open(reader: Reader, session_id: UUID, now: datetime) -> bool:
    """Whether a sign-in session has neither ended nor been revoked."""
    return await _OPEN_SESSION.first(reader, session_id=session_id, now=now) is not None
