"""A property's feed over HTTP, from its host's mutation to another site's conditional request."""

from datetime import date, timedelta
from typing import Any

import httpx2
import pytest
from litestar import Litestar

from app import clock
from app.actor import Actor
from app.availability.edits import CalendarChange, edit_calendar
from app.availability.ical import imports
from app.http.state import RUNTIME
from db.session import Database
from tests.availability.ical.files import events_of
from tests.http.conftest import client_of
from tests.support.world import add_booking, add_host, add_property, add_user


@pytest.fixture
async def feed(api: Litestar, db: Database) -> str:
    """The path of a feed with a stay of two nights from tomorrow on."""
    host_id = await add_host(db)
    place = await add_property(db, host_id, timezone="UTC")
    start = tomorrow()
    await add_booking(
        db,
        place,
        await add_user(db),
        host_id,
        check_in=start,
        check_out=start + timedelta(days=2),
    )

    async def rotate(session: Any) -> str:
        actor, now = Actor(user_id=host_id), clock.now()
        change = CalendarChange(
            start=start + timedelta(days=5), end=start + timedelta(days=7), closed=True
        )
        await edit_calendar(session, actor, place, [change], None, now)
        return await imports.rotate_feed(session, actor, place, now)

    token = await api.state[RUNTIME].db.run(rotate)
    return f"/calendars/{token}.ics"


def tomorrow() -> date:
    return clock.now().date() + timedelta(days=1)


async def test_another_site_reads_what_is_taken(api: Litestar, feed: str) -> None:
    async with client_of(api) as client:
        answer = await client.get(feed)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    start = tomorrow()
    assert [
        ((event["dtstart"].dt - start).days, (event["dtend"].dt - start).days, event["summary"])
        for event in events_of(answer.content)
    ] == [(0, 2, "Reserved"), (5, 7, "Not available")]


async def test_what_has_not_changed_is_not_sent_again(api: Litestar, feed: str) -> None:
    async with client_of(api) as client:
        etag = (await client.get(feed)).headers["etag"]
        again = await client.get(feed, headers={"If-None-Match": etag})
        other = await client.get(feed, headers={"If-None-Match": '"another"'})
    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200


@pytest.mark.parametrize("path", ["/calendars/guess.ics", "/calendars/guess", "/calendars/.ics"])
async def test_nobody_finds_a_calendar_by_guessing(api: Litestar, feed: str, path: str) -> None:
    async with client_of(api) as client:
        answer = await client.get(path)
        cut: httpx2.Response = await client.get(feed.removesuffix(".ics"))
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert cut.status_code == 404
