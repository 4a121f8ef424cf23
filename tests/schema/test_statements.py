"""How many SQL statements a screen costs: a fixed handful, whatever its size."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from app import clock
from app.actor import ANONYMOUS
from app.config import Settings
from app.dev.bench import operations
from app.ids import new_id
from db.models import PropertyPhoto
from tests.schema.face import Face, gid, person
from tests.support.statements import counted
from tests.support.world import add_booking, add_host, add_property, add_review, add_user

SEARCH = """query ($filter: PropertyFilter) { searchProperties(filter: $filter, first: 20) {
  totalCount
  pageInfo { hasNextPage endCursor }
  edges { cursor
    quote { total { amount currency } lineItems { kind amount { amount } } property { title } }
    node { id title pricePerNight { amount currency } averageRating reviewCount
      location { city latitude longitude isExact }
      host { id firstName pictureUrl isHost }
      photos { id url caption width height }
      reviews(first: 3) { totalCount edges { node { rating comment author { firstName } } } }
      availability(from: "2027-01-01", to: "2027-01-15") { date available price { amount } } } } } }
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing that was found is kept."""
    return msgspec.structs.replace(settings, search_cache_seconds=0)


async def market(face: Face, size: int) -> None:
    """So many published properties of as many hosts, with two photos and a review each."""
    guest = await add_user(face.db)
    for _ in range(size):
        host = await add_host(face.db)
        place = await add_property(face.db, host)
        await add_review(face.db, place, host, guest)
        async with face.db.transaction() as session:
            await session.execute(
                insert(PropertyPhoto).values(
                    id=new_id(), property_id=place, position=1, url="/media/2", width=3, height=2
                )
            )


async def cost(face: Face, query: str, actor: Any, **variables: Any) -> tuple[int, dict[str, Any]]:
    alone = Face(face.schema, face.runtime)
    with counted(face.db) as statements:
        data = await alone.ask(query, actor, **variables)
    return len(statements), data


@pytest.mark.parametrize("dates", [False, True])
async def test_the_search_page(face: Face, dates: bool) -> None:
    day = clock.now().date() + timedelta(days=100)
    stay = {"checkIn": str(day), "checkOut": str(day + timedelta(days=4))} if dates else {}
    guest = person(await add_user(face.db))
    found = {}
    for size in (1, 20):
        await market(face, size - 1 if size == 20 else 1)
        for actor in (ANONYMOUS, guest):
            statements, data = await cost(face, SEARCH, actor, filter=stay)
            page = data["searchProperties"]
            assert page["totalCount"] == len(page["edges"]) == size
            assert all(edge["node"]["host"]["firstName"] for edge in page["edges"])
            assert all(len(edge["node"]["photos"]) == 2 for edge in page["edges"])
            assert all((edge["quote"] is not None) == dates for edge in page["edges"])
            found[size, actor is ANONYMOUS] = statements
    # Search with hosts and photos, total, reviews with authors, their count, calendars; with
    # dates the quotes and their properties; signed in, what the viewer has booked.
    assert found[20, True] == 5 + 2 * dates
    assert found[20, False] == 6 + 2 * dates
    assert found[1, True] == found[20, True]
    assert found[1, False] == found[20, False]


PROFILES = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on User {
  verifiedBadges responseRate reviewCount averageRating
  reviews(first: 3) { totalCount edges { node { rating property { title } } } } } } }"""


async def test_hosts_profiles(face: Face) -> None:
    found = []
    for size in (1, 9):
        await market(face, size)
        edges = (await face.ask("{ searchProperties { edges { node { host { id } } } } }"))[
            "searchProperties"
        ]["edges"]
        ids = [edge["node"]["host"]["id"] for edge in edges]
        statements, data = await cost(face, PROFILES, ANONYMOUS, ids=ids)
        assert all(node["reviews"]["totalCount"] == 1 for node in data["nodes"])
        found.append((len(ids), statements))
    # People, response rates, ratings, reviews, their count and places.
    assert found == [(1, 6), (10, 6)]


TRIPS = """{ viewer { bookings(first: 50) { totalCount edges { node {
  id status totalPrice { amount } lineItems { kind } cancellationPreview { refund { amount } }
  property { title photos { url } location { address isExact } }
  guest { firstName } host { firstName }
  payment { status clientSecret } history { version status } review { rating }
  availableActions { action until } } } } } }"""


