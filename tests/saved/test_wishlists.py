"""Wishlists: bounds, repeated and simultaneous additions, and whose they are."""

import asyncio
from collections.abc import Coroutine
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.actor import Actor
from app.errors import Invalid, NotFound
from app.ids import new_id
from app.properties.terms import Guests
from app.saved import wishlists
from app.saved.wishlists import Notes
from db.models import WishlistItem
from db.session import Database
from tests.support.world import add_host, add_property, add_user


async def actor(db: Database) -> Actor:
    return Actor(user_id=await add_user(db))


async def begin(db: Database, who: Actor, name: str = "Somewhere warm") -> UUID:
    return await db.run(lambda session: wishlists.create(session, who, name, clock.now()))


async def put(db: Database, who: Actor, wishlist: UUID, place: UUID, **notes: Any) -> UUID:
    async def work(session: AsyncSession) -> UUID:
        return await wishlists.add(session, who, wishlist, place, Notes(**notes), clock.now())

    return await db.run(work)


async def items(db: Database, wishlist: UUID) -> list[Any]:
    async with db.read() as connection:
        found = await connection.execute(
            select(WishlistItem.__table__)
            .where(WishlistItem.wishlist_id == wishlist)
            .order_by(WishlistItem.id)
        )
        return list(found)


async def test_a_place_is_on_a_list_once(db: Database) -> None:
    who, place = await actor(db), await add_property(db, await add_host(db))
    wishlist = await begin(db, who)
    both = Guests(adults=2)
    dates = date(2027, 5, 1), date(2027, 5, 4)
    keys = await asyncio.gather(*(put(db, who, wishlist, place, note="a") for _ in range(4)))
    assert len(set(keys)) == 1
    # What is left out stays; None takes away.
    await put(db, who, wishlist, place, dates=dates, guests=both)
    [item] = await items(db, wishlist)
    assert (item.note, item.check_in, item.check_out, item.adults, item.pets) == ("a", *dates, 2, 0)
    await put(db, who, wishlist, place, note=None, guests=None)
    [item] = await items(db, wishlist)
    assert (item.note, item.check_in, item.adults, item.pets) == ("", dates[0], None, None)
    await put(db, who, wishlist, place, dates=None)
    [item] = await items(db, wishlist)
    assert (item.check_in, item.check_out) == (None, None)


@pytest.mark.parametrize(
    ("notes", "field"),
    [
        ({"note": "x" * 1_001}, "note"),
        ({"dates": (date(2027, 5, 1), date(2027, 5, 1))}, "checkOut"),
        ({"dates": (date(2027, 5, 1), date(2028, 5, 2))}, "checkOut"),
        ({"guests": Guests(adults=51)}, "guests.adults"),
        ({"guests": Guests(adults=1, pets=-1)}, "guests.pets"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    db: Database, notes: dict[str, Any], field: str
) -> None:
    who, place = await actor(db), await add_property(db, await add_host(db))
    wishlist = await begin(db, who)
    with pytest.raises(Invalid) as refused:
        await put(db, who, wishlist, place, **notes)
    assert refused.value.field == field
    assert await items(db, wishlist) == []


async def test_only_published_places_are_put_on_a_list(db: Database) -> None:
    who, host = await actor(db), await add_host(db)
    wishlist = await begin(db, who)
    hidden = await add_property(db, host, status="UNPUBLISHED")
    for place in (hidden, new_id()):
        with pytest.raises(NotFound):
            await put(db, who, wishlist, place)


async def test_somebody_elses_list_is_as_good_as_none(db: Database) -> None:
    who, other = await actor(db), await actor(db)
    place = await add_property(db, await add_host(db))
    wishlist = await begin(db, who)
    await put(db, who, wishlist, place)
    for theft in (
        lambda session: wishlists.rename(session, other, wishlist, "Mine"),
        lambda session: wishlists.remove(session, other, wishlist),
        lambda session: wishlists.share(session, other, wishlist),
        lambda session: wishlists.share(session, other, wishlist, anew=True),
        lambda session: wishlists.unshare(session, other, wishlist),
        lambda session: wishlists.take(session, other, wishlist, place),
        lambda session: wishlists.add(session, other, wishlist, place, Notes(), clock.now()),
    ):
        with pytest.raises(NotFound):
            await db.run(theft)
    assert len(await items(db, wishlist)) == 1


async def test_lists_and_what_is_on_them_have_bounds_also_at_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wishlists, "MAX_WISHLISTS", 2)
    monkeypatch.setattr(wishlists, "MAX_ITEMS", 2)
    who, host = await actor(db), await add_host(db)
    one, two, three = [await add_property(db, host) for _ in range(3)]
    wishlist = await begin(db, who)
    # Who comes second waits until it is known what the first has left.
    async with db.transaction() as session:
        await wishlists.create(session, who, "A", clock.now())
        second = await waiting(begin(db, who))
    with pytest.raises(Invalid):
        await second
    await put(db, who, wishlist, one)
    async with db.transaction() as session:
        await wishlists.add(session, who, wishlist, two, Notes(), clock.now())
        second = await waiting(put(db, who, wishlist, three))
    with pytest.raises(Invalid):
        await second
    # What is on a full list can still be noted, and taken off.
    await put(db, who, wishlist, one, note="b")
    await db.run(lambda session: wishlists.take(session, who, wishlist, one))
    assert [item.property_id for item in await items(db, wishlist)] == [two]


async def waiting(work: Coroutine[Any, Any, UUID]) -> asyncio.Task[UUID]:
    """The work under way; AssertionError when it does not wait for anybody."""
    task = asyncio.create_task(work)
    done, _ = await asyncio.wait({task}, timeout=0.2)
    assert not done
    return task
