"""What staff may, asked of the database, and the trail of it: no line, no look and no change.

Whether somebody is staff is read from their row with each look and each change, and never taken
from an access token: who is demoted, suspended or signed out is nobody special a moment later.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import RIGHTS, Actor, Role
from app.errors import NotFound
from app.ids import new_id
from app.text import plain_text
from db import rows
from db.enums import StaffActionKind
from db.models import SignInSession, StaffAction, User
from db.session import Database

MAX_REASON = 1_000


class Look(msgspec.Struct, frozen=True):
    """A member of staff is about to be shown something of `subject_id`'s."""

    kind: StaffActionKind
    object_id: UUID | None
    subject_id: UUID | None


class ActionRow(msgspec.Struct, frozen=True):
    """A line of the trail as the person sees it whom it is about."""

    id: UUID
    subject_id: UUID | None
    role: str
    kind: str
    occurred_at: datetime


class RecordRow(msgspec.Struct, frozen=True):
    """A line of the trail as admins see it: who, and why."""

    id: UUID
    staff_id: UUID | None
    subject_id: UUID | None
    object_id: UUID | None
    role: str
    kind: str
    reason: str | None
    new_role: str | None
    request_id: str
    occurred_at: datetime


ACTIONS_ON = rows.Listing(model=StaffAction, row=ActionRow, parent=StaffAction.subject_id)
RECORDS_ON = rows.Listing(
    model=StaffAction, row=RecordRow, parent=StaffAction.subject_id, status=StaffAction.kind
)
RECORDS_BY = rows.Listing(
    model=StaffAction, row=RecordRow, parent=StaffAction.staff_id, status=StaffAction.kind
)


async def look(
    db: Database, actor: Actor, looks: Sequence[Look], now: datetime
) -> Mapping[Look, bool]:
    """Which of these the caller may be shown. A line for each is written before that is told."""

    async def write(session: AsyncSession) -> frozenset[StaffActionKind]:
        role = await _role_now(session, actor, now)
        rights = RIGHTS.get(role, frozenset())
        if allowed := [each for each in looks if each.kind in rights]:
            await _write(session, actor.user_id, role, allowed, now)
        return rights

    rights = await db.run(write)
    return {each: each.kind in rights for each in looks}


async def act(
    session: AsyncSession,
    actor: Actor,
    kind: StaffActionKind,
    *subjects: UUID | None,
    reason: str | None,
    now: datetime,
    object_id: UUID | None = None,
    new_role: Role | None = None,
) -> Role:
    """Write down a change that the caller is about to make to what is the subjects'.

    Returns the caller's role. Raises NotFound when they may not: to them there is no such thing.
    Raises Invalid without a reason.
    """
    role = await _role_now(session, actor, now)
    if kind not in RIGHTS.get(role, ()):
        raise NotFound("There is no such thing, or it is not yours to change.")
    why = plain_text(reason or "", "reason", 1, MAX_REASON)
    looks = [Look(kind, object_id, subject) for subject in subjects]
    await _write(session, actor.user_id, role, looks, now, why, new_role)
    return role


async def note_operator(
    session: AsyncSession, subject_id: UUID, new_role: Role, reason: str, now: datetime
) -> None:
    """Write down that whoever runs the servers has given somebody a role."""
    line = Look(StaffActionKind.ROLE_CHANGED, None, subject_id)
    await _write(session, None, Role.SYSTEM, [line], now, reason, new_role)


async def _role_now(session: AsyncSession, actor: Actor, now: datetime) -> Role:
    """The caller's role, if their session is open and their account is not suspended, or USER.

    Locked until the transaction ends: what staff do is done before they are demoted, or not.
    """
    found = await session.execute(
        select(User.role)
        .join(SignInSession, SignInSession.user_id == User.id)
        .where(
            User.id == actor.user_id,
            User.suspended_at.is_(None),
            SignInSession.id == actor.session_id,
            SignInSession.revoked_at.is_(None),
            SignInSession.expires_at > now,
        )
        .with_for_update(read=True, of=User)
    )
    role = found.scalar_one_or_none()
    return Role.USER if role is None else Role(role)


async def _write(
    session: AsyncSession,
    staff_id: UUID | None,
    role: Role,
    looks: Sequence[Look],
    now: datetime,
    reason: str | None = None,
    new_role: Role | None = None,
) -> None:
    await session.execute(
        insert(StaffAction),
        [
            {
                "id": new_id(),
                "staff_id": staff_id,
                "role": role,
                "kind": each.kind,
                "subject_id": each.subject_id,
                "object_id": each.object_id,
                "reason": reason,
                "new_role": new_role,
                "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
                "occurred_at": now,
            }
            for each in looks
        ],
    )
