"""Databases for tests: a migrated template, made once, and a clone of it for each test."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from sqlalchemy import text

from db.session import Database

ROOT = Path(__file__).resolve().parent.parent.parent


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def plain(url: str) -> str:
    """The URL as asyncpg and psql read it, without SQLAlchemy's driver name."""
    scheme, rest = url.split("://", 1)
    return f"{scheme.split('+')[0]}://{rest}"


class Databases:
    """Makes and drops databases on one server, all named with a prefix of this test run."""

    def __init__(self, admin_url: str, log: Path | None) -> None:
        self.admin_url = plain(admin_url)
        self.log = log
        self.prefix = f"roost_test_{os.getpid()}_{os.urandom(3).hex()}"
        self.template = f"{self.prefix}_template"
        self._made = 0
        # One for all: connecting would be a third of what making a database costs.
        self._admin: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()

    async def make_template(self) -> None:
        """Create the template and migrate it as a deployment does: by `app migrate`."""
        await self._execute(f'CREATE DATABASE "{self.template}"')
        migrated = subprocess.run(  # noqa: ASYNC221  (nothing else runs yet)
            [sys.executable, "-m", "app", "migrate"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": with_database(self.admin_url, self.template)},
            capture_output=True,
            text=True,
        )
        if migrated.returncode != 0:
            raise RuntimeError(f"app migrate failed:\n{migrated.stdout}{migrated.stderr}")

    async def clone(self) -> str:
        """A fresh, migrated, empty database. Returns its URL."""
        return await self._create(f'TEMPLATE "{self.template}" STRATEGY file_copy')

    async def empty(self) -> str:
        """A database without any table, for tests of the migrations themselves."""
        return await self._create("TEMPLATE template0")

    async def drop(self, url: str) -> None:
        """Drop a database of this run, whoever is still connected to it."""
        name = urlsplit(url).path.lstrip("/")
        assert name.startswith(self.prefix), name
        await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def drop_all(self) -> None:
        """Drop whatever this run made and has not dropped yet, and let the server go."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            names = await connection.fetch(
                "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", self.prefix
            )
        finally:
            await connection.close()
        for row in names:
            await self.drop(with_database(self.admin_url, row["datname"]))
        if self._admin:
            await self._admin.close()

    async def _create(self, how: str) -> str:
        self._made += 1
        name = f"{self.prefix}_{self._made}"
        await self._execute(f'CREATE DATABASE "{name}" {how}')
        return with_database(self.admin_url, name)

    async def _execute(self, statement: str) -> None:
        async with self._turn:
            if self._admin is None or self._admin.is_closed():
                self._admin = await asyncpg.connect(self.admin_url)
            await self._admin.execute(statement)


async def deadlocks(database_url: str) -> int:
    """How many deadlocks PostgreSQL has resolved in this database since it was made."""
    connection = await asyncpg.connect(plain(database_url))
    try:
        # A backend reports what it counted at most a second later, or when it ends.
        await connection.execute("SELECT pg_stat_force_next_flush(), pg_sleep(1.1)")
        count: int = await connection.fetchval(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return count
    finally:
        await connection.close()


async def until_blocked(db: Database) -> None:
    """Wait until a session of this database waits for another's transaction."""
    query = text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN"
        " (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
    )
    async with asyncio.timeout(10), db.read() as connection:
        while not (await connection.execute(query)).scalar_one():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
