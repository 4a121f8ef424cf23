"""Watching a sign-in session, for whoever holds a connection open on its behalf."""

import asyncio
import contextlib
import random
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app.identity.events import session_channel
from app.pubsub import RESYNC, LiveUpdates
from db.models import SignInSession
from db.session import Database

# Hints may be lost: looked at this often without one.
RECHECK_SECONDS = 60.0
# When Redis comes back every connection wants to look at once; they take turns.
SPREAD_SECONDS = 2.0

log = structlog.get_logger(__name__)


async def until_over(db: Database, live: LiveUpdates, session_id: UUID) -> None:
    """Return when the session has been revoked, has ended or has gone.

    Without the database nobody can say, so it keeps waiting; access tokens end by themselves.
    """
    async with live.subscribe(session_channel(session_id)) as hints:
        while not await _is_over(db, session_id):
            hint = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RECHECK_SECONDS * random.uniform(0.8, 1.2)):
                    hint = await hints.get()
            if hint == RESYNC:
                await asyncio.sleep(random.uniform(0, SPREAD_SECONDS))


async def _is_over(db: Database, session_id: UUID) -> bool:
    living = (
        SignInSession.id == session_id,
        SignInSession.revoked_at.is_(None),
        SignInSession.expires_at > func.clock_timestamp(),
    )
    try:
        async with db.read() as connection:
            return (
                await connection.execute(select(SignInSession.id).where(*living))
            ).first() is None
    except (SQLAlchemyError, OSError) as error:
        log.warning("cannot look at a session", error=type(error).__name__)
        return False