async def test_my_trips(face: Face) -> None:
    guest = await add_user(face.db)
    day = clock.now().date() + timedelta(days=10)
    found = []
    for _ in range(2):
        for _ in range(5):
            host = await add_host(face.db)
            place = await add_property(face.db, host)
            await add_booking(face.db, place, guest, host, check_in=day)
        statements, data = await cost(face, TRIPS, person(guest))
        found.append(statements)
    assert len(data["viewer"]["bookings"]["edges"]) == 10
    # The page with all that belongs to it, its total, what the viewer may see exactly, and what
    # somebody wants to alter.
    assert found == [4, 4]


async def test_the_measured_pages(face: Face) -> None:
    """What `make bench` asks for, in no more statements than one would write by hand."""
    await market(face, 3)
    host, guest = await add_host(face.db), await add_user(face.db)
    place = await add_property(face.db, host)
    today = clock.now().date()
    await add_booking(face.db, place, guest, host, check_in=today + timedelta(days=3))
    area = {"north": 90, "south": -90, "east": 180, "west": -180}
    stay = {"checkIn": today + timedelta(days=40), "checkOut": today + timedelta(days=43)}
    dates = {name: day.isoformat() for name, day in stay.items()}
    span = {"from": today.isoformat(), "to": (today + timedelta(days=60)).isoformat()}

    # With hosts, photos and prices.
    statements, data = await cost(face, operations.SEARCH, ANONYMOUS, area=area, **dates)
    assert len(data["searchProperties"]["edges"]) == 4
    assert statements == 1
    # With host, photos, reviews with authors, and the calendar.
    variables = {"id": gid("Property", place), **span}
    statements, data = await cost(face, operations.PROPERTY, ANONYMOUS, **variables)
    assert data["property"]["host"]["id"] == gid("User", host)
    assert statements == 1
    # With properties, their photos and payments. Whose they are is known.
    statements, data = await cost(face, operations.TRIPS, person(guest))
    assert len(data["viewer"]["bookings"]["edges"]) == 1
    assert statements == 1


async def test_only_what_is_asked_for_is_read(face: Face) -> None:
    host = await add_host(face.db)
    place = gid("Property", await add_property(face.db, host))
    query = """query ($id: ID!) { property(id: $id) {
      title pricePerNight { amount } averageRating location { city } host { firstName } } }"""
    with counted(face.db) as statements:
        await Face(face.schema, face.runtime).ask(query, id=place)
    (statement,) = statements
    for column in ("title", "base_price_minor", "currency", "rating_sum", "city", "first_name"):
        assert f".{column}" in statement
    # The exact point is neither shown nor asked for; nor is anything else of theirs.
    for column in ("description", "latitude", "address", "email", "phone", "amenities"):
        assert column not in statement


async def test_what_tells_who_may_see_it_is_always_read(face: Face) -> None:
    """A draft is its host's alone, also when nothing is asked for that would tell whose it is."""
    host, other = await add_host(face.db), await add_user(face.db)
    place = gid("Property", await add_property(face.db, host, status="DRAFT"))
    query = "query ($id: ID!) { property(id: $id) { title location { address isExact } } }"
    found = await face.ask(query, person(host), id=place)
    assert found["property"]["location"]["isExact"] is True
    assert (await face.ask(query, person(other), id=place))["property"] is None
    assert (await face.ask(query, id=place))["property"] is None


async def test_aliases_share_what_they_read(face: Face) -> None:
    host = await add_host(face.db)
    place = gid("Property", await add_property(face.db, host))
    one, _ = await cost(
        face, "query ($id: ID!) { property(id: $id) { title } }", ANONYMOUS, id=place
    )
    query = "query ($id: ID!) { a: property(id: $id) { title } b: property(id: $id) { title } }"
    assert one == 1
    assert (await cost(face, query, ANONYMOUS, id=place))[0] == one
    query = "query ($id: ID!) { a: node(id: $id) { id } b: node(id: $id) { __typename } }"
    assert (await cost(face, query, ANONYMOUS, id=place))[0] == one
