"""Claiming nights, and giving them back.

A night is taken by a row in `occupied_nights`, whose primary key (property, night) makes a double
booking impossible whatever else goes wrong. Callers hold the property's row lock
(properties.service.lock_for_booking), which keeps preparation days and expired holds consistent.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    CursorResult,
    Date,
    DateTime,
    Uuid,
    bindparam,
    delete,
    func,
    literal,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.availability import rules
from app.availability.errors import DatesUnavailable, StayNotAllowed
from app.availability.ical.imports import block_freed
from app.properties.errors import PropertyNotBookable
from app.properties.terms import BookableProperty, Guests
from db.enums import NightKind, PropertyStatus
from db.models import CalendarNight, OccupiedNight
from db.rows import among
from db.statements import Reader, Statement

STAYS = (NightKind.HOLD.value, NightKind.BOOKING.value)


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """A night that somebody has; `kind` is None for one that the host has closed."""

    night: date
    kind: str | None
    hold_expires_at: datetime | None

    def expired(self, now: datetime) -> bool:
        """Whether this is a hold whose time is over: the night is free again."""
        return self.hold_expires_at is not None and self.hold_expires_at <= now


class TakenNight(Taken, frozen=True):
    """The same with whose it is."""

    property_id: UUID
    booking_id: UUID | None


async def require_available(
    reader: Reader,
    bookable: BookableProperty,
    check_in: date,
    check_out: date,
    guests: Guests,
    now: datetime,
) -> None:
    """Whether the stay could be booked now; for quotes, which claim nothing.

    Raises Invalid, PropertyNotBookable, StayNotAllowed or DatesUnavailable.
    """
    require_allowed(bookable, check_in, check_out, guests, now)
    unavailable = await taken(
        reader, bookable.id, check_in, check_out, now, bookable.stay.preparation_days
    )
    if unavailable:
        raise DatesUnavailable(unavailable)


def require_allowed(
    bookable: BookableProperty, check_in: date, check_out: date, guests: Guests, now: datetime
) -> None:
    """Raises Invalid, PropertyNotBookable or StayNotAllowed; does not look at taken nights."""
    rules.require_bounds(check_in, check_out, guests)
    if bookable.status is not PropertyStatus.PUBLISHED:
        raise PropertyNotBookable
    reason = rules.refusal(bookable.stay, check_in, check_out, guests, bookable.nights, now)
    if reason is not None:
        raise StayNotAllowed(reason)


def lapsed_holds(found: Iterable[TakenNight], now: datetime) -> list[UUID]:
    """The bookings whose expired holds are among what stands in the way of a stay, by id.

    Expire them before claiming, bookings first and their nights after: whoever confirms a booking
    locks in that order too.
    """
    return sorted({night.booking_id for night in found if night.booking_id and night.expired(now)})


async def claim(
    session: AsyncSession,
    property_id: UUID,
    booking_id: UUID,
    check_in: date,
    check_out: date,
    preparation_days: int,
    now: datetime,
    hold_expires_at: datetime | None,
    found: Iterable[TakenNight] | None = None,
) -> None:
    """Take the nights for a booking: as a hold until `hold_expires_at`, or for good when None.

    The caller holds the property's lock, has expired the `lapsed_holds` that are in the way, and
    inserts the booking before or after in the same transaction. `found` is what `taken_nights`
    has told it since; None: look. Raises DatesUnavailable.
    """
    if found is None:
        found = await taken_nights(session, [property_id], check_in, check_out, preparation_days)
    unavailable = unavailable_nights(found, check_in, check_out, preparation_days, now)
    if unavailable:
        raise DatesUnavailable(unavailable)
    wanted = rules.nights(check_in, check_out)
    await _insert_nights(session, property_id, booking_id, wanted, hold_expires_at)


async def hold_more(
    session: AsyncSession,
    property_id: UUID,
    booking_id: UUID,
    wanted: Sequence[date],
    preparation_days: int,
    now: datetime,
    hold_expires_at: datetime,
) -> None:
    """Hold more nights for a booking that has some, as `claim` does. Raises DatesUnavailable."""
    missing = await taken_by_others(session, property_id, booking_id, wanted, preparation_days, now)
    if missing:
        raise DatesUnavailable(missing)
    if wanted:
        await _insert_nights(session, property_id, booking_id, wanted, hold_expires_at)


async def taken_by_others(
    reader: Reader,
    property_id: UUID,
    booking_id: UUID,
    wanted: Sequence[date],
    preparation_days: int,
    now: datetime,
) -> list[date]:
    """Those of the nights that a booking cannot have besides its own, in order."""
    if not wanted:
        return []
    start, end = min(wanted), max(wanted) + timedelta(days=1)
    found = await taken_nights(reader, [property_id], start, end, preparation_days)
    others = [night for night in found if night.booking_id != booking_id]
    return sorted(unavailable(others, preparation_days, now) & set(wanted))


async def extend_more(session: AsyncSession, booking_id: UUID, hold_expires_at: datetime) -> None:
    """Give what was held in addition to a booking's own nights another end."""
    await session.execute(
        update(OccupiedNight)
        .where(OccupiedNight.booking_id == booking_id, OccupiedNight.kind == NightKind.HOLD)
        .values(hold_expires_at=hold_expires_at)
    )


