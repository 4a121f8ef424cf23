"""From the outbox into the queue."""

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from app.runtime import Runtime
from jobs import messages, relay
from jobs.queue import Queue, open_redis
from jobs.registry import Lane
from tests.jobs.process import Noted
from tests.jobs.support import make_due, only_id, only_row, put


async def test_a_job_carries_the_rows_id_and_attempt(runtime: Runtime, queue: Queue) -> None:
    await put(runtime.db, Noted(number=1))

    assert not await relay.hand_over(runtime, Lane.MAIN, queue)

    job = await queue.dequeue(1)
    assert job is not None
    assert job.function == "tests.note"
    assert job.kwargs == {"message_id": str(await only_id(runtime.db)), "attempt": 0}
    assert (job.retries, job.timeout) == (1, 15)


async def test_other_lanes_rows_are_left_to_them(runtime: Runtime, queue: Queue) -> None:
    await put(runtime.db, Noted(number=1))

    await relay.hand_over(runtime, Lane.MAIL, queue)

    assert await queue.count("queued") == 0


async def test_a_row_that_still_waits_in_the_queue_is_not_queued_twice(
    runtime: Runtime, queue: Queue
) -> None:
    await put(runtime.db, Noted(number=1))

    for _ in range(3):
        await relay.hand_over(runtime, Lane.MAIN, queue)
        await make_due(runtime.db)

    assert await queue.count("queued") == 1


async def test_a_wiped_queue_gets_its_rows_back(runtime: Runtime, queue: Queue) -> None:
    await put(runtime.db, Noted(number=1))
    await relay.hand_over(runtime, Lane.MAIN, queue)

    await runtime.redis.flushdb()
    await make_due(runtime.db)
    await relay.hand_over(runtime, Lane.MAIN, queue)

    assert await queue.dequeue(1) is not None


async def test_the_remains_of_a_killed_workers_job_hold_nothing_up(
    runtime: Runtime, queue: Queue
) -> None:
    await put(runtime.db, Noted(number=1))
    await relay.hand_over(runtime, Lane.MAIN, queue)
    # It was dequeued and started; then its process was killed.
    assert await queue.dequeue(1) is not None
    async with runtime.db.transaction() as session:
        await messages.start(session, await only_id(runtime.db), 0, 5)
    await make_due(runtime.db)

    await relay.hand_over(runtime, Lane.MAIN, queue)

    job = await queue.dequeue(1)
    assert job is not None
    assert job.kwargs is not None
    assert job.kwargs["attempt"] == 1


async def test_what_killed_workers_leave_in_redis_is_cleared(
    runtime: Runtime, queue: Queue
) -> None:
    await put(runtime.db, Noted(number=1))
    await relay.hand_over(runtime, Lane.MAIN, queue)
    job = await queue.dequeue(1)
    assert job is not None
    job.started = 1
    job.attempts = 1
    await job.update(status="active")

    await queue.sweep(1)

    assert await queue.count("active") == 0
    assert await queue.count("incomplete") == 0


async def test_a_full_queue_leaves_the_rest_in_the_outbox(
    runtime: Runtime, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "QUEUE_LIMIT", 3)
    await put(runtime.db, *(Noted(number=number) for number in range(5)))

    assert await relay.hand_over(runtime, Lane.MAIN, queue)
    assert await relay.hand_over(runtime, Lane.MAIN, queue)
    assert await queue.count("queued") == 3

    while await queue.dequeue(0.1):
        pass
    assert not await relay.hand_over(runtime, Lane.MAIN, queue)
    assert await queue.count("queued") == 2


async def test_no_row_is_leased_while_redis_is_away(runtime: Runtime) -> None:
    await put(runtime.db, Noted(number=1))
    before = (await only_row(runtime.db)).due_at
    redis = open_redis("redis://127.0.0.1:9", 4)

    with pytest.raises(RedisConnectionError):
        await relay.hand_over(runtime, Lane.MAIN, Queue(redis, Lane.MAIN))

    await redis.aclose()
    assert (await only_row(runtime.db)).due_at == before
