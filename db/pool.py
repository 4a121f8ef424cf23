"""Connections for prepared reads, straight from asyncpg: nothing between them and the driver."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# What a statement that was cut short gets to stop, before its connection is torn down.
CLOSE_SECONDS = 2.0


class Pool:
    """At most `size` connections, each opened when it is first needed; the last used goes first.

    Every statement stands alone, outside of any transaction, so that nothing has to be reset
    between two users of a connection.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Any]], *, size: int, wait_seconds: float
    ) -> None:
        self._connect = connect
        self._wait_seconds = wait_seconds
        self._turns = asyncio.Semaphore(size)
        self._idle: list[Any] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False
        # Told the text of every statement that is sent.
        self.watchers: list[Callable[[str], object]] = []

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> list[Any]:
        """The records that a SELECT finds; it is prepared once on each connection.

        Raises what the engine beside it raises: DBAPIError, SQLAlchemy's TimeoutError when no
        connection comes free in time, TimeoutError and OSError when the server does not answer.
        """
        connection = await self._take()
        for watcher in self.watchers:
            watcher(sql)
        usable = False
        try:
            found: list[Any] = await connection.fetch(sql, *arguments)
            usable = True
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # Answered, or never sent. Whatever else ends a statement, a deadline above all,
            # leaves it running on a connection that nobody else may have then.
            usable = not connection.is_closed()
            raise _known(error, sql, lost=not usable) from error
        finally:
            self._give_back(connection, usable=usable)
        return found

    async def close(self) -> None:
        """Close every connection; one that is in use when it is given back."""
        self._closed = True
        await asyncio.gather(*map(_end, self._idle), *self._closing)
        self._idle.clear()

    async def _take(self) -> Any:
        await self._turn()
        try:
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    return connection
            return await self._connect()
        except BaseException as error:
            self._turns.release()
            if isinstance(error, asyncpg.PostgresError):
                raise _known(error, None, lost=True) from error
            raise

    async def _turn(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._turns.acquire()
        except TimeoutError as error:
            raise PoolTimeout(f"no connection within {self._wait_seconds:g} seconds") from error

    def _give_back(self, connection: Any, *, usable: bool) -> None:
        if usable and not self._closed:
            self._idle.append(connection)
            self._turns.release()
            return
        closing = asyncio.get_running_loop().create_task(_end(connection))
        self._closing.add(closing)
        closing.add_done_callback(self._ended)

    def _ended(self, closing: asyncio.Task[None]) -> None:
        self._closing.discard(closing)
        # Not before: it may have been the server's last free slot.
        self._turns.release()


async def _end(connection: Any) -> None:
    """Close a connection; one that was cut short waits until the server has stopped."""
    try:
        await connection.close(timeout=CLOSE_SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        connection.terminate()


def _known(error: Exception, sql: str | None, *, lost: bool) -> DBAPIError:
    """The error as callers of SQLAlchemy know it: its kind by `sqlstate`, parameters hidden."""
    return DBAPIError(sql, None, error, hide_parameters=True, connection_invalidated=lost)
