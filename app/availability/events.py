"""What happens to calendars."""

from typing import ClassVar
from uuid import UUID

from app.outbox import Event


class CalendarSyncWanted(Event, frozen=True, kw_only=True):
    """Another site's calendar is to be fetched now: it is new, or its host asked for it."""

    tasks: ClassVar[tuple[str, ...]] = ("availability.sync_calendar",)

    import_id: UUID
