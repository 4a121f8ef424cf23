"""Profiles: changed by their person, read by all as far as they are public."""

from typing import Any

from app.actor import ANONYMOUS
from tests.schema.face import Face, gid, person
from tests.support.world import HOST_FACTS, add_host, add_property, add_review, add_user

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


REPUTATION = """query ($id: ID!) { node(id: $id) { ... on User {
  verifiedBadges responseRate reviewCount averageRating hostDetails { legalName }
  reviews { totalCount edges { node { rating comment author { firstName } property { title } } } }
} } }"""


async def test_a_host_s_reputation_is_public_and_keeps_hidden_places_hidden(face: Face) -> None:
    host, guest = await add_host(face.db), await add_user(face.db)
    gone = await add_property(
        face.db, host, status="UNPUBLISHED", title="Secret", review_count=1, rating_sum=4
    )
    here = await add_property(face.db, host, title="Open", review_count=1, rating_sum=5)
    await add_review(face.db, gone, host, guest, rating=4)
    await add_review(face.db, here, host, guest, rating=5)
    # Somebody else's place.
    other = await add_host(face.db, email_verified_at=None)
    await add_review(face.db, await add_property(face.db, other), other, guest)

    async def seen(actor: Any) -> Any:
        return (await face.ask(REPUTATION, actor, id=gid("User", host)))["node"]

    shown = await seen(ANONYMOUS)
    reviews = shown.pop("reviews")
    assert shown == {
        "verifiedBadges": ["EMAIL"],
        "responseRate": None,
        "reviewCount": 2,
        "averageRating": 4.5,
        "hostDetails": None,
    }
    assert reviews["totalCount"] == 2
    assert [edge["node"] for edge in reviews["edges"]] == [
        {
            "rating": 5,
            "comment": "Good",
            "author": {"firstName": "Ada"},
            "property": {"title": "Open"},
        },
        {"rating": 4, "comment": "Good", "author": {"firstName": "Ada"}, "property": None},
    ]
    # Whoever stayed there still sees it.
    assert (await seen(person(guest)))["reviews"]["edges"][1]["node"]["property"] == {
        "title": "Secret"
    }
    unknown = (await face.ask(REPUTATION, ANONYMOUS, id=gid("User", other)))["node"]
    assert unknown["verifiedBadges"] == []


async def test_only_the_host_reads_what_a_host_must_tell(face: Face) -> None:
    actor = person(await add_user(face.db))
    become = f"""mutation {{ becomeHost(input: {HOST_FACTS}) {{ ... on BecomeHostSuccess {{ user {{
      phone hostDetails {{ kind legalName country dateOfBirth registrationNumber termsVersion }}
    }} }} }} }}"""
    told = (await face.ask(become, actor))["becomeHost"]["user"]
    version = (await face.ask("{ hostTermsVersion }"))["hostTermsVersion"]
    assert told == {
        "phone": "+4315811811",
        "hostDetails": {
            "kind": "INDIVIDUAL",
            "legalName": "Hedwig Kiesler",
            "country": "AT",
            "dateOfBirth": "1984-11-09",
            "registrationNumber": None,
            "termsVersion": version,
        },
    }
    stranger = person(await add_user(face.db))
    assert actor.user_id is not None
    shown = await face.ask(REPUTATION, stranger, id=gid("User", actor.user_id))
    assert shown["node"]["hostDetails"] is None
