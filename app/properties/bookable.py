"""Reading what a booking or a quote needs of properties."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ScalarSelect, Select, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute

from app import clock
from app.properties.rules import status_now
from app.properties.terms import (
    BookableProperty,
    Fees,
    NightTerms,
    PricedProperty,
    StayTerms,
    Tax,
    Terms,
)
from db.enums import CancellationPolicy
from db.models import CalendarNight, Property, PropertyTax
from db.rows import among
from db.statements import Reader, Statement, as_json

# The columns that bear the names of the terms' fields.
STAY_FIELDS = StayTerms.__struct_fields__
PRICE_FIELDS = tuple(
    name for name in Terms.__struct_fields__ if name not in ("taxes", *Fees.__struct_fields__)
)

# Of a draft, the place and the price may be missing.
CAN_BE_PRICED = (Property.timezone.is_not(None), Property.base_price_minor.is_not(None))


async def load_bookable(
    reader: Reader, property_ids: Sequence[UUID], check_in: date, check_out: date, fees: Fees
) -> dict[UUID, BookableProperty]:
    """Properties with the host's settings for the nights `[check_in, check_out)`.

    One statement for any number of properties; left out are ids that do not exist, and drafts
    that say not yet where they are, or for how much.
    """
    found = await _BOOKABLE.fetch(
        reader, properties=property_ids, check_in=check_in, check_out=check_out
    )
    return {values[0]: _bookable(fees, *values) for values in found}


async def load_priced(
    reader: Reader, property_ids: Sequence[UUID], check_in: date, check_out: date, fees: Fees
) -> dict[UUID, PricedProperty]:
    """What prices depend on, and no more; otherwise as `load_bookable`."""
    found = await _PRICED.fetch(
        reader, properties=property_ids, check_in=check_in, check_out=check_out
    )
    return {
        property_id: PricedProperty(
            _price(fees, taxes, price), timezone, {night.night: night for night in nights or ()}
        )
        for property_id, timezone, taxes, nights, *price in found
    }


def _price(fees: Fees, taxes: tuple[Tax, ...] | None, values: Sequence[Any]) -> Terms:
    return Terms(
        **dict(zip(PRICE_FIELDS, values, strict=True)),
        taxes=taxes or (),
        guest_fee_bp=fees.guest_fee_bp,
        host_fee_bp=fees.host_fee_bp,
    )


def _bookable(
    fees: Fees,
    property_id: UUID,
    host_id: UUID,
    status: str,
    snoozed_until: date | None,
    instant_book: bool,
    cancellation_policy: str,
    taxes: tuple[Tax, ...] | None,
    nights: tuple[NightTerms, ...] | None,
    now: datetime,
    *terms: Any,
) -> BookableProperty:
    stay, price = terms[: len(STAY_FIELDS)], terms[len(STAY_FIELDS) :]
    # The database's clock is the same for all processes; a test's frozen clock goes first.
    now = clock.frozen() or now
    stay_terms = StayTerms(**dict(zip(STAY_FIELDS, stay, strict=True)))
    return BookableProperty(
        id=property_id,
        host_id=host_id,
        status=status_now(status, snoozed_until, stay_terms.timezone, now),
        instant_book=instant_book,
        cancellation_policy=CancellationPolicy(cancellation_policy),
        price=_price(fees, taxes, price),
        stay=stay_terms,
        nights={night.night: night for night in nights or ()},
        now=now,
    )


def _select() -> Select[Any]:
    return select(
        Property.id,
        Property.host_id,
        Property.status,
        Property.snoozed_until,
        Property.instant_book,
        Property.cancellation_policy,
        as_json(_taxes(), tuple[Tax, ...]),
        as_json(night_terms(), tuple[NightTerms, ...]),
        func.clock_timestamp(),
        *(getattr(Property, name) for name in (*STAY_FIELDS, *PRICE_FIELDS)),
    ).where(among(Property.id, "properties"), *CAN_BE_PRICED)


def _select_priced() -> Select[Any]:
    return select(
        Property.id,
        Property.timezone,
        as_json(_taxes(), tuple[Tax, ...]),
        as_json(night_terms(), tuple[NightTerms, ...]),
        *(getattr(Property, name) for name in PRICE_FIELDS),
    ).where(among(Property.id, "properties"), *CAN_BE_PRICED)


def _taxes() -> ScalarSelect[Any]:
    return (
        select(_json_array(Tax, PropertyTax, order_by=PropertyTax.id))
        .where(PropertyTax.property_id == Property.id)
        .scalar_subquery()
    )


def night_terms(of: Any = Property) -> ScalarSelect[Any]:
    """The host's settings for a property's nights `[check_in, check_out)`, as JSON of NightTerms.

    Null when there are none.
    """
    return (
        select(_json_array(NightTerms, CalendarNight, order_by=CalendarNight.night))
        .where(
            CalendarNight.property_id == of.id,
            CalendarNight.night >= bindparam("check_in"),
            CalendarNight.night < bindparam("check_out"),
        )
        .correlate(of)
        .scalar_subquery()
    )


def _json_array(
    kind: type[msgspec.Struct], table: Any, order_by: InstrumentedAttribute[Any]
) -> Any:
    """Rows as a JSON array of objects that `kind` can be decoded from."""
    pairs = [part for name in kind.__struct_fields__ for part in (name, getattr(table, name))]
    return func.jsonb_agg(aggregate_order_by(func.jsonb_build_object(*pairs), order_by))


_BOOKABLE: Statement[tuple[Any, ...]] = Statement(lambda *values: values, _select)
_PRICED: Statement[tuple[Any, ...]] = Statement(lambda *values: values, _select_priced)
