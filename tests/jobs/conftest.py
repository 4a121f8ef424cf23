"""A running process's neighbours, the tests' own tasks, and a queue."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text

from app.config import Settings
from app.runtime import Runtime, open_runtime
from jobs.queue import Queue, open_redis
from jobs.registry import TASKS, Lane
from tests.jobs import process


@pytest.fixture
def own_tasks() -> Iterator[None]:
    """`tests.note` and `tests.refuse`, as long as the test runs."""
    before = dict(TASKS)
    process.register()
    yield
    TASKS.clear()
    TASKS.update(before)


@pytest.fixture
async def runtime(settings: Settings, own_tasks: None) -> AsyncIterator[Runtime]:
    """Everything a task gets, with the table that `tests.note` writes to."""
    async with open_runtime(settings) as runtime:
        async with runtime.db.transaction() as session:
            await session.execute(text(process.TABLE))
        yield runtime


@pytest.fixture
async def queue(settings: Settings) -> AsyncIterator[Queue]:
    """The main lane's queue."""
    redis = open_redis(settings.redis_url, 20)
    yield Queue(redis, Lane.MAIN)
    await redis.aclose()
