"""Rows on their way to the database: collected by table, written by COPY."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import msgspec
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB

from db.base import Base

# The driver is untyped.
Connection: TypeAlias = Any

# Rows of the same kind have the same columns, and those left out get their defaults.
Columns = tuple[str, ...]


class Rows:
    """Rows by table. The first row of a table decides which columns are written."""

    def __init__(self) -> None:
        self._columns: dict[Table, Columns] = {}
        self._records: dict[Table, list[tuple[Any, ...]]] = defaultdict(list)

    def add(self, model: type[Base], **columns: Any) -> None:
        """Add a row. Raises KeyError for one that lacks a column of the table's first row."""
        table = model.__table__
        assert isinstance(table, Table)
        names = self._columns.setdefault(table, tuple(columns))
        if len(names) != len(columns):
            raise KeyError(f"{table.name}: {set(names) ^ set(columns)}")
        self._records[table].append(tuple([columns[name] for name in names]))

    def __len__(self) -> int:
        return sum(map(len, self._records.values()))

    def count(self, model: type[Base]) -> int:
        """How many rows of a table wait to be written."""
        table = model.__table__
        assert isinstance(table, Table)
        return len(self._records[table])

    async def write(self, connection: Connection) -> int:
        """Write what was collected, parents before children, and forget it; returns how many."""
        written = 0
        for table in Base.metadata.sorted_tables:
            records = self._records.pop(table, [])
            if records:
                names = self._columns[table]
                await connection.copy_records_to_table(
                    table.name, records=_encoded(table, names, records), columns=names
                )
            written += len(records)
        return written


def _encoded(
    table: Table, names: Columns, records: Sequence[tuple[Any, ...]]
) -> Sequence[tuple[Any, ...]] | Iterator[tuple[Any, ...]]:
    """The records with JSON as text, which is how the driver takes it."""
    json = {index for index, name in enumerate(names) if isinstance(table.c[name].type, JSONB)}
    if not json:
        return records
    return (
        tuple(
            [
                msgspec.json.encode(value).decode() if index in json else value
                for index, value in enumerate(record)
            ]
        )
        for record in records
    )


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Connection]:
    """A connection for bulk loading: without the time limits of an API's statements."""
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1), command_timeout=None)
    try:
        schema = await connection.fetchval(
            "SELECT nspname FROM pg_type JOIN pg_namespace n ON n.oid = typnamespace"
            " WHERE typname = 'citext'"
        )
        await connection.set_builtin_type_codec("citext", schema=schema, codec_name="text")
        yield connection
    finally:
        await connection.close()
