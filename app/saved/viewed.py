"""What people looked at lately, each function inside the caller's transaction.

Looking at a property writes nothing: a client that wants it kept says so (`record`). Who has
switched it off has nothing kept.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.saved.wishlists import lock_user, require_published
from db.models import ViewedProperty, ViewHistoryOptOut

# And none for longer than app.privacy.retention says.
MAX_VIEWED = 50


async def record(session: AsyncSession, actor: Actor, property_id: UUID, now: datetime) -> bool:
    """Keep that the caller has looked at a published place now; False: they want nothing kept.

    The oldest of more than MAX_VIEWED is forgotten. Raises NotFound.
    """
    user_id = actor.require_user()
    await require_published(session, property_id)
    await lock_user(session, user_id)
    if await session.get(ViewHistoryOptOut, user_id) is not None:
        return False
    seen = insert(ViewedProperty).values(user_id=user_id, property_id=property_id, viewed_at=now)
    await session.execute(
        seen.on_conflict_do_update(
            index_elements=["user_id", "property_id"], set_={"viewed_at": now}
        )
    )
    own = ViewedProperty.user_id == user_id
    last = (
        select(ViewedProperty.property_id)
        .where(own)
        .order_by(ViewedProperty.viewed_at.desc())
        .limit(MAX_VIEWED)
    )
    await session.execute(
        delete(ViewedProperty).where(own, ViewedProperty.property_id.not_in(last))
    )
    return True


async def clear(session: AsyncSession, actor: Actor) -> None:
    """Forget all that the caller has looked at."""
    user_id = actor.require_user()
    await lock_user(session, user_id)
    await session.execute(delete(ViewedProperty).where(ViewedProperty.user_id == user_id))


async def switch(session: AsyncSession, actor: Actor, now: datetime, *, on: bool) -> None:
    """Keep what the caller looks at from now on, or nothing of it: then all is forgotten."""
    user_id = actor.require_user()
    if on:
        await session.execute(delete(ViewHistoryOptOut).where(ViewHistoryOptOut.user_id == user_id))
        return
    await clear(session, actor)
    await session.execute(
        insert(ViewHistoryOptOut).values(user_id=user_id, created_at=now).on_conflict_do_nothing()
    )
