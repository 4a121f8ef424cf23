"""The taxes that the platform collects on stays in a property, as its host names them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import structs
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.errors import Invalid
from app.ids import new_id
from app.money import BASIS, Money
from app.properties.rules import MAX_AMOUNT
from app.properties.service import hosted_for_update, write
from app.properties.terms import Tax
from app.text import plain_text
from db.enums import CoHostRight, TaxKind
from db.models import Property, PropertyTax
from db.rows import among, grouped
from db.statements import Reader, Statement

MAX_TAXES = 10
MAX_NIGHTS = 365


class TaxRow(msgspec.Struct, frozen=True):
    """A tax as it is shown."""

    property_id: UUID
    name: str
    rate_basis_points: int | None
    amount_minor: int | None
    max_nights: int | None
    long_stays_exempt: bool
    currency: str

    @property
    def amount_per_guest_night(self) -> Money | None:
        amount = self.amount_minor
        return None if amount is None else Money(amount, self.currency)


async def set_taxes(
    session: AsyncSession,
    actor: Actor,
    property_id: UUID,
    taxes: Sequence[Tax],
    expected_version: int | None,
    now: datetime,
) -> None:
    """Make these the taxes of the caller's own property; bookings that exist keep theirs.

    Raises NotFound, StaleVersion, Invalid.
    """
    await hosted_for_update(session, actor, property_id, CoHostRight.ALL, expected_version)
    wanted = checked(taxes)
    await session.execute(delete(PropertyTax).where(PropertyTax.property_id == property_id))
    # They are named in the order of their ids, and those of one instant have none.
    ids = sorted(new_id() for _ in wanted)
    rows = [
        {"id": key, "property_id": property_id, **structs.asdict(tax)}
        for key, tax in zip(ids, wanted, strict=True)
    ]
    if rows:
        await session.execute(insert(PropertyTax), rows)
    await write(session, property_id, now)


def checked(taxes: Sequence[Tax]) -> list[Tax]:
    """The taxes with their names trimmed. Raises Invalid."""
    if len(taxes) > MAX_TAXES:
        raise Invalid(f"A place has at most {MAX_TAXES} taxes.", field="taxes")
    found: dict[str, Tax] = {}
    for place, tax in enumerate(taxes):
        field = f"taxes.{place}"
        name = plain_text(tax.name, f"{field}.name", 1, 60)
        if name in found:
            raise Invalid("Two taxes have the same name.", field=f"{field}.name")
        highest = {TaxKind.PERCENTAGE: BASIS, TaxKind.PER_GUEST_NIGHT: MAX_AMOUNT}[tax.kind]
        of = "rateBasisPoints" if tax.kind is TaxKind.PERCENTAGE else "amountPerGuestNight"
        value = tax.rate_bp if tax.kind is TaxKind.PERCENTAGE else tax.amount_minor
        if value is None or not 1 <= value <= highest:
            raise Invalid(f"Expected a number between 1 and {highest:,}.", field=f"{field}.{of}")
        if tax.max_nights is not None and not 1 <= tax.max_nights <= MAX_NIGHTS:
            raise Invalid(f"Expected between 1 and {MAX_NIGHTS}.", field=f"{field}.maxNights")
        found[name] = structs.replace(tax, name=name)
    return list(found.values())


async def taxes_of(reader: Reader, property_ids: Sequence[UUID]) -> Mapping[UUID, list[TaxRow]]:
    """Properties' taxes, in their hosts' order, by property."""
    return grouped(await _TAXES.fetch(reader, properties=property_ids), "property_id")


_TAXES: Statement[TaxRow] = Statement(
    TaxRow,
    lambda: (
        select(
            PropertyTax.property_id,
            PropertyTax.name,
            PropertyTax.rate_bp,
            PropertyTax.amount_minor,
            PropertyTax.max_nights,
            PropertyTax.long_stays_exempt,
            Property.currency,
        )
        .join(Property, Property.id == PropertyTax.property_id)
        .where(among(PropertyTax.property_id, "properties"))
        .order_by(PropertyTax.id)
    ),
)
