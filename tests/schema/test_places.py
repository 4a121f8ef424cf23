"""Places by name over GraphQL, and searching in them."""

from typing import Any

import pytest

from db.session import Database
from tests.schema.face import Face
from tests.support.world import add_host, add_property

PLACES = """query ($typed: String!, $first: Int! = 5) { places(query: $typed, first: $first) {
  id name region country countryName latitude longitude population
  area { north south east west } } }"""
SEARCH = """query ($filter: PropertyFilter) { searchProperties(filter: $filter) {
  totalCount edges { node { title } } } }"""
NODE = "query ($id: ID!) { node(id: $id) { __typename ... on Place { name country } } }"


async def places(face: Face, query: str, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await face.ask(PLACES, typed=query, **more))["places"]
    return found


async def titles(face: Face, **wanted: Any) -> set[str]:
    found = (await face.ask(SEARCH, filter=wanted))["searchProperties"]
    assert found["totalCount"] == len(found["edges"])
    return {edge["node"]["title"] for edge in found["edges"]}


async def some_homes(db: Database) -> None:
    host = await add_host(db)
    for title, city, latitude, longitude in (
        ("in Lisbon", "Lisboa", 38.73, -9.14),
        ("in Almada", "Almada", 38.68, -9.16),
        ("in Porto", "Porto", 41.15, -8.61),
        ("in a hamlet", "Xyzzyplugh", 38.9, -8.0),
    ):
        point = {"public_latitude": latitude, "public_longitude": longitude}
        await add_property(db, host, title=title, city=city, **point)


async def test_places_of_one_name_are_told_apart(face: Face) -> None:
    found = await places(face, "paris", first=20)
    first = found[0]
    assert (first["name"], first["region"], first["countryName"]) == (
        "Paris",
        "Île-de-France",
        "France",
    )
    assert first["area"]["south"] < first["latitude"] < first["area"]["north"]
    assert first["area"]["west"] < first["longitude"] < first["area"]["east"]
    assert {"FR", "US"} <= {each["country"] for each in found if each["name"] == "Paris"}
    assert len(await places(face, "paris", first=1)) == 1
    assert await face.ask(NODE, id=first["id"]) == {
        "node": {"__typename": "Place", "name": "Paris", "country": "FR"}
    }


@pytest.mark.parametrize("first", [0, 21])
async def test_a_page_has_bounds(face: Face, first: int) -> None:
    assert await face.codes(PLACES, typed="paris", first=first) == ["BAD_USER_INPUT"]


async def test_properties_are_searched_for_in_a_place(face: Face) -> None:
    await some_homes(face.db)
    [lisbon] = await places(face, "lisboa", first=1)
    around = {"in Lisbon", "in Almada"}
    assert await titles(face, place=lisbon["id"]) == around
    assert await titles(face, area=lisbon["area"]) == around
    # As somebody has typed it, with a slip.
    assert await titles(face, where="Lisbonn") == around
    assert await titles(face, where="Porto, Portugal") == {"in Porto"}
    assert await titles(face, place=lisbon["id"], city="Almada") == {"in Almada"}
    # What the gazetteer does not know may be a city all the same.
    assert await titles(face, where="xyzzyplugh") == {"in a hamlet"}
    assert await titles(face, where="Nowhere at all") == set()
    assert len(await titles(face, where=" ")) == 4


async def test_one_part_of_the_map_is_searched(face: Face) -> None:
    [lisbon] = await places(face, "lisbon", first=1)
    box = lisbon["area"]
    for wrong in (
        {"place": lisbon["id"], "where": "Porto"},
        {"place": lisbon["id"], "area": box},
        {"where": "Porto", "area": box},
        {"place": "nonsense"},
        {"place": lisbon["id"][:-4]},
    ):
        assert await face.codes(SEARCH, filter=wrong) == ["BAD_USER_INPUT"]
