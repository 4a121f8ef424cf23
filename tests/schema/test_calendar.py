"""A host's calendar over GraphQL: edited in one mutation, seen by guests at once."""

from datetime import timedelta
from typing import Any

from app import clock
from app.actor import ANONYMOUS
from tests.schema.face import Face, gid, person
from tests.schema.test_statements import cost
from tests.support.world import add_booking, add_host, add_property, add_user

UPDATE = """mutation ($input: UpdateCalendarInput!) { updateCalendar(input: $input) {
  __typename ... on Error { code message }
  ... on UpdateCalendarSuccess { property { id version } }
  ... on StaleVersionError { currentVersion }
  ... on InvalidInputError { field } } }"""
UPDATE_PROPERTY = """mutation ($input: UpdatePropertyInput!) { updateProperty(input: $input) {
  __typename ... on StaleVersionError { code currentVersion }
  ... on UpdatePropertySuccess { property { version title } } } }"""
NIGHTS = """query ($id: ID!, $from: Date!, $to: Date!) { property(id: $id) {
  availability(from: $from, to: $to) { date available minNights price { amount } } } }"""

FIRST = clock.now().date() + timedelta(days=30)


def on(offset: int) -> str:
    return str(FIRST + timedelta(days=offset))


async def test_a_host_sets_nights_and_guests_see_them(face: Face) -> None:
    host_id = await add_host(face.db)
    place, host = gid("Property", await add_property(face.db, host_id)), person(host_id)
    changes: list[dict[str, Any]] = [
        {"from": on(0), "to": on(7), "price": 150_00, "minNights": 3},
        {"from": on(2), "to": on(3), "price": None},
        {"from": on(4), "to": on(5), "closed": True},
    ]
    done = await face.ask(UPDATE, host, input={"propertyId": place, "changes": changes})
    assert done["updateCalendar"] == {
        "__typename": "UpdateCalendarSuccess",
        "property": {"id": place, "version": 2},
    }
    seen = (await face.ask(NIGHTS, ANONYMOUS, id=place, **{"from": on(0), "to": on(8)}))["property"]
    assert [
        (night["price"]["amount"], night["minNights"], night["available"])
        for night in seen["availability"]
    ] == [
        (150_00, 3, True),
        (150_00, 3, True),
        (100_00, 3, True),
        (150_00, 3, True),
        (150_00, 3, False),
        (150_00, 3, True),
        (150_00, 3, True),
        (100_00, 1, True),
    ]


async def test_only_the_weekdays_that_are_named(face: Face) -> None:
    host_id = await add_host(face.db)
    place, host = gid("Property", await add_property(face.db, host_id)), person(host_id)
    change = {"from": on(0), "to": on(14), "weekdays": ["FRIDAY", "SATURDAY"], "price": 200_00}
    await face.ask(UPDATE, host, input={"propertyId": place, "changes": [change]})
    seen = (await face.ask(NIGHTS, ANONYMOUS, id=place, **{"from": on(0), "to": on(14)}))[
        "property"
    ]
    dear = [night["date"] for night in seen["availability"] if night["price"]["amount"] == 200_00]
    assert dear == [
        on(offset) for offset in range(14) if (FIRST + timedelta(days=offset)).weekday() in (4, 5)
    ]


async def test_a_stale_edit_is_refused_with_the_current_version(face: Face) -> None:
    host_id = await add_host(face.db)
    place, host = gid("Property", await add_property(face.db, host_id)), person(host_id)
    edit = {"propertyId": place, "expectedVersion": 1}
    closed = {"changes": [{"from": on(0), "to": on(1), "closed": True}]}
    done = await face.ask(UPDATE, host, input=edit | closed)
    assert done["updateCalendar"]["property"]["version"] == 2
    stale = await face.ask(UPDATE, host, input=edit | closed)
    assert stale["updateCalendar"]["code"] == "STALE_VERSION"
    assert stale["updateCalendar"]["currentVersion"] == 2
    stale = await face.ask(UPDATE_PROPERTY, host, input=edit | {"title": "Another"})
    assert stale["updateProperty"] == {
        "__typename": "StaleVersionError",
        "code": "STALE_VERSION",
        "currentVersion": 2,
    }
    fresh = edit | {"expectedVersion": 2, "title": "Another"}
    done = await face.ask(UPDATE_PROPERTY, host, input=fresh)
    assert done["updateProperty"]["property"] == {"version": 3, "title": "Another"}


async def test_refusals_are_data(face: Face) -> None:
    place = gid("Property", await add_property(face.db, await add_host(face.db)))
    stranger = person(await add_user(face.db))
    changes: list[dict[str, Any]] = [{"from": on(0), "to": on(1), "closed": True}]
    refused = await face.ask(UPDATE, stranger, input={"propertyId": place, "changes": changes})
    assert refused["updateCalendar"]["code"] == "NOT_FOUND"
    host_id = await add_host(face.db)
    own = gid("Property", await add_property(face.db, host_id))
    changes[0] |= {"to": on(0)}
    refused = await face.ask(UPDATE, person(host_id), input={"propertyId": own, "changes": changes})
    assert (refused["updateCalendar"]["code"], refused["updateCalendar"]["field"]) == (
        "INVALID_INPUT",
        "changes.0.to",
    )


WHY = """query ($id: ID!, $from: Date!, $to: Date!) { property(id: $id) {
  availability(from: $from, to: $to) { date available whyNot } } }"""


async def test_why_a_night_cannot_be_had_is_the_hosts_own_business(face: Face) -> None:
    host_id, guest_id = await add_host(face.db), await add_user(face.db)
    key = await add_property(face.db, host_id, preparation_days=1)
    await add_booking(
        face.db, key, guest_id, host_id, check_in=FIRST, check_out=FIRST + timedelta(days=1)
    )
    asked = {"id": gid("Property", key), "from": on(-1), "to": on(3)}

    async def told(actor: Any) -> list[list[str]]:
        nights = (await face.ask(WHY, actor, **asked))["property"]["availability"]
        assert [night["available"] for night in nights] == [False, False, False, True]
        return [night["whyNot"] for night in nights]

    before = "NIGHT_BEFORE_UNAVAILABLE"
    assert await told(person(host_id)) == [
        ["PREPARATION"],
        ["BOOKED", before],
        ["PREPARATION", before],
        [before],
    ]
    for stranger in (ANONYMOUS, person(guest_id), person(await add_host(face.db))):
        assert await told(stranger) == [
            ["UNAVAILABLE"],
            ["UNAVAILABLE", before],
            ["UNAVAILABLE", before],
            [before],
        ]
    # Who asks for less costs no more: the property and its calendar.
    plain = WHY.replace(" whyNot", "")
    assert (await cost(face, plain, ANONYMOUS, **asked))[0] <= 2
    assert (await cost(face, WHY, ANONYMOUS, **asked))[0] <= 4
