"""Suspending hosts: what they have published is taken down with them, and comes back with them.

Both run inside the caller's transaction. Lock order: user, then their properties. A host's edits
take the same locks in the same order (properties.service), and bookings those of the properties,
so each of them is done before the suspension, or finds it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.identity import desk
from app.properties.service import SHOWN
from db.enums import PropertyStatus
from db.models import Property


async def suspend(
    session: AsyncSession, actor: Actor, user_id: UUID, reason: str, now: datetime
) -> None:
    """Suspend an account: its places take no bookings, and those that exist stay.

    Raises NotFound, Forbidden, Invalid.
    """
    await desk.suspend(session, actor, user_id, reason, now)
    await _move(session, user_id, SHOWN, PropertyStatus.SUSPENDED, now)


async def reinstate(
    session: AsyncSession, actor: Actor, user_id: UUID, reason: str, now: datetime
) -> None:
    """Let somebody sign in and host again: their places are published as they were.

    Raises NotFound, Forbidden, Invalid.
    """
    await desk.reinstate(session, actor, user_id, reason, now)
    back: ColumnElement[str] = case(
        (Property.snoozed_until.is_not(None), PropertyStatus.SNOOZED),
        else_=PropertyStatus.PUBLISHED,
    )
    await _move(session, user_id, [PropertyStatus.SUSPENDED], back, now)


async def _move(
    session: AsyncSession,
    host_id: UUID,
    old: Sequence[PropertyStatus],
    new: ColumnElement[str] | PropertyStatus,
    now: datetime,
) -> None:
    found = await session.execute(
        select(Property.id)
        .where(Property.host_id == host_id, Property.status.in_(old))
        .order_by(Property.id)
        .with_for_update(key_share=True)
    )
    await session.execute(
        update(Property)
        .where(Property.id.in_(found.scalars().all()))
        .values(status=new, version=Property.version + 1, updated_at=now)
    )
