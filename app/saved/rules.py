"""When people are told of what is new."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

MORNING = time(8)


def next_morning(now: datetime, timezone: str | None) -> datetime:
    """The next eight o'clock after `now`, where the person lives; in UTC if nobody knows where.

    Of a time that the clocks skip, the one after it.
    """
    zone = ZoneInfo(timezone or "UTC")
    today = now.astimezone(zone).date()
    mornings = (
        datetime.combine(today + timedelta(days=days), MORNING, zone).astimezone(UTC)
        for days in (0, 1)
    )
    return next(morning for morning in mornings if morning > now)
