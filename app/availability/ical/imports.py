"""Other sites' calendars of a property, each function inside the caller's transaction.

What an import says is kept as it was read (`imported_stays`); the nights that it blocks are made
of that, wherever nobody else has them. So a booking is never moved, and when it goes, its nights
are blocked if another site has them. Lock order: property, import.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ARRAY,
    Date,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.availability.events import CalendarSyncWanted
from app.availability.ical import reading
from app.availability.rules import local_today
from app.errors import Invalid, NotFound
from app.fetch import Fetched, is_fetchable
from app.ids import new_id
from app.outbox import emit
from app.properties.service import hosted_for_update
from app.text import plain_text
from db.enums import CalendarFailure, CoHostRight
from db.models import (
    CalendarFeed,
    CalendarImport,
    CalendarSync,
    ImportedStay,
    OccupiedNight,
    Property,
)

MAX_IMPORTS = 10
MAX_URL = 2_000
LOG_LINES = 50
# "At least hourly", with room for a sweep that is late.
EVERY = timedelta(minutes=45)
# Whoever takes an import to fetch it has so long before another worker does.
LEASE = timedelta(minutes=5)
# A host who asks again sooner is shown what there is.
PAUSE = timedelta(minutes=1)
# Further than any booking window reaches.
DAYS_AHEAD = 3 * 366


class Due(msgspec.Struct, frozen=True):
    """An import to fetch now."""

    id: UUID
    url: str
    etag: str | None
    last_modified: str | None
    timezone: str


async def rotate_feed(session: AsyncSession, actor: Actor, property_id: UUID, now: datetime) -> str:
    """Give the feed of a property that the caller hosts another address, its first perhaps.

    Returns the token. The address of before leads nowhere from then on. Raises NotFound.
    """
    await hosted_for_update(session, actor, property_id, CoHostRight.CALENDAR)
    token = token_urlsafe(32)
    feed = upsert(CalendarFeed).values(property_id=property_id, token=token, created_at=now)
    await session.execute(
        feed.on_conflict_do_update(
            index_elements=["property_id"], set_={"token": token, "created_at": now}
        )
    )
    return token


async def add(
    session: AsyncSession,
    actor: Actor,
    property_id: UUID,
    name: str,
    url: str,
    own_url: str,
    now: datetime,
    *,
    private_networks: bool,
) -> UUID:
    """Import another site's calendar from now on; it is first fetched after the commit.

    Raises NotFound, and Invalid for an address that cannot be one, or is there already.
    """
    await hosted_for_update(session, actor, property_id, CoHostRight.CALENDAR)
    name = plain_text(name, "name", 1, 60)
    url = plain_text(url, "url", 1, MAX_URL)
    if url.startswith("webcal://"):
        url = "https://" + url.removeprefix("webcal://")
    if not is_fetchable(url, private_networks=private_networks):
        raise Invalid("Expected the https address of a calendar.", field="url")
    if url.startswith(own_url):
        raise Invalid("This is a calendar of ours: its stays are known.", field="url")
    known = await session.scalar(
        select(func.count()).where(CalendarImport.property_id == property_id)
    )
    if (known or 0) >= MAX_IMPORTS:
        raise Invalid(f"At most {MAX_IMPORTS} calendars can be imported.", field="url")
    import_id = new_id()
    values = {"id": import_id, "property_id": property_id, "name": name, "url": url}
    try:
        await session.execute(
            # Due later: its own event fetches it now.
            insert(CalendarImport).values(created_at=now, due_at=now + LEASE, **values)
        )
    except IntegrityError as error:
        raise Invalid("This calendar is imported already.", field="url") from error
    await emit(session, CalendarSyncWanted(import_id=import_id))
    return import_id


async def remove(session: AsyncSession, actor: Actor, import_id: UUID, now: datetime) -> UUID:
    """Forget an import of a property that the caller hosts, and free its nights.

    Returns the property's id. Raises NotFound.
    """
    property_id = await _hosted_property(session, actor, import_id)
    await session.execute(delete(CalendarImport).where(CalendarImport.id == import_id))
    await _block(session, property_id, now)
    return property_id


async def sync_now(session: AsyncSession, actor: Actor, import_id: UUID) -> UUID:
    """Have an import of a property that the caller hosts fetched at once.

    Returns the property's id. Raises NotFound.
    """
    property_id = await _hosted_property(session, actor, import_id)
    await emit(session, CalendarSyncWanted(import_id=import_id))
    return property_id


async def take_due(
    session: AsyncSession, now: datetime, limit: int, import_id: UUID | None = None
) -> list[Due]:
    """Imports whose time has come, or a given one that was not fetched a moment ago.

    Nobody else takes them for some minutes.
    """
    if import_id is None:
        which = CalendarImport.due_at <= now
    else:
        rested = or_(CalendarImport.synced_at.is_(None), CalendarImport.synced_at < now - PAUSE)
        which = and_(CalendarImport.id == import_id, rested)
    due = (
        select(CalendarImport.id)
        .where(which)
        .order_by(CalendarImport.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = await session.execute(
        update(CalendarImport)
        .where(CalendarImport.id.in_(due), Property.id == CalendarImport.property_id)
        .values(due_at=now + LEASE)
        .returning(
            CalendarImport.id,
            CalendarImport.url,
            CalendarImport.etag,
            CalendarImport.last_modified,
            func.coalesce(Property.timezone, "UTC"),
        )
    )
    return [Due(*row) for row in taken]


async def note_failure(
    session: AsyncSession, import_id: UUID, failure: CalendarFailure, now: datetime
) -> None:
    """The calendar could not be read: what it said the last time still holds."""
    await _note(session, import_id, now, failure=failure)


async def store(
    session: AsyncSession,
    import_id: UUID,
    fetched: Fetched,
    stays: Sequence[reading.ImportedStay] | None,
    now: datetime,
) -> None:
    """Keep what the calendar says now; None: the same as the last time."""
    property_id = await _locked_property(session, import_id)
    if property_id is None:
        # Removed while it was fetched.
        return
    added = removed = 0
    if stays is not None:
        added, removed = await _replace(session, import_id, stays)
        await _block(session, property_id, now)
        await session.execute(
            update(CalendarImport)
            .where(CalendarImport.id == import_id)
            .values(etag=fetched.etag, last_modified=fetched.last_modified)
        )
    await _note(session, import_id, now, added=added, removed=removed)


async def block_freed(session: AsyncSession, property_id: UUID, nights: Sequence[date]) -> None:
    """Block those of the nights that a booking gave up and that other sites have."""
    await session.execute(BLOCK_NIGHTS, {"property_id": property_id, "nights": nights})


async def _hosted_property(session: AsyncSession, actor: Actor, import_id: UUID) -> UUID:
    """The import's property, which the caller hosts, locked. Raises NotFound."""
    found = await session.scalar(
        select(CalendarImport.property_id).where(CalendarImport.id == import_id)
    )
    if found is None:
        raise NotFound("There is no such calendar.")
    await hosted_for_update(session, actor, found, CoHostRight.CALENDAR)
    return found


