"""The worker as a process: what it does in time, and what it survives."""

import asyncio
import os
import random
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx2
import msgspec
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from app.config import Settings
from app.dev import process as processes
from app.dev.embedded import start_redis
from app.identity.events import EmailVerified
from app.runtime import Runtime
from tests.jobs.process import Noted, Refused
from tests.jobs.support import effects, put, unfinished
from tests.support import world
from tests.support.mailbox import Mailbox
from tests.support.ports import free_port
from tests.support.processes import ROOT, Process, environment


class Worker(Process):
    """`python -m tests.jobs.process` instead of `app worker`."""

    def launch(self) -> None:
        assert not self.running
        with self.log.open("ab") as output:
            self._process = processes.spawn(
                [sys.executable, "-m", "tests.jobs.process"],
                output=output,
                env=os.environ | self.env,
                cwd=ROOT,
            )

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)


@pytest.fixture
async def worker(settings: Settings, tmp_path: Path) -> AsyncIterator[Worker]:
    """A worker that is not started yet."""
    settings = msgspec.structs.replace(settings, worker_port=free_port())
    worker = Worker("worker", settings.worker_port, environment(settings), tmp_path / "worker.log")
    yield worker
    worker.kill()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float) -> float:
    """Wait until it holds. Returns how long that took; AssertionError after `seconds`."""
    began = time.monotonic()
    while not await condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_a_committed_event_takes_effect_at_once(runtime: Runtime, worker: Worker) -> None:
    await worker.start()
    waits = []
    for number in range(5):
        await asyncio.sleep(0.2)
        await put(runtime.db, Noted(number=number))

        async def is_there(number: int = number) -> bool:
            return number in await effects(runtime.db)

        waits.append(await until(is_there, 10))

    # By the hint; the relay's own look comes only once a second.
    assert min(waits) < 0.5, waits


async def test_it_stops_when_told_and_finishes_what_it_has_begun(
    runtime: Runtime, worker: Worker
) -> None:
    await worker.start()
    await put(runtime.db, Noted(number=1, seconds=2))
    await asyncio.sleep(1)
    worker.signal(signal.SIGTERM)

    assert await asyncio.to_thread(worker.stop) == 0
    assert await effects(runtime.db) == {1: 1}
    assert await unfinished(runtime.db) == 0
    assert "Traceback" not in worker.logs()


@pytest.mark.slow
async def test_a_kill_at_any_time_and_a_wiped_redis_lose_nothing(
    runtime: Runtime, worker: Worker, mailbox: Mailbox
) -> None:
    worker.env["SMTP_URL"] = mailbox.smtp_url
    numbers = range(60)
    addresses = [f"guest{number}@example.com" for number in range(12)]
    users = [await world.add_user(runtime.db, email=address) for address in addresses]
    for round_ in range(4):
        await put(
            runtime.db,
            *(
                Noted(number=number, seconds=random.uniform(0, 0.3))
                for number in numbers[round_ * 15 : round_ * 15 + 15]
            ),
            *(EmailVerified(user_id=user_id) for user_id in users[round_ * 3 : round_ * 3 + 3]),
        )
        await worker.start()
        await asyncio.sleep(random.uniform(0.1, 0.9))
        if round_ % 2:
            await runtime.redis.flushdb()
        worker.kill()
    # Nobody has them now, and a minute passes: the longest lease here is 50 s.
    async with runtime.db.transaction() as session:
        minute_ago = text("UPDATE outbox_messages SET due_at = due_at - interval '1 minute'")
        await session.execute(minute_ago)
    await worker.start()

    async def all_done() -> bool:
        return await unfinished(runtime.db) == 0

    await until(all_done, 60)
    assert set(await effects(runtime.db)) == set(numbers)
    for address in addresses:
        assert len({mail.message_id for mail in mailbox.to(address)}) == 1


