"""Recurrence rules of events by date (RFC 5545, 3.3.10), within bounds. Pure.

Day by day rather than by a library: libraries try dates until one fits, and a stranger's rule may
fit none. What rules of stays and cleaning days never have is refused.
"""

import calendar
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH"}
LONGEST = timedelta(days=14 * 366)
ONE_DAY = timedelta(days=1)


class Unsupported(ValueError):
    """A rule that is none, or whose dates are not worth finding."""


class Rule(NamedTuple):
    """A rule, its values as numbers. Weekdays have an ordinal within month or year, or 0."""

    frequency: str
    interval: int
    times: int | None
    week_start: int
    weekdays: frozenset[tuple[int, int]]
    month_days: frozenset[int]
    months: frozenset[int]


def occurrences(start: date, parts: Mapping[str, str], last: date) -> list[date]:
    """The dates before `last` on which a rule has its event; `start` is where it begins.

    `parts` are the rule's, in capitals; an UNTIL has to be in `last`. Raises Unsupported.
    """
    rule = _rule(parts)
    if last - start > LONGEST:
        raise Unsupported("it began too long ago")
    found: list[date] = []
    for day in _days(start, last):
        if len(found) == rule.times:
            break
        if _is_due(rule, start, day):
            found.append(day)
    return found


def _rule(parts: Mapping[str, str]) -> Rule:
    frequency = parts.get("FREQ", "")
    if frequency not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY") or not parts.keys() <= PARTS:
        raise Unsupported(frequency)
    weekdays = frozenset(_weekday(each) for each in _listed(parts, "BYDAY"))
    if frequency in ("DAILY", "WEEKLY") and any(ordinal for _, ordinal in weekdays):
        raise Unsupported("BYDAY")
    rule = Rule(
        frequency=frequency,
        interval=int(parts.get("INTERVAL", "1")),
        times=int(parts["COUNT"]) if "COUNT" in parts else None,
        week_start=WEEKDAYS.index(parts.get("WKST", "MO")),
        weekdays=weekdays,
        month_days=frozenset(map(int, _listed(parts, "BYMONTHDAY"))),
        months=frozenset(map(int, _listed(parts, "BYMONTH"))),
    )
    # Two ways to say which day of a week.
    if rule.interval < 1 or (frequency == "WEEKLY" and rule.month_days):
        raise Unsupported("INTERVAL")
    return rule


def _listed(parts: Mapping[str, str], name: str) -> list[str]:
    return [each for each in parts.get(name, "").split(",") if each]


def _weekday(text: str) -> tuple[int, int]:
    """MO is (0, 0), -1FR is (4, -1)."""
    return WEEKDAYS.index(text[-2:]), int(text[:-2] or 0)


def _days(start: date, last: date) -> Iterator[date]:
    day = start
    while day < last:
        yield day
        day += ONE_DAY


def _is_due(rule: Rule, start: date, day: date) -> bool:
    if _periods(rule, start, day) % rule.interval or (rule.months and day.month not in rule.months):
        return False
    if rule.weekdays and not _on_weekday(rule, day):
        return False
    if rule.month_days:
        length = calendar.monthrange(day.year, day.month)[1]
        return bool(rule.month_days & {day.day, day.day - length - 1})
    return bool(rule.weekdays) or _like_start(rule, start, day)


def _periods(rule: Rule, start: date, day: date) -> int:
    """How many of the rule's periods lie between the two dates."""
    match rule.frequency:
        case "DAILY":
            return (day - start).days
        case "WEEKLY":
            return ((day - start).days + (start.weekday() - rule.week_start) % 7) // 7
        case "MONTHLY":
            return (day.year - start.year) * 12 + day.month - start.month
        case _:
            return day.year - start.year


def _on_weekday(rule: Rule, day: date) -> bool:
    """Whether it is such a weekday, counted within the month, or the year if no month is named."""
    if rule.frequency == "YEARLY" and not rule.months:
        place = day.timetuple().tm_yday
        length = 366 if calendar.isleap(day.year) else 365
    else:
        place, length = day.day, calendar.monthrange(day.year, day.month)[1]
    ordinals = {0, (place - 1) // 7 + 1, -((length - place) // 7 + 1)}
    return any((day.weekday(), ordinal) in rule.weekdays for ordinal in ordinals)


def _like_start(rule: Rule, start: date, day: date) -> bool:
    """What is not said of the days is as the first one's."""
    match rule.frequency:
        case "DAILY":
            return True
        case "WEEKLY":
            return day.weekday() == start.weekday()
        case "MONTHLY":
            return day.day == start.day
        case _:
            return day.day == start.day and (bool(rule.months) or day.month == start.month)
