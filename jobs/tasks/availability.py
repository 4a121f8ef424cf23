"""Calendars' tasks: each is one line to a flow that may run twice."""

from app import clock
from app.availability.events import CalendarSyncWanted
from app.availability.ical import flows
from app.runtime import Runtime
from jobs.registry import sweep, task


@task("availability.sync_calendar")
async def sync_calendar(runtime: Runtime, event: CalendarSyncWanted) -> None:
    """Fetch another site's calendar that is new, or that its host asked for."""
    await flows.sync_one(runtime.db, runtime.settings, event.import_id, clock.now())


@sweep("availability.sync_calendars", every_seconds=60)
async def sync_calendars(runtime: Runtime) -> None:
    """Fetch the calendars whose time has come."""
    await flows.sync_due(runtime.db, runtime.settings, clock.now())
