"""The harness itself: what the other tests stand on."""

import asyncio
import os
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from app.config import Settings, load
from db.session import Database
from tests.support import redis as test_redis
from tests.support.folders import fast_folder, held
from tests.support.postgres import Databases, deadlocks, plain
from tests.support.processes import environment


def test_processes_get_the_settings_of_the_test(settings: Settings) -> None:
    assert load(environment(settings)) == settings


async def test_each_database_is_a_migrated_clone_of_its_own(
    databases: Databases, database_url: str
) -> None:
    other_url = await databases.clone()
    mine = await asyncpg.connect(plain(database_url))
    other = await asyncpg.connect(plain(other_url))
    try:
        await mine.execute("CREATE TABLE only_here ()")
        assert await other.fetchval("SELECT to_regclass('only_here')") is None
        assert await other.fetchval("SELECT count(*) FROM alembic_version") == 1
    finally:
        await mine.close()
        await databases.drop(other_url)  # although `other` is still connected
        other.terminate()


async def test_a_pool_reaches_the_database_of_the_settings(
    db: Database, settings: Settings
) -> None:
    async with db.engine.connect() as connection:
        name = await connection.exec_driver_sql("SELECT current_database()")
        assert f"/{name.scalar_one()}" in settings.database_url


async def test_a_deadlock_is_counted(database_url: str) -> None:
    assert await deadlocks(database_url) == 0
    one = await asyncpg.connect(plain(database_url))
    two = await asyncpg.connect(plain(database_url))
    await one.execute("BEGIN; SELECT pg_advisory_xact_lock(1)")
    await two.execute("BEGIN; SELECT pg_advisory_xact_lock(2)")
    results = await asyncio.gather(
        one.execute("SELECT pg_advisory_xact_lock(2)"),
        two.execute("SELECT pg_advisory_xact_lock(1)"),
        return_exceptions=True,
    )
    assert [type(r) for r in results].count(asyncpg.DeadlockDetectedError) == 1
    await one.close()
    await two.close()
    assert await deadlocks(database_url) == 1


async def test_redis_is_emptied_without_touching_other_databases(redis_url: str) -> None:
    elsewhere = Redis.from_url(test_redis.with_number(redis_url, 0))
    here = Redis.from_url(redis_url)
    async with elsewhere, here:
        await elsewhere.set("roost:test:bystander", "1", ex=60)
        await here.set("mine", "1")
        await test_redis.empty(redis_url, "token")
        assert await here.keys("*") == [test_redis.CLAIM.encode()]
        assert await elsewhere.get("roost:test:bystander") == b"1"
        await elsewhere.delete("roost:test:bystander")


async def test_a_used_redis_database_is_never_claimed(redis_url: str) -> None:
    first = await test_redis.claim(redis_url, "a")
    second = await test_redis.claim(redis_url, "b")
    assert len({redis_url, first, second}) == 3
    await test_redis.wipe(first)
    await test_redis.wipe(second)


def test_what_killed_runs_left_in_memory_is_deleted_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.folders.ROOM", 0)
    for name in ("roost-test-left", "roost-test-running", "roost-test-new", "another"):
        (tmp_path / name / "postgresql").mkdir(parents=True)
        if name != "roost-test-new":
            os.utime(tmp_path / name, (0, 0))
    with held(tmp_path / "roost-test-running"):
        assert fast_folder(tmp_path) == tmp_path
    assert {path.name for path in tmp_path.iterdir()} == {
        "roost-test-running",
        "roost-test-new",
        "another",
    }


def test_without_room_in_memory_the_disk_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fast_folder(tmp_path / "absent") is None
    monkeypatch.setattr("tests.support.folders.ROOM", 2**80)
    assert fast_folder(tmp_path) is None
