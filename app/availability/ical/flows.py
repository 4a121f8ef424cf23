"""Fetching other sites' calendars, outside of any transaction."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from app.availability.ical import imports
from app.availability.ical.imports import DAYS_AHEAD, Due
from app.availability.ical.reading import ImportedStay, NotACalendar, read
from app.availability.rules import local_today
from app.config import Settings
from app.fetch import Bounds, Fetched, FetchFailed, fetch
from db.enums import CalendarFailure
from db.session import Database

log = structlog.get_logger(__name__)

MAX_BYTES = 1024 * 1024
MAX_SECONDS = 10.0
BATCH = 50
AT_ONCE = 8


async def sync_due(db: Database, settings: Settings, now: datetime) -> int:
    """Fetch the calendars whose time has come, a few at once. Returns how many."""
    due = await db.run(lambda session: imports.take_due(session, now, BATCH))
    await _sync(db, settings, due, now)
    return len(due)


async def sync_one(db: Database, settings: Settings, import_id: UUID, now: datetime) -> None:
    """Fetch one calendar, unless that was done a moment ago."""
    due = await db.run(lambda session: imports.take_due(session, now, 1, import_id))
    await _sync(db, settings, due, now)


def own_domain(settings: Settings) -> str:
    """What the UIDs of our own feeds end with."""
    return urlsplit(settings.public_url).hostname or "roost"


async def _sync(db: Database, settings: Settings, due: Sequence[Due], now: datetime) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def attempt(each: Due) -> None:
        async with slots:
            try:
                await _sync_each(db, settings, each, now)
            except Exception:
                # One host's calendar holds up nobody else's; it is due again in some minutes.
                log.exception("a calendar could not be imported", import_id=str(each.id))

    await asyncio.gather(*map(attempt, due))


async def _sync_each(db: Database, settings: Settings, due: Due, now: datetime) -> None:
    bounds = Bounds(
        max_bytes=MAX_BYTES,
        seconds=MAX_SECONDS,
        private_networks=settings.fetch_private_networks,
    )
    try:
        fetched = await fetch(due.url, bounds, etag=due.etag, last_modified=due.last_modified)
        stays = await _read(fetched, due.timezone, own_domain(settings), now)
    except FetchFailed as error:
        failure = CalendarFailure(error.failure)
    except NotACalendar:
        failure = CalendarFailure.NOT_A_CALENDAR
    else:
        await db.run(lambda session: imports.store(session, due.id, fetched, stays, now))
        return
    await db.run(lambda session: imports.note_failure(session, due.id, failure, now))


async def _read(
    fetched: Fetched, timezone: str, domain: str, now: datetime
) -> list[ImportedStay] | None:
    content = fetched.content
    if content is None:
        return None
    today = local_today(now, timezone)
    # In a thread: a large file takes its time, and others wait for the loop.
    return await asyncio.to_thread(
        read, content, timezone, domain, today, today + timedelta(days=DAYS_AHEAD)
    )
