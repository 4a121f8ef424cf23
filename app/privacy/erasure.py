"""Erasure: what the inventory says, in short transactions, taken up again where it stopped.

It begins with the account itself and whatever names its address, together: then nobody can sign in
or think better of it. `users.deletion_scheduled_at` stays until all the rest is done, so an erasure
whose process dies is found by the next sweep; each step does only what is left to do.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import (
    CursorResult,
    Delete,
    Update,
    delete,
    inspect,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.outbox import emit
from app.privacy import blockers, files
from app.privacy.declaring import Part
from app.privacy.events import AccountErased
from app.privacy.inventory import FIRST, PARTS
from app.storage import Storage
from db.models import User
from db.session import Database

log = structlog.get_logger(__name__)

BATCH = 500
# Accounts of one sweep; the next takes the others.
MOST = 100
# An account that turns out to have something open is looked at again after this time.
LATER = timedelta(days=1)


async def erase_due(db: Database, storage: Storage, now: datetime) -> None:
    """Erase everybody whose time has come, or whose erasure was cut short.

    One that fails does not keep the others from theirs; the failure is raised then.
    """
    async with db.read() as connection:
        found = await connection.execute(
            select(User.id)
            .where(User.deletion_scheduled_at <= now)
            .order_by(User.deletion_scheduled_at)
            .limit(MOST)
        )
        due = list(found.scalars())
    failures: list[Exception] = []
    for user_id in due:
        try:
            await erase(db, storage, user_id, now)
        except Exception as error:
            failures.append(error)
    if failures:
        raise failures[0]


async def erase(db: Database, storage: Storage, user_id: UUID, now: datetime) -> bool:
    """Erase one account, or what an earlier call has left of it.

    False when it is not to be: not due (any more), or something has still to be settled.
    """
    if not await db.run(lambda session: _begin(session, user_id, now)):
        return False
    for part in PARTS:
        if part in FIRST or not (part.deleted or part.erased):
            continue
        if part.files is not None:
            async with db.read() as connection:
                addresses = await files.own_files(connection, part, user_id)
            await storage.remove(*files.keys(addresses))
        while await _in_transaction(db, part, user_id) == BATCH:
            pass
    await db.run(lambda session: _finish(session, user_id))
    log.info("an account was erased", user_id=str(user_id))
    return True


async def allow(session: AsyncSession) -> None:
    """Let this transaction forget what append-only tables let be forgotten, and nothing else."""
    await session.execute(text("SELECT set_config('roost.erasing', 'on', true)"))


async def _begin(session: AsyncSession, user_id: UUID, now: datetime) -> bool:
    """Erase the account's own row; False when it must not be."""
    found = await session.execute(
        select(
            User.deletion_scheduled_at,
            User.erased_at,
            User.email,
            User.first_name,
            User.email_verified_at,
        )
        # The strong lock: a booking's foreign keys wait for it.
        .where(User.id == user_id)
        .with_for_update()
    )
    user = found.one_or_none()
    if user is None or user.deletion_scheduled_at is None or user.deletion_scheduled_at > now:
        return False
    if user.erased_at is not None:
        return True
    if await blockers.find(session, user_id):
        await session.execute(
            update(User).where(User.id == user_id).values(deletion_scheduled_at=now + LATER)
        )
        log.warning("an account has something open and is not erased yet", user_id=str(user_id))
        return False
    for part in FIRST:
        while await _erase_some(session, part, user_id) == BATCH:
            pass
    await session.execute(update(User).where(User.id == user_id).values(erased_at=now))
    # An address that was never verified may be anybody's.
    if user.email_verified_at is not None:
        await emit(
            session,
            AccountErased(erased_id=user_id, email=user.email, first_name=user.first_name),
        )
    return True


async def _in_transaction(db: Database, part: Part, user_id: UUID) -> int:
    return await db.run(lambda session: _erase_some(session, part, user_id))


async def _erase_some(session: AsyncSession, part: Part, user_id: UUID) -> int:
    """Erase up to BATCH rows of the part that are not erased yet. Returns how many there were."""
    await allow(session)
    result = await session.execute(
        _statement(part), {"person": user_id}, execution_options={"synchronize_session": False}
    )
    assert isinstance(result, CursorResult)
    return result.rowcount


def _statement(part: Part) -> Delete | Update:
    key: list[Any] = list(inspect(part.model).primary_key)
    rows = select(*key).where(part.whose).limit(BATCH)
    if part.deleted:
        return delete(part.model).where(tuple_(*key).in_(rows))
    left = or_(
        *(
            getattr(part.model, column).is_distinct_from(value)
            for column, value in part.erased.items()
        )
    )
    return update(part.model).where(tuple_(*key).in_(rows.where(left))).values(**part.erased)


async def _finish(session: AsyncSession, user_id: UUID) -> None:
    await session.execute(
        update(User)
        .where(User.id == user_id, User.erased_at.is_not(None))
        .values(deletion_scheduled_at=None)
    )
