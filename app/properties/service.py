"""Properties: a host's edits, and what a booking or quote needs of them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, ScalarSelect, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app import clock
from app.properties.errors import PropertyNotBookable
from app.properties.terms import BookableProperty, Fees, NightTerms, StayTerms, Tax, Terms
from db.enums import CancellationPolicy, PropertyStatus
from db.models import CalendarNight, Property, PropertyTax

__all__ = ["BookableProperty", "Fees", "load_bookable", "lock_for_booking"]

Connection: TypeAlias = AsyncSession | AsyncConnection

# The columns that bear the names of the terms' fields.
STAY_FIELDS = StayTerms.__struct_fields__
PRICE_FIELDS = tuple(set(Terms.__struct_fields__) - {"taxes", *Fees.__struct_fields__})
TERM_COLUMNS = [getattr(Property, name) for name in (*STAY_FIELDS, *sorted(PRICE_FIELDS))]


async def lock_for_booking(
    session: AsyncSession, property_id: UUID, check_in: date, check_out: date, fees: Fees
) -> BookableProperty:
    """The property and the host's settings for those nights, locked until the transaction ends.

    Bookings of one property queue up here. Two statements: the second sees what was committed, and
    how late it has become, while the first waited. Raises PropertyNotBookable when there is no
    such property; the status is the caller's to look at (availability.service.require_allowed).
    """
    lock = select(Property.id).where(Property.id == property_id).with_for_update(key_share=True)
    if (await session.execute(lock)).first() is None:
        raise PropertyNotBookable
    found = await load_bookable(session, [property_id], check_in, check_out, fees)
    return found[property_id]


async def load_bookable(
    connection: Connection,
    property_ids: Sequence[UUID],
    check_in: date,
    check_out: date,
    fees: Fees,
) -> dict[UUID, BookableProperty]:
    """Properties with the host's settings for the nights `[check_in, check_out)`.

    One statement for any number of properties; ids that do not exist are left out.
    """
    statement = select(
        Property.id,
        Property.host_id,
        Property.status,
        Property.instant_book,
        Property.cancellation_policy,
        *TERM_COLUMNS,
        _taxes().label("taxes"),
        _nights(check_in, check_out).label("calendar"),
        func.clock_timestamp().label("now"),
    ).where(Property.id.in_(property_ids))
    rows = (await connection.execute(statement)).mappings()
    return {row["id"]: _bookable(row, fees) for row in rows}


def _bookable(row: RowMapping, fees: Fees) -> BookableProperty:
    nights = msgspec.convert(row["calendar"] or (), tuple[NightTerms, ...])
    return BookableProperty(
        id=row["id"],
        host_id=row["host_id"],
        status=PropertyStatus(row["status"]),
        instant_book=row["instant_book"],
        cancellation_policy=CancellationPolicy(row["cancellation_policy"]),
        price=Terms(
            **{name: row[name] for name in PRICE_FIELDS},
            taxes=msgspec.convert(row["taxes"] or (), tuple[Tax, ...]),
            guest_fee_bp=fees.guest_fee_bp,
            host_fee_bp=fees.host_fee_bp,
        ),
        stay=StayTerms(**{name: row[name] for name in STAY_FIELDS}),
        nights={night.night: night for night in nights},
        now=_now(row["now"]),
    )


def _now(database_now: datetime) -> datetime:
    """The database's clock is the same for all processes; a test's frozen clock goes first."""
    return clock.frozen() or database_now


def _taxes() -> ScalarSelect[Any]:
    return (
        select(_json_array(Tax, PropertyTax, order_by=PropertyTax.id))
        .where(PropertyTax.property_id == Property.id)
        .scalar_subquery()
    )


def _nights(check_in: date, check_out: date) -> ScalarSelect[Any]:
    return (
        select(_json_array(NightTerms, CalendarNight, order_by=CalendarNight.night))
        .where(
            CalendarNight.property_id == Property.id,
            CalendarNight.night >= check_in,
            CalendarNight.night < check_out,
        )
        .scalar_subquery()
    )


def _json_array(
    kind: type[msgspec.Struct], table: Any, order_by: InstrumentedAttribute[Any]
) -> Any:
    """Rows as a JSON array of objects that `kind` can be converted from."""
    pairs = [part for name in kind.__struct_fields__ for part in (name, getattr(table, name))]
    return func.jsonb_agg(aggregate_order_by(func.jsonb_build_object(*pairs), order_by))