async def _locked_property(session: AsyncSession, import_id: UUID) -> UUID | None:
    """The import's property; both locked, bookings of it and other imports wait."""
    lock = (
        select(Property.id)
        .join(CalendarImport, CalendarImport.property_id == Property.id)
        .where(CalendarImport.id == import_id)
        .with_for_update(of=Property, key_share=True)
    )
    property_id = await session.scalar(lock)
    still = select(CalendarImport.id).where(CalendarImport.id == import_id).with_for_update()
    return property_id if await session.scalar(still) is not None else None


async def _replace(
    session: AsyncSession, import_id: UUID, stays: Sequence[reading.ImportedStay]
) -> tuple[int, int]:
    """Make these the import's stays. Returns how many came and went; a moved one does both."""
    columns = (ImportedStay.uid, ImportedStay.starts_on, ImportedStay.ends_on, ImportedStay.summary)
    found = await session.execute(select(*columns).where(ImportedStay.import_id == import_id))
    before = {reading.ImportedStay(*row) for row in found}
    gone, new = before - set(stays), set(stays) - before
    if gone:
        stay = (
            func.unnest(
                literal([each.uid for each in gone], ARRAY(Text)),
                literal([each.starts_on for each in gone], ARRAY(Date)),
            )
            .table_valued(column("uid", Text), column("starts_on", Date))
            .render_derived()
        )
        await session.execute(
            delete(ImportedStay).where(
                ImportedStay.import_id == import_id,
                ImportedStay.uid == stay.c.uid,
                ImportedStay.starts_on == stay.c.starts_on,
            )
        )
    if new:
        rows = [{"import_id": import_id, **msgspec.structs.asdict(each)} for each in sorted(new)]
        await session.execute(insert(ImportedStay), rows)
    return len(new), len(gone)


