"""What a listing tells whom, and in which language."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from app import clock
from app.actor import ANONYMOUS
from app.properties.amenities import CATALOGUE, GROUP_TITLES, AmenityGroup
from db.enums import Amenity
from db.models import PropertyTranslation
from tests.schema.face import Face, gid, person
from tests.support.world import add_booking, add_host, add_property, add_user

UPDATE = """mutation ($input: UpdatePropertyInput!) { updateProperty(input: $input) { __typename
  ... on UpdatePropertySuccess { property { roomType language checkInMethod
    houseRules { smokingAllowed quietFrom quietTo suitableForChildren additionalRules }
    translations { language title } location { unit }
    checkInGuide { instructions accessCode wifiName wifiPassword } } } } }"""
GUIDE = "query ($id: ID!) { property(id: $id) { checkInGuide { accessCode } } }"


async def test_rules_guide_and_languages_are_kept_and_told(face: Face) -> None:
    host = await add_host(face.db)
    place = gid("Property", await add_property(face.db, host))
    input: dict[str, Any] = {
        "propertyId": place,
        "roomType": "PRIVATE_ROOM",
        "checkInMethod": "KEYPAD",
        "houseRules": {"quietFrom": "22:00", "quietTo": "07:30", "suitableForChildren": False},
        "translations": [{"language": "pt", "title": "Casa"}],
        "checkInGuide": {"accessCode": "4711", "wifiName": "Roost"},
    }
    done = (await face.ask(UPDATE, person(host), input=input))["updateProperty"]["property"]
    assert (done["roomType"], done["language"], done["checkInMethod"]) == (
        "PRIVATE_ROOM",
        "en",
        "KEYPAD",
    )
    assert done["houseRules"] == {
        "smokingAllowed": False,
        "quietFrom": "22:00",
        "quietTo": "07:30",
        "suitableForChildren": False,
        "additionalRules": "",
    }
    assert done["translations"] == [{"language": "pt", "title": "Casa"}]
    assert done["checkInGuide"]["accessCode"] == "4711"
    # Null takes back what may be unsaid.
    again = {"propertyId": place, "checkInMethod": None}
    done = (await face.ask(UPDATE, person(host), input=again))["updateProperty"]["property"]
    assert (done["checkInMethod"], done["checkInGuide"]["accessCode"]) == (None, "4711")


@pytest.mark.parametrize(
    ("status", "days", "told"),
    [
        ("CONFIRMED", 3, True),
        ("PENDING_HOST", 3, False),
        ("CANCELLED", 3, False),
        ("COMPLETED", -9, False),
        ("CONFIRMED", -9, False),
    ],
)
async def test_the_guide_is_for_guests_of_a_confirmed_booking(
    face: Face, status: str, days: int, told: bool
) -> None:
    host, guest = await add_host(face.db), await add_user(face.db)
    key = await add_property(face.db, host)
    place = gid("Property", key)
    input = {"propertyId": place, "checkInGuide": {"accessCode": "4711"}}
    await face.ask(UPDATE, person(host), input=input)
    first = clock.now().date() + timedelta(days=days)
    more: dict[str, Any] = {}
    if status == "CANCELLED":
        more = {"cancelled_at": clock.now(), "cancelled_by": "GUEST"}
    await add_booking(face.db, key, guest, host, status=status, check_in=first, **more)
    guide = (await face.ask(GUIDE, person(guest), id=place))["property"]["checkInGuide"]
    assert guide == ({"accessCode": "4711"} if told else None)
    assert (await face.ask(GUIDE, ANONYMOUS, id=place))["property"]["checkInGuide"] is None


async def test_words_fall_back_to_the_places_own(face: Face) -> None:
    places = [await add_property(face.db, await add_host(face.db)) for _ in range(2)]
    async with face.db.transaction() as session:
        words = {"language": "pt", "title": "Casa", "description": ""}
        await session.execute(insert(PropertyTranslation).values(property_id=places[0], **words))
    found = await face.ask(
        """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Property { title
          pt: title(language: "pt") about: description(language: "pt") fr: title(language: "fr")
        } } }""",
        ids=[gid("Property", each) for each in places],
    )
    first, second = found["nodes"]
    assert (first["title"], first["pt"], first["fr"]) == (
        "Tiled flat in Alfama",
        "Casa",
        "Tiled flat in Alfama",
    )
    # A translation without a description leaves the host's own.
    assert first["about"].startswith("Two quiet rooms")
    assert second["pt"] == "Tiled flat in Alfama"


async def test_the_catalogue_has_every_amenity_once(face: Face) -> None:
    listed = [amenity for names in CATALOGUE.values() for amenity in names]
    assert sorted(listed) == sorted(Amenity)
    assert set(CATALOGUE) == set(GROUP_TITLES) == set(AmenityGroup)
    told = (await face.ask("{ amenityCatalogue { group title amenities { amenity title } } }"))[
        "amenityCatalogue"
    ]
    assert told[0]["amenities"][0] == {"amenity": "WIFI", "title": "Wi-Fi"}
    assert len(told) == len(AmenityGroup)
