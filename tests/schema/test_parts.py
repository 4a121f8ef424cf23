"""Parts of a property's page that depend on arguments: read with its row, where that can be."""

from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.actor import ANONYMOUS, Actor
from schema.context import Context
from tests.schema.face import Face, gid, person
from tests.support.statements import counted
from tests.support.world import add_booking, add_host, add_property, add_review, add_user

PAGE = """query ($id: ID!, $first: Int!, $after: String, $from: Date!, $to: Date!) {
  property(id: $id) {
    title
    reviews(first: $first, after: $after) {
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { rating comment author { firstName } } }
    }
    availability(from: $from, to: $to) { date available canCheckIn price { amount } }
  }
}"""
# Days ahead of today, so that neither the hour nor the time zone has a say in what can be booked.
DAY = clock.now().date() + timedelta(days=3)
SPAN = {"from": str(DAY), "to": str(DAY + timedelta(days=9))}


async def cost(face: Face, query: str, actor: Actor = ANONYMOUS, **variables: Any) -> int:
    """How many statements it takes; the answer is compared with graphql-core's."""
    await face.run(query, actor, **variables)
    with counted(face.db) as statements:
        await face.schema.execute(query, variables, Context(face.runtime, actor, takes_json=True))
    return len(statements)


@pytest.fixture
async def place(face: Face) -> dict[str, Any]:
    """A property with five reviews, and one booked night to come; by variables of `PAGE`."""
    host, guest = await add_host(face.db), await add_user(face.db)
    place = await add_property(face.db, host, preparation_days=1)
    for number in range(5):
        first = DAY - timedelta(days=100 + 5 * number)
        await add_review(
            face.db, place, host, guest, check_in=first, rating=number + 1, comment=f"№ {number}"
        )
    await add_booking(face.db, place, guest, host, check_in=DAY + timedelta(days=4))
    return {"id": gid("Property", place), "first": 2, **SPAN}


async def test_pages_follow_each_other(face: Face, place: dict[str, Any]) -> None:
    seen, after = [], None
    for _ in range(3):
        data = await face.ask(PAGE, **place, after=after)
        page = data["property"]["reviews"]
        seen += [edge["node"]["comment"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        assert page["pageInfo"]["hasNextPage"] == (len(seen) < 5)
        after = page["pageInfo"]["endCursor"]
        assert await cost(face, PAGE, **place, after=after) == 1
    assert seen == [f"№ {number}" for number in (4, 3, 2, 1, 0)]
    data = await face.ask(PAGE, **place, after=after)
    assert data["property"]["reviews"]["edges"] == []
    taken = [not night["available"] for night in data["property"]["availability"]]
    assert taken == [False] * 3 + [True] * 5 + [False]


async def test_what_is_wrong_is_said_of_the_field(face: Face, place: dict[str, Any]) -> None:
    """What cannot be had is no part of what is read, and its field refuses it."""
    for wrong in (
        {"first": 0},
        {"after": "nonsense"},
        {"to": SPAN["from"]},
        {"from": "1999-12-31"},
    ):
        result = await face.run(PAGE, **(place | wrong))
        assert [error.path[:2] for error in result.errors or () if error.path] == [
            ["property", "availability" if wrong.keys() & SPAN.keys() else "reviews"]
        ]


TWICE = """query ($id: ID!, $first: Int!, $from: Date!, $to: Date!) {
  property(id: $id) {
    few: reviews(first: 1) { edges { node { id } } }
    reviews(first: $first) { totalCount edges { node { id property { title } } } }
    availability(from: $from, to: $to) { date }
    then: availability(from: $to, to: "2199-12-31") { date }
  }
  other: property(id: $id) { reviews { edges { node { __typename } } } }
}"""


async def test_what_is_asked_for_twice_is_not_read_with_the_row(
    face: Face, place: dict[str, Any]
) -> None:
    result = await face.run(TWICE, **place)
    assert result.errors
    asked = TWICE.replace('"2199-12-31"', f'"{DAY + timedelta(days=30)}"')
    data = await face.ask(asked, **place)
    assert len(data["property"]["few"]["edges"]) == 1
    assert len(data["property"]["reviews"]["edges"]) == 2
    assert len(data["other"]["reviews"]["edges"]) == 5
    assert data["property"]["then"][0]["date"] == SPAN["to"]


async def test_a_draft_without_a_place_has_no_nights(face: Face) -> None:
    host = await add_host(face.db)
    nowhere = dict.fromkeys(
        ["timezone", "latitude", "longitude", "public_latitude", "public_longitude"]
    )
    draft = {"status": "DRAFT", "published_at": None, **nowhere}
    variables = {"id": gid("Property", await add_property(face.db, host, **draft)), "first": 1}
    data = await face.ask(PAGE, person(host), **variables, **SPAN)
    assert data["property"]["availability"] == []
    assert data["property"]["reviews"]["edges"] == []
    assert await cost(face, PAGE, person(host), **variables, **SPAN) == 1
