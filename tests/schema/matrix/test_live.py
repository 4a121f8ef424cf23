"""Who is told live of the bookings of a host's places: that host, and nobody else."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.actor import Actor, Role
from app.bookings.queries import ChangeRow
from app.config import Settings
from app.identity import desk
from app.properties import suspension
from app.runtime import open_runtime
from db.models import BookingChange
from schema.bookings import subscriptions
from schema.build import build_schema
from schema.context import Context
from tests.schema.face import Face, gid
from tests.schema.matrix.asking import selected
from tests.schema.matrix.judging import TYPES, Judge
from tests.schema.matrix.world import World, add, make
from tests.schema.test_generated import WIDE

EVERY = f"subscription {{ hostBookingsChanged {selected(TYPES['BookingStatusUpdate'], 1)} }}"


@pytest.fixture
async def face(settings: Settings) -> AsyncIterator[Face]:
    async with open_runtime(settings) as runtime:
        yield Face(build_schema(limits=WIDE), runtime)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counter[UUID]:
    """How often each subscriber has looked for news; they do so all the time."""
    counted: Counter[UUID] = Counter()
    changes = subscriptions._changes

    async def look(
        context: Context, host_id: UUID, since: datetime, only: list[UUID] | None
    ) -> list[ChangeRow]:
        found = await changes(context, host_id, since, only)
        counted[host_id] += 1
        return found

    monkeypatch.setattr(subscriptions, "_changes", look)
    monkeypatch.setattr(subscriptions, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(subscriptions, "SPREAD_SECONDS", 0.0)
    return counted


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.02)


async def step(face: Face, world: World, name: str, version: int) -> None:
    """A booking takes a step, of which nobody gives a hint."""
    await add(
        face.db,
        BookingChange,
        booking_id=world.bookings[name],
        version=version,
        status="CONFIRMED",
        previous_status="PENDING_PAYMENT",
        actor="GUEST",
        occurred_at=clock.now(),
    )


async def test_a_host_hears_of_their_own_bookings_and_nobody_else_does(
    face: Face, looks: Counter[UUID]
) -> None:
    world = await make(face.db)
    judge = Judge(world)
    told: dict[str, list[Any]] = {name: [] for name in world.actors}

    async def listen(name: str, actor: Actor) -> None:
        source: Any = await face.schema.subscribe(EVERY, context_value=Context(face.runtime, actor))
        async with aclosing(source):
            async for result in source:
                errors = [error.formatted for error in result.errors or ()]
                judge.answer(actor, [result.data, errors])
                if errors:
                    told[name].append(errors[0]["extensions"]["code"])
                    return
                update = result.data["hostBookingsChanged"]
                judge.object(actor, "BookingStatusUpdate", update)
                told[name].append((update["booking"]["id"], update["version"]))

    listening = {
        name: asyncio.create_task(listen(name, actor)) for name, actor in world.actors.items()
    }
    people = [actor.user_id for actor in world.actors.values() if actor.user_id is not None]

    async def all_looked(times: int) -> None:
        before = looks.copy()
        waiting = {each for each in people if each not in gone}
        await until(lambda: all(looks[each] >= before[each] + times for each in waiting))

    gone: set[UUID] = set()
    await all_looked(1)
    await step(face, world, "confirmed", 3)
    await step(face, world, "unpaid", 3)
    # The first of two may have begun before; what the first finds is told before the second.
    await all_looked(3)
    own = {"host": "confirmed", "other host": "unpaid"}
    expected: dict[str, list[Any]] = {name: [] for name in world.actors}
    expected["anonymous"] = ["UNAUTHENTICATED"]
    for name, booking in own.items():
        expected[name] = [(gid("Booking", world.bookings[booking]), 3)]
    assert told == expected
    # Who is suspended or has another role is told nothing more, whatever they began with.
    admin, now = world.actors["admin"], clock.now()
    host, other = (world.user(name) for name in own)

    async def end(session: AsyncSession) -> None:
        await suspension.suspend(session, admin, host, "They asked.", now)
        await desk.change_role(session, admin, other, Role.USER, "They asked.", now)

    await face.db.run(end)
    gone |= {host, other}
    for name, booking in own.items():
        await step(face, world, booking, 4)
        await until(listening[name].done)
        expected[name].append("UNAUTHENTICATED")
    await all_looked(3)
    assert told == expected
    assert not judge.wrong
    for task in listening.values():
        task.cancel()
    await asyncio.gather(*listening.values(), return_exceptions=True)
