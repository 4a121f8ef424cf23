"""What other sites' files mean: the large ones', odd ones, and what is no calendar at all."""

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.availability.ical.reading import ImportedStay, NotACalendar, read
from tests.availability.ical.files import AIRBNB, BOOKING_COM, GOOGLE, VRBO, calendar

FIRST, LAST = date(2026, 7, 1), date(2027, 7, 1)
OWN = "roost.example"

Spans = list[tuple[str, str]]


def spans(content: bytes, timezone: str = "Europe/Lisbon") -> Spans:
    found = read(content, timezone, OWN, FIRST, LAST)
    return sorted((str(stay.starts_on), str(stay.ends_on)) for stay in found)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (AIRBNB, [("2026-07-06", "2026-07-10"), ("2026-07-20", "2026-07-21")]),
        (BOOKING_COM, [("2026-07-06", "2026-07-10")]),
        (VRBO, [("2026-07-06", "2026-07-10"), ("2026-08-01", "2026-08-02")]),
        (
            GOOGLE,
            [
                ("2026-07-03", "2026-07-04"),
                ("2026-07-06", "2026-07-10"),
                ("2026-07-18", "2026-07-19"),
                ("2026-07-24", "2026-07-25"),
            ],
        ),
    ],
    ids=["Airbnb", "Booking.com", "Vrbo", "Google"],
)
def test_the_files_of_the_large_sites(file: bytes, expected: Spans) -> None:
    assert spans(file) == expected
    # Whatever ends their lines, and whatever stands before them.
    assert spans(file.replace(b"\r\n", b"\n")) == expected
    assert spans(b"\xef\xbb\xbf" + file) == expected


DAY = "DTSTART;VALUE=DATE:20260706"


@pytest.mark.parametrize(
    ("event", "timezone", "expected"),
    [
        (f"UID:1\n{DAY}", "UTC", [("2026-07-06", "2026-07-07")]),
        (f"UID:1\n{DAY}\nDTEND;VALUE=DATE:20260706", "UTC", [("2026-07-06", "2026-07-07")]),
        (f"UID:1\n{DAY}\nDTEND;VALUE=DATE:20260701", "UTC", [("2026-07-06", "2026-07-07")]),
        (f"UID:1\n{DAY}\nDURATION:P3D", "UTC", [("2026-07-06", "2026-07-09")]),
        # Local dates count, from the Pacific's one end to the other.
        (
            "UID:1\nDTSTART:20260706T110000Z\nDTEND:20260708T100000Z",
            "Pacific/Kiritimati",
            [("2026-07-07", "2026-07-09")],
        ),
        (
            "UID:1\nDTSTART:20260706T110000Z\nDTEND:20260708T100000Z",
            "Pacific/Niue",
            [("2026-07-06", "2026-07-07")],
        ),
        ("UID:1\nDTSTART:20260706T090000", "Asia/Tokyo", [("2026-07-06", "2026-07-07")]),
        # Cut to what is asked about.
        (
            "UID:1\nDTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20260703",
            "UTC",
            [("2026-07-01", "2026-07-03")],
        ),
        ("UID:1\nDTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20260701", "UTC", []),
        ("UID:1\nDTSTART;VALUE=DATE:20270701", "UTC", []),
        (f"UID:1\n{DAY}\nSTATUS:CANCELLED", "UTC", []),
        (f"UID:1\n{DAY}\nTRANSP:TRANSPARENT", "UTC", []),
        (f"UID:1@{OWN}\n{DAY}", "UTC", []),
        (f"UID:1@not{OWN}\n{DAY}", "UTC", [("2026-07-06", "2026-07-07")]),
        # No name, or none that could be kept.
        (DAY, "UTC", [("2026-07-06", "2026-07-07")]),
        (f"UID:{'x' * 10_000}\n{DAY}", "UTC", [("2026-07-06", "2026-07-07")]),
        (
            f"UID:1\n{DAY}\nRRULE:FREQ=DAILY;COUNT=2;INTERVAL=10",
            "UTC",
            [("2026-07-06", "2026-07-07"), ("2026-07-16", "2026-07-17")],
        ),
        (
            f"UID:1\n{DAY}\nRDATE;VALUE=DATE:20260801\nRRULE:FREQ=YEARLY;COUNT=1",
            "UTC",
            [("2026-07-06", "2026-07-07"), ("2026-08-01", "2026-08-02")],
        ),
        # A stay from before that still lasts.
        (
            "UID:1\nDTSTART;VALUE=DATE:20260601\nDURATION:P5D\nRRULE:FREQ=WEEKLY;UNTIL=20260630",
            "UTC",
            [("2026-07-01", "2026-07-04")],
        ),
    ],
)
def test_events(event: str, timezone: str, expected: Spans) -> None:
    assert spans(calendar(event), timezone) == expected


