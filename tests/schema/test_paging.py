"""Pages put together are the whole list, once each, in order; and pages cost the same."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from app import clock
from app.actor import ANONYMOUS, Actor
from tests.schema.face import Face, gid, person
from tests.support.statements import counted
from tests.support.world import add_booking, add_host, add_property, add_review, add_user

TODAY = clock.now().date()

TRIPS = """query ($first: Int!, $after: String, $status: [BookingStatus!]) { viewer {
  page: bookings(first: $first, after: $after, status: $status) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { id status } } } } }"""
HOSTED = TRIPS.replace("bookings(", "hostedBookings(")
PROPERTIES = TRIPS.replace("bookings(", "properties(").replace("BookingStatus", "PropertyStatus")
REVIEWS = """query ($id: ID!, $first: Int!, $after: String) { node: property(id: $id) {
  page: reviews(first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { id } } } } }"""
SEARCH = """query ($first: Int!, $after: String, $sort: PropertySort!) {
  page: searchProperties(first: $first, after: $after, sort: $sort) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { id } } } }"""


async def bookings_for(face: Face, count: int, **columns: Any) -> tuple[Actor, Actor, list[UUID]]:
    """Guest, host, and so many bookings of theirs, oldest first."""
    guest, host = await add_user(face.db), await add_host(face.db)
    place = await add_property(face.db, host)
    made = [
        await add_booking(
            face.db,
            place,
            guest,
            host,
            check_in=TODAY + timedelta(days=10 + 3 * index),
            check_out=TODAY + timedelta(days=12 + 3 * index),
            **columns,
        )
        for index in range(count)
    ]
    return person(guest), person(host), made


async def walk(
    face: Face, query: str, actor: Actor, first: int, **variables: Any
) -> list[list[str]]:
    """The ids on each page, checking what each page says about itself."""
    pages: list[list[str]] = []
    after = None
    while True:
        data = await face.ask(query, actor, first=first, after=after, **variables)
        page = (data.get("viewer") or data.get("node") or data)["page"]
        info, edges = page["pageInfo"], page["edges"]
        assert info["hasPreviousPage"] == (after is not None)
        assert info["startCursor"] == (edges[0]["cursor"] if edges else None)
        assert info["endCursor"] == (edges[-1]["cursor"] if edges else None)
        pages.append([edge["node"]["id"] for edge in edges])
        if not info["hasNextPage"]:
            assert page["totalCount"] == sum(map(len, pages))
            return pages
        assert len(edges) == first
        after = info["endCursor"]


@pytest.mark.parametrize(("count", "first"), [(0, 5), (1, 1), (4, 2), (5, 2), (5, 5), (5, 50)])
async def test_trips(face: Face, count: int, first: int) -> None:
    guest, host, made = await bookings_for(face, count)
    newest_first = [gid("Booking", key) for key in reversed(made)]
    for query, actor in ((TRIPS, guest), (HOSTED, host)):
        pages = await walk(face, query, actor, first)
        assert [key for page in pages for key in page] == newest_first
        # An empty last page would be a page too many.
        assert all(pages) or count == 0
    # Each is on one side only.
    assert await walk(face, TRIPS, host, first) == [[]]


async def test_statuses(face: Face) -> None:
    guest, _, made = await bookings_for(face, 3, status="COMPLETED")
    assert guest.user_id is not None
    other = await add_host(face.db)
    place = await add_property(face.db, other)
    upcoming = await add_booking(face.db, place, guest.user_id, other)

    async def ids(*status: str) -> set[str]:
        pages = await walk(face, TRIPS, guest, 2, status=list(status))
        return {key for page in pages for key in page}

    past = {gid("Booking", key) for key in made}
    assert await ids("COMPLETED") == past
    assert await ids("CONFIRMED", "EXPIRED") == {gid("Booking", upcoming)}
    assert await ids("COMPLETED", "CONFIRMED", "COMPLETED") == past | {gid("Booking", upcoming)}
    assert await ids("DECLINED") == set()


async def test_what_comes_in_between_moves_nothing(face: Face) -> None:
    guest, _, made = await bookings_for(face, 4)
    assert guest.user_id is not None
    data = await face.ask(TRIPS, guest, first=2)
    after = data["viewer"]["page"]["pageInfo"]["endCursor"]
    host = await add_host(face.db)
    await add_booking(face.db, await add_property(face.db, host), guest.user_id, host)
    data = await face.ask(TRIPS, guest, first=2, after=after)
    edges = data["viewer"]["page"]["edges"]
    assert [edge["node"]["id"] for edge in edges] == [gid("Booking", key) for key in made[1::-1]]


async def test_own_properties_and_reviews(face: Face) -> None:
    host, guest = await add_host(face.db), await add_user(face.db)
    places = [await add_property(face.db, host, status="DRAFT") for _ in range(3)]
    pages = await walk(face, PROPERTIES, person(host), 2)
    assert [len(page) for page in pages] == [2, 1]
    assert {key for page in pages for key in page} == {gid("Property", key) for key in places}

    place = await add_property(face.db, host)
    for index in range(3):
        stay = date(2026, 1, 1 + 3 * index)
        await add_review(face.db, place, host, guest, check_in=stay)
    pages = await walk(face, REVIEWS, ANONYMOUS, 2, id=gid("Property", place))
    assert [len(page) for page in pages] == [2, 1]


@pytest.mark.parametrize(
    "sort", ["RECOMMENDED", "PRICE_LOW_TO_HIGH", "PRICE_HIGH_TO_LOW", "RATING", "NEWEST"]
)
async def test_search(face: Face, sort: str) -> None:
    host = await add_host(face.db)
    places = [
        await add_property(face.db, host, base_price_minor=100_00 + index // 2)
        for index in range(7)
    ]
    pages = await walk(face, SEARCH, ANONYMOUS, 3, sort=sort)
    assert [len(page) for page in pages] == [3, 3, 1]
    assert {key for page in pages for key in page} == {gid("Property", key) for key in places}


@pytest.mark.parametrize(
    "variables",
    [
        {"first": 0},
        {"first": -1},
        {"first": 51},
        {"first": 5, "after": "nonsense"},
        {"first": 5, "after": ""},
        {"first": 5, "after": "é"},
    ],
)
async def test_bad_pages(face: Face, variables: dict[str, Any]) -> None:
    guest = person(await add_user(face.db))
    assert await face.codes(TRIPS, guest, **variables) == ["BAD_USER_INPUT"]
    assert await face.codes(SEARCH, guest, sort="NEWEST", **variables) == ["BAD_USER_INPUT"]


async def test_the_total_is_counted_only_when_it_is_asked_for(face: Face) -> None:
    guest, _, _ = await bookings_for(face, 2)
    face = Face(face.schema, face.runtime)
    with counted(face.db) as statements:
        await face.ask("{ viewer { bookings { edges { node { id } } } } }", guest)
    without = len(statements)
    with counted(face.db) as statements:
        await face.ask("{ viewer { bookings { totalCount edges { node { id } } } } }", guest)
    assert len(statements) == without + 1
