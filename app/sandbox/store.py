"""Write-through to one SQLite file, off the event loop."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from app.sandbox.state import Change, State

_SCHEMA = """
create table if not exists rows (
    kind text not null, id text not null, body blob not null, unique (kind, id)
)
"""
_UPSERT = """
insert into rows (kind, id, body) values (?, ?, ?)
on conflict (kind, id) do update set body = excluded.body
"""


class Store:
    """Keeps a State on disk. A request is answered only after its changes are in the file.

    Concurrent requests share a transaction: whoever holds the lock writes what all have changed.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sandbox-store")
        self._connection: sqlite3.Connection | None = None
        if state.config.data is not None:
            self._connection = self._open(Path(state.config.data))

    def _open(self, path: Path) -> sqlite3.Connection:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, check_same_thread=False)
        # WAL and NORMAL survive the death of the process, which is all that a sandbox meets.
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute(_SCHEMA)
        for kind, body in connection.execute("select kind, body from rows order by rowid"):
            row = msgspec.json.decode(body)
            self._state.table(kind)[row["id"]] = row
        return connection

    async def flush(self) -> None:
        """Write what changed since the last time."""
        if self._connection is None:
            return
        async with self._lock:
            changes = self._state.take_changes()
            if changes:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._thread, self._write, changes)

    def _write(self, changes: list[Change]) -> None:
        assert self._connection is not None
        gone = [(kind, object_id) for kind, object_id, body in changes if body is None]
        kept = [change for change in changes if change[2] is not None]
        with self._connection:
            self._connection.executemany("delete from rows where kind = ? and id = ?", gone)
            self._connection.executemany(_UPSERT, kept)

    async def close(self) -> None:
        """Write the rest and let go of the file."""
        await self.flush()
        self._thread.shutdown()
        if self._connection is not None:
            self._connection.close()
