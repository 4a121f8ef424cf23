"""Runs the migrations over asyncpg, one transaction each, in one process at a time."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

import db.models  # noqa: F401  (fills the metadata)
from db.base import Base
from db.session import driver_url

# Any number that nobody else in the database uses: two migrations at once wait for each other.
LOCK = 7_366_105


def migrate(connection: Connection) -> None:
    connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        # A migration that cannot get its lock gives up rather than queue everybody behind it.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        context.run_migrations()
    connection.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))
    connection.commit()


async def main() -> None:
    url = context.config.attributes["database_url"]
    engine = create_async_engine(driver_url(url))
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
