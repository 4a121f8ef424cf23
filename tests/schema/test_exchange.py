"""Calendars exchanged with other sites, over GraphQL: the host's alone."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import clock
from app.actor import ANONYMOUS, Actor
from app.availability.ical import flows
from db.models import OutboxMessage
from schema import ids
from tests.availability.ical.files import calendar
from tests.availability.ical.site import open_site
from tests.schema.face import Face, gid, person
from tests.support.world import add_booking, add_host, add_property, add_user

PLACE = """query ($id: ID!) { property(id: $id) { title calendarExchange { feedUrl imports {
  id name url syncedAt failure log { failure added removed }
  conflicts { summary startsOn endsOn booking { id status } } } } } }"""
PROPERTY = "... on Error { code } ... on InvalidInputError { field }"
ROTATE = """mutation ($input: RotateCalendarFeedInput!) { rotateCalendarFeed(input: $input) {
  __typename ... on Error { code }
  ... on RotateCalendarFeedSuccess { property { calendarExchange { feedUrl } } } } }"""
ADD = f"""mutation ($input: AddCalendarImportInput!) {{ addCalendarImport(input: $input) {{
  __typename {PROPERTY} ... on AddCalendarImportSuccess {{ property {{
    calendarExchange {{ imports {{ id name url syncedAt }} }} }} }} }} }}"""
CHANGE = """mutation ($input: %sInput!) { %s(input: $input) { __typename
  ... on Error { code } } }"""
REMOVE = CHANGE % ("RemoveCalendarImport", "removeCalendarImport")
SYNC = CHANGE % ("SyncCalendarImport", "syncCalendarImport")
NODE = "query ($id: ID!) { node(id: $id) { __typename ... on CalendarImport { name } } }"


@pytest.fixture
async def host(face: Face) -> Actor:
    return person(await add_host(face.db))


@pytest.fixture
async def place(face: Face, host: Actor) -> str:
    assert host.user_id
    return gid("Property", await add_property(face.db, host.user_id, timezone="UTC"))


async def test_a_feed_has_an_address_that_can_be_changed(
    face: Face, host: Actor, place: str
) -> None:
    before = (await face.ask(PLACE, host, id=place))["property"]["calendarExchange"]
    assert before == {"feedUrl": None, "imports": []}
    urls = []
    for _ in range(2):
        done = (await face.ask(ROTATE, host, input={"propertyId": place}))["rotateCalendarFeed"]
        urls.append(done["property"]["calendarExchange"]["feedUrl"])
    assert urls[0] != urls[1]
    assert all(url.startswith("http://localhost:8000/calendars/") for url in urls)


async def test_an_import_is_added_read_shown_and_removed(
    face: Face, host: Actor, place: str
) -> None:
    today = clock.now().date()
    async with open_site() as site:
        night = f"DTSTART;VALUE=DATE:{today + timedelta(days=31):%Y%m%d}"
        site.content = calendar(f"UID:1\n{night}\nSUMMARY:Somebody else")
        added = {"propertyId": place, "name": " Elsewhere ", "url": site.url}
        done = (await face.ask(ADD, host, input=added))["addCalendarImport"]
        [shown] = done["property"]["calendarExchange"]["imports"]
        assert (shown["name"], shown["url"], shown["syncedAt"]) == ("Elsewhere", site.url, None)
        # Its first fetch is on its way.
        async with face.db.read() as connection:
            tasks = await connection.scalars(select(OutboxMessage.task))
            assert "availability.sync_calendar" in tasks.all()
        booking_id = await booked(face, host, place)
        due = clock.now() + timedelta(hours=1)
        assert await flows.sync_due(face.db, face.runtime.settings, due) == 1
    exchange = (await face.ask(PLACE, host, id=place))["property"]["calendarExchange"]
    [found] = exchange["imports"]
    assert (found["failure"], found["log"]) == (None, [{"failure": None, "added": 1, "removed": 0}])
    assert found["conflicts"] == [
        {
            "summary": "Somebody else",
            "startsOn": str(today + timedelta(days=31)),
            "endsOn": str(today + timedelta(days=32)),
            "booking": {"id": booking_id, "status": "CONFIRMED"},
        }
    ]
    for mutation, name in ((SYNC, "syncCalendarImport"), (REMOVE, "removeCalendarImport")):
        done = await face.ask(mutation, host, input={"importId": found["id"]})
        assert done[name]["__typename"].endswith("Success")
    exchange = (await face.ask(PLACE, host, id=place))["property"]["calendarExchange"]
    assert exchange["imports"] == []


async def booked(face: Face, host: Actor, place: str) -> str:
    key, start = ids.key_of("Property", place), clock.now().date() + timedelta(days=30)
    assert key
    assert host.user_id
    guest = await add_user(face.db)
    end = start + timedelta(days=3)
    far = {"check_out_at": clock.now() + timedelta(days=33)}
    made = await add_booking(
        face.db, key, guest, host.user_id, check_in=start, check_out=end, **far
    )
    return gid("Booking", made)


async def test_nobody_else_sees_or_changes_it(face: Face, host: Actor, place: str) -> None:
    url = "https://calendars.example/a.ics"
    done = await face.ask(ADD, host, input={"propertyId": place, "name": "a", "url": url})
    [import_] = done["addCalendarImport"]["property"]["calendarExchange"]["imports"]
    for actor in (ANONYMOUS, person(await add_user(face.db)), person(await add_host(face.db))):
        seen = (await face.ask(PLACE, actor, id=place))["property"]
        assert seen["title"]
        assert seen["calendarExchange"] is None
        assert (await face.ask(NODE, actor, id=import_["id"]))["node"] is None
    stranger = person(await add_host(face.db))
    attempts: list[tuple[str, dict[str, Any]]] = [
        (ROTATE, {"propertyId": place}),
        (ADD, {"propertyId": place, "name": "a", "url": url}),
        (SYNC, {"importId": import_["id"]}),
        (REMOVE, {"importId": import_["id"]}),
        (REMOVE, {"importId": "nonsense"}),
    ]
    for mutation, input in attempts:
        [answer] = (await face.ask(mutation, stranger, input=input)).values()
        assert answer["code"] == "NOT_FOUND"
    assert (await face.ask(NODE, host, id=import_["id"]))["node"]["name"] == "a"


async def test_what_is_no_address_is_refused(face: Face, host: Actor, place: str) -> None:
    input = {"propertyId": place, "name": "a", "url": "file:///etc/passwd"}
    refused = (await face.ask(ADD, host, input=input))["addCalendarImport"]
    assert (refused["code"], refused["field"]) == ("INVALID_INPUT", "url")
