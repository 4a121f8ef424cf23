"""Searches that are kept: the same for all who look, and nobody's own things among them."""

import random
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_object_type,
    is_required_argument,
)
from redis.asyncio import Redis
from sqlalchemy import insert, update

from app.actor import ANONYMOUS
from app.ids import new_id
from app.properties.queries import EXACT, PropertyRow
from app.search import cache
from app.search.cache import FOUND
from app.search.pages import PUBLIC
from db.enums import CoHostRight
from db.models import CheckInGuide, CoHost, Property, User, Wishlist, WishlistItem
from schema.properties.parts import guarded
from tests.schema.face import Face, person
from tests.schema.test_search import next_monday
from tests.support.statements import counted
from tests.support.world import NOW, add_booking, add_host, add_property, add_user

MAP = {"north": 38.8, "south": 38.7, "east": -9.0, "west": -9.2}
# What would be in an entry if anybody's own things were.
SECRETS = ("Rua Secreta", "flat 7b", "1199-007", "38.711777", "9.127333", "key under the cat")
OTHERS = ("hedy.secret@example.com", "+351210000111", "A list of mine")
LOCATION = """query ($filter: PropertyFilter) { searchProperties(filter: $filter) { edges { node {
  title location { address unit postalCode latitude longitude isExact } } } } }"""


FIND = """query ($filter: PropertyFilter) { searchProperties(filter: $filter, first: 1) {
  edges { node { FIELD } } } }"""


def hits() -> float:
    return FOUND.labels("hit")._value.get()  # type: ignore[no-any-return]


def selected(name: str, field: GraphQLField, depth: int = 2) -> str | None:
    """The field with everything beneath it that can be asked without arguments."""
    if any(is_required_argument(each) for each in field.args.values()):
        return None
    named: Any = get_named_type(field.type)
    if is_leaf_type(named):
        return name
    if not is_object_type(named) or not depth:
        return None
    inner = [selected(each, of, depth - 1) for each, of in named.fields.items()]
    found = " ".join(each for each in inner if each)
    return f"{name} {{ {found} }}" if found else None


@pytest.mark.parametrize("seed", range(2))
async def test_everybody_gets_what_is_theirs_and_redis_has_none_of_it(
    face: Face, seed: int
) -> None:
    db, chance = face.db, random.Random(seed)
    host = await add_host(db, email=OTHERS[0], phone=OTHERS[1])
    guest, helper, stranger = [await add_user(db) for _ in range(3)]
    place = await add_property(
        db,
        host,
        address=SECRETS[0],
        unit=SECRETS[1],
        postal_code=SECRETS[2],
        latitude=38.711777,
        longitude=-9.127333,
    )
    soon = next_monday()
    await add_booking(db, place, guest, host, check_in=soon)
    async with db.transaction() as session:
        await session.execute(
            insert(CheckInGuide).values(property_id=place, instructions=SECRETS[5])
        )
        await session.execute(
            insert(CoHost).values(
                id=new_id(),
                property_id=place,
                user_id=helper,
                rights=[CoHostRight.ALL],
                invited_at=NOW,
                accepted_at=NOW,
            )
        )
        wishlist = new_id()
        await session.execute(insert(Wishlist).values(id=wishlist, user_id=guest, name=OTHERS[2]))
        await session.execute(
            insert(WishlistItem).values(
                id=new_id(), wishlist_id=wishlist, user_id=guest, property_id=place
            )
        )
    type_ = face.schema._schema.type_map["Property"]
    assert isinstance(type_, GraphQLObjectType)
    found = (selected(name, field) for name, field in type_.fields.items())
    fields = [each for each in found if each]
    assert len(fields) > 55
    people = [ANONYMOUS, *map(person, (host, guest, helper, stranger))]
    before, shown = hits(), set()
    async with Redis.from_url(face.runtime.settings.redis_url) as redis:
        for field in chance.sample(fields, len(fields)):
            query = FIND.replace("FIELD", field)
            for who in chance.sample(people, len(people)):
                # What everybody gets is compared with graphql-core's answer, which is never kept.
                data = str(await face.ask(query, who, filter={"area": MAP}))
                shown |= {secret for secret in (*SECRETS, *OTHERS) if secret in data}
        entries = {key: await redis.get(key) async for key in redis.scan_iter(cache.PREFIX + "*")}
    # Some of them, those who may, were shown everything; and most was found in Redis.
    assert shown == {*SECRETS, *OTHERS}
    assert hits() > before + 150
    assert len(entries) > 20
    for value in entries.values():
        assert not any(secret.encode() in value for secret in (*SECRETS, *OTHERS))


async def test_the_exact_place_is_read_for_those_who_may_see_it(face: Face) -> None:
    host = await add_host(face.db)
    await add_property(face.db, host)
    for who in (person(host), person(await add_user(face.db)), ANONYMOUS):
        await face.ask(LOCATION, who, filter={"area": MAP})
        with counted(face.db) as sent:
            data = await face.ask(LOCATION, who, filter={"area": MAP})
        (edge,) = data["searchProperties"]["edges"]
        is_host = who.user_id == host
        assert (edge["node"]["location"]["address"] is None) is not is_host
        reads = [each for each in sent if "FROM properties" in each and "address" in each]
        # One is graphql-core's, which reads whole rows.
        assert len(reads) == 1 + is_host
        assert len([each for each in sent if "search_changes" in each]) == 1


def test_what_is_public_and_what_is_not_is_said_of_every_column() -> None:
    """Whoever adds a column that not everybody may see, adds it to EXACT."""
    assert set(PropertyRow.__struct_fields__) == PUBLIC | EXACT
    with pytest.raises(AssertionError, match="read for everybody"):
        guarded("title")


async def test_names_and_photos_are_as_they_are_now(face: Face) -> None:
    host = await add_host(face.db)
    place = await add_property(face.db, host)
    query = """query ($filter: PropertyFilter) { searchProperties(filter: $filter) {
      edges { node { title host { firstName } photos { caption } } } } }"""

    async def told() -> str:
        return str(await face.ask(query, filter={"area": MAP}))

    await told()
    for statement, word in (
        (update(User).where(User.id == host).values(first_name="Ida"), "Ida"),
        (update(Property).where(Property.id == place).values(title="Renamed"), "Renamed"),
    ):
        before = hits()
        await told()
        assert hits() == before + 1
        async with face.db.transaction() as session:
            await session.execute(statement)
        assert word in await told()
