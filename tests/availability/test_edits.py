"""A host's edits of the calendar: against a plain model, and against what bookings do meanwhile."""

import asyncio
import random
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from sqlalchemy import select

from app.actor import Actor
from app.availability import edits
from app.availability.edits import CalendarChange, edit_calendar, merged
from app.availability.rules import nights, on_weekday
from app.errors import Invalid, NotFound
from app.properties.errors import StaleVersion
from db.models import CalendarNight, Property
from db.session import Database
from tests.support.statements import counted
from tests.support.world import NOW, add_host, add_property

TODAY = NOW.date()
Calendar = dict[date, tuple[int | None, int | None, bool]]


def on(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def change(start: int, end: int, **values: Any) -> CalendarChange:
    return CalendarChange(start=on(start), end=on(end), **values)


@pytest.fixture
async def host_id(db: Database) -> UUID:
    return await add_host(db)


@pytest.fixture
async def property_id(db: Database, host_id: UUID) -> UUID:
    return await add_property(db, host_id, timezone="UTC")


async def edit(
    db: Database,
    host_id: UUID,
    property_id: UUID,
    *changes: CalendarChange,
    version: int | None = None,
) -> None:
    actor = Actor(user_id=host_id)
    await db.run(lambda session: edit_calendar(session, actor, property_id, changes, version, NOW))


async def calendar(db: Database, property_id: UUID) -> Calendar:
    async with db.read() as connection:
        found = await connection.execute(
            select(
                CalendarNight.night,
                CalendarNight.price_minor,
                CalendarNight.min_nights,
                CalendarNight.closed,
            ).where(CalendarNight.property_id == property_id)
        )
        return {night: (price, minimum, closed) for night, price, minimum, closed in found}


def applied(calendar: Calendar, changes: list[CalendarChange]) -> Calendar:
    """What the changes make of a calendar, one after the other, night by night."""
    result = dict(calendar)
    for each in changes:
        for night in nights(each.start, each.end):
            if night < TODAY or not on_weekday(each.weekdays, night):
                continue
            price, minimum, closed = result.get(night, (None, None, False))
            result[night] = (
                price if each.price_minor is UNSET else each.price_minor,
                minimum if each.min_nights is UNSET else each.min_nights,
                closed if each.closed is UNSET else each.closed,
            )
    return {night: row for night, row in result.items() if row != (None, None, False)}


@st.composite
def changes(draw: st.DrawFn) -> CalendarChange:
    start = draw(st.integers(-3, 12))
    values: dict[str, Any] = {
        "price_minor": draw(st.sampled_from([UNSET, None, 1, 90_00])),
        "min_nights": draw(st.sampled_from([UNSET, None, 2, 5])),
        "closed": draw(st.sampled_from([UNSET, True, False])),
    }
    if set(values.values()) == {UNSET}:
        values["closed"] = True
    return change(
        start, start + draw(st.integers(1, 9)), weekdays=draw(st.integers(1, 127)), **values
    )


@given(st.lists(changes(), min_size=1, max_size=6))
def test_changes_are_merged_as_if_made_one_by_one(many: list[CalendarChange]) -> None:
    as_one: Calendar = {}
    for each in merged(many, TODAY):
        given_ = (each.price_minor, each.min_nights, each.closed)
        price, minimum, closed = (None if value is UNSET else value for value in given_)
        as_one[each.night] = (price, minimum, bool(closed))
    kept = {night: row for night, row in as_one.items() if row != (None, None, False)}
    assert kept == applied({}, many)


async def test_edits_upon_edits_leave_what_a_plain_model_says(
    db: Database, host_id: UUID, property_id: UUID
) -> None:
    # The same sequences in every run: what they need is variety, not luck.
    chance = random.Random(5)
    expected: Calendar = {}
    for _ in range(40):
        start = chance.randrange(0, 20)
        values: dict[str, Any] = {
            "weekdays": chance.randrange(1, 128),
            "price_minor": chance.choice([UNSET, None, 80_00, 120_00]),
            "min_nights": chance.choice([UNSET, None, 3]),
            "closed": chance.choice([True, False]),
        }
        wanted = change(start, start + chance.randrange(1, 10), **values)
        await edit(db, host_id, property_id, wanted)
        expected = applied(expected, [wanted])
        assert await calendar(db, property_id) == expected


async def test_a_year_is_one_statement(db: Database, host_id: UUID, property_id: UUID) -> None:
    with counted(db) as statements:
        await edit(db, host_id, property_id, change(0, 365, price_minor=70_00, closed=True))
    # Whether the host is suspended, the lock, the calendar, and the property's new version.
    assert len(statements) == 4
    assert len(await calendar(db, property_id)) == 365


async def test_a_night_that_says_nothing_has_no_row(
    db: Database, host_id: UUID, property_id: UUID
) -> None:
    await edit(db, host_id, property_id, change(0, 3, price_minor=70_00, closed=True))
    await edit(db, host_id, property_id, change(0, 2, closed=False))
    assert set((await calendar(db, property_id)).values()) == {
        (70_00, None, False),
        (70_00, None, True),
    }
    await edit(db, host_id, property_id, change(0, 3, price_minor=None, closed=False))
    assert await calendar(db, property_id) == {}


async def test_a_stale_edit_changes_nothing_and_names_the_version_of_now(
    db: Database, host_id: UUID, property_id: UUID
) -> None:
    await edit(db, host_id, property_id, change(0, 1, closed=True), version=1)
    with pytest.raises(StaleVersion) as refusal:
        await edit(db, host_id, property_id, change(0, 1, closed=False), version=1)
    assert refusal.value.current_version == 2
    assert await calendar(db, property_id) == {on(0): (None, None, True)}


async def test_of_two_devices_one_is_told_that_it_is_stale(
    db: Database, host_id: UUID, property_id: UUID
) -> None:
    results = await asyncio.gather(
        *(
            edit(db, host_id, property_id, change(n, n + 1, price_minor=n + 1), version=1)
            for n in range(10)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, StaleVersion) for result in results) == 9
    assert len(await calendar(db, property_id)) == 1


async def test_edits_of_other_nights_at_once_are_all_kept(
    db: Database, host_id: UUID, property_id: UUID
) -> None:
    await asyncio.gather(
        *(edit(db, host_id, property_id, change(n, n + 1, price_minor=n + 1)) for n in range(20))
    )
    assert await calendar(db, property_id) == {on(n): (n + 1, None, False) for n in range(20)}
    async with db.read() as connection:
        assert await connection.scalar(select(Property.version)) == 21


async def test_nobody_edits_anothers_calendar(db: Database, property_id: UUID) -> None:
    with pytest.raises(NotFound):
        await edit(db, await add_host(db), property_id, change(0, 1, closed=True))
    assert await calendar(db, property_id) == {}


def test_past_nights_stay_as_they_were() -> None:
    assert [each.night for each in merged([change(-5, 2, closed=True)], TODAY)] == [on(0), on(1)]
    assert merged([change(-5, -1, closed=True)], TODAY) == []


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ([], "changes"),
        ([change(0, 1, closed=True)] * (edits.MAX_CHANGES + 1), "changes"),
        ([change(1, 1, closed=True)], "changes.0.to"),
        ([change(0, 1, closed=True), change(2, 1, closed=True)], "changes.1.to"),
        ([change(0, edits.MAX_DAYS_AHEAD + 1, closed=True)], "changes.0.to"),
        ([change(-2_000, 1, closed=True)], "changes.0.from"),
        ([change(0, 1)], "changes.0"),
        ([change(0, 1, closed=True, weekdays=0)], "changes.0.weekdays"),
        ([change(0, 1, price_minor=0)], "changes.0.price"),
        ([change(0, 1, price_minor=10**9 + 1)], "changes.0.price"),
        ([change(0, 1, min_nights=0)], "changes.0.minNights"),
        ([change(0, 1, min_nights=366)], "changes.0.minNights"),
    ],
)
def test_what_no_calendar_could_have_is_refused(bad: list[CalendarChange], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        merged(bad, TODAY)
    assert refusal.value.field == field
