"""Recurrence by date, held against dateutil's where that comes to an end."""

from datetime import date, datetime, time, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from app.availability.ical.recurrence import WEEKDAYS, Unsupported, occurrences

START = date(2024, 2, 29)
LAST = date(2027, 7, 1)


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 4))}"]
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(WEEKDAYS))}")
    if draw(st.booleans()):
        days = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3, unique=True))
        if frequency in ("MONTHLY", "YEARLY") and draw(st.booleans()):
            days = [f"{draw(st.sampled_from([1, 2, -1]))}{day}" for day in days]
        parts.append(f"BYDAY={','.join(days)}")
    elif frequency != "WEEKLY" and draw(st.booleans()):
        parts.append(f"BYMONTHDAY={draw(st.sampled_from([1, 15, -1, 28]))}")
    if draw(st.booleans()):
        months = draw(st.lists(st.integers(1, 12), min_size=6, max_size=9, unique=True))
        parts.append(f"BYMONTH={','.join(map(str, months))}")
    if draw(st.booleans()):
        parts.append(f"COUNT={draw(st.integers(1, 20))}")
    return ";".join(parts)


@given(rules(), st.integers(0, 400))
def test_the_same_dates_as_dateutils(rule: str, later: int) -> None:
    start = START + timedelta(days=later)
    midnight = datetime.combine(start, time())
    parsed = rrulestr(rule, dtstart=midnight)
    end = datetime.combine(LAST, time())
    expected = [each.date() for each in parsed.between(midnight, end, inc=True) if each < end]
    parts = dict(part.split("=") for part in rule.split(";"))
    assert occurrences(start, parts, LAST) == expected


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"FREQ": "HOURLY"},
        {"FREQ": "DAILY", "BYSETPOS": "1"},
        {"FREQ": "DAILY", "BYHOUR": "1"},
        {"FREQ": "DAILY", "INTERVAL": "0"},
        {"FREQ": "WEEKLY", "BYDAY": "1MO"},
        {"FREQ": "WEEKLY", "BYMONTHDAY": "1"},
    ],
)
def test_what_is_not_worth_finding_is_refused(rule: dict[str, str]) -> None:
    with pytest.raises(Unsupported):
        occurrences(START, rule, LAST)


def test_a_rule_from_long_ago_is_refused() -> None:
    with pytest.raises(Unsupported):
        occurrences(date(1970, 1, 1), {"FREQ": "DAILY"}, LAST)