async def release_more(session: AsyncSession, booking_id: UUID) -> None:
    """Free what was held in addition to a booking's own nights."""
    await _free(
        session, OccupiedNight.booking_id == booking_id, OccupiedNight.kind == NightKind.HOLD
    )


async def resettle(
    session: AsyncSession, booking_id: UUID, check_in: date, check_out: date
) -> None:
    """Make the nights `[check_in, check_out)`, which it has or holds, the booking's, and no others.

    The booking is locked. RuntimeError if one of them is missing: nobody else can take them.
    """
    mine = OccupiedNight.booking_id == booking_id
    await _free(
        session, mine, ~OccupiedNight.night.between(check_in, check_out - timedelta(days=1))
    )
    if await confirm(session, booking_id) != (check_out - check_in).days:
        raise RuntimeError(f"booking {booking_id} does not have all nights that it is altered to")


async def confirm(session: AsyncSession, booking_id: UUID) -> int:
    """Turn the booking's hold into a booking. Returns how many nights it has now.

    None at all, when the hold has expired and been released: then claim again. A hold that is over
    but still there may be confirmed, nobody has taken it.
    """
    return await _update_nights(session, booking_id, kind=NightKind.BOOKING, hold_expires_at=None)


async def extend(session: AsyncSession, booking_id: UUID, hold_expires_at: datetime | None) -> int:
    """Give the booking's hold another end; None makes it a booking. Returns the nights it has."""
    if hold_expires_at is None:
        return await confirm(session, booking_id)
    return await _update_nights(
        session,
        booking_id,
        kind=NightKind.HOLD,
        hold_expires_at=hold_expires_at,
    )


async def release(session: AsyncSession, booking_id: UUID, first: date = date.min) -> None:
    """Free the booking's nights from `first` on, if it still has any."""
    await _free(session, OccupiedNight.booking_id == booking_id, OccupiedNight.night >= first)


async def _free(session: AsyncSession, *which: ColumnElement[bool]) -> None:
    """Free nights of a booking; those that other sites have stay blocked."""
    freed = await session.execute(
        delete(OccupiedNight)
        .where(*which)
        .returning(OccupiedNight.property_id, OccupiedNight.night)
    )
    nights = freed.all()
    if nights:
        await block_freed(session, nights[0].property_id, [row.night for row in nights])


async def block_released(session: AsyncSession, booking_id: UUID, first: date = date.min) -> None:
    """Take the nights from `first` on from the booking and keep them blocked: its host has
    cancelled."""
    await session.execute(
        update(OccupiedNight)
        .where(OccupiedNight.booking_id == booking_id, OccupiedNight.night >= first)
        .values(kind=NightKind.BLOCK, booking_id=None, hold_expires_at=None)
    )


