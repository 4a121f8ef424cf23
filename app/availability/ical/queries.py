"""Reading feeds and imports."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, Uuid, bindparam, cast, func, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from app.availability.ical.writing import BusyNight
from db import rows
from db.enums import NightKind
from db.models import (
    Booking,
    CalendarFeed,
    CalendarImport,
    CalendarNight,
    CalendarSync,
    ImportedStay,
    OccupiedNight,
    Property,
)
from db.statements import Reader, Statement

# A stay that lasts is told from its beginning.
DAYS_PAST = 31


class FeedRow(msgspec.Struct, frozen=True):
    """A property's feed."""

    property_id: UUID
    token: str
    created_at: datetime


class ImportRow(msgspec.Struct, frozen=True):
    """Another site's calendar, for its host alone."""

    id: UUID
    property_id: UUID
    name: str
    url: str
    synced_at: datetime | None
    due_at: datetime
    failure: str | None


class SyncRow(msgspec.Struct, frozen=True):
    """A line of an import's log."""

    id: UUID
    import_id: UUID
    failure: str | None
    added: int
    removed: int
    finished_at: datetime


class ConflictRow(msgspec.Struct, frozen=True):
    """A stay elsewhere that overlaps with a booking here."""

    import_id: UUID
    booking_id: UUID
    starts_on: date
    ends_on: date
    summary: str


class Busy(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed tells, and since when there is one."""

    property_id: UUID
    created_at: datetime
    nights: tuple[BusyNight, ...]


_FEEDS = rows.ByKey(CalendarFeed.property_id, FeedRow)
_IMPORTS = rows.ByKey(CalendarImport.id, ImportRow)
_IMPORTS_OF = rows.ByKey(
    CalendarImport.property_id, ImportRow, CalendarImport.property_id, CalendarImport.id
)
_LOG_OF = rows.ByKey(CalendarSync.import_id, SyncRow, CalendarSync.id.desc())


def _conflicts() -> Select[Any, Any, Any, Any, Any]:
    return (
        select(
            ImportedStay.import_id,
            Booking.id,
            ImportedStay.starts_on,
            ImportedStay.ends_on,
            ImportedStay.summary,
        )
        .join(CalendarImport, CalendarImport.id == ImportedStay.import_id)
        .join(Booking, Booking.property_id == CalendarImport.property_id)
        .where(
            rows.among(ImportedStay.import_id, "imports"),
            Booking.check_in < ImportedStay.ends_on,
            Booking.check_out > ImportedStay.starts_on,
            # Those that have their nights: whatever else a booking is, it takes none.
            select(OccupiedNight.night).where(OccupiedNight.booking_id == Booking.id).exists(),
            Booking.check_out_at > bindparam("now"),
        )
        .order_by(ImportedStay.starts_on, Booking.id)
    )


_CONFLICTS = Statement(ConflictRow, _conflicts)


async def feeds(reader: Reader, property_ids: Sequence[UUID]) -> Mapping[UUID, FeedRow]:
    """Properties' feeds, by property."""
    return await _FEEDS.one(reader, property_ids)


async def imports(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, ImportRow]:
    """Imports by id, whoever's."""
    return await _IMPORTS.one(reader, ids)


async def imports_of(
    reader: Reader, property_ids: Sequence[UUID]
) -> Mapping[UUID, list[ImportRow]]:
    """Properties' imports, oldest first, by property."""
    return await _IMPORTS_OF.many(reader, property_ids)


async def log_of(reader: Reader, import_ids: Sequence[UUID]) -> Mapping[UUID, list[SyncRow]]:
    """Imports' logs, newest first, by import."""
    return await _LOG_OF.many(reader, import_ids)


async def conflicts_of(
    reader: Reader, import_ids: Sequence[UUID], now: datetime
) -> Mapping[UUID, list[ConflictRow]]:
    """Where imports overlap with bookings that have not ended, by import."""
    return rows.grouped(await _CONFLICTS.fetch(reader, imports=import_ids, now=now), "import_id")


async def busy(connection: AsyncConnection, token: str, now: datetime) -> Busy | None:
    """What the feed with this token tells, with a month of what is past; None: no such feed.

    Not what other sites told us: two sites that told each other everything would never let go of
    a night.
    """
    found = await connection.execute(
        select(
            Property.id,
            func.coalesce(Property.timezone, "UTC").label("timezone"),
            CalendarFeed.created_at,
        )
        .join(CalendarFeed, CalendarFeed.property_id == Property.id)
        .where(CalendarFeed.token == token)
    )
    feed = found.first()
    if feed is None:
        return None
    since = func.date(func.timezone(feed.timezone, now)) - DAYS_PAST
    held = OccupiedNight.kind == NightKind.HOLD
    taken = select(OccupiedNight.night, OccupiedNight.booking_id).where(
        OccupiedNight.property_id == feed.id,
        OccupiedNight.import_id.is_(None),
        OccupiedNight.night >= since,
        ~(held & (OccupiedNight.hold_expires_at <= now)),
    )
    closed = select(CalendarNight.night, cast(null(), Uuid)).where(
        CalendarNight.property_id == feed.id, CalendarNight.closed, CalendarNight.night >= since
    )
    nights: dict[date, UUID | None] = {}
    for night, booking_id in await connection.execute(union_all(closed, taken)):
        # One that is closed may be booked all the same, from before.
        nights[night] = booking_id or nights.get(night)
    return Busy(
        property_id=feed.id,
        created_at=feed.created_at,
        nights=tuple(BusyNight(night, booking_id) for night, booking_id in nights.items()),
    )
