"""Search: exact availability, stable pages, a fixed number of statements."""

import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Date, literal, select, update

from app.availability import rules
from app.availability.service import require_available
from app.errors import DomainError, Invalid
from app.pricing.service import quotes
from app.properties.bookable import load_bookable
from app.properties.filters import Area, Filter, _check_in_instant
from app.properties.search import Page, Sort, count, search
from app.properties.terms import Guests
from db.models import Property
from db.session import Database
from tests.properties.slow_model import (
    FEES,
    TODAY,
    ZONES,
    make_place,
    matches,
    model_price,
    random_filter,
    rank,
)
from tests.support.statements import counted
from tests.support.world import NOW, add_booking, add_host, add_property, add_user

TWO = Guests(adults=2)


async def found(
    db: Database, filter: Filter, sort: Sort = Sort.NEWEST, size: int = 50, now: datetime = NOW
) -> list[UUID]:
    """All results, page by page."""
    ids: list[UUID] = []
    after: str | None = None
    while True:
        page = await search(db, filter, sort, size, after, now)
        ids += [edge.property.id for edge in page.edges]
        if not page.has_next_page:
            return ids
        after = page.edges[-1].cursor


@pytest.mark.parametrize("seed", range(3))
async def test_finds_and_prices_exactly_what_a_slow_model_does(db: Database, seed: int) -> None:
    chance = random.Random(seed)
    host, guest = await add_host(db), await add_user(db)
    places = [await make_place(db, host, guest, chance) for _ in range(40)]
    ids = [place.row["id"] for place in places]
    hits = 0
    for _ in range(60):
        filter, sort = random_filter(chance), chance.choice(list(Sort))
        stay = filter.check_in or TODAY, filter.check_out or TODAY + timedelta(days=1)
        guests = filter.guests or TWO
        async with db.read() as connection:
            bookable = await load_bookable(connection, ids, *stay, FEES)
            total = await count(connection, filter, NOW)
            priced = await quotes(connection, ids, *stay, guests, NOW, FEES)
        expected = [p for p in places if matches(p, filter, bookable[p.row["id"]])]
        expected.sort(key=lambda place: rank(place, sort))
        got = await found(db, filter, sort, size=chance.choice([1, 7, 50]))
        assert got == [place.row["id"] for place in expected], (filter, sort)
        assert total == len(got)
        hits += total
        for place in expected:
            assert priced[place.row["id"]] == model_price(place, *stay, guests)
            if filter.check_in and filter.check_out:
                # What was found can be booked, says the code that books.
                async with db.read() as connection:
                    property = bookable[place.row["id"]]
                    await require_available(
                        connection, property, *stay, filter.guests or Guests(adults=1), NOW
                    )
    assert hits > 100


async def test_what_search_leaves_out_cannot_be_booked(db: Database) -> None:
    chance = random.Random(99)
    host, guest = await add_host(db), await add_user(db)
    ids = [(await make_place(db, host, guest, chance)).row["id"] for _ in range(30)]
    for _ in range(15):
        check_in = TODAY + timedelta(days=chance.randint(-1, 20))
        stay = check_in, check_in + timedelta(days=chance.randint(1, 6))
        free = set(await found(db, Filter(check_in=stay[0], check_out=stay[1], guests=TWO)))
        async with db.read() as connection:
            bookable = await load_bookable(connection, ids, *stay, FEES)
            for property_id in ids:
                try:
                    await require_available(connection, bookable[property_id], *stay, TWO, NOW)
                except DomainError:
                    assert property_id not in free
                else:
                    assert property_id in free


async def test_postgresql_and_python_agree_on_instants(db: Database) -> None:
    """Also on times that the clocks skip, and those that come twice."""
    host = await add_host(db)
    zones = [*ZONES, "America/New_York", "Australia/Lord_Howe", "America/St_Johns"]
    places = [
        (await add_property(db, host, timezone=zone, check_in_time=at), zone, at)
        for zone in zones
        for at in (
            time(0, 0),
            time(1, 0),
            time(1, 30),
            time(2, 0),
            time(2, 15),
            time(3, 0),
            time(7, 30),
        )
    ]
    days = [date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4)]
    days += [date(2026, 10, 25), date(2026, 11, 1), date(2026, 7, 1), date(2028, 2, 29)]
    async with db.read() as connection:
        for day in days:
            column = _check_in_instant(literal(day, Date))
            rows = await connection.execute(select(Property.id, column.label("instant")))
            instants = {row.id: row.instant for row in rows}
            for property_id, zone, at in places:
                assert instants[property_id] == rules.instant(day, at, zone), (day, at, zone)


