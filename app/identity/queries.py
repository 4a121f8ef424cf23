"""Reading people, in batches, and sign-in sessions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db import rows
from db.models import SignInSession, User


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


async def users(connection: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, UserRow]:
    """People by id."""
    return await rows.by_id(connection, User, UserRow, ids)


async def session_is_open(connection: AsyncConnection, session_id: UUID, now: datetime) -> bool:
    """Whether a sign-in session has neither ended nor been revoked."""
    found = await connection.execute(
        select(SignInSession.id).where(
            SignInSession.id == session_id,
            SignInSession.revoked_at.is_(None),
            SignInSession.expires_at > now,
        )
    )
    return found.first() is not None
