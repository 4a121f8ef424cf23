"""Our feed: what it says, and that others read from it what we meant."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.availability.ical.reading import read
from app.availability.ical.writing import BusyNight, write
from app.ids import new_id
from tests.availability.ical.files import events_of

PLACE = UUID(int=7)
MADE = datetime(2026, 6, 1, tzinfo=UTC)
FIRST, LAST = date(2026, 7, 1), date(2028, 7, 1)


def on(offset: int) -> date:
    return FIRST + timedelta(days=offset)


def feed(*nights: BusyNight) -> bytes:
    return write(PLACE, nights, "roost.example", MADE)


def test_stays_and_closed_days_are_all_day_events() -> None:
    one, other = new_id(), new_id()
    content = feed(
        *(BusyNight(on(offset), one) for offset in (4, 3)),
        # Another guest comes on the day that the first leaves.
        BusyNight(on(5), other),
        *(BusyNight(on(offset)) for offset in (6, 7, 9)),
    )
    events = events_of(content)
    assert [
        (event["dtstart"].dt, event["dtend"].dt, str(event["summary"])) for event in events
    ] == [
        (on(3), on(5), "Reserved"),
        (on(5), on(6), "Reserved"),
        (on(6), on(8), "Not available"),
        (on(9), on(10), "Not available"),
    ]
    assert all(event["dtstart"].params["VALUE"] == "DATE" for event in events)
    # Nobody learns which booking it is.
    assert str(one) not in content.decode()
    assert one.hex not in content.decode()


def test_uids_stay_while_other_things_change() -> None:
    stay = [BusyNight(on(3), new_id()), BusyNight(on(9))]
    before = {str(event["uid"]) for event in events_of(feed(*stay))}
    more = feed(*stay, BusyNight(on(10)), BusyNight(on(20), new_id()))
    after = {str(event["uid"]) for event in events_of(more)}
    assert len(before) == 2
    assert before < after


def test_an_empty_calendar_is_one() -> None:
    assert events_of(feed()) == []


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9), st.booleans()), max_size=30))
def test_another_site_reads_the_nights_that_we_wrote(rows: list[tuple[int, int, bool]]) -> None:
    """Rows of nights after each other, some with a gap before them, booked or closed."""
    nights: dict[int, UUID | None] = {}
    first = 0
    for number, (gap, length, booked) in enumerate(rows):
        for offset in range(first + gap, first + gap + length):
            nights[offset] = UUID(int=number) if booked else None
        first += gap + length
    content = feed(*(BusyNight(on(offset), booking) for offset, booking in nights.items()))
    stays = read(content, "UTC", "elsewhere.example", FIRST, LAST)
    read_back = [
        stay.starts_on + timedelta(days=offset)
        for stay in stays
        for offset in range((stay.ends_on - stay.starts_on).days)
    ]
    assert sorted(read_back) == sorted(map(on, nights))
    # And we recognise what is ours.
    assert read(content, "UTC", "roost.example", FIRST, LAST) == []
