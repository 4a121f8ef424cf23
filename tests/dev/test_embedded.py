"""The embedded servers: they start whatever the last session left behind, and end."""

import os
import shutil
import signal
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis

from app.dev import embedded
from app.dev.embedded import EmbeddedError, Server, start_postgres, start_redis
from app.dev.process import kill


@pytest.fixture
def folder(open_folder: Path) -> Path:
    return open_folder


async def scalar(server: Server, query: str) -> object:
    connection = await asyncpg.connect(server.url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_postgres_keeps_its_data_and_survives_kill_nine(folder: Path) -> None:
    log = folder / "postgresql.log"
    first = start_postgres(folder / "postgresql", log)
    await scalar(first, "CREATE TABLE kept AS SELECT 42 AS answer")
    kill(first.process)
    second = start_postgres(folder / "postgresql", log)
    assert await scalar(second, "SELECT answer FROM kept") == 42
    second.stop()
    assert second.process.returncode == 0


async def test_postgres_is_what_production_may_be(folder: Path) -> None:
    server = start_postgres(folder / "postgresql", folder / "log")
    try:
        for extension in ("pg_trgm", "unaccent", "btree_gist", "citext"):
            await scalar(server, f"CREATE EXTENSION {extension}")
        assert await scalar(server, "SHOW synchronous_commit") == "on"
        assert await scalar(server, "SHOW fsync") == "on"
        assert await scalar(server, "SHOW listen_addresses") == ""
        assert await scalar(server, "SELECT upper('ångström')") == "ÅNGSTRÖM"
    finally:
        server.stop()


async def test_a_server_left_running_is_replaced(folder: Path) -> None:
    first = start_postgres(folder / "postgresql", folder / "log", throw_away=True)
    second = start_postgres(folder / "postgresql", folder / "log", throw_away=True)
    assert first.process.wait(10) == 0
    assert await scalar(second, "SELECT 1") == 1
    second.stop()


async def test_a_pid_file_that_names_another_program_harms_nobody(folder: Path) -> None:
    data = folder / "redis"
    data.mkdir()
    (data / "redis.pid").write_text(str(os.getpid()))
    (data / "redis.sock").write_text("stale")
    server = start_redis(data, folder / "log")
    async with Redis.from_url(server.url) as redis:
        assert await redis.set("a", "b")
    server.stop()


async def test_redis_keeps_its_data_across_restarts(folder: Path) -> None:
    for expected in (1, 2):
        server = start_redis(folder / "redis", folder / "log")
        async with Redis.from_url(server.url) as redis:
            assert await redis.incr("starts") == expected
        server.stop()
        assert server.process.returncode == 0


async def test_a_long_path_gets_a_short_socket(folder: Path) -> None:
    deep = folder / ("a folder with a long name " * 4).strip() / "and more"
    deep.mkdir(parents=True)
    for path in (deep, deep.parent):
        path.chmod(0o755)
    postgres = start_postgres(deep / "postgresql", folder / "log", throw_away=True)
    redis = start_redis(deep / "redis", folder / "log", throw_away=True)
    try:
        assert await scalar(postgres, "SELECT 1") == 1
        async with Redis.from_url(redis.url) as client:
            assert await client.set("a", "b")
    finally:
        postgres.stop()
        redis.stop()


async def test_a_checkout_that_nobody_else_can_enter_stays_so(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "postgresql"
    try:
        for _ in range(2):
            server = start_postgres(data, folder / "log", throw_away=True)
            assert await scalar(server, "SELECT 1") == 1
            server.stop()
        assert closed.stat().st_mode & 0o777 == 0o700
        # Root runs PostgreSQL as somebody else, who can't get in here.
        assert data.is_symlink() == (os.geteuid() == 0)
    finally:
        if data.is_symlink():
            shutil.rmtree(data.readlink().parent)


def test_a_server_that_cannot_start_shows_its_log(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(embedded.COMMON, "shared_buffers", "lots")
    with pytest.raises(EmbeddedError, match=r"(?s)PostgreSQL ended at once.*invalid value"):
        start_postgres(folder / "postgresql", folder / "log")


def test_a_platform_without_the_wheel_is_told_what_to_set(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmbeddedError, match="set DATABASE_URL to a server of your own"):
        start_postgres(folder / "postgresql", folder / "log")
    with pytest.raises(EmbeddedError, match="set REDIS_URL to a server of your own"):
        start_redis(folder / "redis", folder / "log")


def test_stopping_leaves_no_process(folder: Path) -> None:
    server = start_postgres(folder / "postgresql", folder / "log", throw_away=True)
    family = psutil.Process(server.process.pid).children(recursive=True)
    assert family
    server.stop()
    assert not psutil.wait_procs(family, timeout=10)[1]
    assert signal.Signals(server.stop_signal) is signal.SIGINT
