"""One attempt at one outbox row: begin, run the task, write down how it went."""

import asyncio
import logging
import time
from uuid import UUID

import msgspec
import structlog

from app.runtime import Runtime
from jobs import messages, metrics
from jobs.registry import Task

log = logging.getLogger(__name__)

# From this try on, failing is no passing trouble any more.
ALARMING = 10


async def execute(runtime: Runtime, task: Task, message_id: UUID, attempt: int) -> None:
    """Run a task for its outbox row unless that was done before or is being done.

    Never raises on account of the task. A failed attempt is due again after a while; an attempt
    that is cut short (the process dies, the database is away) is due when its lease is over.
    """
    if attempt >= task.max_attempts:
        # Every start was followed by silence: its process died each time.
        await _bury(runtime, task, message_id, None)
        return
    async with runtime.db.transaction() as session:
        payload = await messages.start(session, message_id, attempt, task.timeout_seconds)
    if payload is None:
        metrics.RUNS.labels(task.name, "skipped").inc()
        return
    structlog.contextvars.bind_contextvars(task=task.name, outbox_id=str(message_id))
    began = time.perf_counter()
    try:
        async with asyncio.timeout(task.timeout_seconds):
            await task.run(runtime, msgspec.convert(payload, task.event))
    except Exception as error:
        metrics.RUNS.labels(task.name, "failed").inc()
        await _failed(runtime, task, message_id, attempt + 1, error)
    else:
        async with runtime.db.transaction() as session:
            await messages.finish(session, message_id)
        metrics.RUNS.labels(task.name, "done").inc()
    finally:
        metrics.SECONDS.labels(task.name).observe(time.perf_counter() - began)


async def _failed(
    runtime: Runtime, task: Task, message_id: UUID, attempts: int, error: Exception
) -> None:
    words = messages.describe(error)
    # The first failure tells most; a neighbour that is away for an hour need not fill the log.
    level = logging.ERROR if attempts == ALARMING else logging.WARNING
    log.log(
        level,
        "task %s failed, try %d of %d: %s",
        task.name,
        attempts,
        task.max_attempts,
        words,
        exc_info=error if attempts in (1, ALARMING) else None,
    )
    if attempts >= task.max_attempts:
        await _bury(runtime, task, message_id, words)
        return
    async with runtime.db.transaction() as session:
        await messages.postpone(session, message_id, attempts, words, messages.delay(attempts))


async def _bury(runtime: Runtime, task: Task, message_id: UUID, error: str | None) -> None:
    async with runtime.db.transaction() as session:
        buried = await messages.bury(session, message_id, error)
    if buried:
        metrics.DEAD.labels(task.name).inc()
        log.error("task %s is dead: outbox row %s needs a person", task.name, message_id)
