"""Feeds and imports on a real PostgreSQL and over real HTTP: what they block, free and keep."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import func, select, update

from app.actor import Actor
from app.availability import service as availability
from app.availability.errors import DatesUnavailable
from app.availability.ical import flows, imports, queries, writing
from app.config import Settings
from app.errors import Invalid, NotFound
from app.properties.service import lock_for_booking
from app.properties.terms import Fees
from db.enums import CalendarFailure
from db.models import CalendarImport, CalendarNight, CalendarSync, ImportedStay, OccupiedNight
from db.session import Database
from tests.availability.ical.files import calendar
from tests.availability.ical.site import Site, open_site
from tests.support.world import NOW, add_booking, add_host, add_property, add_user

FEES = Fees(guest_fee_bp=0, host_fee_bp=0)
OWN_URL = "http://localhost:8000/calendars/"


def on(offset: int) -> date:
    return NOW.date() + timedelta(days=offset)


def stay(uid: str, start: int, end: int) -> str:
    return f"UID:{uid}\nDTSTART;VALUE=DATE:{on(start):%Y%m%d}\nDTEND;VALUE=DATE:{on(end):%Y%m%d}"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as site:
        yield site


@pytest.fixture
async def host_id(db: Database) -> UUID:
    return await add_host(db)


@pytest.fixture
async def place(db: Database, host_id: UUID) -> UUID:
    return await add_property(db, host_id, timezone="UTC")


class Importing:
    """A host's import of a site's calendar."""

    def __init__(self, db: Database, settings: Settings, host_id: UUID, place: UUID) -> None:
        self.db, self.settings, self.place = db, settings, place
        self.actor = Actor(user_id=host_id)

    async def add(self, url: str, name: str = "Elsewhere") -> UUID:
        return await self.db.run(
            lambda session: imports.add(
                session, self.actor, self.place, name, url, OWN_URL, NOW, private_networks=True
            )
        )

    async def sync(self, import_id: UUID, minutes: int = 0) -> queries.ImportRow:
        now = NOW + timedelta(minutes=minutes)
        await flows.sync_one(self.db, self.settings, import_id, now)
        return (await queries.imports(self.db, [import_id]))[import_id]

    async def blocked(self) -> list[int]:
        async with self.db.read() as connection:
            taken = await availability.taken(connection, self.place, on(0), on(400), NOW)
        return [(night - on(0)).days for night in taken]


@pytest.fixture
def importing(db: Database, settings: Settings, host_id: UUID, place: UUID) -> Importing:
    return Importing(db, settings, host_id, place)


async def test_nights_are_blocked_moved_and_freed(importing: Importing, site: Site) -> None:
    site.content = calendar(stay("a", 3, 5), stay("b", 10, 11))
    import_id = await importing.add(site.url)
    assert (await importing.sync(import_id)).failure is None
    assert await importing.blocked() == [3, 4, 10]
    site.content = calendar(stay("a", 4, 6))
    await importing.sync(import_id, 60)
    assert await importing.blocked() == [4, 5]
    site.content = calendar()
    await importing.sync(import_id, 120)
    assert await importing.blocked() == []
    log = (await queries.log_of(importing.db, [import_id]))[import_id]
    assert [(line.added, line.removed) for line in log] == [(0, 1), (1, 2), (2, 0)]


async def test_an_unchanged_calendar_is_not_sent_again(importing: Importing, site: Site) -> None:
    site.content, site.headers = calendar(stay("a", 3, 5)), {"ETag": '"one"'}
    import_id = await importing.add(site.url)
    await importing.sync(import_id)
    await importing.sync(import_id, 60)
    assert site.answers == [200, 304]
    assert await importing.blocked() == [3, 4]


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"status": 404}, CalendarFailure.NOT_FOUND),
        ({"status": 410}, CalendarFailure.NOT_FOUND),
        ({"status": 403}, CalendarFailure.REFUSED),
        ({"status": 500}, CalendarFailure.UNREACHABLE),
        ({"content": b"<html>Sign in</html>"}, CalendarFailure.NOT_A_CALENDAR),
        ({"content": b"x" * (flows.MAX_BYTES + 1)}, CalendarFailure.TOO_LARGE),
        ({"endless": True}, CalendarFailure.TOO_LARGE),
        ({"packed": b"\0" * 50_000_000}, CalendarFailure.TOO_LARGE),
        ({"redirects": 9}, CalendarFailure.UNREACHABLE),
    ],
)
async def test_what_cannot_be_read_leaves_the_nights_as_they_were(
    importing: Importing, site: Site, change: dict[str, Any], failure: CalendarFailure
) -> None:
    site.content = calendar(stay("a", 3, 5))
    import_id = await importing.add(site.url)
    await importing.sync(import_id)
    for name, value in change.items():
        setattr(site, name, value)
    assert (await importing.sync(import_id, 60)).failure == failure
    assert await importing.blocked() == [3, 4]
    vars(site).update(vars(Site(site.url)))
    site.content = calendar()
    assert (await importing.sync(import_id, 120)).failure is None
    assert await importing.blocked() == []


async def test_a_site_that_hangs_is_given_up(
    importing: Importing, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows, "MAX_SECONDS", 0.3)
    site.hangs = True
    import_id = await importing.add(site.url)
    assert (await importing.sync(import_id)).failure == CalendarFailure.UNREACHABLE


async def test_redirects_are_followed(importing: Importing, site: Site) -> None:
    site.content, site.redirects = calendar(stay("a", 3, 4)), 2
    import_id = await importing.add(site.url)
    assert (await importing.sync(import_id)).failure is None
    assert await importing.blocked() == [3]


async def test_our_own_network_is_not_looked_at(
    importing: Importing, site: Site, settings: Settings
) -> None:
    site.content = calendar(stay("a", 3, 4))
    import_id = await importing.add(site.url)
    importing.settings = msgspec.structs.replace(settings, fetch_private_networks=False)
    assert (await importing.sync(import_id)).failure == CalendarFailure.ADDRESS_REFUSED
    assert site.answers == []


async def test_a_booking_keeps_its_nights_and_the_host_is_told(
    importing: Importing, site: Site, db: Database, host_id: UUID, place: UUID
) -> None:
    booking_id = await add_booking(
        db, place, await add_user(db), host_id, check_in=on(4), check_out=on(6)
    )
    site.content = calendar(stay("a", 3, 5), stay("b", 6, 7))
    import_id = await importing.add(site.url)
    await importing.sync(import_id)
    async with db.read() as connection:
        owners = await connection.execute(
            select(OccupiedNight.night, OccupiedNight.booking_id).order_by(OccupiedNight.night)
        )
        assert [(row.night, row.booking_id) for row in owners] == [
            (on(3), None),
            (on(4), booking_id),
            (on(5), booking_id),
            (on(6), None),
        ]
    [conflict] = (await queries.conflicts_of(db, [import_id], NOW))[import_id]
    assert (conflict.booking_id, conflict.starts_on) == (booking_id, on(3))
    # The booking goes: its nights are not free as long as the other site has one of them.
    await db.run(lambda session: availability.release(session, booking_id))
    assert await importing.blocked() == [3, 4, 6]
    assert await queries.conflicts_of(db, [import_id], NOW) == {}


async def test_imported_nights_cannot_be_booked(
    importing: Importing, site: Site, db: Database, host_id: UUID, place: UUID
) -> None:
    site.content = calendar(stay("a", 3, 5))
    await importing.sync(await importing.add(site.url))
    booking_id = await add_booking(db, place, await add_user(db), host_id, status="EXPIRED")

    async def claim(session: Any) -> None:
        await lock_for_booking(session, place, on(4), on(6), FEES)
        await availability.claim(session, place, booking_id, on(4), on(6), 0, NOW, None)

    with pytest.raises(DatesUnavailable) as refusal:
        await db.run(claim)
    assert list(refusal.value.nights) == [on(4)]


async def test_of_two_sites_that_have_a_night_the_one_left_blocks_it(
    importing: Importing, site: Site, db: Database
) -> None:
    site.content = calendar(stay("a", 3, 5))
    first = await importing.add(site.url)
    second = await importing.add(site.url + "?other")
    await importing.sync(first)
    await importing.sync(second)
    assert await importing.blocked() == [3, 4]
    await db.run(lambda session: imports.remove(session, importing.actor, first, NOW))
    assert await importing.blocked() == [3, 4]
    await db.run(lambda session: imports.remove(session, importing.actor, second, NOW))
    assert await importing.blocked() == []
    assert await rows(db, ImportedStay) == 0


async def rows(db: Database, model: Any) -> int:
    async with db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(model))).scalar_one()


async def test_a_claim_and_an_import_at_once_never_share_a_night(
    importing: Importing, site: Site, db: Database, host_id: UUID, place: UUID
) -> None:
    """Whoever comes first has the night; nobody waits for each other in a circle."""
    guest = await add_user(db)
    booking_ids = [await add_booking(db, place, guest, host_id, status="EXPIRED") for _ in range(8)]
    site.content = calendar(stay("a", 0, 30))
    import_id = await importing.add(site.url)

    async def claim(booking_id: UUID, night: int) -> None:
        async def work(session: Any) -> None:
            start, end = on(night), on(night + 1)
            await lock_for_booking(session, place, start, end, FEES)
            await availability.claim(session, place, booking_id, start, end, 0, NOW, None)

        try:
            await db.run(work)
        except DatesUnavailable:
            return

    await asyncio.gather(
        importing.sync(import_id),
        *(claim(booking_id, night) for night, booking_id in enumerate(booking_ids)),
    )
    assert await importing.blocked() == list(range(30))
    assert await rows(db, OccupiedNight) == 30


async def test_the_feed_tells_what_is_taken_here_and_not_what_others_told(
    importing: Importing, site: Site, db: Database, host_id: UUID, place: UUID
) -> None:
    guest = await add_user(db)
    booking_id = await add_booking(db, place, guest, host_id, check_in=on(4), check_out=on(6))
    async with db.transaction() as session:
        session.add(CalendarNight(property_id=place, night=on(8), closed=True))
    site.content = calendar(stay("a", 20, 22))
    await importing.sync(await importing.add(site.url))
    token = await db.run(lambda session: imports.rotate_feed(session, importing.actor, place, NOW))
    async with db.read() as connection:
        busy = await queries.busy(connection, token, NOW)
        assert busy is not None
        assert sorted(busy.nights) == [
            writing.BusyNight(on(4), booking_id),
            writing.BusyNight(on(5), booking_id),
            writing.BusyNight(on(8)),
        ]
        other = await db.run(
            lambda session: imports.rotate_feed(session, importing.actor, place, NOW)
        )
        assert await queries.busy(connection, token, NOW) is None
        assert await queries.busy(connection, other, NOW) is not None


async def test_our_own_feed_imported_blocks_nothing(
    importing: Importing, site: Site, db: Database, host_id: UUID, place: UUID, settings: Settings
) -> None:
    guest = await add_user(db)
    await add_booking(db, place, guest, host_id, check_in=on(4), check_out=on(6))
    token = await db.run(lambda session: imports.rotate_feed(session, importing.actor, place, NOW))
    async with db.read() as connection:
        busy = await queries.busy(connection, token, NOW)
    assert busy is not None
    site.content = writing.write(place, busy.nights, flows.own_domain(settings), busy.created_at)
    import_id = await importing.add(site.url)
    assert (await importing.sync(import_id)).failure is None
    assert await rows(db, ImportedStay) == 0


@pytest.mark.parametrize(
    "url",
    [
        "ftp://calendars.example/a.ics",
        "file:///etc/passwd",
        "nonsense",
        "https://",
        "http://calendars.example/a.ics",
        "https://calendars.example:8443/a.ics",
        "https://somebody:secret@calendars.example/a.ics",
        "https://[::1",
    ],
)
async def test_addresses_that_cannot_be_a_calendars_are_refused(
    db: Database, host_id: UUID, place: UUID, url: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await db.run(
            lambda session: imports.add(
                session,
                Actor(user_id=host_id),
                place,
                "Elsewhere",
                url,
                OWN_URL,
                NOW,
                private_networks=False,
            )
        )
    assert refusal.value.field == "url"


async def test_each_calendar_is_imported_once_and_not_ours(importing: Importing) -> None:
    import_id = await importing.add("webcal://calendars.example/a.ics")
    row = (await queries.imports(importing.db, [import_id]))[import_id]
    assert row.url == "https://calendars.example/a.ics"
    for url in ("https://calendars.example/a.ics", f"{OWN_URL}x.ics"):
        with pytest.raises(Invalid):
            await importing.add(url)
    for number in range(imports.MAX_IMPORTS - 1):
        await importing.add(f"https://calendars.example/{number}.ics")
    with pytest.raises(Invalid):
        await importing.add("https://calendars.example/one-more.ics")


async def test_only_the_host_has_to_do_with_it(
    importing: Importing, db: Database, place: UUID
) -> None:
    import_id = await importing.add("https://calendars.example/a.ics")
    stranger = Actor(user_id=await add_host(db))
    attempts: list[Callable[[Any], Any]] = [
        lambda session: imports.remove(session, stranger, import_id, NOW),
        lambda session: imports.sync_now(session, stranger, import_id),
        lambda session: imports.rotate_feed(session, stranger, place, NOW),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            await db.run(attempt)
    assert await rows(db, CalendarImport) == 1


async def test_what_is_due_is_fetched_once_by_however_many_workers(
    importing: Importing, site: Site, db: Database, settings: Settings
) -> None:
    site.content = calendar(stay("a", 3, 5))
    await importing.add(site.url)
    async with db.transaction() as session:
        await session.execute(update(CalendarImport).values(due_at=NOW))
    done = await asyncio.gather(*(flows.sync_due(db, settings, NOW) for _ in range(4)))
    assert sum(done) == 1
    assert site.answers == [200]
    assert await flows.sync_due(db, settings, NOW + timedelta(minutes=30)) == 0
    assert await flows.sync_due(db, settings, NOW + timedelta(minutes=60)) == 1


async def test_asking_again_at_once_fetches_nothing(importing: Importing, site: Site) -> None:
    site.content = calendar()
    import_id = await importing.add(site.url)
    for _ in range(3):
        await importing.sync(import_id)
    assert site.answers == [200]


async def test_the_log_keeps_its_last_lines(
    importing: Importing, site: Site, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "LOG_LINES", 3)
    site.content = calendar()
    import_id = await importing.add(site.url)
    for hour in range(5):
        await importing.sync(import_id, 60 * hour)
    assert await rows(db, CalendarSync) == 3
    log = (await queries.log_of(db, [import_id]))[import_id]
    assert log[0].finished_at == NOW + timedelta(hours=4)
