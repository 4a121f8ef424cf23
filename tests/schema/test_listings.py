"""A property by mutations: drafted, changed, published, and what is refused."""

from typing import Any

import pytest
from sqlalchemy import update

from db.models import Property
from schema import ids
from tests.schema.face import Face, person
from tests.schema.trade import ERROR, QUOTE, rows, stay
from tests.support.world import add_host, add_photo

CREATE = f"""mutation ($input: CreatePropertyInput!) {{ createProperty(input: $input) {{ __typename
  {ERROR} ... on InvalidInputError {{ field }} ... on CreatePropertySuccess {{ property {{
    id status title type amenities checkInTime checkOutTime timezone maxGuests instantBook
    pricePerNight {{ amount currency }} weekendPricePerNight {{ amount }} cleaningFee {{ amount }}
    weeklyDiscountPercent earlyBirdDays checkInWeekdays checkOutWeekdays
    photos {{ url }} cancellationPolicy minNights
    location {{ city address latitude isExact }} }} }} }} }}"""
UPDATE = CREATE.replace("CreateProperty", "UpdateProperty").replace("createP", "updateP")
LISTING: dict[str, Any] = {
    "title": " Boat house ",
    "description": "A quiet house right on the water.",
    "type": "COTTAGE",
    "location": {
        "city": "Porto",
        "country": "PT",
        "address": "Cais 1",
        "latitude": 41.14,
        "longitude": -8.61,
    },
    "timezone": "Europe/Lisbon",
    "pricePerNight": {"amount": 80_00, "currency": "EUR"},
    "weekendPricePerNight": 95_00,
    "cleaningFee": 20_00,
    "weeklyDiscountPercent": 10,
    "earlyBirdDays": 60,
    "maxGuests": 3,
    "amenities": ["WIFI", "KITCHEN", "WIFI"],
    "checkInTime": "16:30",
    "checkInWeekdays": ["SATURDAY", "MONDAY", "SATURDAY"],
}


async def test_a_property_s_life(face: Face) -> None:
    host = person(await add_host(face.db))
    made = (await face.ask(CREATE, host, input=LISTING))["createProperty"]
    place = made["property"]
    assert place["status"] == "DRAFT"
    assert place["title"] == "Boat house"
    assert place["checkInTime"] == "16:30"
    assert place["checkOutTime"] == "11:00"
    assert place["amenities"] == ["KITCHEN", "WIFI"]
    assert place["weekendPricePerNight"] == {"amount": 95_00}
    assert (place["weeklyDiscountPercent"], place["earlyBirdDays"]) == (10, 60)
    assert place["checkInWeekdays"] == ["MONDAY", "SATURDAY"]
    assert len(place["checkOutWeekdays"]) == 7
    assert place["photos"] == []
    assert place["location"]["isExact"] is True
    text = place["id"]
    key = ids.key_of("Property", text)
    assert key is not None
    await add_photo(face.db, key)

    changes = {
        "propertyId": text,
        "title": "Boathouse",
        "weekendPricePerNight": None,
        "earlyBirdDays": None,
        "description": None,
        "minNights": 2,
    }
    changed = (await face.ask(UPDATE, host, input=changes))["updateProperty"]["property"]
    assert (changed["title"], changed["minNights"]) == ("Boathouse", 2)
    # Null clears what may be empty, and leaves the rest as it was.
    assert changed["weekendPricePerNight"] is None
    assert changed["earlyBirdDays"] is None
    assert changed["cleaningFee"] == {"amount": 20_00}

    publish = """mutation ($id: ID!) { publishProperty(input: {propertyId: $id}) { __typename
      ... on PublishPropertySuccess { property { status } }
      ... on PropertyIncompleteError { code missing { field } } } }"""
    unpublish = publish.replace("publish", "unpublish").replace("Publish", "Unpublish")
    unpublish = unpublish.split("... on PropertyIncomplete")[0] + "} }"
    stranger = person(await add_host(face.db))
    assert (await face.ask(publish, stranger, id=text))["publishProperty"] == {
        "__typename": "NotFoundError"
    }
    search = "{ searchProperties { edges { node { id } } } }"
    assert (await face.ask(search))["searchProperties"]["edges"] == []
    done = (await face.ask(publish, host, id=text))["publishProperty"]
    assert done["property"] == {"status": "PUBLISHED"}
    assert (await face.ask(search))["searchProperties"]["edges"] == [{"node": {"id": text}}]
    down = (await face.ask(unpublish, host, id=text))["unpublishProperty"]
    assert down["property"] == {"status": "UNPUBLISHED"}
    async with face.db.transaction() as session:
        await session.execute(update(Property).values(status="SUSPENDED"))
    suspended = (await face.ask(publish, host, id=text))["publishProperty"]
    assert suspended["__typename"] == "ForbiddenError"


async def test_an_incomplete_property(face: Face) -> None:
    host = person(await add_host(face.db))
    bare = {key: value for key, value in LISTING.items() if key != "description"}
    made = (await face.ask(CREATE, host, input=bare))["createProperty"]["property"]
    publish = """mutation ($id: ID!) { publishProperty(input: {propertyId: $id}) {
      ... on PropertyIncompleteError { code missing { field message } } } }"""
    refused = (await face.ask(publish, host, id=made["id"]))["publishProperty"]
    assert refused == {
        "code": "PROPERTY_INCOMPLETE",
        "missing": [
            {"field": "photos", "message": "Show at least one photo."},
            {"field": "description", "message": "Describe it in at least 20 characters."},
        ],
    }


async def test_a_draft_without_anything(face: Face) -> None:
    """Everything that clients ask of properties can be asked of it, too."""
    host = person(await add_host(face.db))
    made = (await face.ask(CREATE, host, input={"idempotencyKey": "a"}))["createProperty"]
    place = made["property"]
    assert (await face.ask(CREATE, host, input={"idempotencyKey": "a"}))["createProperty"] == made
    assert (place["title"], place["type"], place["timezone"]) == ("", None, None)
    assert (place["location"], place["pricePerNight"]) == (None, None)
    found = await face.ask(
        """query ($id: ID!) { property(id: $id) { location { latitude address isExact }
          availability(from: "2026-12-01", to: "2026-12-03") { date }
          calendarExchange { feedUrl } reviewCount cleaningFee { currency } } }""",
        host,
        id=place["id"],
    )
    assert found["property"] == {
        "location": None,
        "availability": [],
        "calendarExchange": {"feedUrl": None},
        "reviewCount": 0,
        "cleaningFee": {"currency": "EUR"},
    }
    quote = (await face.ask(QUOTE, host, input=stay(place["id"])))["quote"]
    assert quote["__typename"] == "PropertyNotBookableError"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "x" * 121}, "title"),
        ({"maxGuests": 0}, "maxGuests"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"bedrooms": 2**31 - 1}, "bedrooms"),
        ({"weeklyDiscountPercent": 2**31 - 1}, "weeklyDiscountPercent"),
        ({"cleaningFee": -1}, "cleaningFee"),
        ({"cleaningFee": 2**53}, "cleaningFee"),
        ({"checkInWeekdays": []}, "checkInWeekdays"),
        ({"minNights": 9, "maxNights": 3}, "minNights"),
    ],
)
async def test_bad_listings(face: Face, change: dict[str, Any], field: str) -> None:
    host = person(await add_host(face.db))
    refused = (await face.ask(CREATE, host, input=LISTING | change))["createProperty"]
    assert refused["__typename"] == "InvalidInputError"
    assert refused["field"].startswith(field)
    assert await rows(face, Property) == 0
