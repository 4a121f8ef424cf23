"""Searches that are kept are made again as they were, or not at all."""

from datetime import date
from typing import Any

import msgspec
import pytest

from app.properties.terms import Guests
from app.saved.filters import Outdated, kept, restored
from app.search.filters import Area, Filter
from db.enums import Amenity, PropertyType

# As databases have it: what is called so in a filter can be renamed only with a migration.
STORED: dict[str, Any] = {
    "text": "sea",
    "city": "Porto",
    "area": {"north": 42.0, "south": 41.0, "east": -8.0, "west": -9.0},
    "check_in": "2027-05-01",
    "check_out": "2027-05-04",
    "guests": {"adults": 2, "children": 1, "infants": 0, "pets": 0},
    "min_price_minor": 50_00,
    "max_price_minor": 200_00,
    "types": ["APARTMENT"],
    "amenities": ["WIFI"],
    "instant_book": False,
}
WANTED = Filter(
    text="sea",
    city="Porto",
    area=Area(north=42, south=41, east=-8, west=-9),
    check_in=date(2027, 5, 1),
    check_out=date(2027, 5, 4),
    guests=Guests(adults=2, children=1),
    min_price_minor=50_00,
    max_price_minor=200_00,
    types=(PropertyType.APARTMENT,),
    amenities=(Amenity.WIFI,),
    instant_book=False,
)


def test_a_filter_is_kept_without_what_it_leaves_open() -> None:
    assert msgspec.json.decode(msgspec.json.encode(kept(WANTED))) == STORED
    assert restored(STORED) == WANTED
    assert kept(Filter()) == {}
    # What filters learn later is left open by searches of before.
    assert restored({"city": "Porto"}) == Filter(city="Porto")


@pytest.mark.parametrize(
    "stored",
    [{"city": "Porto", "continent": "EU"}, {"types": ["CASTLE"]}, {"check_in": "some day"}],
)
def test_what_is_not_understood_any_more_is_not_searched_for(stored: dict[str, Any]) -> None:
    with pytest.raises(Outdated):
        restored(stored)
