"""Codes that make stays cheaper: made, shown and ended by who pays for them."""

import asyncio
from collections.abc import Awaitable
from datetime import date, datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry

from app.errors import Invalid, NotFound
from app.identity.policy import is_own
from app.promotions import queries, service
from app.promotions.queries import PromotionRow
from app.promotions.rules import Offer
from app.properties.queries import PropertyRow
from db.enums import StaffActionKind
from schema import ids
from schema.context import Context, Info
from schema.errors import HostRequiredError, InvalidInputError, NotFoundError
from schema.money import Money, MoneyInput
from schema.mutations import mutation, union
from schema.node import Node, shows
from schema.paging import (
    DEFAULT_PAGE,
    After,
    Connection,
    Edge,
    First,
    Page,
    connect,
    decode_cursor,
    encode_cursor,
    require_first,
)
from schema.properties.access import visible_property
from schema.properties.types import Property

Parent: TypeAlias = strawberry.Parent[PromotionRow]

ABOUT = {
    "code": "4 to 32 letters, digits and dashes; small letters are the same as capitals.",
    "percent": "So much of the price without service fee and taxes.",
    "amount": "So much of the price; then only for places that let in this currency.",
    "min_amount": "Only for stays that cost as much, without service fee and taxes.",
    "min_nights": "Only for stays of so many nights or more.",
    "max_uses": "How often it can be used in all; null: without end. A booking that is not "
    "confirmed gives its use back.",
    "max_uses_per_guest": "How often each guest can use it; null: without end.",
    "stays_from": "Only for stays whose nights are all on this date or later.",
    "stays_to": "Only for stays whose nights are all before this date.",
    "bookings_from": "It can be used from this date on, in the place's time zone.",
    "bookings_to": "It can be used before this date.",
}


async def properties_of(row: Parent, info: Info) -> list[PropertyRow] | None:
    if row.property_ids is None:
        return None
    found = await asyncio.gather(*(visible_property(info.context, key) for key in row.property_ids))
    return [each for each in found if each is not None]


@strawberry.type(
    description="A code that makes stays cheaper, at the cost of a host or of the platform. At "
    "most nine tenths of the price without service fee and taxes."
)
class Promotion(Node):
    is_type_of = shows(PromotionRow)

    code: str = strawberry.field(description="What guests type.")
    is_platforms: bool = strawberry.field(
        description="Whether the platform pays for it; otherwise the host does."
    )
    percent: int | None = strawberry.field(description=ABOUT["percent"])
    amount: Money | None = strawberry.field(description=ABOUT["amount"])
    properties = strawberry.field(
        resolver=properties_of,
        graphql_type=list[Property] | None,
        description="Where it can be used; null: in all places of who pays for it, or in all.",
    )
    min_amount: Money | None = strawberry.field(description=ABOUT["min_amount"])
    min_nights: int | None = strawberry.field(description=ABOUT["min_nights"])
    max_uses: int | None = strawberry.field(description=ABOUT["max_uses"])
    max_uses_per_guest: int | None = strawberry.field(description=ABOUT["max_uses_per_guest"])
    stays_from: date | None = strawberry.field(description=ABOUT["stays_from"])
    stays_to: date | None = strawberry.field(description=ABOUT["stays_to"])
    bookings_from: date | None = strawberry.field(description=ABOUT["bookings_from"])
    bookings_to: date | None = strawberry.field(description=ABOUT["bookings_to"])
    uses: int = strawberry.field(
        description="How many bookings have used it that are pending or have been confirmed."
    )
    ended_at: datetime | None = strawberry.field(description="When it was ended.")
    created_at: datetime = strawberry.field(description="When it was made.")


@strawberry.type(description="A code in its place in a list.")
class PromotionEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: Promotion = strawberry.field(description="The code.")


@strawberry.type(description="One page of a list of codes.")
class PromotionConnection(Page):
    edges: list[PromotionEdge] = strawberry.field(description="The codes, newest first.")


async def visible_promotion(context: Context, key: UUID) -> PromotionRow | None:
    """The code, if it is the viewer's own, or they are an admin."""
    row = await context.loaders.promotions.load(key)
    if row is None or (row.host_id is not None and is_own(row.host_id, context.actor)):
        return row
    looked = await context.look(StaffActionKind.PROMOTIONS_READ, row.host_id, object_id=key)
    return row if looked else None


async def staff_promotions(
    info: Info, first: First = DEFAULT_PAGE, after: After = None
) -> Connection[PromotionRow] | None:
    context, db = info.context, info.context.runtime.db
    size, start = require_first(first), None if after is None else decode_cursor(after)
    if not await context.look(StaffActionKind.PROMOTIONS_READ, None):
        return None
    found = await queries.platforms(db, size + 1, start)
    return connect(
        [Edge(encode_cursor(row.id), row) for row in found[:size]],
        has_next=len(found) > size,
        after=after,
        count=lambda: queries.count_platforms(db),
    )


staff_promotions_field = strawberry.field(
    resolver=staff_promotions,
    graphql_type=PromotionConnection | None,
    description="The platform's own codes. Null unless the viewer is an admin.",
)


