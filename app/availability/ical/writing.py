"""A property's calendar as a feed for other sites. Pure."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import groupby
from uuid import UUID, uuid5

import msgspec
from icalendar import Calendar, Event

PRODID = "-//Roost//Calendar//EN"


class BusyNight(msgspec.Struct, frozen=True, order=True):
    """A night that nobody else can have; `booking_id` is None for one that the host keeps."""

    night: date
    booking_id: UUID | None = None


def write(
    property_id: UUID, nights: Iterable[BusyNight], domain: str, changed_at: datetime
) -> bytes:
    """The nights as all-day events, one for each stay and each row of nights that are closed.

    DTEND is the date after the last night. A UID is a stay's for good; nobody's name is in it.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    for booking_id, start, end in _spans(nights):
        name = start.isoformat() if booking_id is None else booking_id.hex
        event = Event()
        event.add("uid", f"{uuid5(property_id, name)}@{domain}")
        event.add("dtstamp", changed_at.astimezone(UTC))
        event.add("dtstart", start)
        event.add("dtend", end)
        event.add("summary", "Not available" if booking_id is None else "Reserved")
        calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _spans(nights: Iterable[BusyNight]) -> Iterable[tuple[UUID | None, date, date]]:
    """Whose nights follow each other, as `[start, end)`."""
    placed = enumerate(sorted(nights, key=lambda each: each.night))
    # Within a row of nights, the ordinal grows as the place does.
    for (booking_id, _), group in groupby(
        placed, key=lambda each: (each[1].booking_id, each[1].night.toordinal() - each[0])
    ):
        row = [each.night for _, each in group]
        yield booking_id, row[0], date.fromordinal(row[-1].toordinal() + 1)
