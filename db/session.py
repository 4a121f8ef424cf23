"""The engine, and the only ways to reach the database: a transaction, or a read.

A service function takes `session` and never commits; a flow takes `Database` and opens short
transactions with network calls between them. Reads run outside of any transaction: those of hot
paths as statements that are prepared once (db.statements), on connections of their own.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

from db.pool import Pool

T = TypeVar("T")

log = logging.getLogger(__name__)

Hook = Callable[[], Awaitable[None]]

# Deadlock and serialization failure: the transaction did nothing and may simply run again.
RETRYABLE = {"40P01", "40001"}
ATTEMPTS = 3
HOOKS = "after_commit"
# For a free connection, before the caller is told to come again.
WAIT_SECONDS = 10


class Database:
    """Two pools of connections to one PostgreSQL database, of `pool_size` each, opened as needed.

    The engine's are for transactions and all that SQLAlchemy runs, `reads` for prepared reads:
    however many people look, those who book have connections left.
    """

    engine: AsyncEngine
    reads: Pool
    # Copied into the `info` of every session: how app.pubsub reaches Redis after a commit.
    session_info: dict[str, Any]

    def __init__(self, url: str, *, pool_size: int = 16, statement_timeout_ms: int = 5_000) -> None:
        self.session_info = {}
        options = connection_options(statement_timeout_ms)
        self.engine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=WAIT_SECONDS,
            # Statements' parameters are people's data: they belong in no log.
            hide_parameters=True,
            connect_args=options,
        )
        # The URL means the same to both.
        _, address = self.engine.dialect.create_connect_args(self.engine.url)
        self.reads = Pool(
            lambda: asyncpg.connect(**{**address, **options}),
            size=pool_size,
            wait_seconds=WAIT_SECONDS,
        )
        self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises.

        What was registered with `after_commit` runs once the commit has succeeded.
        """
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            session.info.update(self.session_info)
            async with session.begin():
                yield session
        for hook in session.info.get(HOOKS, ()):
            try:
                await hook()
            except Exception:
                # The commit stands. Whatever a hook announces is found without it, only later.
                log.warning("a hook after commit failed", exc_info=True)

    async def run(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run `work` in a transaction, again when PostgreSQL chose it as a deadlock's victim.

        `work` must have no effect besides its statements.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.transaction() as session:
                    return await work(session)
            except DBAPIError as error:
                if sqlstate(error) not in RETRYABLE or attempt == ATTEMPTS:
                    raise
                await asyncio.sleep(random.uniform(0.01, 0.05) * attempt)
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading: every statement stands alone, no transaction is opened."""
        async with self._reader.connect() as connection:
            yield connection

    async def close(self) -> None:
        """Close every connection of both pools."""
        await self.reads.close()
        await self.engine.dispose()


def connection_options(statement_timeout_ms: int) -> dict[str, Any]:
    """Of every connection, for asyncpg: who we are, and how long anything may take."""
    return {
        "timeout": 5,
        # For a server that hangs: one that works keeps its own, shorter time-out.
        "command_timeout": statement_timeout_ms / 1000 + 5,
        "server_settings": {
            "application_name": "roost",
            "statement_timeout": str(statement_timeout_ms),
            "idle_in_transaction_session_timeout": "10000",
            "lock_timeout": str(statement_timeout_ms),
            # Instants within JSON are written in it; elsewhere it does not matter.
            "TimeZone": "UTC",
            # Short statements: compiling them costs more than it saves.
            "jit": "off",
        },
    }


def after_commit(session: AsyncSession, hook: Hook) -> None:
    """Run `hook` once the session's transaction has committed; best effort, it may be lost."""
    session.info.setdefault(HOOKS, []).append(hook)


def sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's five-character code of an error, e.g. 23505 for a unique violation."""
    return getattr(error.orig, "sqlstate", None)


def constraint_name(error: DBAPIError) -> str | None:
    """The name of the constraint that an error is about, if it is about one."""
    cause: Any = getattr(error.orig, "__cause__", None)
    return getattr(cause, "constraint_name", None)


def driver_url(url: str) -> str:
    """A PostgreSQL URL as operators write it, in the form that picks the asyncpg driver."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url[len(prefix) :]
    return url
