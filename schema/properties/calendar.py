"""What hosts set in a property's calendar."""

from datetime import date
from typing import Annotated, TypeVar

import strawberry
from msgspec import UNSET as LEFT_OUT
from msgspec import UnsetType
from strawberry import UNSET

from app.availability.edits import CalendarChange, edit_calendar
from db.models.properties import ALL_WEEKDAYS
from schema.context import Info
from schema.enums import Weekday, weekday_bits
from schema.errors import InvalidInputError, NotFoundError, StaleVersionError
from schema.mutations import mutation, union
from schema.properties.inputs import EXPECTED_VERSION
from schema.properties.mutations import PropertySuccess, require_property
from schema.scalars import MinorUnits

T = TypeVar("T")


@strawberry.input(
    description="What to set for some nights. What is left out stays as it is; null is back to the "
    "property's usual price or minimum."
)
class CalendarChangeInput:
    start: date = strawberry.field(
        name="from", description="The first night, in the property's time zone."
    )
    end: date = strawberry.field(
        name="to", description="The date after the last night; at most three years ahead."
    )
    weekdays: list[Weekday] | None = strawberry.field(
        default=None, description="Only nights of these weekdays; null: all."
    )
    price: MinorUnits | None = strawberry.field(
        default=UNSET, description="What such a night costs, in the property's currency."
    )
    min_nights: int | None = strawberry.field(
        default=UNSET, description="How many nights a stay has at least that begins then."
    )
    closed: bool | None = strawberry.field(
        default=UNSET, description="Whether nobody can stay then, whatever else is free."
    )


@strawberry.input(description="Changes to a property's calendar.")
class UpdateCalendarInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED_VERSION)
    changes: list[CalendarChangeInput] = strawberry.field(
        description="In order: of two that set the same of a night, the later wins. Up to 100."
    )


@strawberry.type(description="The calendar is changed; bookings that exist keep their price.")
class UpdateCalendarSuccess(PropertySuccess):
    pass


async def update_calendar(
    info: Info,
    input: Annotated[UpdateCalendarInput, strawberry.argument(description="The changes.")],
) -> UpdateCalendarSuccess:
    context, key = info.context, require_property(input.property_id)
    changes = [_change(each) for each in input.changes]
    await context.runtime.db.run(
        lambda session: edit_calendar(
            session, context.actor, key, changes, input.expected_version, context.now
        )
    )
    return UpdateCalendarSuccess(property_id=key)


def _change(input: CalendarChangeInput) -> CalendarChange:
    return CalendarChange(
        start=input.start,
        end=input.end,
        weekdays=ALL_WEEKDAYS if input.weekdays is None else weekday_bits(input.weekdays),
        price_minor=_given(input.price),
        min_nights=_given(input.min_nights),
        # Null has no meaning of its own here.
        closed=LEFT_OUT if input.closed is None else _given(input.closed),
    )


def _given(value: T) -> T | UnsetType:
    return LEFT_OUT if value is UNSET else value


@strawberry.type
class CalendarMutations:
    update_calendar = mutation(
        update_calendar,
        union(
            "UpdateCalendarResult",
            UpdateCalendarSuccess,
            StaleVersionError,
            NotFoundError,
            InvalidInputError,
        ),
        "Set prices, minimum nights and closed days of a property of the viewer's, for any nights "
        "from today on: all of it or nothing.",
    )
