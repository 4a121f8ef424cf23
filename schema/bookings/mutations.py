"""Making bookings, and what guests and hosts do to them."""

from collections.abc import Awaitable
from datetime import date
from typing import Annotated, Protocol
from uuid import UUID

import strawberry

from app.bookings import flows
from app.bookings.errors import PriceChanged
from app.bookings.placing import CreateBooking
from app.bookings.queries import BookingRow
from app.errors import NotFound
from app.money import Money as Amount
from app.payments.queries import PaymentRow
from schema import ids
from schema.bookings.types import Booking, visible_booking
from schema.context import Info
from schema.enums import PaymentMethod
from schema.errors import (
    DatesUnavailableError,
    EmailNotVerifiedError,
    Error,
    IdempotencyConflictError,
    InvalidInputError,
    NotFoundError,
    PaymentUnavailableError,
    PriceChangedError,
    PromotionRefusedError,
    PropertyNotBookableError,
    StayNotAllowedError,
    TransitionNotAllowedError,
    answer,
)
from schema.guests import GuestsInput
from schema.money import Money, MoneyInput
from schema.mutations import mutation, union
from schema.payments import Payment
from schema.quotes import QuoteRow, guess


@strawberry.input(description="A booking to make.")
class CreateBookingInput:
    property_id: strawberry.ID = strawberry.field(description="Where.")
    check_in: date = strawberry.field(description="The first night's date.")
    check_out: date = strawberry.field(description="The date of leaving.")
    guests: GuestsInput = strawberry.field(description="Who comes.")
    expected_total: MoneyInput = strawberry.field(
        description="The total that the guest was shown, from a quote. "
        "Never what is charged: if it differs, nothing happens."
    )
    payment_method: PaymentMethod = strawberry.field(
        default=PaymentMethod.CARD, description="How the guest will pay."
    )
    promotion_code: str | None = strawberry.field(
        default=None, description="A code that makes it cheaper, as the total was quoted with."
    )
    message: str = strawberry.field(default="", description="The guest's words to the host.")
    idempotency_key: str = strawberry.field(
        description="Made by the client, 1 to 255 characters. The same request under the same key "
        "makes one booking, however often it is sent, and gets the same answer."
    )

    def command(self) -> CreateBooking:
        """What the bookings feature wants. Raises Invalid for a wrong id."""
        return CreateBooking(
            property_id=ids.require_key("Property", self.property_id, "propertyId"),
            check_in=self.check_in,
            check_out=self.check_out,
            guests=self.guests.value(),
            expected_total=self.expected_total.value(),
            idempotency_key=self.idempotency_key,
            payment_method=self.payment_method,
            message=self.message,
            promotion_code=self.promotion_code,
        )


@strawberry.input(description="A request to accept.")
class AcceptBookingInput:
    booking_id: strawberry.ID = strawberry.field(description="Which booking.")


@strawberry.input(description="A request to decline.")
class DeclineBookingInput:
    booking_id: strawberry.ID = strawberry.field(description="Which booking.")
    reason: str | None = strawberry.field(default=None, description="Why; the guest reads it.")


@strawberry.input(description="A booking to cancel.")
class CancelBookingInput:
    booking_id: strawberry.ID = strawberry.field(description="Which booking.")
    reason: str | None = strawberry.field(default=None, description="Why; the other side reads it.")


class Done(Protocol):
    """A success that is about a booking."""

    booking_id: UUID


def booking_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[BookingRow | None]:
    return info.context.loaders.bookings.load(done.booking_id)


def payment_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[PaymentRow | None]:
    return info.context.loaders.payment_of.load(done.booking_id)


@strawberry.type
class BookingSuccess:
    booking_id: strawberry.Private[UUID]
    booking = strawberry.field(
        resolver=booking_of, graphql_type=Booking, description="The booking as it is now."
    )


@strawberry.type(description="The nights are held. The guest can pay.")
class CreateBookingSuccess(BookingSuccess):
    payment = strawberry.field(
        resolver=payment_of,
        graphql_type=Payment | None,
        description="What to pay with; null while the guest need not pay yet.",
    )