async def test_pages_neither_skip_nor_repeat_while_places_come_and_go(db: Database) -> None:
    host = await add_host(db)
    ids = [await add_property(db, host, base_price_minor=100_00 + i // 3) for i in range(12)]
    async with db.read() as connection:
        first = await search(connection, Filter(), Sort.PRICE_LOW_TO_HIGH, 5, None, NOW)
        # One seen and one unseen place go, a cheaper one and a dearer one come.
        async with db.transaction() as session:
            gone = Property.id.in_([ids[0], ids[8]])
            await session.execute(update(Property).where(gone).values(status="UNPUBLISHED"))
        await add_property(db, host, base_price_minor=1)
        dear = await add_property(db, host, base_price_minor=999_00)
        rest: list[UUID] = []
        page: Page = first
        while page.has_next_page:
            after = page.edges[-1].cursor
            page = await search(connection, Filter(), Sort.PRICE_LOW_TO_HIGH, 3, after, NOW)
            rest += [edge.property.id for edge in page.edges]
    assert [edge.property.id for edge in first.edges] == ids[:5]
    assert rest == [*ids[5:8], *ids[9:], dear]


async def test_a_page_costs_the_same_statements_whatever_its_size(db: Database) -> None:
    host = await add_host(db)
    for _ in range(30):
        await add_property(db, host)
    filter = Filter(check_in=TODAY + timedelta(days=3), check_out=TODAY + timedelta(days=5))
    costs = []
    for size in (1, 30):
        with counted(db) as statements:
            page = await search(db, filter, Sort.RECOMMENDED, size, None, NOW)
            ids: Sequence[UUID] = [edge.property.id for edge in page.edges]
            priced = await quotes(db, ids, date(2026, 9, 1), date(2026, 9, 3), TWO, NOW, FEES)
        assert len(priced) == size
        costs.append(statements)
    assert len(costs[0]) == 2
    # Not only as many: the same, so that each is prepared once.
    assert costs[0] == costs[1]


async def test_a_search_is_planned_for_its_values_however_often_it_ran(database_url: str) -> None:
    """A plan for any values would look at a box around the world as if it were a small one."""
    db = Database(database_url, pool_size=1)
    try:
        await add_property(db, await add_host(db))
        for degrees in (0.01, 80.0) * 6:
            filter = Filter(area=Area(north=degrees, south=-degrees, east=degrees, west=-degrees))
            await search(db, filter, Sort.RECOMMENDED, 20, None, NOW)
            await count(db, filter, NOW)
        plans = (
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement ~ $1"
        )
        found = await db.reads.fetch(plans, ["generate_series"])
    finally:
        await db.close()
    assert [tuple(each) for each in found] == [(0, 12), (0, 12)]


REFUSED: list[tuple[Filter, int, str | None, str]] = [
    (Filter(), 0, None, "first"),
    (Filter(), 51, None, "first"),
    (Filter(), 5, "", "after"),
    (Filter(), 5, "é", "after"),
    (Filter(), 5, "bm9uc2Vuc2U", "after"),
    # Another order's cursor.
    (
        Filter(),
        5,
        "WyJSQVRJTkciLDAsIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMCJd",
        "after",
    ),
    (Filter(text="x" * 201), 5, None, "text"),
    (Filter(text="a\x00b"), 5, None, "text"),
    (Filter(city="\ud800"), 5, None, "city"),
    (Filter(check_in=TODAY), 5, None, "checkOut"),
    (Filter(check_out=TODAY), 5, None, "checkIn"),
    (Filter(check_in=TODAY, check_out=TODAY), 5, None, "checkOut"),
    (Filter(check_in=date.min, check_out=date.max), 5, None, "checkOut"),
    (Filter(area=Area(north=1, south=2, east=1, west=0)), 5, None, "area.south"),
    (Filter(area=Area(north=91, south=2, east=1, west=0)), 5, None, "area.north"),
    (Filter(area=Area(north=9, south=2, east=181, west=0)), 5, None, "area.east"),
    (Filter(area=Area(north=9, south=float("nan"), east=1, west=0)), 5, None, "area.south"),
    (Filter(min_price_minor=-1), 5, None, "minPrice"),
    (Filter(max_price_minor=2**53 + 1), 5, None, "maxPrice"),
    (Filter(guests=Guests(adults=-1)), 5, None, "guests.adults"),
    (Filter(guests=Guests(adults=1, pets=2**40)), 5, None, "guests.pets"),
]


async def test_refuses_what_no_search_can_mean(db: Database) -> None:
    async with db.read() as connection:
        for filter, first, after, field in REFUSED:
            with pytest.raises(Invalid) as refused:
                await search(connection, filter, Sort.NEWEST, first, after, NOW)
            assert refused.value.field == field, filter


async def test_dates_at_the_ends_of_the_calendar_find_nothing(db: Database) -> None:
    await add_property(db, await add_host(db), advance_notice_hours=1, preparation_days=14)
    for check_in in (date.min, date(9999, 12, 30), TODAY - timedelta(days=9)):
        filter = Filter(check_in=check_in, check_out=check_in + timedelta(days=1))
        assert await found(db, filter) == []


async def test_a_box_across_the_antimeridian(db: Database) -> None:
    host = await add_host(db)
    fiji = await add_property(db, host, public_latitude=-17.0, public_longitude=178.0)
    samoa = await add_property(db, host, public_latitude=-14.0, public_longitude=-171.0)
    await add_property(db, host, public_latitude=-15.0, public_longitude=0.0)
    box = Area(north=-10, south=-20, west=170, east=-170)
    assert set(await found(db, Filter(area=box))) == {fiji, samoa}


async def test_the_box_is_about_the_public_point(db: Database) -> None:
    """Boxes that shrink around a place must not lead to its true point."""
    host = await add_host(db)
    here = {
        "latitude": 10.0,
        "longitude": 10.0,
        "public_latitude": 10.003,
        "public_longitude": 10.0,
    }
    await add_property(db, host, **here)
    true = Area(north=10.001, south=9.999, east=10.001, west=9.999)
    public = Area(north=10.004, south=10.002, east=10.001, west=9.999)
    assert len(await found(db, Filter(area=true))) == 0
    assert len(await found(db, Filter(area=public))) == 1


async def test_a_hold_hides_a_place_until_it_ends(db: Database) -> None:
    host, guest = await add_host(db), await add_user(db)
    place = await add_property(db, host)
    stay: dict[str, Any] = {
        "check_in": TODAY + timedelta(days=3),
        "check_out": TODAY + timedelta(days=5),
    }
    await add_booking(
        db,
        place,
        guest,
        host,
        status="PENDING_PAYMENT",
        deadline_at=NOW + timedelta(minutes=15),
        **stay,
    )
    assert await found(db, Filter(**stay)) == []
    assert await found(db, Filter(**stay), now=NOW + timedelta(minutes=15)) == [place]
