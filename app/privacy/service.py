"""Asking for one's data and leaving, each function inside the caller's transaction.

Lock order: properties, user, sign-in session.
"""

import math
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.config import Settings
from app.errors import RateLimited
from app.identity import audit, enrollment
from app.identity import service as sessions
from app.identity.client import Client
from app.identity.errors import EmailNotVerified
from app.ids import new_id
from app.outbox import emit
from app.privacy import blockers
from app.privacy.blockers import DeletionBlocked
from app.privacy.events import DataExportRequested, DeletionCancelled, DeletionScheduled
from app.properties import lifecycle
from db.enums import SignInEventKind as Kind
from db.models import DataExport, User

# How often somebody gets all of their data.
EXPORT_EVERY = timedelta(days=1)


async def request_export(
    session: AsyncSession, actor: Actor, settings: Settings, client: Client, now: datetime
) -> UUID:
    """Have the caller's data put together; returns the export's id, that of one under way if any.

    Raises Unauthenticated, SignInAgain, EmailNotVerified (the link to it is mailed), RateLimited.
    """
    user_id = await sessions.require_recent(session, actor, now)
    # Of two requests at once, the second waits here and finds the first.
    verified = await session.scalar(
        select(User.email_verified_at).where(User.id == user_id).with_for_update(key_share=True)
    )
    if verified is None:
        raise EmailNotVerified
    found = await session.execute(
        select(DataExport.id, DataExport.requested_at, DataExport.ready_at, DataExport.expires_at)
        .where(DataExport.user_id == user_id)
        .order_by(DataExport.id.desc())
        .limit(1)
    )
    last = found.one_or_none()
    if last is not None and last.ready_at is None and last.expires_at > now:
        last_id: UUID = last.id
        return last_id
    if last is not None and last.requested_at + EXPORT_EVERY > now:
        wait = last.requested_at + EXPORT_EVERY - now
        raise RateLimited(math.ceil(wait.total_seconds()))
    export_id = new_id()
    expires_at = now + timedelta(days=settings.export_days)
    await session.execute(
        insert(DataExport).values(
            id=export_id, user_id=user_id, requested_at=now, expires_at=expires_at
        )
    )
    await audit.record(session, Kind.DATA_EXPORT_REQUESTED, user_id, client, now, actor.session_id)
    await emit(session, DataExportRequested(export_id=export_id))
    return export_id


async def schedule_deletion(
    session: AsyncSession,
    actor: Actor,
    proof: str,
    settings: Settings,
    client: Client,
    now: datetime,
) -> UUID:
    """Let the caller's account go after the grace period, and sign them out everywhere, at once.

    Returns the user's id. Raises Unauthenticated, ProofRequired, DeletionBlocked.
    """
    user_id = await sessions.require_open(session, actor, now)
    # First of all: bookings of these places that are being made are waited for, and then seen.
    await lifecycle.unpublish_all(session, user_id, now)
    # Locked for bookings' foreign keys, too, which a proof's lock lets pass.
    planned = await session.scalar(
        select(User.deletion_scheduled_at).where(User.id == user_id).with_for_update()
    )
    await enrollment.require_proof(session, actor, proof, now)
    if found := await blockers.find(session, user_id):
        raise DeletionBlocked(found)
    if planned is None:
        erased_from = now + timedelta(days=settings.erasure_grace_days)
        await session.execute(
            update(User).where(User.id == user_id).values(deletion_scheduled_at=erased_from)
        )
        kind = Kind.DELETION_SCHEDULED
        await audit.record(session, kind, user_id, client, now, actor.session_id)
        await emit(session, DeletionScheduled(user_id=user_id, erased_from=erased_from))
    await sessions.revoke_all(session, user_id, sessions.DELETED, client, now)
    return user_id


async def cancel_deletion(
    session: AsyncSession, actor: Actor, client: Client, now: datetime
) -> UUID:
    """Keep the caller's account; nothing happens when it was not about to go. Returns their id.

    Places stay unpublished. Raises Unauthenticated.
    """
    user_id = await sessions.require_open(session, actor, now)
    kept = await session.execute(
        update(User)
        .where(
            User.id == user_id,
            User.deletion_scheduled_at.is_not(None),
            User.erased_at.is_(None),
        )
        .values(deletion_scheduled_at=None)
        .returning(User.id)
    )
    if kept.first() is not None:
        kind = Kind.DELETION_CANCELLED
        await audit.record(session, kind, user_id, client, now, actor.session_id)
        await emit(session, DeletionCancelled(user_id=user_id, change_id=new_id()))
    return user_id
