"""Bookings as their guest, their host and the staff see them."""

from collections.abc import Awaitable, Collection, Sequence
from datetime import date, datetime
from typing import Annotated, Protocol, TypeAlias
from uuid import UUID

import msgspec
import strawberry

from app.bookings import cancellation, host_fees, options, policy, service
from app.bookings.alterations import rules as altering
from app.bookings.alterations.queries import ALTERATIONS, AlterationRow
from app.bookings.errors import BookingNotFound
from app.bookings.options import Option
from app.bookings.queries import HISTORY, BookingRow, ChangeRow, bookings
from app.identity.queries import GUEST, HOST, UserRow
from app.money import Money as Amount
from app.payments.queries import PAYMENT, PaymentRow
from app.properties.queries import PROPERTY, PropertyRow
from app.reviews import rules as reviews
from app.reviews.errors import ReviewNotAllowedReason
from app.reviews.queries import REVIEW, ReviewRow
from db.enums import StaffActionKind
from db.shapes import Shape
from schema import ids
from schema.bookings.access import PARTIES, has_part, rights
from schema.bookings.alterations import BookingAlteration, alteration_preview_field
from schema.bookings.host_cancellations import host_cancellation_field
from schema.context import Context, Info
from schema.documents import Document, documents_of
from schema.engine import batched
from schema.enums import (
    AlterationStatus,
    BookingAction,
    BookingActor,
    BookingObstacle,
    BookingStatus,
    CancellationPolicy,
)
from schema.guests import Guests
from schema.money import LineItem, LineRow, Money, lines
from schema.node import Node, shows
from schema.paging import Page
from schema.payments import Payment
from schema.properties.types import Property
from schema.reading import joins, reads, shape
from schema.reviews import Review
from schema.statements import HostBookingStatement, statement_of
from schema.users import User

Parent: TypeAlias = strawberry.Parent[BookingRow]

REVIEW_OBSTACLES = {
    ReviewNotAllowedReason.STAY_NOT_COMPLETED: BookingObstacle.STATUS,
    ReviewNotAllowedReason.WINDOW_CLOSED: BookingObstacle.TIME_IS_OVER,
    ReviewNotAllowedReason.ALREADY_REVIEWED: BookingObstacle.ALREADY_DONE,
}


class Told(Protocol):
    """A step, in the history or as it is told live."""

    alteration_id: UUID | None


@reads("alteration_id")
async def alteration_of(step: strawberry.Parent[Told], info: Info) -> AlterationRow | None:
    key = step.alteration_id
    return None if key is None else await info.context.loaders.alterations.load(key)


@strawberry.type(description="One step in a booking's life.")
class BookingHistoryEntry:
    version: int = strawberry.field(description="1 for the first; grows by one.")
    status: BookingStatus = strawberry.field(description="The booking's state after it.")
    previous_status: BookingStatus | None = strawberry.field(description="The state before it.")
    actor: BookingActor = strawberry.field(description="Who moved it.")
    reason: str | None = strawberry.field(description="Why, in their words.")
    alteration = strawberry.field(
        resolver=alteration_of,
        graphql_type=BookingAlteration | None,
        description="The alteration whose step it is; the booking itself stays as it is until one "
        "is accepted.",
    )
    alteration_status: AlterationStatus | None = strawberry.field(
        description="The alteration's state after it."
    )
    occurred_at: datetime = strawberry.field(name="at", description="When.")


class Preview(msgspec.Struct, frozen=True):
    """What cancelling now would give back."""

    refund: Amount
    line_items: list[LineRow]
    is_early_departure: bool
    nights: int
    host_fee: Amount | None


@strawberry.type(description="What cancelling now would do.")
class CancellationPreview:
    refund: Money = strawberry.field(description="What goes back to the guest, all in all.")
    line_items: list[LineItem] = strawberry.field(description="Of what, and how much of each.")
    is_early_departure: bool = strawberry.field(
        description="The stay has begun: it would end now, and can be reviewed."
    )
    nights: int = strawberry.field(
        description="How many nights would be given up: all that have not begun."
    )
    host_fee: Money | None = strawberry.field(
        description="What the host would owe for it, taken from what they are paid next. Null "
        "unless the viewer is on the host's side and the stay is confirmed."
    )


@joins(PROPERTY)
def property_of(booking: Parent, info: Info) -> Awaitable[PropertyRow | None]:
    return info.context.loaders.properties.load(booking.property_id)


@joins(GUEST)
def guest_of(booking: Parent, info: Info) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(booking.guest_id)


@joins(HOST)
def host_of(booking: Parent, info: Info) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(booking.host_id)