async def _block(session: AsyncSession, property_id: UUID, now: datetime) -> None:
    """Make the property's imported blocks anew, from today on; the caller holds its lock."""
    timezone = await session.scalar(select(Property.timezone).where(Property.id == property_id))
    today = local_today(now, timezone or "UTC")
    await session.execute(
        delete(OccupiedNight).where(
            OccupiedNight.property_id == property_id,
            OccupiedNight.import_id.is_not(None),
            OccupiedNight.night >= today,
        )
    )
    await session.execute(BLOCK_FROM, {"property_id": property_id, "first": today})


async def _note(
    session: AsyncSession,
    import_id: UUID,
    now: datetime,
    *,
    failure: CalendarFailure | None = None,
    added: int = 0,
    removed: int = 0,
) -> None:
    """A line in the log, the oldest dropped, and when to fetch again."""
    noted = await session.execute(
        update(CalendarImport)
        .where(CalendarImport.id == import_id)
        .values(synced_at=now, failure=failure, due_at=now + EVERY)
        .returning(CalendarImport.id)
    )
    if noted.first() is None:
        return
    line = {"failure": failure, "added": added, "removed": removed, "finished_at": now}
    await session.execute(insert(CalendarSync).values(id=new_id(), import_id=import_id, **line))
    kept = (
        select(CalendarSync.id)
        .where(CalendarSync.import_id == import_id)
        .order_by(CalendarSync.id.desc())
        .limit(LOG_LINES)
    )
    await session.execute(
        delete(CalendarSync).where(
            CalendarSync.import_id == import_id, CalendarSync.id.not_in(kept)
        )
    )


def _blocks(which: str) -> Any:
    """One row for each night that any of the property's imports has and nobody else does."""
    return text(
        f"""
        INSERT INTO occupied_nights (property_id, night, kind, import_id)
        SELECT DISTINCT ON (night) :property_id, night, 'BLOCK', stay.import_id
        FROM imported_stays AS stay
        JOIN calendar_imports AS import ON import.id = stay.import_id
        CROSS JOIN LATERAL generate_series(0, stay.ends_on - stay.starts_on - 1) AS days
        CROSS JOIN LATERAL (SELECT stay.starts_on + days AS night) AS each
        WHERE import.property_id = :property_id AND {which}
        ORDER BY night, stay.import_id
        ON CONFLICT DO NOTHING
        """  # noqa: S608 - one of the two conditions below
    ).bindparams(bindparam("property_id", type_=Uuid))


BLOCK_FROM = _blocks("night >= :first").bindparams(bindparam("first", type_=Date))
BLOCK_NIGHTS = _blocks("night = ANY(:nights)").bindparams(bindparam("nights", type_=ARRAY(Date)))