@strawberry.input(
    description="A code to make, with either `percent` or `amount`. What is left out is no limit."
)
class PromotionInput:
    code: str = strawberry.field(description=ABOUT["code"])
    percent: int | None = strawberry.field(default=None, description=f"{ABOUT['percent']} 1 to 90.")
    amount: MoneyInput | None = strawberry.field(default=None, description=ABOUT["amount"])
    property_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Only for these places, up to 50; null: for all."
    )
    min_amount: MoneyInput | None = strawberry.field(default=None, description=ABOUT["min_amount"])
    min_nights: int | None = strawberry.field(default=None, description=ABOUT["min_nights"])
    max_uses: int | None = strawberry.field(default=None, description=ABOUT["max_uses"])
    max_uses_per_guest: int | None = strawberry.field(
        default=1, description=ABOUT["max_uses_per_guest"]
    )
    stays_from: date | None = strawberry.field(default=None, description=ABOUT["stays_from"])
    stays_to: date | None = strawberry.field(default=None, description=ABOUT["stays_to"])
    bookings_from: date | None = strawberry.field(default=None, description=ABOUT["bookings_from"])
    bookings_to: date | None = strawberry.field(default=None, description=ABOUT["bookings_to"])

    def offer(self) -> Offer:
        """What the promotions feature wants. Raises Invalid for a wrong id or two currencies."""
        sums = [each for each in (self.amount, self.min_amount) if each is not None]
        if len({each.currency for each in sums}) > 1:
            raise Invalid("Expected amounts of one currency.", field="minAmount")
        places = self.property_ids
        return Offer(
            code=self.code,
            rate_bp=None if self.percent is None else self.percent * 100,
            amount_minor=None if self.amount is None else self.amount.amount,
            currency=sums[0].currency if sums else None,
            property_ids=None
            if places is None
            else tuple(ids.require_key("Property", each, "propertyIds") for each in places),
            max_uses=self.max_uses,
            max_uses_per_guest=self.max_uses_per_guest,
            min_nights=self.min_nights,
            min_amount_minor=None if self.min_amount is None else self.min_amount.amount,
            stays_from=self.stays_from,
            stays_to=self.stays_to,
            bookings_from=self.bookings_from,
            bookings_to=self.bookings_to,
        )


@strawberry.input(description="A code of the platform's to make.")
class StaffCreatePromotionInput:
    promotion: PromotionInput = strawberry.field(description="The code.")
    reason: str = strawberry.field(description="Why: 1 to 1,000 characters, for the trail.")


@strawberry.input(description="A code to end.")
class EndPromotionInput:
    promotion_id: strawberry.ID = strawberry.field(description="Which code.")


@strawberry.input(description="A code of the platform's to end.")
class StaffEndPromotionInput:
    promotion_id: strawberry.ID = strawberry.field(description="Which code.")
    reason: str = strawberry.field(description="Why: 1 to 1,000 characters, for the trail.")


@strawberry.type
class PromotionDone:
    promotion_id: strawberry.Private[UUID]


def promotion_of(
    done: strawberry.Parent[PromotionDone], info: Info
) -> Awaitable[PromotionRow | None]:
    return info.context.loaders.promotions.load(done.promotion_id)


@strawberry.type(description="Guests can use the code.")
class CreatePromotionSuccess(PromotionDone):
    promotion = strawberry.field(
        resolver=promotion_of, graphql_type=Promotion, description="The code."
    )


@strawberry.type(
    description="Nobody can use the code any more; bookings that were made with it keep their "
    "price."
)
class EndPromotionSuccess(PromotionDone):
    promotion = strawberry.field(
        resolver=promotion_of, graphql_type=Promotion, description="The code."
    )


async def create_promotion(
    info: Info,
    input: Annotated[PromotionInput, strawberry.argument(description="The code.")],
) -> CreatePromotionSuccess:
    context, offer = info.context, input.offer()
    key = await context.runtime.db.run(
        lambda session: service.create(session, context.actor, offer, context.now)
    )
    return CreatePromotionSuccess(promotion_id=key)


async def staff_create_promotion(
    info: Info,
    input: Annotated[StaffCreatePromotionInput, strawberry.argument(description="The code.")],
) -> CreatePromotionSuccess:
    context, offer = info.context, input.promotion.offer()
    key = await context.runtime.db.run(
        lambda session: service.create_for_platform(
            session, context.actor, offer, input.reason, context.now
        )
    )
    return CreatePromotionSuccess(promotion_id=key)


async def end_promotion(
    info: Info,
    input: Annotated[EndPromotionInput, strawberry.argument(description="Which code.")],
) -> EndPromotionSuccess:
    context, key = info.context, _key(input.promotion_id)
    await context.runtime.db.run(
        lambda session: service.end(session, context.actor, key, context.now)
    )
    return EndPromotionSuccess(promotion_id=key)


async def staff_end_promotion(
    info: Info,
    input: Annotated[StaffEndPromotionInput, strawberry.argument(description="Which code.")],
) -> EndPromotionSuccess:
    context, key = info.context, _key(input.promotion_id)
    await context.runtime.db.run(
        lambda session: service.end_for_platform(
            session, context.actor, key, input.reason, context.now
        )
    )
    return EndPromotionSuccess(promotion_id=key)


def _key(text: str) -> UUID:
    key = ids.key_of("Promotion", text)
    if key is None:
        raise NotFound("There is no such code.")
    return key


Created: TypeAlias = union(  # type: ignore[valid-type]
    "CreatePromotionResult",
    CreatePromotionSuccess,
    HostRequiredError,
    NotFoundError,
    InvalidInputError,
)
Ended: TypeAlias = union(  # type: ignore[valid-type]
    "EndPromotionResult", EndPromotionSuccess, NotFoundError, InvalidInputError
)


@strawberry.type
class PromotionMutations:
    create_promotion = mutation(
        create_promotion,
        Created,
        "Make a code that takes something off stays in the viewer's places, at their cost.",
    )
    end_promotion = mutation(
        end_promotion, Ended, "Let nobody use a code of the viewer's any more."
    )
    staff_create_promotion = mutation(
        staff_create_promotion,
        Created,
        "Make a code for anybody's places, at the platform's cost. Only for admins.",
    )
    staff_end_promotion = mutation(
        staff_end_promotion,
        Ended,
        "Let nobody use a code of the platform's any more. Only for admins.",
    )
