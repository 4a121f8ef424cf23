"""The pool of reads: deadlines, losses and crowds leave it as it was."""

import asyncio
import time

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.http.problems import is_outage
from db.session import Database, sqlstate

SLOW = "SELECT pg_sleep(30)"
ME = "SELECT pg_backend_pid(), application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND application_name = 'roost'"
)


async def one(db: Database, sql: str = "SELECT 1") -> object:
    ((value, *_),) = await db.reads.fetch(sql, ())
    return value


async def until(db: Database, sql: str, most: int) -> None:
    """Wait until the count that `sql` finds is no larger."""
    for _ in range(500):
        if int(str(await one(db, sql))) <= most:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"still more than {most}")


async def test_a_deadline_stops_the_statement_and_costs_only_its_connection(
    database_url: str,
) -> None:
    db = Database(database_url, pool_size=2)
    try:
        for _ in range(8):
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await db.reads.fetch(SLOW, ())
            # At once, and not when the server has been told.
            assert time.monotonic() - began < 1
            assert await one(db) == 1
        answers = await asyncio.gather(*(one(db, "SELECT 7") for _ in range(50)))
        assert answers == [7] * 50
        await until(db, "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sl'", 0)
        await until(db, OTHERS, 1)
    finally:
        await db.close()


async def test_a_read_that_is_cancelled_never_answers_another(db: Database) -> None:
    async def ask(number: int) -> None:
        nap = "SELECT $1::int, pg_sleep(0.01)"
        ((answer, _),) = await db.reads.fetch(nap, (number,))
        assert answer == number

    asked = [asyncio.create_task(ask(number)) for number in range(200)]
    for number, task in enumerate(asked):
        if number % 3 == 0:
            task.cancel()
        if number % 20 == 0:
            await asyncio.sleep(0.005)
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [each for each in found if isinstance(each, Exception)] == []


async def test_a_cancelled_wait_takes_no_place(database_url: str) -> None:
    db = Database(database_url, pool_size=1)
    try:
        await one(db)
        busy = asyncio.create_task(one(db, "SELECT pg_sleep(0.3)"))
        await asyncio.sleep(0.05)
        waiting = [asyncio.create_task(one(db)) for _ in range(5)]
        await asyncio.sleep(0.05)
        for task in waiting[::2]:
            task.cancel()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [each for each in found if each == 1] == [1, 1]
        await busy
        assert await one(db) == 1
    finally:
        await db.close()


async def test_a_lost_connection_is_an_outage_once(db: Database) -> None:
    pid = await one(db, ME)
    running = asyncio.create_task(one(db, SLOW))
    await asyncio.sleep(0.1)
    async with db.read() as connection:
        await connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(DBAPIError) as lost:
        await running
    assert lost.value.connection_invalidated
    assert is_outage(lost.value)
    # An idle connection that the server has closed is not handed out.
    await asyncio.sleep(0.05)
    assert await one(db, ME) != pid


@pytest.mark.parametrize(
    ("sql", "state", "outage"),
    [
        ("SELECT 1 / 0", "22012", False),
        ("SELECT nonsense", "42703", False),
        ("SELECT pg_sleep(5)", "57014", True),
    ],
)
async def test_errors_are_those_of_the_engine(
    database_url: str, sql: str, state: str, outage: bool
) -> None:
    db = Database(database_url, pool_size=1, statement_timeout_ms=100)
    try:
        pid = await one(db, ME)
        with pytest.raises(DBAPIError) as refused:
            await db.reads.fetch(sql, ())
        assert sqlstate(refused.value) == state
        assert is_outage(refused.value) is outage
        assert not refused.value.connection_invalidated
        assert await one(db, ME) == pid
    finally:
        await db.close()


async def test_an_error_shows_no_parameters(db: Database) -> None:
    with pytest.raises(DBAPIError) as refused:
        await db.reads.fetch("SELECT 1 / length($1::text)", ("",))
    assert "hidden" in str(refused.value) or "$1" in str(refused.value)
    with pytest.raises(DBAPIError) as wrong:
        await db.reads.fetch("SELECT $1::int", ("ada@example.com",))
    assert not is_outage(wrong.value)
    assert await one(db) == 1


async def test_a_crowd_shares_what_there_is(database_url: str) -> None:
    db = Database(database_url, pool_size=3)
    try:
        pids = await asyncio.gather(
            *(one(db, "SELECT pg_backend_pid(), pg_sleep(0.005)") for _ in range(100))
        )
        assert 1 <= len(set(pids)) <= 3
    finally:
        await db.close()


async def test_who_waits_too_long_is_told_to_come_again(database_url: str) -> None:
    db = Database(database_url, pool_size=1)
    db.reads._wait_seconds = 0.05
    try:
        busy = asyncio.create_task(one(db, "SELECT pg_sleep(0.3)"))
        await asyncio.sleep(0.1)
        with pytest.raises(PoolTimeout) as refused:
            await one(db)
        assert is_outage(refused.value)
        await busy
        assert await one(db) == 1
    finally:
        await db.close()


async def test_reads_and_transactions_do_not_take_each_others_connections(
    database_url: str,
) -> None:
    db = Database(database_url, pool_size=1)
    try:
        async with db.transaction() as session:
            await session.connection()
            assert await one(db) == 1
            busy = asyncio.create_task(one(db, "SELECT pg_sleep(0.2)"))
            await asyncio.sleep(0.05)
            assert (await session.connection()) is not None
            await busy
    finally:
        await db.close()


async def test_a_server_that_is_not_there_is_an_outage() -> None:
    db = Database("postgresql://postgres@127.0.0.1:9/roost", pool_size=1)
    for _ in range(3):
        with pytest.raises(OSError) as refused:
            await one(db)
        assert is_outage(refused.value)
    await db.close()


async def test_a_database_that_does_not_let_us_in_is_an_outage(database_url: str) -> None:
    db = Database(database_url.replace("?", "-gone?") + "&", pool_size=1)
    for _ in range(2):
        with pytest.raises(DBAPIError) as refused:
            await one(db)
        assert is_outage(refused.value)
    await db.close()


async def test_connections_are_set_up_as_the_engines_are(db: Database) -> None:
    settings = (
        "SELECT name, setting FROM pg_settings WHERE name IN ('application_name', 'jit',"
        " 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout',"
        " 'TimeZone', 'plan_cache_mode') ORDER BY name"
    )
    ours = [tuple(each) for each in await db.reads.fetch(settings, ())]
    async with db.read() as connection:
        theirs = [tuple(each) for each in await connection.exec_driver_sql(settings)]
    assert ours == theirs


async def test_closing_leaves_nothing_behind(db: Database, database_url: str) -> None:
    other = Database(database_url, pool_size=4)
    await asyncio.gather(*(one(other, "SELECT pg_sleep(0.02)") for _ in range(4)))
    running = asyncio.create_task(one(other, "SELECT pg_sleep(0.2)"))
    await asyncio.sleep(0.05)
    await other.close()
    await running
    await until(db, OTHERS, 0)