@strawberry.type(
    description="The host has said yes: the booking is confirmed, or waits for the guest to pay."
)
class AcceptBookingSuccess(BookingSuccess):
    pass


@strawberry.type(description="The host has said no.")
class DeclineBookingSuccess(BookingSuccess):
    pass


@strawberry.type(description="The booking is cancelled.")
class CancelBookingSuccess(BookingSuccess):
    # The value behind a Money is our own, which has the same attributes.
    refund: Amount = strawberry.field(
        graphql_type=Money, description="What goes back to the guest, in a moment; may be zero."
    )


async def create_booking(
    info: Info,
    input: Annotated[CreateBookingInput, strawberry.argument(description="The booking.")],
) -> CreateBookingSuccess | Error | None:
    runtime, command = info.context.runtime, input.command()
    try:
        async with guess(info.context, command.promotion_code):
            booking_id = await flows.create_booking(
                runtime.db, runtime.providers, runtime.settings, info.context.actor, command
            )
    except PriceChanged as changed:
        return answer(changed, quote=QuoteRow(command.property_id, changed.quote))
    return CreateBookingSuccess(booking_id=booking_id)


async def accept_booking(
    info: Info,
    input: Annotated[AcceptBookingInput, strawberry.argument(description="The request.")],
) -> AcceptBookingSuccess:
    runtime, key = info.context.runtime, await require_booking(info, input.booking_id)
    await flows.accept(runtime.db, runtime.providers, runtime.settings, info.context.actor, key)
    return AcceptBookingSuccess(booking_id=key)


async def decline_booking(
    info: Info,
    input: Annotated[DeclineBookingInput, strawberry.argument(description="The request.")],
) -> DeclineBookingSuccess:
    key = await require_booking(info, input.booking_id)
    await flows.decline(info.context.runtime.db, info.context.actor, key, input.reason)
    return DeclineBookingSuccess(booking_id=key)


async def cancel_booking(
    info: Info,
    input: Annotated[CancelBookingInput, strawberry.argument(description="The booking.")],
) -> CancelBookingSuccess:
    key = await require_booking(info, input.booking_id)
    runtime = info.context.runtime
    refund = await flows.cancel(runtime.db, runtime.settings, info.context.actor, key, input.reason)
    row = await info.context.loaders.bookings.load(key)
    assert row is not None
    return CancelBookingSuccess(booking_id=key, refund=Amount(refund.amount_minor, row.currency))


async def require_booking(info: Info, text: str) -> UUID:
    """The key of a booking that the viewer may see. Raises NotFound."""
    key = ids.key_of("Booking", text)
    if key is None or await visible_booking(info.context, key) is None:
        raise NotFound("There is no such booking.")
    return key


@strawberry.type
class BookingMutations:
    create_booking = mutation(
        create_booking,
        union(
            "CreateBookingResult",
            CreateBookingSuccess,
            DatesUnavailableError,
            PriceChangedError,
            StayNotAllowedError,
            PropertyNotBookableError,
            PromotionRefusedError,
            IdempotencyConflictError,
            PaymentUnavailableError,
            InvalidInputError,
            EmailNotVerifiedError,
        ),
        "Hold the nights and open the payment. The client then confirms the payment at the "
        "provider; `bookingStatusChanged` tells when the booking is confirmed.",
    )
    accept_booking = mutation(
        accept_booking,
        union(
            "AcceptBookingResult",
            AcceptBookingSuccess,
            NotFoundError,
            TransitionNotAllowedError,
            PaymentUnavailableError,
        ),
        "The host says yes to a request: the guest is charged.",
    )
    decline_booking = mutation(
        decline_booking,
        union(
            "DeclineBookingResult",
            DeclineBookingSuccess,
            NotFoundError,
            TransitionNotAllowedError,
            InvalidInputError,
        ),
        "The host says no to a request: nothing is charged.",
    )
    cancel_booking = mutation(
        cancel_booking,
        union(
            "CancelBookingResult",
            CancelBookingSuccess,
            NotFoundError,
            TransitionNotAllowedError,
            InvalidInputError,
        ),
        "End a booking, as guest or as host. `cancellationPreview` says what it gives back, and "
        "what it costs a host.",
    )
