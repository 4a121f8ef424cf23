"""What people looked at: the last of it, and nothing for who does not want it kept."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from app import clock
from app.actor import Actor
from app.errors import NotFound
from app.saved import viewed
from app.saved.queries import keeps_views
from app.saved.queries import viewed as views_of
from db.session import Database
from tests.support.world import add_host, add_property, add_user


async def see(db: Database, who: Actor, place: UUID, now: datetime) -> bool:
    return await db.run(lambda session: viewed.record(session, who, place, now))


async def seen(db: Database, who: Actor) -> list[UUID]:
    return [view.property_id for view in await views_of(db, who.require_user())]


async def test_the_last_places_are_kept_each_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewed, "MAX_VIEWED", 3)
    who, host, now = Actor(user_id=await add_user(db)), await add_host(db), clock.now()
    places = [await add_property(db, host) for _ in range(4)]
    for number, place in enumerate([*places, places[1]]):
        assert await see(db, who, place, now + timedelta(seconds=number))
    assert await seen(db, who) == [places[1], places[3], places[2]]
    # The same on two devices.
    await asyncio.gather(*(see(db, who, places[0], now + timedelta(minutes=1)) for _ in range(3)))
    assert await seen(db, who) == [places[0], places[1], places[3]]
    await db.run(lambda session: viewed.clear(session, who))
    assert await seen(db, who) == []


async def test_what_is_hidden_is_neither_kept_nor_shown(db: Database) -> None:
    who, host = Actor(user_id=await add_user(db)), await add_host(db)
    hidden = await add_property(db, host, status="UNPUBLISHED")
    with pytest.raises(NotFound):
        await see(db, who, hidden, clock.now())


async def test_who_switches_it_off_has_nothing_kept(db: Database) -> None:
    who, now = Actor(user_id=await add_user(db)), clock.now()
    other = Actor(user_id=await add_user(db))
    place = await add_property(db, await add_host(db))
    for each in (who, other):
        await see(db, each, place, now)
    for _ in range(2):
        await db.run(lambda session: viewed.switch(session, who, now, on=False))
    assert not await keeps_views(db, who.require_user())
    assert not await see(db, who, place, now)
    assert await seen(db, who) == []
    assert await seen(db, other) == [place]
    await db.run(lambda session: viewed.switch(session, who, now, on=True))
    assert await keeps_views(db, who.require_user())
    assert await see(db, who, place, now)