@reads("line_items", "currency")
def line_items(booking: Parent) -> list[LineRow]:
    return lines(booking.line_items, booking.currency)


@reads("guest_id", "host_id", "host_payout_minor", "currency")
def host_payout(booking: Parent, info: Info) -> Amount | None:
    # Not for co-hosts: what the host earns is the host's own.
    if policy.side(booking, info.context.actor) is not BookingActor.HOST:
        return None
    return Amount(booking.host_payout_minor, booking.currency)


@joins(PAYMENT)
def payment_of(booking: Parent, info: Info) -> Awaitable[PaymentRow | None]:
    return info.context.loaders.payment_of.load(booking.id)


@joins(HISTORY)
def history_of(booking: Parent, info: Info) -> Awaitable[list[ChangeRow]]:
    return info.context.loaders.history_of.load(booking.id)


@joins(ALTERATIONS)
def alterations_of(booking: Parent, info: Info) -> Awaitable[list[AlterationRow]]:
    return info.context.loaders.alterations_of.load(booking.id)


@joins(REVIEW)
def review_of(booking: Parent, info: Info) -> Awaitable[ReviewRow | None]:
    return info.context.loaders.review_of.load(booking.id)


async def cancellation_preview(booking: Parent, info: Info) -> Preview | None:
    try:
        by = service.party(booking, info.context.actor, await rights(info.context, booking))
    except BookingNotFound:
        return None
    if options.obstacle(booking, BookingAction.CANCEL, by, info.context.now) is not None:
        return None
    stay, currency, now = service.stay_of(booking), booking.currency, info.context.now
    refund = cancellation.refund(stay, by, now)
    terms = host_fees.terms(info.context.runtime.settings)
    fee = host_fees.fee(stay, by, currency, terms, now)
    return Preview(
        Amount(refund.amount_minor, currency),
        lines(refund.line_items, currency),
        cancellation.is_early_departure(stay, now),
        cancellation.nights_given_up(stay, now),
        None if fee is None else Amount(fee, currency),
    )


@strawberry.type(description="Something that the viewer may do with a booking at some time.")
class BookingOption:
    action: BookingAction = strawberry.field(description="What.")
    is_available: bool = strawberry.field(description="Whether it can be done now.")
    obstacle: BookingObstacle | None = strawberry.field(
        description="What stands in the way; null when it can be done."
    )
    until: datetime | None = strawberry.field(
        description="Until when it can be done, unless something happens before; null when it "
        "cannot be done, or at any time."
    )


@reads(
    *PARTIES,
    "status",
    "deadline_at",
    "accepted_at",
    "check_in_at",
    "check_out_at",
    "confirmed_at",
    "cancelled_at",
)
@batched
async def available_actions(rows: Sequence[BookingRow], info: Info) -> list[list[Option]]:
    context = info.context
    mine = {row.id: row for row in rows if row.guest_id == context.actor.user_id}
    refused = {
        key: reviews.refusal(reviews.ended_at(row), context.now) for key, row in mine.items()
    }
    # Only stays that ended in the last fortnight have to be looked at.
    open_ones = [key for key, refusal in refused.items() if refusal is None]
    for key, written in zip(
        open_ones, await context.loaders.review_of.load_many(open_ones), strict=True
    ):
        if written is not None:
            refused[key] = ReviewNotAllowedReason.ALREADY_REVIEWED
    # Nothing else can be altered.
    confirmed = [row.id for row in rows if row.status == BookingStatus.CONFIRMED]
    live = await context.loaders.live_alteration_of.load_many(confirmed)
    altered = dict(zip(confirmed, live, strict=True))
    return [
        [
            *_options(row, altered.get(row.id), context, await rights(context, row)),
            *([_review_option(row, refused[row.id])] if row.id in mine else []),
        ]
        for row in rows
    ]


def _options(
    booking: BookingRow,
    alteration: AlterationRow | None,
    context: Context,
    rights: Collection[str],
) -> list[Option]:
    try:
        by = service.party(booking, context.actor, rights)
    except BookingNotFound:
        # Staff who may look, and no more.
        return []
    return [
        *options.options(booking, by, context.now),
        *altering.options(booking, alteration, by, context.now),
    ]


def _review_option(booking: BookingRow, refusal: ReviewNotAllowedReason | None) -> Option:
    if refusal is not None:
        return Option(BookingAction.REVIEW, REVIEW_OBSTACLES[refusal], None)
    ended = reviews.ended_at(booking)
    return Option(BookingAction.REVIEW, None, ended and ended + reviews.WINDOW)


