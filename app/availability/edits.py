"""A host's edits of the calendar: prices, minimum nights and closed days, over ranges of dates."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType, structs
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    SmallInteger,
    TextClause,
    Uuid,
    bindparam,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.availability import rules
from app.errors import Invalid
from app.properties.rules import BOUNDS, MAX_AMOUNT
from app.properties.service import hosted_for_update, write
from db.enums import CoHostRight
from db.models.properties import ALL_WEEKDAYS

MAX_CHANGES = 100
# Further than any booking window reaches.
MAX_DAYS_AHEAD = 3 * 366
SETTINGS = ("price_minor", "min_nights", "closed")


class CalendarChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to set for the nights `[start, end)` that fall on one of `weekdays`.

    What is UNSET stays as it is; None is back to the property's usual price and minimum.
    """

    start: date
    end: date
    # A bit set, bit 0 is Monday.
    weekdays: int = ALL_WEEKDAYS
    # In minor units of the property's currency.
    price_minor: int | UnsetType | None = UNSET
    min_nights: int | UnsetType | None = UNSET
    closed: bool | UnsetType = UNSET


class NightEdit(msgspec.Struct, frozen=True, kw_only=True):
    """What all changes together say about one night."""

    night: date
    price_minor: int | UnsetType | None = UNSET
    min_nights: int | UnsetType | None = UNSET
    closed: bool | UnsetType = UNSET


def merged(changes: Sequence[CalendarChange], today: date) -> list[NightEdit]:
    """The nights that the changes touch, in date order; of two that set the same, the later wins.

    Nights before `today`, the property's own, are left out: what is past is past. Raises Invalid.
    """
    if not 1 <= len(changes) <= MAX_CHANGES:
        raise Invalid(f"Expected between 1 and {MAX_CHANGES} changes.", field="changes")
    edits: dict[date, NightEdit] = {}
    for place, change in enumerate(changes):
        _check(change, f"changes.{place}", today)
        given = {name: value for name in SETTINGS if (value := getattr(change, name)) is not UNSET}
        for night in rules.nights(max(change.start, today), change.end):
            if rules.on_weekday(change.weekdays, night):
                before = edits.get(night) or NightEdit(night=night)
                edits[night] = structs.replace(before, **given)
    return [edits[night] for night in sorted(edits)]


async def edit_calendar(
    session: AsyncSession,
    actor: Actor,
    property_id: UUID,
    changes: Sequence[CalendarChange],
    expected_version: int | None,
    now: datetime,
) -> None:
    """Change the calendar of a property that the caller hosts; bookings keep their price.

    All of it is one MERGE, however many nights it touches, while the property's lock keeps
    bookings and other edits waiting. Raises NotFound, StaleVersion, Invalid.
    """
    own = await hosted_for_update(
        session, actor, property_id, CoHostRight.CALENDAR, expected_version
    )
    edits = merged(changes, rules.local_today(now, own["timezone"] or "UTC"))
    if edits:
        await session.execute(MERGE, {"property_id": property_id, **_arrays(edits)})
    await write(session, property_id, now)


def _check(change: CalendarChange, field: str, today: date) -> None:
    if change.end <= change.start:
        raise Invalid("The range must end after it begins.", field=f"{field}.to")
    if change.end > today + timedelta(days=MAX_DAYS_AHEAD):
        raise Invalid("Expected dates within the next three years.", field=f"{field}.to")
    if (change.end - change.start).days > MAX_DAYS_AHEAD:
        raise Invalid("The range is too long.", field=f"{field}.from")
    if not 1 <= change.weekdays <= ALL_WEEKDAYS:
        raise Invalid("Expected at least one weekday.", field=f"{field}.weekdays")
    if all(getattr(change, name) is UNSET for name in SETTINGS):
        raise Invalid("Expected something to change.", field=field)
    low, high = BOUNDS["min_nights"]
    for name, value, lowest, highest in (
        ("price", change.price_minor, 1, MAX_AMOUNT),
        ("minNights", change.min_nights, low, high),
    ):
        if isinstance(value, int) and not lowest <= value <= highest:
            raise Invalid(
                f"Expected a number between {lowest:,.0f} and {highest:,.0f}.",
                field=f"{field}.{name}",
            )


def _arrays(edits: Iterable[NightEdit]) -> dict[str, list[Any]]:
    """The edits by column; whether a column is set at all stands beside its value."""
    columns: dict[str, list[Any]] = {"nights": []}
    for name in SETTINGS:
        columns |= {name: [], f"sets_{name}": []}
    for edit in edits:
        columns["nights"].append(edit.night)
        for name in SETTINGS:
            value = getattr(edit, name)
            columns[name].append(None if value is UNSET else value)
            columns[f"sets_{name}"].append(value is not UNSET)
    return columns


def _merge() -> TextClause:
    """Sets what is set; a night about which nothing is left to say loses its row."""
    price, minimum, closed = (
        f"CASE WHEN edit.sets_{name} THEN edit.{name} ELSE was.{name} END" for name in SETTINGS
    )
    statement = text(
        f"""
        MERGE INTO calendar_nights AS was
        USING unnest(
            :nights, :price_minor, :sets_price_minor, :min_nights, :sets_min_nights,
            :closed, :sets_closed
        ) AS edit(
            night, price_minor, sets_price_minor, min_nights, sets_min_nights, closed, sets_closed
        )
        ON was.property_id = :property_id AND was.night = edit.night
        WHEN MATCHED AND {price} IS NULL AND {minimum} IS NULL AND NOT {closed} THEN DELETE
        WHEN MATCHED THEN UPDATE SET
            price_minor = {price}, min_nights = {minimum}, closed = {closed}
        WHEN NOT MATCHED
            AND (edit.price_minor IS NOT NULL OR edit.min_nights IS NOT NULL OR edit.closed)
        THEN INSERT (property_id, night, price_minor, min_nights, closed)
            VALUES (
                :property_id, edit.night, edit.price_minor, edit.min_nights,
                coalesce(edit.closed, false)
            )
        """  # noqa: S608 - of nothing but the names above
    )
    flags = [bindparam(f"sets_{name}", type_=ARRAY(Boolean)) for name in SETTINGS]
    return statement.bindparams(
        bindparam("property_id", type_=Uuid),
        bindparam("nights", type_=ARRAY(Date)),
        bindparam("price_minor", type_=ARRAY(BigInteger)),
        bindparam("min_nights", type_=ARRAY(SmallInteger)),
        bindparam("closed", type_=ARRAY(Boolean)),
        *flags,
    )


MERGE = _merge()