def test_the_newest_form_of_an_event_counts() -> None:
    older = f"UID:1\nSEQUENCE:1\n{DAY}"
    newer = "UID:1\nSEQUENCE:2\nDTSTART;VALUE=DATE:20260801"
    for events in ((older, newer), (newer, older)):
        assert spans(calendar(*events)) == [("2026-08-01", "2026-08-02")]


def test_what_a_stay_is_called_can_be_printed() -> None:
    [stay] = read(calendar(f"UID:1\n{DAY}\nSUMMARY:A\x07 b\\n\u202e c"), "UTC", OWN, FIRST, LAST)
    assert stay == ImportedStay("1", date(2026, 7, 6), date(2026, 7, 7), "A b c")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!doctype html><title>Sign in</title>",
        b'{"error": "not found"}',
        b"\xff\xfe\x00",
        b"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260706\r\nEND:VEVENT\r\n",
        # Cut off: what is missing might be taken.
        AIRBNB[: len(AIRBNB) // 2],
        AIRBNB.removesuffix(b"END:VCALENDAR\r\n"),
        calendar("UID:1"),
        calendar("UID:1\nDTSTART;VALUE=DATE:2026xx06"),
        calendar("UID:1\nDTSTART;VALUE=DATE:20260706\nDTEND;VALUE=DATE:soon"),
        calendar("UID:1\nDTSTART;TZID=Nowhere/At_All:20260706T120000\nDTEND:x"),
        calendar(f"UID:1\n{DAY}\nRRULE:FREQ=SECONDLY"),
        calendar(f"UID:1\n{DAY}\nRRULE:FREQ=YEARLY;BYWEEKNO=9"),
        calendar(f"UID:1\n{DAY}\nRRULE:nonsense"),
        calendar("UID:1\nDTSTART;VALUE=DATE:19000101\nRRULE:FREQ=DAILY"),
        calendar(*[f"UID:{n}\n{DAY}" for n in range(5_001)]),
        calendar(*[f"UID:{n}\n{DAY}\nRRULE:FREQ=DAILY" for n in range(101)]),
    ],
    ids=range(17),
)
def test_what_is_no_calendar_is_refused_whole(content: bytes) -> None:
    with pytest.raises(NotACalendar):
        spans(content)


def test_a_rule_that_never_matches_ends_soon() -> None:
    rule = "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    events = [f"UID:{n}\nDTSTART;VALUE=DATE:20170801\n{rule}" for n in range(100)]
    begun = time.process_time()
    assert spans(calendar(*events)) == []
    # A library that looks for the next date takes a minute for each.
    assert time.process_time() - begun < 20


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_rubbish_is_refused_or_read_and_nothing_else(content: bytes) -> None:
    wrapped = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + content + b"\r\nEND:VEVENT\r\nEND:VCALENDAR"
    for each in (content, wrapped):
        try:
            stays = read(each, "UTC", OWN, FIRST, LAST)
        except NotACalendar:
            continue
        assert all(FIRST <= stay.starts_on < stay.ends_on <= LAST for stay in stays)


def test_every_night_of_long_stays_is_kept() -> None:
    start = FIRST + timedelta(days=3)
    event = f"UID:1\nDTSTART;VALUE=DATE:{start:%Y%m%d}\nDURATION:P200D"
    assert spans(calendar(event)) == [(str(start), str(start + timedelta(days=200)))]
