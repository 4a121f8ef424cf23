"""Exports made and fetched: documents are put together outside of transactions."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.identity import limits
from app.identity.client import Client
from app.identity.errors import LinkRefused
from app.identity.links import EXPORT, link_of
from app.identity.tokens import TokenKeys
from app.limits import Limiter
from app.outbox import emit
from app.privacy import document
from app.privacy.events import DataExportReady
from db.models import DataExport
from db.session import Database


async def make_export(db: Database, lasts: timedelta, export_id: UUID) -> None:
    """Put an export together; nothing when that was done, or nobody wants it any more."""
    async with db.read() as connection:
        user_id = await connection.scalar(
            select(DataExport.user_id).where(
                DataExport.id == export_id, DataExport.ready_at.is_(None)
            )
        )
        if user_id is None:
            return
        content = await document.compose(connection, user_id, clock.now())

    async def keep(session: AsyncSession) -> None:
        now = clock.now()
        kept = await session.scalar(
            update(DataExport)
            .where(DataExport.id == export_id, DataExport.ready_at.is_(None))
            .values(content=content, ready_at=now, expires_at=now + lasts)
            .returning(DataExport.id)
        )
        if kept is not None:
            await emit(session, DataExportReady(export_id=export_id))

    await db.run(keep)


async def fetch_export(
    db: Database, limiter: Limiter, keys: TokenKeys, code: str, client: Client, now: datetime
) -> bytes:
    """The document that a mailed code is for. Raises LinkRefused, RateLimited."""
    await limiter.take(limits.mailed_code(client.address))
    export_id = link_of(keys, code, EXPORT)
    if export_id is None:
        raise LinkRefused
    async with db.read() as connection:
        content = await connection.scalar(
            select(DataExport.content).where(
                DataExport.id == export_id, DataExport.expires_at > now
            )
        )
    if content is None:
        raise LinkRefused
    return bytes(content)