@strawberry.type(
    description="A stay, from request to check-out. Visible to its guest, its host, co-hosts for "
    "everything, and staff."
)
class Booking(Node):
    is_type_of = shows(BookingRow)

    property = strawberry.field(resolver=property_of, graphql_type=Property, description="Where.")
    guest = strawberry.field(resolver=guest_of, graphql_type=User, description="Who comes.")
    host = strawberry.field(
        resolver=host_of, graphql_type=User, description="Who let the property when it was booked."
    )
    status: BookingStatus = strawberry.field(description="Where it is in its life.")
    version: int = strawberry.field(
        description="Grows by one with each step: drop what comes with a lower one."
    )
    check_in: date = strawberry.field(description="The first night's date, local.")
    check_out: date = strawberry.field(description="The date of leaving: no night any more.")
    nights: int = strawberry.field(description="How many nights.")
    check_in_at: datetime = strawberry.field(description="From when the guest may arrive.")
    check_out_at: datetime = strawberry.field(description="Until when the guest must leave.")
    guests: Guests = strawberry.field(description="Who comes, in numbers.")
    message: str = strawberry.field(description="The guest's words to the host.")
    total_price: Money = strawberry.field(description="What the guest pays, as it was agreed.")
    line_items = strawberry.field(
        resolver=line_items,
        graphql_type=list[LineItem],
        description="What the total consists of, as it was agreed.",
    )
    host_payout = strawberry.field(
        resolver=host_payout,
        graphql_type=Money | None,
        description="What the host gets of it. Only for the host alone.",
    )
    cancellation_policy: CancellationPolicy = strawberry.field(
        description="The policy that it was made under."
    )
    payment = strawberry.field(
        resolver=payment_of,
        graphql_type=Payment | None,
        description="The last attempt to pay; null while the guest need not pay yet.",
    )
    history = strawberry.field(
        resolver=history_of,
        graphql_type=list[BookingHistoryEntry],
        description="Every step so far, in order.",
    )
    expires_at: datetime | None = strawberry.field(
        description="When it ends by itself unless the guest pays or the host answers."
    )
    confirmed_at: datetime | None = strawberry.field(description="When it was confirmed.")
    cancelled_at: datetime | None = strawberry.field(description="When it was cancelled.")
    cancelled_by: BookingActor | None = strawberry.field(description="Who cancelled it.")
    cancellation_reason: str | None = strawberry.field(description="Why, in their words.")
    cancellation_preview = strawberry.field(
        resolver=cancellation_preview,
        graphql_type=CancellationPreview | None,
        description="What the viewer's cancelling now would give back to the guest, and cost the "
        "host; null when the viewer cannot cancel it.",
    )
    host_cancellation = host_cancellation_field
    available_actions = strawberry.field(
        resolver=available_actions,
        graphql_type=list[BookingOption],
        description="What the viewer's side may do in a booking's life, whether it can be done "
        "now, and why not.",
    )
    documents = strawberry.field(
        resolver=documents_of,
        graphql_type=list[Document],
        description="The viewer's receipts, invoices and credit notes about it, oldest first. A "
        "moment after the money has moved.",
    )
    alterations = strawberry.field(
        resolver=alterations_of,
        graphql_type=list[BookingAlteration],
        description="Other dates or guests that were proposed for it, newest first.",
    )
    alteration_preview = alteration_preview_field
    host_statement = strawberry.field(
        resolver=statement_of,
        graphql_type=HostBookingStatement | None,
        description="What the host has had of it. Only for the host alone.",
    )
    review = strawberry.field(
        resolver=review_of, graphql_type=Review | None, description="What the guest wrote."
    )
    created_at: datetime = strawberry.field(description="When it was made.")


@strawberry.type(description="A booking in its place in a list.")
class BookingEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: Booking = strawberry.field(description="The booking.")


@strawberry.type(description="One page of a list of bookings.")
class BookingConnection(Page):
    edges: list[BookingEdge] = strawberry.field(description="The bookings, in order.")


async def visible_booking(
    context: Context, key: UUID, shape: Shape[BookingRow] | None = None
) -> BookingRow | None:
    """The booking, if the viewer may see it; a shape has the `PARTIES`."""
    row = await context.loaders.rows(bookings, shape).load(key)
    if row is None or await has_part(context, row):
        return row
    looked = await context.look(
        StaffActionKind.BOOKING_READ, row.guest_id, row.host_id, object_id=key
    )
    return row if looked else None


async def booking_by_id(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its global id.")]
) -> BookingRow | None:
    key = ids.key_of("Booking", id)
    if key is None:
        return None
    return await visible_booking(info.context, key, shape(info, BookingRow, needs=PARTIES))
