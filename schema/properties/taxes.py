"""The taxes on stays in a property: shown, and set by its host."""

from typing import Annotated

import strawberry

from app.errors import Invalid
from app.properties import taxes as taxing
from app.properties.terms import Tax
from db.enums import TaxKind
from schema.context import Info
from schema.errors import InvalidInputError, NotFoundError, StaleVersionError
from schema.money import Money
from schema.mutations import mutation, union
from schema.properties.inputs import EXPECTED_VERSION
from schema.properties.mutations import PropertySuccess, require_property
from schema.scalars import MinorUnits

RATE = "Of the price without the service fee, in hundredths of a percent: 613 is 6.13 %"
MAX_NIGHTS = "Only the first so many nights of a stay are taxed; null: all."
LONG_STAYS = "Whether stays of 28 nights and more are not taxed."


@strawberry.type(
    description="A tax that the platform collects on stays: a rate, or an amount per guest and "
    "night."
)
class PropertyTax:
    name: str = strawberry.field(description="What it is called.")
    rate_basis_points: int | None = strawberry.field(description=f"{RATE}.")
    amount_per_guest_night: Money | None = strawberry.field(
        description="For each adult and child, and each night."
    )
    max_nights: int | None = strawberry.field(description=MAX_NIGHTS)
    long_stays_exempt: bool = strawberry.field(description=LONG_STAYS)


@strawberry.input(
    description="A tax: either `rateBasisPoints` or `amountPerGuestNight`, and not both."
)
class PropertyTaxInput:
    name: str = strawberry.field(description="What it is called, up to 60 characters.")
    rate_basis_points: int | None = strawberry.field(
        default=None, description=f"{RATE}; 1 to 10000."
    )
    amount_per_guest_night: MinorUnits | None = strawberry.field(
        default=None,
        description="For each adult and child and each night, in the property's currency.",
    )
    max_nights: int | None = strawberry.field(default=None, description=MAX_NIGHTS)
    long_stays_exempt: bool = strawberry.field(default=False, description=LONG_STAYS)


@strawberry.input(description="The taxes on stays in a property.")
class SetPropertyTaxesInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED_VERSION)
    taxes: list[PropertyTaxInput] = strawberry.field(
        description="All of them, up to 10, in order; those that it had before are gone."
    )


@strawberry.type(description="The property has these taxes; bookings that exist keep theirs.")
class SetPropertyTaxesSuccess(PropertySuccess):
    pass


async def set_property_taxes(
    info: Info,
    input: Annotated[SetPropertyTaxesInput, strawberry.argument(description="The taxes.")],
) -> SetPropertyTaxesSuccess:
    context, key = info.context, require_property(input.property_id)
    taxes = [_tax(each, place) for place, each in enumerate(input.taxes)]
    await context.runtime.db.run(
        lambda session: taxing.set_taxes(
            session, context.actor, key, taxes, input.expected_version, context.now
        )
    )
    return SetPropertyTaxesSuccess(property_id=key)


def _tax(input: PropertyTaxInput, place: int) -> Tax:
    if (input.rate_basis_points is None) == (input.amount_per_guest_night is None):
        raise Invalid("Expected a rate or an amount.", field=f"taxes.{place}")
    has_rate = input.rate_basis_points is not None
    return Tax(
        name=input.name,
        kind=TaxKind.PERCENTAGE if has_rate else TaxKind.PER_GUEST_NIGHT,
        rate_bp=input.rate_basis_points,
        amount_minor=input.amount_per_guest_night,
        max_nights=input.max_nights,
        long_stays_exempt=input.long_stays_exempt,
    )


@strawberry.type
class TaxMutations:
    set_property_taxes = mutation(
        set_property_taxes,
        union(
            "SetPropertyTaxesResult",
            SetPropertyTaxesSuccess,
            StaleVersionError,
            NotFoundError,
            InvalidInputError,
        ),
        "Say which taxes are collected on stays in a property of the viewer's.",
    )
