"""Sweeps: as often as they should, by as many workers as there are."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from redis.asyncio import Redis

from app.runtime import Runtime
from jobs import schedule
from jobs.registry import Sweep

runs: Counter[str] = Counter()


async def count(runtime: Runtime) -> None:
    runs["count"] += 1


async def fail(runtime: Runtime) -> None:
    runs["fail"] += 1
    raise RuntimeError("no")


@pytest.fixture(autouse=True)
def sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    runs.clear()
    two = {
        name: Sweep(name=f"tests.{name}", run=run, every_seconds=0.2, timeout_seconds=5)
        for name, run in {"count": count, "fail": fail}.items()
    }
    monkeypatch.setattr("jobs.schedule.SWEEPS", two)


@asynccontextmanager
async def running(runtime: Runtime, workers: int) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(schedule.run(runtime, stop))
        yield
        stop.set()


async def test_sweeps_run_again_and_again_even_when_they_fail(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(runtime, 1):
        await asyncio.sleep(1.5)

    assert 4 <= runs["count"] <= 9
    assert 4 <= runs["fail"] <= 9
    # Said once, not every time.
    assert caplog.text.count("sweep tests.fail failed") == 1


async def test_several_workers_share_the_turns(runtime: Runtime) -> None:
    async with running(runtime, 5):
        await asyncio.sleep(1.5)

    assert 3 <= runs["count"] <= 10


async def test_without_redis_every_worker_sweeps(runtime: Runtime) -> None:
    away = Redis.from_url("redis://127.0.0.1:9", retry=None)
    async with running(msgspec.structs.replace(runtime, redis=away), 2):
        await asyncio.sleep(1.5)

    assert runs["count"] >= 8
    await away.aclose()