async def taken(
    reader: Reader,
    property_id: UUID,
    start: date,
    end: date,
    now: datetime,
    preparation_days: int = 0,
) -> list[date]:
    """The nights of `[start, end)` that cannot be had, in order.

    Held (and not expired), booked, blocked or closed, or within `preparation_days` of another
    stay's nights.
    """
    found = await taken_nights(reader, [property_id], start, end, preparation_days)
    return unavailable_nights(found, start, end, preparation_days, now)


async def taken_nights(
    reader: Reader, property_ids: Sequence[UUID], start: date, end: date, reach: int
) -> list[TakenNight]:
    """What stands in the way of stays in `[start, end)`, or within `reach` days beside it.

    Expired holds included. One statement for any number of properties.
    """
    gap = timedelta(days=reach)
    return await _TAKEN.fetch(
        reader,
        properties=property_ids,
        start=start,
        end=end,
        first=start - gap,
        last=end + gap,
    )


def _taken() -> CompoundSelect[Any]:
    occupied = select(
        OccupiedNight.night,
        OccupiedNight.kind,
        OccupiedNight.hold_expires_at,
        OccupiedNight.property_id,
        OccupiedNight.booking_id,
    ).where(
        among(OccupiedNight.property_id, "properties"),
        OccupiedNight.night >= bindparam("first"),
        OccupiedNight.night < bindparam("last"),
    )
    closed = select(CalendarNight.night, null(), null(), CalendarNight.property_id, null()).where(
        among(CalendarNight.property_id, "properties"),
        CalendarNight.night >= bindparam("start"),
        CalendarNight.night < bindparam("end"),
        CalendarNight.closed,
    )
    return union_all(occupied, closed)


_TAKEN = Statement(TakenNight, _taken)


def unavailable_nights(
    found: Iterable[Taken], start: date, end: date, preparation_days: int, now: datetime
) -> list[date]:
    """The nights of `[start, end)` that the found rows of a property make unavailable, in order."""
    nights = unavailable(found, preparation_days, now)
    return sorted(night for night in nights if start <= night < end)


def unavailable(found: Iterable[Taken], preparation_days: int, now: datetime) -> set[date]:
    """The same wherever they lie."""
    # A stay is prepared for, before and after; a block is not a stay.
    around = [timedelta(days=offset) for offset in range(-preparation_days, preparation_days + 1)]
    nights: set[date] = set()
    for taken_night in found:
        if taken_night.hold_expires_at is not None and taken_night.expired(now):
            continue
        if preparation_days and taken_night.kind in STAYS:
            nights.update([taken_night.night + offset for offset in around])
        else:
            nights.add(taken_night.night)
    return nights


async def _insert_nights(
    session: AsyncSession,
    property_id: UUID,
    booking_id: UUID,
    wanted: Sequence[date],
    hold_expires_at: datetime | None,
) -> None:
    """Insert all nights or raise DatesUnavailable: the primary key is the last judge.

    In date order, so that two claims that come here without the property's lock cannot deadlock.
    """
    kind = NightKind.BOOKING if hold_expires_at is None else NightKind.HOLD
    night = func.unnest(literal(wanted, ARRAY(Date))).column_valued("night")
    columns: list[ColumnElement[Any]] = [
        literal(property_id, Uuid),
        night,
        literal(kind.value),
        literal(booking_id, Uuid),
        literal(hold_expires_at, DateTime(timezone=True)),
    ]
    statement = (
        insert(OccupiedNight)
        .from_select(
            ["property_id", "night", "kind", "booking_id", "hold_expires_at"],
            select(*columns).order_by(night),
        )
        .on_conflict_do_nothing()
        .returning(OccupiedNight.night)
    )
    inserted = set((await session.execute(statement)).scalars())
    if len(inserted) < len(wanted):
        raise DatesUnavailable(set(wanted) - inserted)


async def _update_nights(session: AsyncSession, of_booking: UUID, **values: Any) -> int:
    statement = update(OccupiedNight).where(OccupiedNight.booking_id == of_booking).values(**values)
    result = await session.execute(statement)
    return cast(CursorResult[Any], result).rowcount
