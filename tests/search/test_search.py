"""Search: exact availability, stable pages, a fixed number of statements."""

import contextlib
import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import Date, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from app.availability import rules
from app.availability.service import require_available
from app.currencies.rules import Rates
from app.errors import DomainError, Invalid
from app.pricing.service import quotes
from app.properties.bookable import load_bookable
from app.properties.terms import Guests
from app.search import by_price, lists, pages
from app.search.counts import count
from app.search.filters import Area, Filter, Window
from app.search.pages import Edge, search
from app.search.sorts import BY_PRICE, Sort
from app.search.stays import check_in_instant, number
from db.models import CalendarNight, Property
from db.session import Database
from tests.search.slow_model import (
    FEES,
    NEAR,
    RATES,
    TODAY,
    ZONES,
    Stay,
    cheapest,
    has_dates,
    make_place,
    matches,
    random_filter,
    rank,
)
from tests.support.statements import counted
from tests.support.world import NOW, add_booking, add_host, add_property, add_user

TWO = Guests(adults=2)
MOMENT = timedelta(seconds=1)
# One more than the largest page by price here.
SHORT = 8


async def all_pages(
    db: Database,
    filter: Filter,
    sort: Sort,
    size: int = 50,
    now: datetime = NOW,
    rates: Rates | None = RATES,
) -> list[Edge]:
    """All results with their prices, page by page."""
    edges: list[Edge] = []
    after: str | None = None
    while True:
        page = await search(db, filter, sort, size, after, now, FEES, priced=True, rates=rates)
        edges += page.edges
        if not page.has_next_page:
            return edges
        after = page.edges[-1].cursor


async def found(db: Database, filter: Filter, now: datetime = NOW) -> list[UUID]:
    """All results."""
    return [edge.property.id for edge in await all_pages(db, filter, Sort.NEWEST, now=now)]


