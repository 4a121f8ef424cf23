"""A property's calendar, night by night."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from app.availability.calendar import Night, calendars
from app.availability.rules import nights
from app.availability.service import require_available
from app.errors import DomainError, Invalid
from app.properties.bookable import load_bookable
from app.properties.terms import Fees, Guests
from db.models import CalendarNight
from db.session import Database
from tests.support.statements import counted
from tests.support.world import NOW, add_booking, add_host, add_property, add_user

# 1 June 2026 is a Monday.
TODAY = NOW.date()


def on(offset: int) -> date:
    return TODAY + timedelta(days=offset)


async def calendar(
    db: Database, property_id: UUID, start: int, end: int, now: datetime = NOW
) -> list[Night]:
    async with db.read() as connection:
        return (await calendars(connection, [property_id], on(start), on(end), now))[property_id]


async def stay(db: Database, property_id: UUID, start: int, end: int, **columns: Any) -> None:
    await add_booking(
        db,
        property_id,
        await add_user(db),
        await add_host(db),
        check_in=on(start),
        check_out=on(end),
        **columns,
    )


async def set_nights(db: Database, property_id: UUID, **terms: dict[int, Any]) -> None:
    """set_nights(…, price_minor={3: 70_00})"""
    rows: dict[int, dict[str, Any]] = {}
    for name, values in terms.items():
        for offset, value in values.items():
            rows.setdefault(offset, {})[name] = value
    async with db.transaction() as session:
        for offset, columns in rows.items():
            await session.execute(
                insert(CalendarNight).values(property_id=property_id, night=on(offset), **columns)
            )


async def test_prices_and_shortest_stays(db: Database) -> None:
    place = await add_property(db, await add_host(db), weekend_price_minor=150_00, min_nights=2)
    await set_nights(db, place, price_minor={1: 70_00, 5: 90_00}, min_nights={3: 5})
    found = await calendar(db, place, 0, 7)
    assert [night.date for night in found] == [on(offset) for offset in range(7)]
    prices = [night.price.amount for night in found]
    assert prices == [100_00, 70_00, 100_00, 100_00, 150_00, 90_00, 100_00]
    assert {night.price.currency for night in found} == {"EUR"}
    assert [night.min_nights for night in found] == [2, 2, 2, 5, 2, 2, 2]


async def test_taken_and_closed_nights_and_the_days_around_them(db: Database) -> None:
    place = await add_property(db, await add_host(db), preparation_days=1)
    await stay(db, place, 5, 7)
    await set_nights(db, place, closed={10: True})
    found = await calendar(db, place, 3, 13)
    assert [n.date for n in found if not n.available] == [on(o) for o in (4, 5, 6, 7, 10)]
    assert [n.date for n in found if not n.can_check_in] == [on(o) for o in (4, 5, 6, 7, 10)]
    # Guests leave in the morning after a night that can be had.
    assert [n.date for n in found if not n.can_check_out] == [on(o) for o in (5, 6, 7, 8, 11)]


async def test_the_turnover_day_can_be_left_on_and_arrived_on(db: Database) -> None:
    place = await add_property(db, await add_host(db))
    await stay(db, place, 5, 7)
    first, *_, last = await calendar(db, place, 5, 8)
    assert (first.available, first.can_check_out) == (False, True)
    assert (last.available, last.can_check_in, last.can_check_out) == (True, True, False)


async def test_past_notice_window_and_weekdays(db: Database) -> None:
    place = await add_property(
        db,
        await add_host(db),
        advance_notice_hours=24,
        booking_window_days=4,
        check_in_weekdays=0b1111011,
        check_out_weekdays=0b1111101,
    )
    found = await calendar(db, place, -1, 7)
    assert [n.available for n in found] == [False, True, True, True, True, True, True, True]
    # Tuesday is more than a day away at noon; not on Wednesday; Friday is the last.
    assert [n.date for n in found if n.can_check_in] == [on(1), on(3), on(4)]
    # Not on Tuesday; nobody leaves today, who cannot have come yesterday.
    assert [n.date for n in found if n.can_check_out] == [on(o) for o in (2, 3, 4, 5, 6)]


async def test_a_hold_is_over_when_its_time_is(db: Database) -> None:
    place = await add_property(db, await add_host(db))
    until = NOW + timedelta(minutes=15)
    await stay(db, place, 5, 7, status="PENDING_PAYMENT", deadline_at=until)
    assert not (await calendar(db, place, 5, 6))[0].available
    assert (await calendar(db, place, 5, 6, now=until))[0].available


async def test_the_calendar_says_what_a_booking_would(db: Database) -> None:
    place = await add_property(
        db, await add_host(db), preparation_days=1, min_nights=2, check_out_weekdays=0b1110111
    )
    await stay(db, place, 6, 8)
    await set_nights(db, place, closed={12: True}, min_nights={3: 3})
    shown = {night.date: night for night in await calendar(db, place, 0, 16)}
    async with db.read() as connection:
        for start in range(14):
            for end in range(start + 1, 16):
                dates = on(start), on(end)
                found = await load_bookable(
                    connection, [place], *dates, Fees(guest_fee_bp=0, host_fee_bp=0)
                )
                try:
                    await require_available(connection, found[place], *dates, Guests(adults=1), NOW)
                    bookable = True
                except DomainError:
                    bookable = False
                first = shown[dates[0]]
                assert bookable == (
                    first.can_check_in
                    and all(shown[night].available for night in nights(*dates))
                    and shown[dates[1]].can_check_out
                    and end - start >= first.min_nights
                ), dates


async def test_many_calendars_cost_one_statement(db: Database) -> None:
    host = await add_host(db)
    places = [await add_property(db, host, preparation_days=days) for days in (0, 3)]
    for place in places:
        await stay(db, place, 5, 7)
    async with db.read() as connection:
        with counted(db) as statements:
            found = await calendars(connection, places, on(0), on(366), NOW)
    assert len(statements) == 1
    assert [len(found[place]) for place in places] == [366, 366]
    assert [sum(not n.available for n in found[place]) for place in places] == [2, 8]


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (TODAY, TODAY, "to"),
        (TODAY, TODAY - timedelta(days=1), "to"),
        (TODAY, TODAY + timedelta(days=367), "to"),
        (date.min, TODAY, "from"),
        (date.max - timedelta(days=9), date.max, "to"),
    ],
)
async def test_refuses_ranges_that_make_no_calendar(
    db: Database, start: date, end: date, field: str
) -> None:
    place = await add_property(db, await add_host(db))
    async with db.read() as connection:
        with pytest.raises(Invalid) as refused:
            await calendars(connection, [place], start, end, NOW)
    assert refused.value.field == field
