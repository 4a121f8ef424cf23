"""Every field × everybody × {own, other's}, by every route, as schema/policies.py declares it.

Made by walking the schema: a new type goes red here until tests/schema/matrix/world.py has an
example of it, and a new query until it is in ROUTES below.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from graphql import get_named_type

from app import clock
from app.actor import Actor
from app.config import Settings
from app.runtime import open_runtime
from db.enums import PayoutAccountKind
from schema.build import build_schema
from schema.context import Context
from schema.find import FINDERS
from schema.policies import FIELDS, Policy
from tests.schema.face import Face
from tests.schema.matrix.asking import selected
from tests.schema.matrix.judging import SCHEMA, TYPES, Judge, allowed
from tests.schema.matrix.world import BOOKED, Thing, World, make, word
from tests.schema.test_generated import WIDE

# A query's field with its arguments, and the values of the variables in them.
Asked = tuple[str, dict[str, Any]]
Ways = Callable[[World], Iterable[Asked]]
BELOW = {kind: selected(TYPES[kind], 2) for kind in FINDERS}


@pytest.fixture
async def face(settings: Settings) -> AsyncIterator[Face]:
    settings = msgspec.structs.replace(settings, web_origins=("https://app.roost.example",))
    async with open_runtime(settings) as runtime:
        yield Face(build_schema(limits=WIDE), runtime)


def of(world: World, kind: str) -> list[Thing]:
    return [each for each in world.things.values() if each.kind == kind]


def by_id(kind: str, name: str) -> Ways:
    return lambda world: [(f"{name}(id: $id)", {"id": each.id}) for each in of(world, kind)]


def stay() -> dict[str, Any]:
    first = clock.now().date() + timedelta(days=60)
    return {"checkIn": str(first), "checkOut": str(first + timedelta(days=2))}


def quotes(world: World) -> Iterable[Asked]:
    for place in of(world, "Property"):
        input = stay() | {"propertyId": place.id, "guests": {"adults": 1}}
        yield "quote(input: $input)", {"input": input}


def people(world: World) -> Iterable[Asked]:
    for kind in ("User", "Booking"):
        for each in of(world, kind):
            yield "staffPeople(id: $id)", {"id": each.id}
    for email in (f"{word('guest')}@example.com", "nobody@example.com"):
        yield "staffPeople(email: $text)", {"text": email}
    yield "staffPeople(username: $text)", {"text": "nobody"}


def trail(world: World) -> Iterable[Asked]:
    for each in of(world, "User"):
        yield "staffActions(on: $id, first: 3)", {"id": each.id}
        yield "staffActions(by: $id, first: 3)", {"id": each.id}
        for kind in ("ROLE_CHANGED", "BOOKING_READ"):
            yield f"staffActions(on: $id, first: 3, kind: [{kind}])", {"id": each.id}


def searches(_: World) -> Iterable[Asked]:
    yield "searchProperties", {}
    yield "searchProperties(filter: $filter)", {"filter": stay()}


# How each query is asked; `node` and `nodes` besides, for whatever has an id.
BOOKED_IN = f'from: "{BOOKED:%Y-%m}", to: "{BOOKED:%Y-%m}"'
ROUTES: dict[str, Ways] = {
    "viewer": lambda _: [("viewer", {})],
    "property": by_id("Property", "property"),
    "booking": by_id("Booking", "booking"),
    "searchProperties": searches,
    "propertySearchSummary": lambda _: [("propertySearchSummary", {})],
    "places": lambda _: [('places(query: "Lisboa", first: 1)', {})],
    "sharedWishlist": lambda _: [
        ("sharedWishlist(token: $text)", {"text": f"{word('guest list')}-token"}),
        ("sharedWishlist(token: $text)", {"text": "nothing"}),
    ],
    "quote": quotes,
    "staffPeople": people,
    "staffActions": trail,
    "staffHostDebts": lambda _: [("staffHostDebts(olderThanDays: 0)", {})],
    "staffRevenue": lambda _: [(f"staffRevenue({BOOKED_IN})", {})],
    "staffTaxes": lambda _: [(f"staffTaxes({BOOKED_IN})", {})],
    "staffPromotions": lambda _: [("staffPromotions", {})],
    "staffReconciliation": lambda _: [("staffReconciliation", {})],
    "payoutInstitutions": lambda _: [
        (f'payoutInstitutions(currency: "EUR", kind: {kind})', {}) for kind in PayoutAccountKind
    ],
    "amenityCatalogue": lambda _: [("amenityCatalogue", {})],
    "hostTermsVersion": lambda _: [("hostTermsVersion", {})],
}
TYPES_OF_VARIABLES = {
    "id": "ID!",
    "text": "String!",
    "filter": "PropertyFilter",
    "input": "QuoteInput!",
}


async def judged(
    face: Face, judge: Judge, actor: Actor, field: str, asked: str, **variables: Any
) -> Any:
    """Ask for one field of the root, and have the whole answer looked at."""
    declared = ", ".join(f"${name}: {TYPES_OF_VARIABLES[name]}" for name in variables)
    # The text is the same for all objects of a kind: it is checked and compiled once.
    query = f"query ({declared}) {{ {asked} }}" if declared else f"{{ {asked} }}"
    result = await face.run(query, actor, **variables)
    errors = [error.formatted for error in result.errors or ()]
    judge.answer(actor, {"data": result.data, "errors": errors})
    told = set() if allowed(FIELDS["Query"][field], actor, None) else {"UNAUTHENTICATED"}
    codes = {error["extensions"]["code"] for error in errors}
    assert codes <= told, (judge.name(actor), asked, errors)
    if codes:
        return None
    assert result.data is not None
    found = result.data[field]
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, dict):
            judge.object(actor, each["__typename"], each)
    return found


async def by_id_of_everything(face: Face, judge: Judge) -> None:
    for actor in judge.world.actors.values():
        for thing in judge.world.things.values():
            asked = f"node(id: $id) {{ __typename ... on {thing.kind} {BELOW[thing.kind]} }}"
            if await judged(face, judge, actor, "node", asked, id=thing.id) is None:
                judge.nothing(actor, thing)
        keys = list(judge.world.things)
        for part in range(0, len(keys), 50):
            some = keys[part : part + 50]
            found = await face.ask(
                "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", actor, ids=some
            )
            for key, node in zip(some, found["nodes"], strict=True):
                thing = judge.world.things[key]
                may = allowed(FIELDS[thing.kind]["id"], actor, thing)
                assert (node is not None) == may, (judge.name(actor), thing)


async def by_the_other_routes(face: Face, judge: Judge) -> None:
    for actor in judge.world.actors.values():
        for name, ways in ROUTES.items():
            field = SCHEMA.query_type.fields[name]  # type: ignore[union-attr]
            below = selected(get_named_type(field.type), 1).replace("{", "{ __typename", 1)
            for asked, variables in ways(judge.world):
                found = await judged(face, judge, actor, name, asked + below, **variables)
                if not allowed(FIELDS["Query"][name], actor, None):
                    assert found is None, (judge.name(actor), asked)


UPDATE = selected(TYPES["BookingStatusUpdate"], 1)
ONE = f"subscription ($id: ID!) {{ bookingStatusChanged(bookingId: $id) {UPDATE} }}"


async def by_live_updates(face: Face, judge: Judge) -> None:
    """The first thing that each is told who follows a booking."""
    for actor in judge.world.actors.values():
        for thing in of(judge.world, "Booking"):
            event = await first_event(face, judge, actor, ONE, id=thing.id)
            may = allowed(Policy.PARTIES, actor, thing)
            assert (event is not None) == may, (judge.name(actor), thing)
            if event is not None:
                judge.object(actor, "BookingStatusUpdate", event["bookingStatusChanged"])


async def first_event(face: Face, judge: Judge, actor: Actor, query: str, **variables: Any) -> Any:
    """What a subscription sends first; None when it is refused."""
    source: Any = await face.schema.subscribe(
        query, variable_values=variables, context_value=Context(face.runtime, actor)
    )
    async with aclosing(source):
        result = await anext(source)
    judge.answer(actor, [result.data, [error.formatted for error in result.errors or ()]])
    return None if result.errors else result.data


async def test_everybody_is_shown_what_is_declared_and_nothing_else(face: Face) -> None:
    assert set(ROUTES) | {"node", "nodes"} == set(FIELDS["Query"])
    world = await make(face.db)
    assert {each.kind for each in world.things.values()} == set(FINDERS)
    judge = Judge(world)
    await by_id_of_everything(face, judge)
    await by_the_other_routes(face, judge)
    await by_live_updates(face, judge)
    wrong = judge.missing()
    assert not wrong, "\n".join([f"{len(wrong)}:", *wrong[:40]])
    assert judge.asked > 10_000