@pytest.fixture
def short_lists(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """So few are found at once by price that random worlds have more: lists go on."""
    monkeypatch.setattr(by_price, "CHUNK", SHORT)
    monkeypatch.setattr(by_price, "SAMPLE", number(2 * SHORT))
    monkeypatch.setattr(by_price, "LIKELY", number(20))
    monkeypatch.setattr(lists, "CHUNK", SHORT)
    pages._page.cache_clear()
    yield
    pages._page.cache_clear()


@pytest.mark.usefixtures("short_lists")
@pytest.mark.parametrize("seed", range(2))
async def test_finds_and_prices_exactly_what_a_slow_model_does(db: Database, seed: int) -> None:
    chance = random.Random(seed)
    languages = {
        await add_host(db, languages=["pt", "en"]): {"pt", "en"},
        await add_host(db): set(),
    }
    guest = await add_user(db)
    owners = [chance.choice(list(languages)) for _ in range(30)]
    places = [await make_place(db, owner, guest, chance) for owner in owners]
    speaks = dict(zip((place.row["id"] for place in places), owners, strict=True))
    async with db.read() as connection:
        bookable = await load_bookable(connection, list(speaks), TODAY, TODAY, FEES)
    hits, currencies = 0, set()
    for _ in range(50):
        filter, sort = random_filter(chance), chance.choice(list(Sort))
        filter = replace(filter, near=NEAR)
        expected: dict[UUID, Stay | None] = {}
        order = {}
        for place in places:
            key = place.row["id"]
            if not matches(place, filter, languages[speaks[key]]):
                continue
            stay = cheapest(place, filter, bookable[key].stay) if has_dates(filter) else None
            if stay is not None or not has_dates(filter):
                expected[key] = stay
                order[key] = rank(place, stay, sort, filter.currency or "EUR")
        size = chance.choice([1, 7, SHORT - 1 if sort in BY_PRICE else 50])
        edges = await all_pages(db, filter, sort, size=size)
        got = {edge.property.id: told(edge) for edge in edges}
        currencies |= {edge.property.currency for edge in edges}
        assert len(got) == len(edges)
        assert list(got) == sorted(expected, key=lambda key: order[key]), (filter, sort)
        assert got == expected, (filter, sort)
        assert await count(db, filter, NOW, FEES, RATES) == len(got)
        hits += len(got)
        for key, stay in list(expected.items())[:2]:
            if stay is not None:
                # What was found can be booked, says the code that books.
                dates = stay.check_in, stay.check_out
                async with db.read() as connection:
                    of = (await load_bookable(connection, [key], *dates, FEES))[key]
                    guests = filter.guests or Guests(adults=1)
                    await require_available(connection, of, *dates, guests, NOW)
    assert hits > 100
    assert len(currencies) == 5


def told(edge: Edge) -> Stay | None:
    if edge.stay is None:
        return None
    assert edge.stay.currency == edge.property.currency
    return Stay(edge.stay.total_minor, edge.stay.check_in, edge.stay.check_out)


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
            column = check_in_instant(Property, literal(day, Date))
            rows = await connection.execute(select(Property.id, column.label("instant")))
            instants = {row.id: row.instant for row in rows}
            for property_id, zone, at in places:
                assert instants[property_id] == rules.instant(day, at, zone), (day, at, zone)


async def test_places_come_and_go_between_pages(db: Database) -> None:
    """What comes is found where it belongs; by price it is not, the order was kept before."""
    host = await add_host(db)
    ids = [await add_property(db, host, rating_sum=2, review_count=1) for _ in range(12)]
    first = {sort: await search(db, Filter(), sort, 5, None, NOW, FEES) for sort in FROM_BEHIND}
    # One seen and one unseen place go, one comes to the beginning and one to the end.
    async with db.transaction() as session:
        gone = Property.id.in_([ids[10], ids[2]])
        await session.execute(update(Property).where(gone).values(status="UNPUBLISHED"))
    best = {"rating_sum": 500, "review_count": 100, "base_price_minor": 999_00}
    worst = {"rating_sum": 50, "review_count": 50, "base_price_minor": 1}
    await add_property(db, host, **best)
    last = await add_property(db, host, **worst, published_at=NOW - timedelta(days=1))
    left = [key for key in reversed(ids[:7]) if key != ids[2]]
    for sort, page in first.items():
        assert [edge.property.id for edge in page.edges] == ids[:6:-1]
        rest: list[UUID] = []
        while page.has_next_page:
            page = await search(db, Filter(), sort, 3, page.edges[-1].cursor, NOW, FEES)
            rest += [edge.property.id for edge in page.edges]
        assert rest == (left if sort is Sort.PRICE_HIGH_TO_LOW else [*left, last]), sort


FROM_BEHIND = (Sort.RECOMMENDED, Sort.RATING, Sort.NEWEST, Sort.PRICE_HIGH_TO_LOW)


@pytest.mark.usefixtures("short_lists")
@pytest.mark.parametrize(
    ("sort", "dates"),
    [
        *((sort, "fixed") for sort in Sort),
        (Sort.PRICE_HIGH_TO_LOW, "none"),
        (Sort.PRICE_LOW_TO_HIGH, "window"),
    ],
)
async def test_pages_are_complete_while_prices_and_bookings_change(
    db: Database, sort: Sort, dates: str
) -> None:
    """What matches from the first page to the last is shown once; nothing is shown twice."""
    chance = random.Random(f"{sort} {dates}")
    host, guest = await add_host(db), await add_user(db)
    ids = [await add_property(db, host, **somewhere(chance)) for _ in range(16)]
    stay: dict[str, Any] = {
        "check_in": TODAY + timedelta(days=3),
        "check_out": TODAY + timedelta(days=5),
    }
    window = Window(start=TODAY, end=TODAY + timedelta(days=12), nights=2)
    wanted = {"none": {}, "fixed": stay, "window": {"window": window}}[dates]
    filter = Filter(near=NEAR, **wanted)
    always = set(await found(db, filter))
    seen: list[UUID] = []
    after: str | None = None
    while True:
        page = await search(db, filter, sort, 3, after, NOW, FEES)
        seen += [edge.property.id for edge in page.edges]
        if not page.has_next_page:
            break
        after = page.edges[-1].cursor
        for changed in chance.sample(ids, 5):
            await change(db, changed, chance)
        taken = {"property_id": chance.choice(ids), "guest_id": guest, "host_id": host}
        with contextlib.suppress(IntegrityError):
            await add_booking(db, **taken, **stay)
        always &= set(await found(db, filter))
    assert len(seen) == len(set(seen))
    assert always <= set(seen)
    assert len(always) > 5


def somewhere(chance: random.Random) -> dict[str, Any]:
    return {
        "base_price_minor": chance.randint(50_00, 60_00),
        "public_latitude": chance.uniform(-60, 60),
        "published_at": NOW - timedelta(minutes=chance.randint(0, 9)),
        "rating_sum": (rating := chance.randint(0, 5)),
        "review_count": min(rating, 1),
    }


async def change(db: Database, property_id: UUID, chance: random.Random) -> None:
    """Another price: of all nights, of some, or of whatever is around them."""
    column = chance.choice(["base_price_minor", "cleaning_fee_minor", "weekend_price_minor"])
    night = {
        "property_id": property_id,
        "night": TODAY + timedelta(days=chance.randint(2, 6)),
        "price_minor": chance.randint(1_00, 200_00),
    }
    async with db.transaction() as session:
        await session.execute(
            update(Property)
            .where(Property.id == property_id)
            .values({column: chance.randint(1_00, 200_00)})
        )
        await session.execute(upsert(CalendarNight).values(night).on_conflict_do_nothing())


async def test_a_list_by_price_ends_with_its_time(db: Database) -> None:
    host = await add_host(db)
    for _ in range(3):
        await add_property(db, host)
    by_price = Sort.PRICE_LOW_TO_HIGH
    page = await search(db, Filter(), by_price, 2, None, NOW, FEES)
    later = NOW + lists.KEPT
    assert await db.run(lambda session: lists.forget(session, later)) == 0
    (last,) = (await search(db, Filter(), by_price, 2, page.edges[-1].cursor, later, FEES)).edges
    # Where a list ends there is nothing, which is no mistake.
    assert (await search(db, Filter(), by_price, 2, last.cursor, later, FEES)).edges == ()
    assert await db.run(lambda session: lists.forget(session, later + MOMENT)) == 1
    with pytest.raises(Invalid, match="over"):
        await search(db, Filter(), by_price, 2, page.edges[-1].cursor, later, FEES)


async def test_a_page_costs_the_same_statements_whatever_its_size(db: Database) -> None:
    host = await add_host(db)
    for _ in range(30):
        await add_property(db, host)
    filter = Filter(check_in=TODAY + timedelta(days=3), check_out=TODAY + timedelta(days=5))
    costs = []
    for size in (1, 30):
        with counted(db) as statements:
            page = await search(db, filter, Sort.RECOMMENDED, size, None, NOW, FEES)
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
            await search(db, filter, Sort.RECOMMENDED, 20, None, NOW, FEES)
            await count(db, filter, NOW, FEES)
        plans = (
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement ~ $1"
        )
        found = await db.reads.fetch(plans, ["generate_series"])
    finally:
        await db.close()
    # Of either size a page and a count.
    assert [tuple(each) for each in found] == [(0, 6)] * 4


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
    (Filter(min_price_minor=1), 5, None, "currency"),
    (Filter(max_total_minor=1), 5, None, "currency"),
    (Filter(currency="EURO"), 5, None, "currency"),
    (Filter(max_price_minor=2**53 + 1), 5, None, "maxPrice"),
    (Filter(guests=Guests(adults=-1)), 5, None, "guests.adults"),
    (Filter(guests=Guests(adults=1, pets=2**40)), 5, None, "guests.pets"),
]


async def test_refuses_what_no_search_can_mean(db: Database) -> None:
    async with db.read() as connection:
        for filter, first, after, field in REFUSED:
            with pytest.raises(Invalid) as refused:
                await search(connection, filter, Sort.NEWEST, first, after, NOW, FEES)
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