@pytest.mark.slow
async def test_redis_may_go_away_and_come_back_empty(
    runtime: Runtime, worker: Worker, tmp_path: Path
) -> None:
    log = tmp_path / "redis.log"
    redis = start_redis(tmp_path / "redis", log, throw_away=True)
    worker.env["REDIS_URL"] = redis.url
    try:
        await worker.start()
        await put(runtime.db, Noted(number=1, seconds=1))
        await asyncio.sleep(1.2)
        redis.stop()
        await put(runtime.db, Noted(number=2))
        await asyncio.sleep(3)
        assert worker.running
        redis = start_redis(tmp_path / "redis", log, throw_away=True)

        async def both_done() -> bool:
            return await unfinished(runtime.db) == 0

        await until(both_done, 30)
    finally:
        redis.stop()
    # It says so, but not how often it has tried.
    assert worker.logs().count("cannot hand over jobs") == 1, worker.logs()
    assert "Traceback" not in worker.logs()


@pytest.mark.slow
async def test_redis_may_hang(runtime: Runtime, worker: Worker, tmp_path: Path) -> None:
    redis = start_redis(tmp_path / "redis", tmp_path / "redis.log", throw_away=True)
    worker.env["REDIS_URL"] = redis.url
    async with Redis.from_url(redis.url) as client:
        pid = (await client.info("server"))["process_id"]
    try:
        await worker.start()
        os.kill(pid, signal.SIGSTOP)
        await put(runtime.db, Noted(number=1))
        await asyncio.sleep(12)
        assert worker.running
        os.kill(pid, signal.SIGCONT)

        async def is_done() -> bool:
            return await unfinished(runtime.db) == 0

        await until(is_done, 30)
    finally:
        os.kill(pid, signal.SIGCONT)
        redis.stop()


async def test_a_mail_server_that_hangs_delays_nothing_but_mail(
    runtime: Runtime, worker: Worker
) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    worker.env["SMTP_URL"] = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    user_id = await world.add_user(runtime.db)
    async with server:
        await worker.start()
        await put(runtime.db, *(EmailVerified(user_id=user_id) for _ in range(30)))
        await asyncio.sleep(1)
        await put(runtime.db, Noted(number=1))

        async def is_there() -> bool:
            return 1 in await effects(runtime.db)

        assert await until(is_there, 10) < 3
        worker.kill()


async def test_lost_database_connections_are_made_again(runtime: Runtime, worker: Worker) -> None:
    await worker.start()
    for number in range(3):
        async with runtime.db.transaction() as session:
            await session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        await put(runtime.db, Noted(number=number))

    async def all_done() -> bool:
        return await unfinished(runtime.db) == 0

    await until(all_done, 40)


async def test_health_and_metrics(runtime: Runtime, worker: Worker) -> None:
    await worker.start()
    await put(runtime.db, Refused(number=1), Noted(number=1))

    async def is_buried() -> bool:
        async with runtime.db.read() as connection:
            return bool(await connection.scalar(text("SELECT count(dead_at) FROM outbox_messages")))

    await until(is_buried, 20)
    async with httpx2.AsyncClient(base_url=worker.url, trust_env=False) as client:
        assert (await client.get("/health/live")).json() == {"status": "ok"}
        assert (await client.get("/health/ready")).json()["database"] is True
        assert (await client.get("/nothing")).status_code == httpx2.codes.NOT_FOUND
        metrics = (await client.get("/metrics")).text
    assert 'roost_outbox_dead_total{task="tests.refuse"} 1.0' in metrics
    assert 'roost_task_runs_total{outcome="done",task="tests.note"} 1.0' in metrics
    assert "roost_outbox_waiting 0.0" in metrics


async def test_a_port_in_use_is_one_clear_line(worker: Worker) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", worker.port))
        other.listen()
        worker.launch()

        async def has_ended() -> bool:
            return not worker.running

        await until(has_ended, 20)
    assert f"WORKER_PORT: cannot listen on 127.0.0.1:{worker.port}" in worker.logs()
    assert "Traceback" not in worker.logs()
