"""One attempt at an outbox row, however it ends."""

import asyncio
import logging
from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import text, update

from app.runtime import Runtime
from db.models import OutboxMessage
from jobs.execution import execute
from jobs.registry import TASKS
from tests.jobs.process import Noted, Refused
from tests.jobs.support import effects, only_id, only_row, put


async def test_an_effect_is_noted_and_not_repeated(runtime: Runtime) -> None:
    await put(runtime.db, Noted(number=1))
    id = await only_id(runtime.db)

    for attempt in (0, 0, 1):
        await execute(runtime, TASKS["tests.note"], id, attempt)

    assert await effects(runtime.db) == {1: 1}
    assert (await only_row(runtime.db)).done_at is not None


async def test_of_many_executions_at_once_one_runs(runtime: Runtime) -> None:
    await put(runtime.db, Noted(number=1, seconds=0.2))
    id = await only_id(runtime.db)

    await asyncio.gather(*(execute(runtime, TASKS["tests.note"], id, 0) for _ in range(6)))

    assert await effects(runtime.db) == {1: 1}


async def test_a_failure_is_tried_again_later_and_then_given_up(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    await put(runtime.db, Refused(number=1))
    id = await only_id(runtime.db)

    await execute(runtime, TASKS["tests.refuse"], id, 0)
    row = await only_row(runtime.db)
    wait = row.due_at - datetime.now(UTC)
    assert 0 < wait.total_seconds() <= 1
    assert (row.attempts, row.last_error, row.dead_at) == (1, "RuntimeError", None)

    with caplog.at_level(logging.ERROR):
        await execute(runtime, TASKS["tests.refuse"], id, 1)
    row = await only_row(runtime.db)
    assert row.attempts == 2
    assert row.dead_at is not None
    assert f"outbox row {id} needs a person" in caplog.text


async def test_a_row_that_kills_its_process_each_time_is_given_up_too(runtime: Runtime) -> None:
    await put(runtime.db, Refused(number=1))
    async with runtime.db.transaction() as session:
        await session.execute(update(OutboxMessage).values(attempts=2))

    await execute(runtime, TASKS["tests.refuse"], await only_id(runtime.db), 2)

    assert (await only_row(runtime.db)).dead_at is not None


async def test_a_task_that_takes_too_long_has_failed(runtime: Runtime) -> None:
    await put(runtime.db, Noted(number=1, seconds=5))
    hasty = msgspec.structs.replace(TASKS["tests.note"], timeout_seconds=0.1)

    await execute(runtime, hasty, await only_id(runtime.db), 0)

    assert (await only_row(runtime.db)).last_error == "TimeoutError"
    assert await effects(runtime.db) == {}


async def test_a_payload_that_does_not_fit_the_event_has_failed(runtime: Runtime) -> None:
    await put(runtime.db, Noted(number=1))
    async with runtime.db.transaction() as session:
        await session.execute(update(OutboxMessage).values(payload={"number": "one"}))

    await execute(runtime, TASKS["tests.note"], await only_id(runtime.db), 0)

    assert (await only_row(runtime.db)).last_error == "ValidationError"


async def test_when_the_effect_cannot_be_noted_the_row_comes_back(runtime: Runtime) -> None:
    """The database goes away between effect and note: the lease ends, the task runs again."""
    await put(runtime.db, Noted(number=1))
    id = await only_id(runtime.db)
    async with runtime.db.transaction() as session:
        await session.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                " 'BEGIN RAISE EXCEPTION ''away''; END'"
            )
        )
        await session.execute(
            text(
                "CREATE TRIGGER away BEFORE UPDATE ON outbox_messages FOR EACH ROW"
                " WHEN (NEW.done_at IS NOT NULL) EXECUTE FUNCTION refuse()"
            )
        )
    with pytest.raises(Exception, match="away"):
        await execute(runtime, TASKS["tests.note"], id, 0)
    row = await only_row(runtime.db)
    assert row.done_at is None
    assert row.due_at > datetime.now(UTC)

    async with runtime.db.transaction() as session:
        await session.execute(text("DROP TRIGGER away ON outbox_messages"))
    await execute(runtime, TASKS["tests.note"], id, 1)
    assert (await only_row(runtime.db)).done_at is not None
