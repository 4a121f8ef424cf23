"""Alterations as a booking's two sides see them, and what one would cost."""

from collections.abc import Awaitable
from datetime import date, datetime
from typing import Annotated, TypeAlias

import msgspec
import strawberry

from app.bookings import policy
from app.bookings.alterations import pricing, rules
from app.bookings.alterations.queries import AlterationRow
from app.bookings.alterations.rules import Altered, Change
from app.bookings.errors import AlterationNotAllowed, BookingNotFound, Obstacle
from app.bookings.options import BookingAction
from app.bookings.queries import BookingRow
from app.bookings.service import party
from app.money import Money as Amount
from app.payments.queries import PaymentRow
from app.pricing.rules import Guests as Count
from db.enums import BookingActor, BookingStatus
from schema.bookings.access import rights
from schema.context import Info
from schema.enums import AlterationStatus
from schema.enums import BookingActor as Actor
from schema.errors import (
    AlterationNotAllowedError,
    Answers,
    DatesUnavailableError,
    InvalidInputError,
    PropertyNotBookableError,
    StayNotAllowedError,
)
from schema.guests import Guests, GuestsInput
from schema.money import LineItem, LineRow, Money, lines
from schema.node import Node, shows
from schema.payments import Payment
from schema.quotes import Quote, QuoteRow
from schema.reading import reads

Parent: TypeAlias = strawberry.Parent[AlterationRow]
Whole: TypeAlias = Annotated["Booking", strawberry.lazy("schema.bookings.types")]  # type: ignore[name-defined]  # noqa: F821


class PreviousRow(msgspec.Struct, frozen=True):
    """What a booking was before an alteration."""

    check_in: date
    check_out: date
    guests: Count
    total_price: Amount


@strawberry.type(description="What a booking was when an alteration of it was proposed.")
class AlterationPrevious:
    check_in: date = strawberry.field(description="The first night's date.")
    check_out: date = strawberry.field(description="The date of leaving.")
    guests: Guests = strawberry.field(description="Who was to come.")
    total_price: Money = strawberry.field(description="What the guest had to pay.")


def booking_of(alteration: Parent, info: Info) -> Awaitable[BookingRow | None]:
    return info.context.loaders.bookings.load(alteration.booking_id)


@reads("previous", "currency")
def previous_of(alteration: Parent) -> PreviousRow:
    before = alteration.previous
    total = Amount(before.total_minor, alteration.currency)
    return PreviousRow(before.check_in, before.check_out, before.guests, total)


@reads("line_items", "currency")
def lines_of(alteration: Parent) -> list[LineRow]:
    return lines(alteration.line_items, alteration.currency)


async def host_payout_difference(alteration: Parent, info: Info) -> Amount | None:
    # Not for co-hosts: what the host earns is the host's own.
    booking = await info.context.loaders.bookings.load(alteration.booking_id)
    if booking is None or policy.side(booking, info.context.actor) is not BookingActor.HOST:
        return None
    return Amount(alteration.host_difference_minor, alteration.currency)


def payment_of(alteration: Parent, info: Info) -> Awaitable[PaymentRow | None]:
    return info.context.loaders.payment_of_alteration.load(alteration.id)


