"""What the apps ask is answered by the engine, not by what stands behind it."""

import asyncio
import gc
import weakref
from collections import Counter
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from app import clock
from app.actor import ANONYMOUS, Actor
from app.config import Settings
from app.dev.bench.operations import PROPERTY, SEARCH, TRIPS
from schema.build import build_schema, schema_for
from schema.context import Context
from schema.transport.schema import Schema
from tests.schema.face import Face, gid, person
from tests.schema.test_statements import SEARCH as LARGE_SEARCH
from tests.schema.test_statements import market
from tests.support.world import add_booking, add_host, add_property, add_user

TODAY = clock.now().date()

# What the measured pages do not ask for: loaders of every kind.
WHOLE_PLACE = """query ($id: ID!, $from: Date!, $to: Date!) {
  property(id: $id) {
    location { address isExact } taxes { name } coHosts { firstName } isSaved savedIn { id }
    checkInGuide { instructions } calendarExchange { __typename }
    bookings(first: 5) { totalCount edges { node { id guest { id } review { id } } } }
    stays(from: $from, to: $to) { guest { id } }
    availability(from: $from, to: $to) { date whyNot }
  }
  node(id: $id) { ... on Property { availability(from: $from, to: $to) { date } } }
}"""


@pytest.fixture(scope="module")
def fresh_schema() -> Schema:
    return build_schema()


async def counted(face: Face, text: str, actor: Actor, **variables: Any) -> Counter[str]:
    """How three requests were answered, each the same as by graphql-core."""
    engine = face.schema.engine
    assert engine is not None
    before = engine.counts.copy()
    for _ in range(3):
        assert await face.ask(text, actor, **variables)
    return engine.counts - before


async def test_journeys_are_on_the_fast_path(
    face: Face, fresh_schema: Schema, core_schema: Schema
) -> None:
    await market(face, 5)
    host, guest = await add_host(face.db), await add_user(face.db)
    place = await add_property(face.db, host)
    for days in (3, 9, 20):
        check_in = TODAY + timedelta(days=days)
        await add_booking(face.db, place, guest, host, check_in=check_in)
    asking = Face(fresh_schema, face.runtime, core_schema)
    area = {"north": 90, "south": -90, "east": 180, "west": -180}
    stay = {
        "checkIn": str(TODAY + timedelta(days=40)),
        "checkOut": str(TODAY + timedelta(days=43)),
    }
    span = {"from": str(TODAY), "to": str(TODAY + timedelta(days=60))}
    for actor in (ANONYMOUS, person(guest), person(host)):
        assert await counted(asking, SEARCH, actor, area=area, **stay) == {"fast": 3}
        assert await counted(asking, LARGE_SEARCH, actor) == {"fast": 3}
        assert await counted(asking, PROPERTY, actor, id=gid("Property", place), **span) == {
            "fast": 3
        }
        assert await counted(asking, WHOLE_PLACE, actor, id=gid("Property", place), **span) == {
            "fast": 3
        }
        assert await counted(asking, TRIPS, actor) == {"fast": 3}


async def test_what_an_operation_made_is_freed_with_its_answer(face: Face) -> None:
    """Not when the garbage collector comes by: it would have all rows and answers to look through,
    and memory that was not used for long is slow."""
    await market(face, 3)
    host, guest = await add_host(face.db), await add_user(face.db)
    place = await add_property(face.db, host)
    await add_booking(face.db, place, guest, host, check_in=TODAY + timedelta(days=9))
    area = {"north": 90, "south": -90, "east": 180, "west": -180}
    stay = {
        "checkIn": str(TODAY + timedelta(days=40)),
        "checkOut": str(TODAY + timedelta(days=43)),
    }
    span = {"from": str(TODAY), "to": str(TODAY + timedelta(days=60))}

    async def once(actor: Actor, text: str, variables: dict[str, Any]) -> list[Any]:
        context = Context(face.runtime, actor, takes_json=True)
        result = await face.schema.execute(text, variables, context)
        assert not result.errors
        return [weakref.ref(context), weakref.ref(context.loaders)]

    asked: list[tuple[str, dict[str, Any]]] = [
        (SEARCH, {"area": area, **stay}),
        (PROPERTY, {"id": gid("Property", place), **span}),
        (WHOLE_PLACE, {"id": gid("Property", place), **span}),
        (TRIPS, {}),
    ]
    for actor in (ANONYMOUS, person(guest), person(host)):
        for text, variables in asked:
            for _ in range(3):
                # Its plan is made, and what is learned while it runs makes another.
                await once(actor, text, variables)
            gc.disable()
            try:
                left = await once(actor, text, variables)
                # What was read in a task of its own ends with a turn of the loop.
                await asyncio.sleep(0)
                assert [each() for each in left] == [None, None], text
            finally:
                gc.enable()


def test_the_engine_can_be_switched_off(settings: Settings) -> None:
    off = msgspec.structs.replace(settings, graphql_engine=False)
    assert schema_for(settings).engine is not None
    assert schema_for(off).engine is None
