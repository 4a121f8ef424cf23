"""Which stays are allowed and free, as conditions in SQL: `availability.rules` a second time.

A search has to judge more calendars than could be read, so PostgreSQL does; a test compares the
two over random worlds. Columns are those of a property, or of an alias of it; the dates of a stay
are expressions, so that one statement may try many stays.
"""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Exists,
    Integer,
    Interval,
    and_,
    case,
    cast,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
)

from db.enums import NightKind
from db.models import CalendarNight, OccupiedNight

# Longer than any jump of the clocks, shorter than the time between two.
AROUND_A_JUMP = literal_column("interval '6 hours'", Interval)
# The first Monday of all: date(1, 1, 1).
MONDAY = literal_column("date '0001-01-01'", Date)


def number(value: int) -> ColumnElement[int]:
    """A number that is part of a rule, written into the statement rather than sent beside it."""
    return literal_column(str(value), Integer)


ZERO, ONE = number(0), number(1)


class Stay(msgspec.Struct, frozen=True):
    """A stay `[arrival, departure)`, and the instant at which it is asked for."""

    arrival: ColumnElement[date]
    departure: ColumnElement[date]
    now: ColumnElement[datetime]

    @property
    def nights(self) -> ColumnElement[int]:
        return cast(self.departure - self.arrival, Integer)

    def today(self, of: Any) -> ColumnElement[date]:
        """The date at the property."""
        return cast(func.timezone(of.timezone, self.now), Date)


def allowed_and_free(of: Any, stay: Stay) -> list[ColumnElement[bool]]:
    """availability.rules.refusal and availability.service.taken, but for the guests."""
    return [*allowed(of, stay), not_(_closed(of, stay)), not_(_taken(of, stay))]


def allowed(of: Any, stay: Stay) -> list[ColumnElement[bool]]:
    """Whether the host accepts such stays. First what is told by the property's own row."""
    ahead = cast(stay.arrival - stay.today(of), Integer)
    return [
        of.max_nights >= stay.nights,
        _on_weekday(of.check_in_weekdays, stay.arrival),
        _on_weekday(of.check_out_weekdays, stay.departure),
        likely(ahead.between(ZERO, of.booking_window_days)),
        likely(
            or_(
                of.advance_notice_hours == ZERO,
                check_in_instant(of, stay.arrival) - stay.now
                >= func.make_interval(ZERO, ZERO, ZERO, ZERO, of.advance_notice_hours),
            )
        ),
        likely(_min_nights(of, stay) <= stay.nights),
    ]


def likely(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition that PostgreSQL has no statistics of, but that most places meet.

    It would reckon with a third of them; after three such conditions with next to none, and read
    all places to sort those few. Of what is not equal to something it reckons with nearly all.
    """
    return cast(condition, Integer) != ZERO


def iso_weekday(day: ColumnElement[date]) -> ColumnElement[int]:
    """1 is Monday."""
    return cast(func.date_part(literal_column("'isodow'"), day), Integer)


def check_in_instant(of: Any, arrival: ColumnElement[date]) -> ColumnElement[datetime]:
    """availability.rules.instant: PostgreSQL agrees on times that the clocks skip, but of a time
    that comes twice it takes the second."""
    local = cast(arrival + of.check_in_time, DateTime)
    second = _zoned(of, local)
    first = _zoned(of, local - AROUND_A_JUMP) + AROUND_A_JUMP
    is_it = func.timezone(of.timezone, first) == local
    return case((is_it, func.least(first, second)), else_=second)


def _on_weekday(weekdays: ColumnElement[int], day: ColumnElement[date]) -> ColumnElement[bool]:
    return weekdays.op("&")(ONE.op("<<")(iso_weekday(day) - ONE)) != ZERO


def _zoned(of: Any, local: ColumnElement[datetime]) -> ColumnElement[datetime]:
    return func.timezone(of.timezone, local, type_=DateTime(timezone=True))


def _min_nights(of: Any, stay: Stay) -> ColumnElement[int]:
    override = (
        select(CalendarNight.min_nights)
        .where(CalendarNight.property_id == of.id, CalendarNight.night == stay.arrival)
        .correlate_except(CalendarNight)
        .scalar_subquery()
    )
    return func.coalesce(override, of.min_nights)


def _closed(of: Any, stay: Stay) -> Exists:
    nights = exists().where(
        CalendarNight.property_id == of.id,
        CalendarNight.night >= stay.arrival,
        CalendarNight.night < stay.departure,
        CalendarNight.closed,
    )
    return nights.correlate_except(CalendarNight)


def _taken(of: Any, stay: Stay) -> Exists:
    """Held, booked or blocked, or too close to another stay to prepare for this one."""
    nights = exists().where(
        OccupiedNight.property_id == of.id,
        OccupiedNight.night >= stay.arrival - of.preparation_days,
        OccupiedNight.night < stay.departure + of.preparation_days,
        or_(
            OccupiedNight.kind != literal_column(f"'{NightKind.BLOCK}'"),
            and_(OccupiedNight.night >= stay.arrival, OccupiedNight.night < stay.departure),
        ),
        or_(OccupiedNight.hold_expires_at.is_(None), OccupiedNight.hold_expires_at > stay.now),
    )
    return nights.correlate_except(OccupiedNight)
