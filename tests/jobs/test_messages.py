"""Leases, attempts and ends of outbox rows."""

import asyncio
from datetime import timedelta

from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError

from app.errors import Conflict
from app.outbox import emit
from app.runtime import Runtime
from db.models import OutboxMessage
from jobs import messages
from tests.jobs.process import Noted, Refused
from tests.jobs.support import make_due, only_id, only_row, put

NAMES = ["tests.note"]


async def test_relays_at_the_same_time_take_different_rows(runtime: Runtime) -> None:
    await put(runtime.db, *(Noted(number=number) for number in range(10)))

    async with runtime.db.transaction() as one, runtime.db.transaction() as other:
        first = await messages.lease(one, NAMES, 6)
        second = await messages.lease(other, NAMES, 6)

    assert [len(first), len(second)] == [6, 4]
    assert len({lease.id for lease in first + second}) == 10
    assert first == sorted(first, key=lambda lease: lease.id)


async def test_a_leased_row_is_left_alone_until_the_lease_ends(runtime: Runtime) -> None:
    await put(runtime.db, Noted(number=1))

    assert len(await lease(runtime)) == 1
    assert await lease(runtime) == []
    await make_due(runtime.db)
    assert len(await lease(runtime)) == 1


async def test_a_row_whose_time_has_not_come_or_whose_task_is_unknown_stays(
    runtime: Runtime,
) -> None:
    async with runtime.db.transaction() as session:
        await emit(session, Noted(number=1), after=timedelta(minutes=1))
        await emit(session, Refused(number=2))

    assert await lease(runtime) == []


async def test_one_attempt_starts_once(runtime: Runtime) -> None:
    await put(runtime.db, Noted(number=7))
    id = await only_id(runtime.db)

    started = await asyncio.gather(*(start(runtime, 0) for _ in range(8)))

    payload = {"number": 7, "seconds": 0}
    assert sorted(started, key=str) == sorted([payload, *[None] * 7], key=str)
    row = await only_row(runtime.db)
    assert (row.id, row.attempts) == (id, 1)
    # The next attempt starts when the first one's lease is over, not by its stale job.
    assert await start(runtime, 0) is None
    assert await start(runtime, 1) == payload


async def test_a_done_row_never_starts_again(runtime: Runtime) -> None:
    await put(runtime.db, Noted(number=7))
    id = await only_id(runtime.db)
    async with runtime.db.transaction() as session:
        await messages.finish(session, id)

    # What it said may have named people.
    assert (await only_row(runtime.db)).payload == {}
    assert await start(runtime, 0) is None
    await make_due(runtime.db)
    assert await lease(runtime) == []


async def test_an_attempt_that_was_overtaken_cannot_postpone_the_row(runtime: Runtime) -> None:
    await put(runtime.db, Noted(number=7))
    id = await only_id(runtime.db)
    await start(runtime, 0)
    await start(runtime, 1)

    async with runtime.db.transaction() as session:
        await messages.postpone(session, id, 1, "late news", 3600)

    assert (await only_row(runtime.db)).last_error is None


async def test_a_row_is_buried_once(runtime: Runtime) -> None:
    await put(runtime.db, Noted(number=7))
    id = await only_id(runtime.db)

    async with runtime.db.transaction() as session:
        assert await messages.bury(session, id, "no use")
        assert not await messages.bury(session, id, None)

    assert (await only_row(runtime.db)).last_error == "no use"
    assert await lease(runtime) == []


async def test_rows_done_a_week_ago_are_forgotten(runtime: Runtime) -> None:
    await put(runtime.db, *(Noted(number=number) for number in range(3)))
    leases = await lease(runtime)
    async with runtime.db.transaction() as session:
        for days, row in zip((6, 8), leases, strict=False):
            await session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.id == row.id)
                .values(done_at=func.now() - timedelta(days=days))
            )

    async with runtime.db.transaction() as session:
        assert await messages.forget_done(session) == 1


async def test_the_backlog_is_counted(runtime: Runtime) -> None:
    async with runtime.db.read() as connection:
        assert await messages.backlog(connection) == messages.Backlog(0, 0, 0.0)

    await put(runtime.db, Noted(number=1), Noted(number=2))
    async with runtime.db.transaction() as session:
        await session.execute(
            update(OutboxMessage).values(attempts=10, due_at=func.now() - timedelta(seconds=30))
        )

    async with runtime.db.read() as connection:
        backlog = await messages.backlog(connection)
    assert (backlog.waiting, backlog.failing) == (2, 2)
    assert 30 <= backlog.overdue_seconds < 40


def test_waits_grow_but_stay_under_a_minute_for_the_first_hour() -> None:
    waits = [messages.delay(attempts) for attempts in range(1, messages.SHORT_TRIES + 1)]

    assert waits[0] <= 1
    assert max(waits) <= messages.SHORT_DELAY
    assert sum(waits) > 3600 * 0.8
    assert 45 < messages.delay(messages.SHORT_TRIES + 1) <= 90
    assert messages.delay(30_000) <= messages.LONG_DELAY


def test_what_is_kept_of_an_error_holds_no_secrets() -> None:
    class Refusal(Exception):
        code = 550

    assert messages.describe(Conflict("Read again.")) == "Conflict: Read again."
    assert messages.describe(Refusal("ada@example.com: no")) == f"{Refusal.__qualname__} (550)"
    assert messages.describe(ValueError("sk_live_123")) == "ValueError"
    failed = IntegrityError("INSERT", {"password": "hunter2"}, Exception("hunter2"))
    assert "hunter2" not in messages.describe(failed)


async def lease(runtime: Runtime) -> list[messages.Lease]:
    async with runtime.db.transaction() as session:
        return await messages.lease(session, NAMES, 10)


async def start(runtime: Runtime, attempt: int) -> dict[str, object] | None:
    id = await only_id(runtime.db)
    async with runtime.db.transaction() as session:
        return await messages.start(session, id, attempt, 5)
