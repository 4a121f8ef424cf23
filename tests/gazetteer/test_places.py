"""Finding places by what people type."""

from time import process_time
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.gazetteer import places
from app.gazetteer.folding import fold
from app.gazetteer.places import MAX_FOUND, Place, by_id, find


def found(query: str, first: int = 5) -> list[str]:
    return [f"{each.name}, {each.region}, {each.country}" for each in find(query, first)]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("Lisbon", "Lisbon, Lisbon, PT"),
        # Half, in small letters, with blanks around.
        (" lisb", "Lisbon, Lisbon, PT"),
        # In other languages and scripts, with accents or without.
        ("Lisboa", "Lisbon, Lisbon, PT"),
        ("Cologne", "Köln, North Rhine-Westphalia, DE"),
        ("köln", "Köln, North Rhine-Westphalia, DE"),
        ("KOLN", "Köln, North Rhine-Westphalia, DE"),
        ("koeln", "Köln, North Rhine-Westphalia, DE"),
        ("Mu\u0308nchen", "Munich, Bavaria, DE"),
        ("munchen", "Munich, Bavaria, DE"),
        ("Москва", "Moscow, Moscow, RU"),
        ("東京", "Tokyo, Tokyo, JP"),
        ("lodz", "Łódź, Łódź Voivodeship, PL"),
        # With other punctuation.
        ("saint denis", "Saint-Denis, Réunion, RE"),
        ("st johns", "St. John's, Newfoundland and Labrador, CA"),
        # By a later word, and by what everybody says.
        ("francisco", "San Francisco, California, US"),
        ("ny", "New York City, New York, US"),
        # The very name before larger ones that begin so.
        ("Porto", "Porto, Porto, PT"),
        ("york", "York, England, GB"),
        # With a slip: a letter left out, one too many, another one, two swapped.
        ("barclona", "Barcelona, Catalonia, ES"),
        ("lisbbon", "Lisbon, Lisbon, PT"),
        ("san fransisco", "San Francisco, California, US"),
        ("lsibon", "Lisbon, Lisbon, PT"),
        ("qaccra", "Accra, Greater Accra, GH"),
        # The largest of the name, unless a region or country follows.
        ("Paris", "Paris, Île-de-France, FR"),
        ("Paris, Texas", "Paris, Texas, US"),
        ("Paris, TX", "Paris, Texas, US"),
        ("paris texas", "Paris, Texas, US"),
        ("san jose costa rica", "San José, San José, CR"),
        ("San José, us", "San Jose, California, US"),
    ],
)
def test_what_is_meant_comes_first(query: str, best: str) -> None:
    assert found(query, 1) == [best]


@pytest.mark.parametrize("query", ["", " ", "-", "Xyzzyplugh", "Paris, Atlantis", "zqx"])
def test_what_nobody_means_finds_nothing(query: str) -> None:
    assert found(query) == []


def test_larger_places_of_one_name_come_first() -> None:
    springfields = [each for each in find("springfield", MAX_FOUND) if each.name == "Springfield"]
    assert len(springfields) > 5
    people = [each.population for each in springfields]
    assert people == sorted(people, reverse=True)
    assert len({(each.region, each.country) for each in springfields[:5]}) == 5


def test_a_place_is_found_again_by_its_id() -> None:
    [lisbon] = find("Lisbon", 1)
    assert by_id(lisbon.id) == lisbon
    assert lisbon.country_name == "Portugal"
    assert (round(lisbon.latitude, 1), round(lisbon.longitude, 1)) == (38.7, -9.1)
    assert by_id(UUID(int=0)) is None
    assert by_id(UUID(int=2**128 - 1)) is None


def town(latitude: float, longitude: float, population: int) -> Place:
    return Place(
        id=UUID(int=1),
        name="Somewhere",
        region="",
        region_code="",
        country="FJ",
        latitude=latitude,
        longitude=longitude,
        population=population,
    )


def test_larger_places_have_larger_areas() -> None:
    heights = [town(50, 10, people).area for people in (0, 5_000, 100_000, 2_000_000, 10**8)]
    sizes = [round((box.north - box.south) / 2 * places.KM_PER_DEGREE, 1) for box in heights]
    assert sizes == [3.0, 3.0, 5.0, 14.3, 41.0]
    # As wide as high, where a degree of longitude is shorter.
    box = town(60, 10, 100_000).area
    assert box.east - box.west == pytest.approx(2 * (box.north - box.south), rel=0.01)
    assert (box.east + box.west) / 2 == pytest.approx(10)


def test_an_area_may_lie_across_the_antimeridian() -> None:
    box = town(-17, 179.99, 100_000).area
    assert box.west > 179.9
    assert box.east < -179.9


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_anything_can_be_typed(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert len(find(text, MAX_FOUND)) <= MAX_FOUND


def test_finding_is_quick_also_for_what_is_not_there() -> None:
    find("warm", 1)
    queries = ["p", "sa", "lisb", "barclona", "paris texas", "x" * 100, "a b " * 25, "san sa nsan"]
    places._find.cache_clear()
    started = process_time()
    for query in queries:
        find(query, 5)
    # A millisecond each by far; the bound is for machines that are busy.
    assert process_time() - started < 0.02 * len(queries)
