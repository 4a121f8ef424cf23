"""Which time zone a point is in: from OpenStreetMap's boundaries, which `tzfpy` carries along.

The data takes some 35 MB and a tenth of a second when it is first used, so it is loaded with the
first property that is placed; after that a point takes microseconds.
"""

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


async def timezone_at(latitude: float, longitude: float) -> str:
    """The IANA time zone of a point in degrees; of one at sea, the zone of its longitude."""
    return await asyncio.to_thread(_find, latitude, longitude)


def tell_the_same(zone: str, other: str, now: datetime) -> bool:
    """Whether clocks in both zones agree, all this year and the next; no zone agrees with none.

    Zones have many names: a browser may call Europe/Kyiv Europe/Kiev.
    """
    try:
        zones = ZoneInfo(zone), ZoneInfo(other)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    months = [
        datetime(now.year + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(24)
    ]
    one, two = ([each.astimezone(zone).utcoffset() for each in months] for zone in zones)
    return one == two


def _find(latitude: float, longitude: float) -> str:
    from tzfpy import get_tz

    return get_tz(longitude, latitude)
