"""Counting SQL statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from db.session import Database


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    """The statements that are sent on `db`'s connections while the block runs, in a list."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    event.listen(db.engine.sync_engine, "before_cursor_execute", note)
    db.reads.watchers.append(statements.append)
    try:
        yield statements
    finally:
        db.reads.watchers.remove(statements.append)
        event.remove(db.engine.sync_engine, "before_cursor_execute", note)
