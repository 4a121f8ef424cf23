"""Answers that are kept are those that would be read: whoever writes, whenever, and without Redis.

A table that searches read without triggers goes red here: see migrations of `search_changes`.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis
from sqlalchemy import delete, insert, select, text, update

from app.config import Settings
from app.properties.queries import PropertyRow
from app.search import cache, counts
from app.search.cache import FOUND, ONLY_WRITTEN, WATCHED, Question, SearchCache, Source
from app.search.filters import Area, Filter
from app.search.pages import PUBLIC, Page, search
from app.search.sorts import Sort
from db.models import (
    CalendarNight,
    OccupiedNight,
    Property,
    PropertyPhoto,
    PropertyTax,
    SearchChange,
    User,
)
from db.session import Database
from db.shapes import shape
from tests.search.slow_model import (
    FEES,
    NEAR,
    RATES,
    TODAY,
    make_place,
    random_filter,
    random_place,
)
from tests.support.statements import counted
from tests.support.world import NOW, add_booking, add_host, add_photo, add_property, add_user

SHOWN = shape(PropertyRow, PUBLIC)
SECOND = timedelta(seconds=1)
LISBON = Area(north=38.8, south=38.7, east=-9.0, west=-9.2)
STAY: dict[str, Any] = {
    "check_in": TODAY + timedelta(days=9),
    "check_out": TODAY + timedelta(days=12),
}


@asynccontextmanager
async def caching(settings: Settings, url: str | None = None) -> AsyncIterator[SearchCache]:
    """What one process has."""
    db = Database(settings.database_url, pool_size=4)
    kept = SearchCache(db, url or settings.redis_url, settings.database_url, 60)
    yield kept
    await kept.close()
    await db.close()


@pytest.fixture
async def one(settings: Settings) -> AsyncIterator[SearchCache]:
    async with caching(settings) as kept:
        yield kept


@pytest.fixture
async def other(settings: Settings) -> AsyncIterator[SearchCache]:
    """Another process, on the same servers."""
    async with caching(settings) as kept:
        yield kept


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    async with Redis.from_url(settings.redis_url) as redis:
        yield redis


async def ask(
    source: Source, filter: Filter, sort: Sort = Sort.RECOMMENDED, now: datetime = NOW
) -> Page:
    return await search(source, filter, sort, 20, None, now, FEES, SHOWN, priced=True, rates=RATES)


async def ids(source: Source, filter: Filter, now: datetime = NOW) -> list[UUID]:
    return [edge.property.id for edge in (await ask(source, filter, now=now)).edges]


def how(name: str) -> float:
    return FOUND.labels(name)._value.get()  # type: ignore[no-any-return]


# Every change


async def test_every_statement_of_a_search_reads_what_is_watched(
    one: SearchCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_property(one.db, await add_host(one.db))
    asked: list[Question[Any]] = []
    answer = SearchCache.answer

    async def watched(self: SearchCache, question: Question[Any]) -> list[Any]:
        asked.append(question)
        return await answer(self, question)

    monkeypatch.setattr(SearchCache, "answer", watched)
    chance = random.Random(5)
    wished: set[str] = set()
    fields = Filter.__struct_fields__
    while not {field for field in fields if field != "near"} <= wished:
        filter = random_filter(chance)
        wished |= {name for name in fields if getattr(filter, name) != getattr(Filter(), name)}
        await everything(one, filter, chance)
    for question in asked:
        assert question.statement.tables <= WATCHED | ONLY_WRITTEN, question.statement.sql
        assert question.may_be_kept
    read = frozenset[str]().union(*(each.statement.tables for each in asked))
    # Photos are read where they are asked for: tests of the schema do.
    assert read | {"property_photos"} == WATCHED | ONLY_WRITTEN


async def everything(source: Source, filter: Filter, chance: random.Random) -> list[Any]:
    """A page in some order, and all that there is among the results."""
    sort = chance.choice(list(Sort))
    if sort is Sort.DISTANCE:
        filter = replace(filter, near=NEAR)
    asked = source, filter, NOW, FEES, RATES
    return [
        await ask(source, filter, sort),
        await counts.count(*asked),
        await counts.types(*asked),
        await counts.amenities(*asked),
        await counts.prices(*asked, buckets=3),
        await counts.clusters(*asked, zoom=4),
    ]


async def test_the_watched_tables_have_their_triggers(db: Database) -> None:
    async with db.read() as connection:
        found = await connection.execute(
            text(
                "SELECT tgrelid::regclass::text, array_agg(DISTINCT tgtype & 28) FROM pg_trigger"
                " JOIN pg_proc ON pg_proc.oid = tgfoid WHERE proname LIKE 'search_changed_%'"
                " AND tgenabled = 'O' GROUP BY 1"
            )
        )
        triggers = {table: set(events) for table, events in found}
    # INSERT, DELETE, UPDATE. Who is new has no places yet, and who has any stays.
    assert triggers == {table: {4, 8, 16} for table in WATCHED} | {"users": {16}}


def stay_nights(property_id: UUID) -> list[dict[str, Any]]:
    nights = [TODAY + timedelta(days=9 + n) for n in range(3)]
    return [{"property_id": property_id, "night": night, "kind": "BLOCK"} for night in nights]


CHANGES: dict[str, list[Any]] = {
    "a title": [lambda it: update(Property).where(Property.id == it).values(title="Other")],
    "a move": [
        lambda it: (
            update(Property)
            .where(Property.id == it)
            .values(public_latitude=-33.9, public_longitude=18.4)
        ),
        lambda it: (
            update(Property)
            .where(Property.id == it)
            .values(public_latitude=38.7140, public_longitude=-9.1250)
        ),
    ],
    "its life": [
        lambda it: update(Property).where(Property.id == it).values(status="UNPUBLISHED"),
        lambda it: update(Property).where(Property.id == it).values(status="PUBLISHED"),
    ],
    "prices of nights": [
        lambda it: insert(CalendarNight).values(
            property_id=it, night=STAY["check_in"], price_minor=1_00
        ),
        lambda it: (
            update(CalendarNight).where(CalendarNight.property_id == it).values(price_minor=2_00)
        ),
        lambda it: delete(CalendarNight).where(CalendarNight.property_id == it),
    ],
    "taken nights": [
        lambda it: insert(OccupiedNight).values(stay_nights(it)),
        lambda it: (
            update(OccupiedNight)
            .where(OccupiedNight.property_id == it)
            .values(night=OccupiedNight.night + 3)
        ),
        lambda it: (
            update(OccupiedNight)
            .where(OccupiedNight.property_id == it)
            .values(night=OccupiedNight.night - 3)
        ),
        lambda it: delete(OccupiedNight).where(OccupiedNight.property_id == it),
    ],
    "taxes": [
        lambda it: insert(PropertyTax).values(
            id=UUID(int=7), property_id=it, name="VAT", kind="PERCENTAGE", rate_bp=600
        ),
        lambda it: update(PropertyTax).where(PropertyTax.property_id == it).values(rate_bp=900),
        lambda it: delete(PropertyTax).where(PropertyTax.property_id == it),
    ],
}


@pytest.mark.parametrize("name", list(CHANGES))
@pytest.mark.parametrize("where", [LISBON, None], ids=["on a map", "anywhere"])
async def test_what_was_committed_is_seen_by_the_next_who_asks(
    one: SearchCache, other: SearchCache, db: Database, name: str, where: Area | None
) -> None:
    """Of whatever program: the change is made by SQL, beside the application."""
    it = await add_property(db, await add_host(db))
    filter = Filter(area=where, **STAY)
    for change in CHANGES[name]:
        before = await ask(one, filter)
        assert await ask(other, filter) == before
        async with db.transaction() as session:
            await session.execute(change(it))
            # Not yet: nobody sees it, and what is kept is still the truth.
            hits = how("hit")
            assert await ask(other, filter) == before
            assert how("hit") == hits + 1
        after = await ask(other, filter)
        assert after == await ask(db, filter) != before
        assert await ask(one, filter) == after


async def test_photos_and_hosts_are_watched_where_they_are_shown(
    one: SearchCache, db: Database
) -> None:
    it = await add_property(db, host := await add_host(db))
    elsewhere = await add_property(db, host, public_latitude=10.0, public_longitude=10.0)
    photo = await add_photo(db, it, position=1)
    await clear(db)
    for change, cells in (
        (update(PropertyPhoto).where(PropertyPhoto.id == photo).values(caption="Sea"), {it}),
        (delete(PropertyPhoto).where(PropertyPhoto.id == photo), {it}),
        (update(User).where(User.id == host).values(first_name="Ida"), {it, elsewhere}),
    ):
        async with db.transaction() as session:
            await session.execute(change)
        assert await changed(db) == await cells_of(db, cells), change
        await clear(db)


async def test_drafts_and_what_is_no_more_concern_no_search(db: Database) -> None:
    host = await add_host(db)
    await clear(db)
    it = await add_property(db, host, status="DRAFT", published_at=None)
    async with db.transaction() as session:
        await session.execute(insert(OccupiedNight).values(stay_nights(it)))
        await session.execute(update(Property).values(title="Better"))
        await session.execute(delete(Property).where(Property.id == it))
    assert await changed(db) == set()


async def changed(db: Database) -> set[int | None]:
    async with db.read() as connection:
        return set(await connection.scalars(select(SearchChange.map_cell)))


async def cells_of(db: Database, places: set[UUID]) -> set[int | None]:
    async with db.read() as connection:
        return set(
            await connection.scalars(select(Property.map_cell).where(Property.id.in_(places)))
        )


async def clear(db: Database) -> None:
    async with db.transaction() as session:
        await session.execute(delete(SearchChange))


async def test_only_what_lies_there_ends_an_answer(one: SearchCache, db: Database) -> None:
    it, far = (
        await add_property(db, host := await add_host(db)),
        Area(north=9, south=8, east=9, west=8),
    )
    await add_property(db, host, public_latitude=8.5, public_longitude=8.5)
    for area in (LISBON, far):
        await ids(one, Filter(area=area))
    async with db.transaction() as session:
        await session.execute(update(Property).where(Property.id == it).values(title="Other"))
    hits, over = how("hit"), how("changed")
    for area in (LISBON, far):
        assert len(await ids(one, Filter(area=area))) == 1
    assert (how("hit"), how("changed")) == (hits + 1, over + 1)


# Time


async def test_time_alone_ends_an_answer_when_it_has_to(one: SearchCache, db: Database) -> None:
    # Check-in is on 2026-06-10 at 15:00 there, 14:00 UTC.
    notice = await add_property(db, await add_host(db), advance_notice_hours=24)
    last = datetime(2026, 6, 9, 14, tzinfo=NOW.tzinfo)
    filter = Filter(area=LISBON, check_in=date(2026, 6, 10), check_out=date(2026, 6, 12))
    for now, found in (
        (last - 30 * SECOND, [notice]),
        (last - SECOND, [notice]),
        (last, [notice]),
        (last + timedelta(microseconds=1), []),
        (last + SECOND, []),
        (last - SECOND, [notice]),
    ):
        assert await ids(one, filter, now) == found, now


async def test_a_hold_that_lapses_ends_an_answer_at_once(one: SearchCache, db: Database) -> None:
    it = await add_property(db, host := await add_host(db))
    until = NOW + timedelta(seconds=20.5)
    await add_booking(
        db,
        it,
        await add_user(db),
        host,
        status="PENDING_PAYMENT",
        deadline_at=until,
        **STAY,
    )
    for area in (LISBON, None):
        filter = Filter(area=area, **STAY)
        assert await ids(one, filter, NOW + SECOND) == []
        hits = how("hit")
        assert await ids(one, filter, until - SECOND) == []
        assert how("hit") == hits + 1
        assert await ids(one, filter, until) == [it]
        assert await ids(one, filter, until + SECOND) == [it]
        # A process whose clock is behind.
        assert await ids(one, filter, until - SECOND) == []


# Without Redis


async def test_nothing_is_lost_with_what_redis_had(
    one: SearchCache, redis: Redis, db: Database
) -> None:
    it = await add_property(db, await add_host(db))
    filter = Filter(area=LISBON, **STAY)
    expected = await ask(one, filter)
    (key,) = [each async for each in redis.scan_iter(cache.PREFIX + "*")]
    kept = await redis.get(key)
    # NOW is on the minute, to whose end it is kept.
    assert 50_000 < await redis.pttl(key) <= 60_000
    for broken in (b"", b"{}", kept[:-1], kept.replace(b"[", b"{"), b"\xff" * 10):
        await redis.set(key, broken)
        assert await ask(one, filter) == expected
    await redis.flushall()
    async with db.transaction() as session:
        await session.execute(update(Property).where(Property.id == it).values(title="Other"))
    # What was kept before, as if Redis came back from a copy.
    await redis.set(key, kept)
    assert (await ask(one, filter)).edges[0].property.title == "Other"
    # So long ago that nobody remembers the change.
    await redis.set(key, kept)
    await clear(db)
    later = NOW + timedelta(hours=1)
    assert (await ask(one, filter, now=later)).edges[0].property.title == "Other"


async def test_an_answer_is_of_one_database(
    settings: Settings, one: SearchCache, redis: Redis, databases: Any
) -> None:
    await add_property(one.db, await add_host(one.db))
    assert len(await ids(one, Filter())) == 1
    url = await databases.clone()
    db = Database(url)
    empty = SearchCache(db, settings.redis_url, url, 60)
    assert await ids(empty, Filter()) == []
    await empty.close()
    await db.close()
    await databases.drop(url)


async def test_a_hung_redis_is_waited_for_once(
    settings: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.redis.SECONDS", 0.2)
    it = await add_property(db, await add_host(db))
    connected: list[asyncio.StreamWriter] = []

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer)

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with caching(settings, f"redis://127.0.0.1:{port}") as kept:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for _ in range(20):
            assert await ids(kept, Filter()) == [it]
        assert loop.time() - begun < 3
        assert len(connected) == 1
    for writer in connected:
        writer.close()
    server.close()


# Many at once


async def test_what_many_ask_at_once_is_read_once(one: SearchCache, db: Database) -> None:
    it = await add_property(db, await add_host(db))
    filter = Filter(area=LISBON, **STAY)
    with counted(one.db) as statements:
        found = await asyncio.gather(*(ids(one, filter) for _ in range(50)))
    assert found == [[it]] * 50
    assert len([each for each in statements if "recommendation" in each]) == 1


async def test_whoever_asks_after_a_change_does_not_get_what_another_began_before(
    one: SearchCache, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = await add_property(db, await add_host(db))
    filter = Filter(area=LISBON)
    read, go = asyncio.Event(), asyncio.Event()
    really = Question.read

    async def slowly(self: Question[Any], reader: Any) -> Any:
        found = await really(self, reader)
        read.set()
        await go.wait()
        return found

    monkeypatch.setattr(Question, "read", slowly)
    first = asyncio.create_task(ask(one, filter))
    await read.wait()
    async with db.transaction() as session:
        await session.execute(update(Property).where(Property.id == it).values(title="Other"))
    second, third = (asyncio.create_task(ask(one, filter)) for _ in range(2))
    await asyncio.sleep(0)
    third.cancel()
    go.set()
    assert (await first).edges[0].property.title != "Other"
    assert (await second).edges[0].property.title == "Other"
    # And what the first one kept is nobody's answer any more.
    assert (await ask(one, filter)).edges[0].property.title == "Other"


async def test_others_read_themselves_when_the_first_fails(
    one: SearchCache, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = await add_property(db, await add_host(db))
    really, failed = Question.read, asyncio.Event()

    async def once_not(self: Question[Any], reader: Any) -> Any:
        if not failed.is_set():
            failed.set()
            await asyncio.sleep(0.01)
            raise TimeoutError
        return await really(self, reader)

    monkeypatch.setattr(Question, "read", once_not)
    asked = (ids(one, Filter()) for _ in range(3))
    first, *others = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, TimeoutError)
    assert others == [[it]] * 2


# All of it


@pytest.mark.parametrize("seed", range(6))
async def test_it_is_always_what_would_be_read(
    one: SearchCache, other: SearchCache, redis: Redis, db: Database, seed: int
) -> None:
    """Random worlds, changes, moments and losses; searches of all kinds, by two processes."""
    chance = random.Random(seed)
    hosts = [await add_host(db, languages=["pt"]), await add_host(db, languages=["en", "fr"])]
    guest = await add_user(db)
    places = [
        (await make_place(db, chance.choice(hosts), guest, chance)).row["id"] for _ in range(8)
    ]
    searches = [random_filter(chance) for _ in range(4)] + [Filter(), Filter(**STAY)]
    sorts = [sort for sort in Sort if sort is not Sort.DISTANCE]
    now, hits = NOW, how("hit")
    for _ in range(60):
        match chance.randrange(8):
            case 0:
                now += timedelta(seconds=chance.choice([0.5, 20, 61, 3600]))
            case 1 | 2:
                await change(db, chance.choice(places), chance.choice(hosts), chance)
            case 3 if chance.random() < 0.3:
                await redis.flushall()
        filter, sort = chance.choice(searches), chance.choice(sorts)
        kept = chance.choice([one, other])
        assert await ask(kept, filter, sort, now) == await ask(db, filter, sort, now)
        asked = filter, now, FEES, RATES
        assert await counts.types(kept, *asked) == await counts.types(db, *asked)
        assert await counts.prices(kept, *asked, buckets=4) == await counts.prices(
            db, *asked, buckets=4
        )
        assert await counts.clusters(kept, *asked, zoom=5) == await counts.clusters(
            db, *asked, zoom=5
        )
    assert how("hit") > hits + 20


async def change(db: Database, it: UUID, host: UUID, chance: random.Random) -> None:
    night = TODAY + timedelta(days=chance.randint(0, 20))
    columns = random_place(chance) | {"host_id": host}
    statement: Any
    match chance.randrange(6):
        case 0:
            statement = update(Property).where(Property.id == it).values(columns)
        case 1:
            values = {"property_id": it, "night": night, "closed": True}
            statement = text(
                "INSERT INTO calendar_nights (property_id, night, closed)"
                " VALUES (:property_id, :night, :closed) ON CONFLICT (property_id, night)"
                " DO UPDATE SET closed = NOT calendar_nights.closed"
            ).bindparams(**values)
        case 2:
            statement = delete(CalendarNight).where(CalendarNight.property_id == it)
        case 3:
            statement = delete(OccupiedNight).where(OccupiedNight.property_id == it)
        case 4:
            statement = update(User).where(User.id == host).values(languages=[chance.choice("ab")])
        case _:
            statement = text(
                "INSERT INTO occupied_nights (property_id, night, kind)"
                " VALUES (:property_id, :night, 'BLOCK') ON CONFLICT DO NOTHING"
            ).bindparams(property_id=it, night=night)
    async with db.transaction() as session:
        await session.execute(statement)


@pytest.mark.alone
async def test_nobody_reads_what_was_over_before_they_asked(
    settings: Settings, db: Database, redis: Redis
) -> None:
    """Writers and readers at once: each reads what was committed before it asked, or something
    newer, and never something older than what was read before."""
    it = await add_property(db, await add_host(db), base_price_minor=1)
    committed, stop = 1, asyncio.Event()

    async def write() -> None:
        nonlocal committed
        while not stop.is_set():
            async with db.transaction() as session:
                await session.execute(
                    update(Property)
                    .where(Property.id == it)
                    .values(base_price_minor=Property.base_price_minor + 1)
                )
            committed += 1
            await asyncio.sleep(random.uniform(0, 0.02))

    async def read(kept: SearchCache) -> int:
        for number in range(300):
            least = committed
            (edge,) = (await ask(kept, Filter(area=LISBON))).edges
            assert (edge.property.base_price_minor or 0) >= least
            if number % 100 == 50:
                await redis.flushall()
            await asyncio.sleep(random.uniform(0, 0.003))
        return 1

    hits = how("hit") + how("shared")
    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(caching(settings)) for _ in range(3)]
        writer = asyncio.create_task(write())
        try:
            readers = (read(kept) for kept in processes for _ in range(2))
            assert sum(await asyncio.gather(*readers)) == 6
        finally:
            stop.set()
            await writer
    assert committed > 20
    assert how("hit") + how("shared") > hits + 100


async def test_changes_are_forgotten_after_all_answers(db: Database) -> None:
    await add_property(db, await add_host(db))
    seen = await changed(db)
    assert seen
    now = datetime.now(NOW.tzinfo)
    async with db.transaction() as session:
        assert await cache.forget_changes(session, now) == 0
        later = now + cache.CHANGES_KEPT + SECOND
        assert await cache.forget_changes(session, later) >= len(seen)
    assert await changed(db) == set()