@strawberry.type(
    description="Other dates or guests for a confirmed booking, proposed by one side to the other. "
    "The booking stays as it is until both agree and the difference is settled."
)
class BookingAlteration(Node):
    is_type_of = shows(AlterationRow)

    booking = strawberry.field(
        resolver=booking_of, graphql_type=Whole, description="What is to be altered."
    )
    status: AlterationStatus = strawberry.field(description="Where it is in its life.")
    proposed_by: Actor = strawberry.field(description="Which side wants it.")
    message: str = strawberry.field(description="Why, in their words.")
    check_in: date = strawberry.field(description="The first night's date, as it would be.")
    check_out: date = strawberry.field(description="The date of leaving, as it would be.")
    nights: int = strawberry.field(description="How many nights it would have.")
    guests: Guests = strawberry.field(description="Who would come.")
    previous = strawberry.field(
        resolver=previous_of,
        graphql_type=AlterationPrevious,
        description="What the booking was when it was proposed.",
    )
    line_items = strawberry.field(
        resolver=lines_of,
        graphql_type=list[LineItem],
        description="What the new total would consist of.",
    )
    total_price: Money = strawberry.field(
        description="What the whole stay would cost: the `expectedTotal` of `acceptAlteration`. "
        "It holds until the alteration expires."
    )
    difference: Money = strawberry.field(
        description="What the guest pays more; negative: gets back."
    )
    host_payout_difference = strawberry.field(
        resolver=host_payout_difference,
        graphql_type=Money | None,
        description="What the host gets more; negative: less. Only for the host alone.",
    )
    payment = strawberry.field(
        resolver=payment_of,
        graphql_type=Payment | None,
        description="The last attempt to pay what it costs more: authorised when a guest proposes "
        "it, or paid once both agree. Null while there is nothing to pay.",
    )
    expires_at: datetime = strawberry.field(
        description="Until when it can be answered or paid. Its nights are held meanwhile."
    )
    created_at: datetime = strawberry.field(description="When it was proposed.")
    settled_at: datetime | None = strawberry.field(
        description="When it was over, in whatever way; null while it is not."
    )


class PreviewRow(msgspec.Struct, frozen=True):
    """What an alteration would cost."""

    quote: QuoteRow
    difference: Amount
    host_payout_difference: Amount | None


@strawberry.type(description="What an alteration would cost. It holds nothing.")
class AlterationPreview:
    is_type_of = shows(PreviewRow)

    quote: Quote = strawberry.field(
        description="The whole stay as it would be. Its total is the `expectedTotal` of "
        "`proposeAlteration`."
    )
    difference: Money = strawberry.field(
        description="What the guest would pay more; negative: would get back."
    )
    host_payout_difference: Money | None = strawberry.field(
        description="What the host would get more; negative: less. Only for the host alone."
    )


async def alteration_preview(
    booking: strawberry.Parent[BookingRow],
    info: Info,
    check_in: Annotated[
        date | None, strawberry.argument(description="The first night's date; null: as it is.")
    ] = None,
    check_out: Annotated[
        date | None, strawberry.argument(description="The date of leaving; null: as it is.")
    ] = None,
    guests: Annotated[
        GuestsInput | None, strawberry.argument(description="Who would come; null: as it is.")
    ] = None,
) -> PreviewRow:
    context = info.context
    by = await _side(booking, info)
    live = await context.loaders.live_alteration_of.load(booking.id)
    action = BookingAction.PROPOSE_ALTERATION
    why_not = rules.obstacle(booking, live, action, by, context.now)
    if why_not is not None:
        raise AlterationNotAllowed(BookingStatus(booking.status), why_not)
    change = Change(
        check_in=check_in, check_out=check_out, guests=None if guests is None else guests.value()
    )
    db = context.runtime.db
    found = await pricing.preview(db, booking.id, booking.property_id, change, context.now)
    return _preview(booking, found, is_host=policy.side(booking, context.actor) == "HOST")


def _preview(booking: BookingRow, found: Altered, *, is_host: bool) -> PreviewRow:
    host = Amount(found.difference.host_minor, booking.currency)
    return PreviewRow(
        QuoteRow(booking.property_id, found.quote),
        Amount(found.difference.total_minor, booking.currency),
        host if is_host else None,
    )


async def _side(booking: BookingRow, info: Info) -> BookingActor:
    """As what the viewer may propose something. Raises AlterationNotAllowed for staff."""
    try:
        return party(booking, info.context.actor, await rights(info.context, booking))
    except BookingNotFound as error:
        status = BookingStatus(booking.status)
        raise AlterationNotAllowed(status, Obstacle.OTHER_SIDE) from error


AlterationPreviewResult: TypeAlias = Annotated[
    AlterationPreview
    | DatesUnavailableError
    | StayNotAllowedError
    | PropertyNotBookableError
    | AlterationNotAllowedError
    | InvalidInputError,
    strawberry.union(
        "AlterationPreviewResult", description="What an alteration costs, or why there is none."
    ),
]

alteration_preview_field = strawberry.field(
    resolver=alteration_preview,
    graphql_type=AlterationPreviewResult,
    extensions=[Answers()],
    description="What other dates or guests would cost, before they are proposed.",
)
