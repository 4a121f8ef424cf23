"""Puts events into the outbox and looks at what became of them."""

from collections import Counter
from uuid import UUID

from sqlalchemy import Row, select, text

from app.outbox import Event, emit
from db.models import OutboxMessage
from db.session import Database


async def put(db: Database, *events: Event) -> None:
    """Emit events in one transaction."""
    async with db.transaction() as session:
        for event in events:
            await emit(session, event)


async def only_row(db: Database) -> Row[tuple[object, ...]]:
    """The outbox's only row."""
    async with db.read() as connection:
        return (await connection.execute(select(OutboxMessage.__table__))).one()


async def only_id(db: Database) -> UUID:
    """The id of the outbox's only row."""
    async with db.read() as connection:
        return (await connection.execute(select(OutboxMessage.id))).scalar_one()


async def effects(db: Database) -> Counter[int]:
    """How often each number was written down."""
    async with db.read() as connection:
        rows = await connection.execute(text("SELECT number FROM effects"))
        return Counter(rows.scalars())


async def unfinished(db: Database) -> int:
    """How many rows are not done."""
    async with db.read() as connection:
        rows = await connection.execute(
            select(OutboxMessage.id).where(OutboxMessage.done_at.is_(None))
        )
        return len(rows.all())


async def make_due(db: Database) -> None:
    """Let every lease and every wait end now."""
    async with db.transaction() as session:
        await session.execute(text("UPDATE outbox_messages SET due_at = now()"))
