"""Operations that nobody would write, with values that nobody would send: never a fault of ours.

Whatever is generated is valid by the schema; the answer is data or a refusal with a code.
"""

import os
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from graphql import build_schema as build_schema_from_text
from graphql import is_interface_type
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import mutations, nodes, queries

from app import clock
from app.actor import ANONYMOUS, Actor
from app.ids import new_id
from schema.build import build_schema, sdl
from schema.transport.limits import Limits
from schema.transport.schema import Schema
from tests.schema.face import Face, compare_completions, compared, gid, person
from tests.support.world import add_booking, add_host, add_property, add_user

TODAY = clock.now().date()
# The ids of real objects are put in for these, in each test's own world.
REAL = ("PROPERTY", "DRAFT", "BOOKING", "PAST", "GUEST", "HOST")

SCHEMA_TEXT = sdl()
# Whatever can be asked and done: a new field is tried without being listed.
KNOWN = build_schema_from_text(SCHEMA_TEXT)
NODE = KNOWN.type_map["Node"]
assert is_interface_type(NODE)
KINDS = tuple(each.name for each in KNOWN.get_possible_types(NODE))

near_dates = st.integers(-3, 400).map(lambda days: TODAY + timedelta(days=days))
SCALARS = {
    "ID": st.sampled_from([*REAL, "", "nonsense", *(gid(kind, new_id()) for kind in KINDS)]).map(
        nodes.String
    ),
    "Int": (st.integers(-1, 60) | st.integers(-(2**31), 2**31 - 1)).map(nodes.Int),
    "Date": (near_dates | st.dates()).map(nodes.String),
    "DateTime": st.datetimes().map(lambda at: nodes.String(at.isoformat() + "Z")),
    "TimeOfDay": st.times().map(lambda at: nodes.String(at.strftime("%H:%M"))),
    "MinorUnits": (st.integers(0, 100_00) | st.integers(-(2**53), 2**53)).map(nodes.Int),
    "CurrencyCode": st.sampled_from(["EUR", "JPY", "KWD"]).map(nodes.String),
}
# Everything is to be executed, not refused for its size: the transport's tests do that.
WIDE = Limits(
    tokens=50_000,
    selections=50_000,
    depth=50,
    aliases=5_000,
    root_fields=50,
    merged_pairs=100_000,
    cost=10**9,
)
BOUNDED = settings(
    # Per field; each is asked by everybody, and each query of the engine and of graphql-core.
    max_examples=int(os.environ.get("GENERATED_EXAMPLES", "20")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
# What a client can be told about an operation that is valid. Only faults have other codes.
FINE = {"BAD_USER_INPUT", "UNAUTHENTICATED", "RATE_LIMITED"}

assert KNOWN.query_type is not None
assert KNOWN.mutation_type is not None
QUERIES = tuple(KNOWN.query_type.fields)
MUTATIONS = tuple(KNOWN.mutation_type.fields)


@pytest.fixture(scope="module")
def wide_schema() -> Schema:
    return compare_completions(build_schema(limits=WIDE))


@pytest.fixture(scope="module")
def wide_core_schema() -> Schema:
    return build_schema(limits=WIDE, engine=False)


class World:
    """Real objects, and people to look at them."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.ids: dict[str, str] = {}
        self.actors: list[Actor] = [ANONYMOUS]

    async def fill(self) -> None:
        db = self.face.db
        host, guest = await add_host(db), await add_user(db)
        place = await add_property(db, host)
        draft = await add_property(db, host, status="DRAFT")
        booking = await add_booking(
            db, place, guest, host, check_in=TODAY + timedelta(days=20), confirmed_at=clock.now()
        )
        past = await add_booking(
            db, place, guest, host, check_in=TODAY - timedelta(days=9), status="COMPLETED"
        )
        self.actors += [person(host), person(guest)]
        self.ids = {
            "PROPERTY": gid("Property", place),
            "DRAFT": gid("Property", draft),
            "BOOKING": gid("Booking", booking),
            "PAST": gid("Booking", past),
            "GUEST": gid("User", guest),
            "HOST": gid("User", host),
        }

    async def try_out(self, text: str) -> None:
        """Everybody sends it. AssertionError when that shows a fault."""
        for word, real in self.ids.items():
            text = text.replace(f'"{word}"', f'"{real}"')
        for actor in self.actors:
            result = await self.face.run(text, actor)
            codes = {(error.extensions or {}).get("code") for error in result.errors or ()}
            assert codes <= FINE | REFUSED, (codes, result.errors, text)
            tried["refused" if codes & REFUSED else "errors" if codes else "data"] += 1


@pytest.fixture
async def world(face: Face, wide_schema: Schema, wide_core_schema: Schema) -> World:
    made = World(Face(wide_schema, face.runtime, wide_core_schema))
    await made.fill()
    return made


# A generator that does not know that an alias is needed makes some that do not validate.
REFUSED = {"GRAPHQL_VALIDATION_FAILED"}
tried: Counter[str] = Counter()
# Which fields this process has asked for: tests may be shared out over several.
fields: dict[str, set[str]] = {"queries": set(), "mutations": set()}


@pytest.mark.parametrize("field", QUERIES)
@BOUNDED
@given(data=st.data())
async def test_queries(world: World, field: str, data: Any) -> None:
    fields["queries"].add(field)
    await world.try_out(data.draw(queries(SCHEMA_TEXT, fields=[field], custom_scalars=SCALARS)))


@pytest.mark.parametrize("field", MUTATIONS)
@BOUNDED
@given(data=st.data())
async def test_mutations(world: World, field: str, data: Any) -> None:
    fields["mutations"].add(field)
    await world.try_out(data.draw(mutations(SCHEMA_TEXT, fields=[field], custom_scalars=SCALARS)))


def test_most_of_them_were_executed(wide_schema: Schema) -> None:
    """Runs after the others: what is refused before it is executed finds nothing."""
    assert wide_schema.engine is not None
    counts = wide_schema.engine.counts
    print(tried, counts, compared, {kind: len(names) for kind, names in fields.items()})
    # Each answer was also held against graphql-core's: see Face.
    assert compared["queries"] >= 3 * len(fields["queries"])
    assert compared["completions"] >= len(fields["mutations"]) // 10
    if fields["queries"]:
        assert counts["fast"] > counts["abandoned"] + counts["unsupported"]
    assert tried["data"] + tried["errors"] >= 9 * tried["refused"]
