"""The migrations build what the models say, run down to empty and up again, and index the keys."""

import asyncio
import re

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Table, text

from db.base import Base
from db.session import Database
from migrations import runner
from tests.support.postgres import Databases


async def tables(url: str) -> set[str]:
    db = Database(url)
    async with db.read() as connection:
        found = await connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        names = set(found.scalars())
    await db.close()
    return names


async def leftovers(url: str) -> list[str]:
    """Functions that no extension brought."""
    db = Database(url)
    async with db.read() as connection:
        found = await connection.execute(
            text(
                "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
                " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid"
                " AND deptype = 'e')"
            )
        )
        names = list(found.scalars())
    await db.close()
    return names


async def test_they_run_up_down_to_empty_and_up_again(databases: Databases) -> None:
    url = await databases.empty()
    # Alembic starts an event loop of its own, so it gets a thread.
    await asyncio.to_thread(runner.upgrade, url)
    assert await tables(url) == set(Base.metadata.tables) | {"alembic_version"}
    await asyncio.to_thread(runner.check, url)
    await asyncio.to_thread(runner.downgrade, url, "base")
    assert await tables(url) == {"alembic_version"}
    assert await leftovers(url) == []
    await asyncio.to_thread(runner.upgrade, url)
    await asyncio.to_thread(runner.check, url)
    await databases.drop(url)


def indexed(table: Table) -> list[list[str]]:
    """The columns of each index, the primary key's and unique constraints' included."""
    found = [[column.name for column in index.columns] for index in table.indexes]
    for constraint in table.constraints:
        columns = getattr(constraint, "columns", None)
        if columns is not None and not isinstance(constraint, ForeignKeyConstraint):
            found.append([column.name for column in columns])
    return found


def test_every_foreign_key_leads_an_index() -> None:
    """Without one, deleting or checking a parent reads the whole table of its children."""
    missing = []
    for table in Base.metadata.tables.values():
        for constraint in table.foreign_key_constraints:
            key = [column.name for column in constraint.columns]
            # The first column is enough where it already tells rows apart.
            if not any(index[:1] == key[:1] for index in indexed(table)):
                missing.append(f"{table.name}({', '.join(key)})")
    assert missing == []


async def test_enumerations_are_the_same_in_the_database(db: Database) -> None:
    """Alembic does not compare checks: one that lost a value would refuse it only when it comes."""
    async with db.read() as connection:
        found = await connection.execute(
            text("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'")
        )
        stored = {name: values_in(definition) for name, definition in found}
    for table in Base.metadata.tables.values():
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint):
                name = str(constraint.name)
                assert stored[name] == values_in(str(constraint.sqltext)), name


def values_in(condition: str) -> set[str]:
    """The names in quotes."""
    return set(re.findall(r"'([A-Z_]+)'", condition))
