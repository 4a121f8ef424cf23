"""Reading people, in batches, and sign-in sessions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select

from db import rows
from db.models import SignInSession, User
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
    is_host: bool
    host_since_at: datetime | None
    created_at: datetime


_USERS = rows.ByKey(User.id, UserRow)
_OPEN_SESSION: Statement[UUID] = Statement(
    lambda session_id: session_id,
    lambda: select(SignInSession.id).where(
        SignInSession.id == bindparam("session_id"),
        SignInSession.revoked_at.is_(None),
        SignInSession.expires_at > bindparam("now"),
    ),
)


async def users(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, UserRow]:
    """People by id."""
    return await _USERS.one(reader, ids)


async def session_is_open(reader: Reader, session_id: UUID, now: datetime) -> bool:
    """Whether a sign-in session has neither ended nor been revoked."""
    return await _OPEN_SESSION.first(reader, session_id=session_id, now=now) is not None
