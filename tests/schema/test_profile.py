"""Profiles: changed by their person, read by all as far as they are public."""

from typing import Any

from tests.schema.face import Face, gid, person
from tests.support.world import add_host, add_property, add_user

UPDATE = """mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
  ... on UpdateProfileSuccess { user { firstName lastName bio languages timezone currency phone } }
  ... on InvalidInputError { code field } } }"""
PUBLIC = """query ($id: ID!) { node(id: $id) { ... on User {
  firstName bio languages hostSince reviewCount createdAt
  lastName email timezone currency phone } } }"""


async def update(face: Face, actor: Any, **changes: Any) -> Any:
    return (await face.ask(UPDATE, actor, input=changes))["updateProfile"]


async def test_what_is_left_out_stays_and_null_takes_away(face: Face) -> None:
    actor = person(await add_user(face.db))
    everything = {
        "firstName": "Grace",
        "lastName": "Hopper",
        "bio": "I sail.",
        "languages": ["en", "PT"],
        "timezone": "Europe/Lisbon",
        "currency": "EUR",
        "phone": "+351 912 345 678",
    }
    kept = everything | {"languages": ["en", "pt"], "phone": "+351912345678"}
    assert await update(face, actor, **everything) == {"user": kept}
    assert await update(face, actor) == {"user": kept}
    assert await update(face, actor, firstName="Ada") == {"user": kept | {"firstName": "Ada"}}
    cleared = await update(face, actor, **dict.fromkeys(everything))
    assert cleared == {
        "user": {
            "firstName": "Ada",
            "lastName": "Hopper",
            "bio": "",
            "languages": [],
            "timezone": None,
            "currency": None,
            "phone": None,
        }
    }


async def test_bad_input_names_the_field_and_changes_nothing(face: Face) -> None:
    actor = person(await add_user(face.db, bio="Before"))
    refused = await update(face, actor, bio="After", phone="call me")
    assert refused == {"code": "INVALID_INPUT", "field": "phone"}
    assert (await update(face, actor))["user"]["bio"] == "Before"


async def test_others_see_what_is_public(face: Face) -> None:
    host = await add_host(
        face.db, languages=["en"], timezone="Europe/Lisbon", currency="EUR", phone="+351912345678"
    )
    await add_property(face.db, host, review_count=3, rating_sum=14)
    await add_property(face.db, host, review_count=2, rating_sum=9)
    guest = await add_user(face.db)
    seen = (await face.ask(PUBLIC, person(guest), id=gid("User", host)))["node"]
    assert (seen["languages"], seen["reviewCount"]) == (["en"], 5)
    assert seen["hostSince"]
    for field in ("lastName", "email", "timezone", "currency", "phone"):
        assert seen[field] is None
    own = (await face.ask(PUBLIC, person(host), id=gid("User", host)))["node"]
    assert own["phone"] == "+351912345678"
    nobody = (await face.ask(PUBLIC, person(guest), id=gid("User", guest)))["node"]
    assert nobody["reviewCount"] == 0
