"""What another site's calendar file says about which nights are taken. Pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
from icalendar import Calendar, Component

from app.availability.ical.recurrence import occurrences
from app.properties.terms import zone

MAX_EVENTS = 5_000
# Each is expanded by trying dates one by one.
MAX_RECURRING = 100
MAX_SUMMARY = 200
MAX_UID = 255
ONE_DAY = timedelta(days=1)
OLDEST = datetime.min.replace(tzinfo=UTC)


class NotACalendar(Exception):
    """The file is no iCalendar file, or has more in it than a calendar of stays could."""


class ImportedStay(msgspec.Struct, frozen=True, order=True):
    """Nights `[starts_on, ends_on)` that are taken elsewhere, in the property's local dates."""

    uid: str
    starts_on: date
    ends_on: date
    summary: str = ""


def read(
    content: bytes, timezone: str, own_domain: str, first: date, last: date
) -> list[ImportedStay]:
    """The stays in a file that touch the nights `[first, last)`, cut to them. Raises NotACalendar.

    All-day events end before their DTEND, as RFC 5545 says; of others, the local dates count. An
    event without length takes one night. What is cancelled or transparent takes none, and neither
    does what came from a feed of our own (its UIDs end with `own_domain`).
    """
    try:
        return sorted(_stays(content, timezone, own_domain, first, last).values())
    except NotACalendar:
        raise
    except Exception as error:
        # Whatever a stranger's file makes the libraries stumble over. What is not understood must
        # not be left out: its nights would be taken for free.
        raise NotACalendar from error


def _stays(
    content: bytes, timezone: str, own_domain: str, first: date, last: date
) -> dict[tuple[str, date], ImportedStay]:
    found: dict[tuple[str, date], ImportedStay] = {}
    for event in _events(content):
        uid = _uid(event)
        if uid.endswith(f"@{own_domain}"):
            continue
        for start, end in _spans(event, timezone, first, last):
            starts_on, ends_on = max(start, first), min(max(end, start + ONE_DAY), last)
            if starts_on < ends_on:
                summary = _plain(event, "summary")[:MAX_SUMMARY]
                found[uid, starts_on] = ImportedStay(uid, starts_on, ends_on, summary)
    return found


def _events(content: bytes) -> list[Component]:
    """The newest form of each event, those that are replaced or cancelled left out."""
    calendars = Calendar.from_ical(content, multiple=True)
    if not calendars or any(each.name != "VCALENDAR" for each in calendars):
        raise NotACalendar
    events = [event for each in calendars for event in each.walk("VEVENT")]
    recurring = sum("rrule" in event for event in events)
    if len(events) > MAX_EVENTS or recurring > MAX_RECURRING:
        raise NotACalendar
    newest: dict[tuple[str, Any], Component] = {}
    for event in events:
        key = _uid(event), _value(event, "recurrence-id")
        if key not in newest or _sequence(event) >= _sequence(newest[key]):
            newest[key] = event
    _except_moved(newest)
    return [event for event in newest.values() if _takes_time(event)]


def _except_moved(events: dict[tuple[str, Any], Component]) -> None:
    """An occurrence that has an event of its own is none of its series any more."""
    for (uid, moved), _ in list(events.items()):
        series = events.get((uid, None))
        if moved is not None and series is not None and "rrule" in series:
            series.add("exdate", moved)


def _takes_time(event: Component) -> bool:
    cancelled = str(event.get("status", "")).upper() == "CANCELLED"
    return not cancelled and str(event.get("transp", "")).upper() != "TRANSPARENT"


def _spans(event: Component, timezone: str, first: date, last: date) -> Iterator[tuple[date, date]]:
    start, end = _value(event, "dtstart"), _value(event, "dtend")
    duration = _value(event, "duration")
    if end is None and isinstance(duration, timedelta):
        end = start + duration
    starts_on = _local(start, timezone)
    length = _local(end, timezone) - starts_on if end is not None else timedelta(0)
    for begins in _starts(event, starts_on, timezone, first - max(length, ONE_DAY), last):
        yield begins, begins + length


def _starts(
    event: Component, starts_on: date, timezone: str, first: date, last: date
) -> Iterable[date]:
    """The local dates on which an event begins: one, or those of its recurrence within bounds."""
    if "rrule" not in event:
        return [starts_on]
    parts, until = _rule(event)
    # By local dates: stays recur by them, whatever the clocks do.
    end = last if until is None else min(last, until + ONE_DAY)
    dates = {day for day in occurrences(starts_on, parts, end) if day >= first}
    dates |= {starts_on, *(_local(each, timezone) for each in _listed(event, "rdate"))}
    return dates - {_local(each, timezone) for each in _listed(event, "exdate")}


def _rule(event: Component) -> tuple[dict[str, str], date | None]:
    """The recurrence's parts, and its last date."""
    rules: Any = event["rrule"]
    rule = rules[0] if isinstance(rules, list) else rules
    until = rule.get("until", [None])[0]
    parts = dict(part.split("=", 1) for part in rule.to_ical().decode().upper().split(";"))
    return parts, until.date() if isinstance(until, datetime) else until


def _listed(event: Component, name: str) -> Iterator[Any]:
    """The dates of RDATE or EXDATE, which may be given several times."""
    listed = event.get(name)
    for each in listed if isinstance(listed, list) else [listed]:
        for value in getattr(each, "dts", ()):
            yield value.dt[0] if isinstance(value.dt, tuple) else value.dt


def _local(value: Any, timezone: str) -> date:
    """The date in the property's zone; a time without a zone is local already."""
    if not isinstance(value, date):
        raise NotACalendar
    if not isinstance(value, datetime):
        return value
    return value.date() if value.tzinfo is None else value.astimezone(zone(timezone)).date()


def _value(event: Component, name: str) -> Any:
    value = event.get(name)
    # Given twice, the first counts.
    value = value[0] if isinstance(value, list) and value else value
    return getattr(value, "dt", None)


def _plain(event: Component, name: str) -> str:
    return "".join(filter(str.isprintable, str(event.get(name, "")))).strip()


def _uid(event: Component) -> str:
    uid = _plain(event, "uid")
    if uid and len(uid) <= MAX_UID:
        return uid
    # Without one, or with one that is no name: what it says is what it is.
    told = repr((uid, _value(event, "dtstart"), _value(event, "dtend"), event.get("summary")))
    return sha256(told.encode()).hexdigest()


def _sequence(event: Component) -> tuple[int, datetime]:
    try:
        sequence = int(event.get("sequence", 0))
    except (ValueError, TypeError):
        sequence = 0
    changed = _value(event, "last-modified") or _value(event, "dtstamp")
    if not isinstance(changed, datetime):
        return sequence, OLDEST
    return sequence, changed.replace(tzinfo=changed.tzinfo or UTC)
