"""Searching as a client does: flexible dates, lists by price, and what there is in all."""

from datetime import timedelta
from typing import Any

import pytest

from app import clock
from schema import ids
from schema.build import build_schema
from schema.transport import Limits
from schema.transport.documents import Documents
from schema.transport.errors import Refused
from tests.schema.face import Face
from tests.support.world import add_booking, add_host, add_property, add_user

QUOTES = """query ($filter: PropertyFilter!, $sort: PropertySort) {
  searchProperties(filter: $filter, sort: $sort) {
    totalCount
    edges { node { id } quote { checkIn checkOut nightCount guests { adults } total { amount } } }
  }
}"""
ITEMISED = """query ($filter: PropertyFilter!) {
  searchProperties(filter: $filter) {
    edges { quote { checkIn total { amount } subtotal { amount } lineItems { kind } } }
  }
}"""
SUMMARY = """query ($filter: PropertyFilter) {
  propertySearchSummary(filter: $filter) {
    totalCount instantBookCount freeCancellationCount
    propertyTypes { value count } amenities { value count }
    priceHistogram(buckets: 2) { from to count }
    clusters(zoom: 12) { count latitude longitude }
  }
}"""


async def test_flexible_dates_find_the_cheapest_stay_of_each_place(face: Face) -> None:
    host, guest = await add_host(face.db), await add_user(face.db)
    place = await add_property(face.db, host, weekend_price_minor=300_00)
    monday = next_monday()
    # What would be cheapest is taken: Monday and Tuesday.
    await add_booking(
        face.db, place, guest, host, check_in=monday, check_out=monday + timedelta(days=1)
    )
    window = {
        "from": str(monday - timedelta(days=2)),
        "to": str(monday + timedelta(days=5)),
        "nights": 2,
    }
    data = await face.ask(QUOTES, filter={"stayWindow": window, "guests": {"adults": 2}})
    (edge,) = data["searchProperties"]["edges"]
    quote = edge["quote"]
    assert quote["checkIn"] == str(monday + timedelta(days=1))
    assert quote["checkOut"] == str(monday + timedelta(days=3))
    assert (quote["nightCount"], quote["guests"]) == (2, {"adults": 2})
    # 200.00 and the guest's service fee.
    assert quote["total"]["amount"] == 224_00
    # Line by line it is the same stay.
    data = await face.ask(ITEMISED, filter={"stayWindow": window, "guests": {"adults": 2}})
    (edge,) = data["searchProperties"]["edges"]
    assert edge["quote"]["checkIn"] == quote["checkIn"]
    assert edge["quote"]["total"] == quote["total"]
    assert edge["quote"]["subtotal"]["amount"] == 200_00
    # Only at weekends there is none as cheap.
    weekends = window | {"arrivalWeekdays": ["SATURDAY"]}
    dear = {"stayWindow": weekends, "maxTotal": 224_00, "currency": "EUR"}
    assert (await face.ask(QUOTES, filter=dear))["searchProperties"]["totalCount"] == 0


async def test_by_price_is_by_what_the_stay_costs(face: Face) -> None:
    host = await add_host(face.db)
    cheap = await add_property(face.db, host, base_price_minor=90_00, cleaning_fee_minor=80_00)
    dear = await add_property(face.db, host, base_price_minor=100_00)
    monday = next_monday()
    for nights, first in ((1, dear), (30, cheap)):
        filter = {"checkIn": str(monday), "checkOut": str(monday + timedelta(days=nights))}
        data = await face.ask(QUOTES, filter=filter, sort="PRICE_LOW_TO_HIGH")
        found = [edge["node"]["id"] for edge in data["searchProperties"]["edges"]]
        assert found[0] == ids.encode("Property", first)
        assert len(found) == 2


async def test_the_summary_of_a_search(face: Face) -> None:
    host = await add_host(face.db)
    await add_property(face.db, host, amenities=["KITCHEN", "WIFI"])
    await add_property(
        face.db,
        host,
        type="HOUSE",
        amenities=["WIFI"],
        instant_book=False,
        cancellation_policy="STRICT",
        base_price_minor=150_00,
    )
    filter = {"propertyTypes": ["HOUSE"], "minPrice": 120_00, "currency": "EUR"}
    found = (await face.ask(SUMMARY, filter=filter))["propertySearchSummary"]
    assert found == {
        "totalCount": 1,
        "instantBookCount": 0,
        "freeCancellationCount": 0,
        "propertyTypes": [{"value": "HOUSE", "count": 1}],
        "amenities": [{"value": "WIFI", "count": 1}],
        "priceHistogram": [{"from": 150_00, "to": 150_01, "count": 1}],
        "clusters": [{"count": 1, "latitude": 38.714, "longitude": -9.125}],
    }
    found = (await face.ask(SUMMARY))["propertySearchSummary"]
    assert found["amenities"] == [{"value": "WIFI", "count": 2}, {"value": "KITCHEN", "count": 1}]
    assert [each["count"] for each in found["priceHistogram"]] == [1, 1]


def test_a_summary_costs_more_than_a_field() -> None:
    documents = Documents(build_schema()._schema, Limits(), introspection=False)
    field = "propertySearchSummary { totalCount propertyTypes { count } amenities { count } "
    field += "instantBookCount freeCancellationCount clusters(zoom: 1) { count } }"

    def ask(times: int) -> None:
        text = "{" + " ".join(f"a{n}: {field}" for n in range(times)) + "}"
        documents.check(documents.prepare(text).operation(None), None)

    ask(8)
    with pytest.raises(Refused) as refused:
        ask(10)
    assert (refused.value.errors[0].extensions or {})["limit"] == "cost"


def next_monday() -> Any:
    """A Monday some weeks ahead."""
    day = clock.now().date() + timedelta(days=30)
    return day + timedelta(days=-day.weekday() % 7)
