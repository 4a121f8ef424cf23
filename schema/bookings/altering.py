"""Proposing alterations, and what the other side does about them."""

from collections.abc import Awaitable
from datetime import date
from typing import Annotated, Protocol
from uuid import UUID

import strawberry

from app.bookings.alterations import flows
from app.bookings.alterations.queries import AlterationRow
from app.bookings.alterations.service import Accept, Propose
from app.bookings.errors import PriceChanged
from app.bookings.queries import BookingRow
from app.errors import NotFound
from schema import ids
from schema.bookings.alterations import BookingAlteration
from schema.bookings.mutations import require_booking
from schema.bookings.types import Booking, visible_booking
from schema.context import Context, Info
from schema.errors import (
    AlterationNotAllowedError,
    DatesUnavailableError,
    Error,
    IdempotencyConflictError,
    InvalidInputError,
    NotFoundError,
    PaymentUnavailableError,
    PriceChangedError,
    PropertyNotBookableError,
    StayNotAllowedError,
    answer,
)
from schema.guests import GuestsInput
from schema.money import MoneyInput
from schema.mutations import mutation, union
from schema.quotes import QuoteRow


@strawberry.input(description="Other dates or guests for a confirmed booking.")
class ProposeAlterationInput:
    booking_id: strawberry.ID = strawberry.field(description="Which booking.")
    check_in: date | None = strawberry.field(
        default=None, description="The first night's date; null: as it is."
    )
    check_out: date | None = strawberry.field(
        default=None, description="The date of leaving; null: as it is."
    )
    guests: GuestsInput | None = strawberry.field(
        default=None, description="Who would come; null: as it is."
    )
    message: str = strawberry.field(default="", description="Why; the other side reads it.")
    expected_total: MoneyInput = strawberry.field(
        description="The new total that was shown, from `alterationPreview`. If it differs, "
        "nothing happens."
    )
    idempotency_key: str = strawberry.field(
        description="Made by the client, 1 to 255 characters. The same request under the same key "
        "makes one alteration, however often it is sent."
    )

    def command(self, booking_id: UUID) -> Propose:
        """What the bookings feature wants."""
        return Propose(
            booking_id=booking_id,
            check_in=self.check_in,
            check_out=self.check_out,
            guests=None if self.guests is None else self.guests.value(),
            expected_total=self.expected_total.value(),
            idempotency_key=self.idempotency_key,
            message=self.message,
        )


@strawberry.input(description="An alteration to agree to.")
class AcceptAlterationInput:
    alteration_id: strawberry.ID = strawberry.field(description="Which alteration.")
    expected_total: MoneyInput = strawberry.field(
        description="The new total that was shown: its `totalPrice`. If it differs, nothing "
        "happens."
    )
    idempotency_key: str = strawberry.field(
        description="Made by the client, 1 to 255 characters. The same request under the same key "
        "is one answer, however often it is sent."
    )


@strawberry.input(description="An alteration to refuse.")
class DeclineAlterationInput:
    alteration_id: strawberry.ID = strawberry.field(description="Which alteration.")
    reason: str | None = strawberry.field(default=None, description="Why; the other side reads it.")


@strawberry.input(description="An alteration to take back.")
class WithdrawAlterationInput:
    alteration_id: strawberry.ID = strawberry.field(description="Which alteration.")


class Done(Protocol):
    """A success that is about an alteration."""

    alteration_id: UUID


def alteration_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[AlterationRow | None]:
    return info.context.loaders.alterations.load(done.alteration_id)


async def booking_of(done: strawberry.Parent[Done], info: Info) -> BookingRow | None:
    alteration = await info.context.loaders.alterations.load(done.alteration_id)
    assert alteration is not None
    return await info.context.loaders.bookings.load(alteration.booking_id)


@strawberry.type
class AlterationSuccess:
    alteration_id: strawberry.Private[UUID]
    alteration = strawberry.field(
        resolver=alteration_of,
        graphql_type=BookingAlteration,
        description="The alteration as it is now.",
    )
    booking = strawberry.field(
        resolver=booking_of, graphql_type=Booking, description="The booking as it is now."
    )


@strawberry.type(
    description="The other side has been asked, and the extra nights are held. Where "
    "`alteration.payment` is there, the guest authorises it now; it is taken when the host agrees."
)
class ProposeAlterationSuccess(AlterationSuccess):
    pass


@strawberry.type(
    description="Both sides agree. The booking is altered, or the alteration is "
    "`AWAITING_PAYMENT` until the guest has paid `alteration.payment`."
)
class AcceptAlterationSuccess(AlterationSuccess):
    pass


@strawberry.type(description="The booking stays as it was.")
class DeclineAlterationSuccess(AlterationSuccess):
    pass


@strawberry.type(description="The booking stays as it was.")
class WithdrawAlterationSuccess(AlterationSuccess):
    pass


async def propose_alteration(
    info: Info,
    input: Annotated[ProposeAlterationInput, strawberry.argument(description="The alteration.")],
) -> ProposeAlterationSuccess | Error | None:
    runtime = info.context.runtime
    command = input.command(await require_booking(info, input.booking_id))
    try:
        key = await flows.propose(
            runtime.db, runtime.providers, runtime.settings, info.context.actor, command
        )
    except PriceChanged as changed:
        booking = await info.context.loaders.bookings.load(command.booking_id)
        assert booking is not None
        return answer(changed, quote=QuoteRow(booking.property_id, changed.quote))
    return ProposeAlterationSuccess(alteration_id=key)


async def accept_alteration(
    info: Info,
    input: Annotated[AcceptAlterationInput, strawberry.argument(description="The alteration.")],
) -> AcceptAlterationSuccess | Error | None:
    runtime = info.context.runtime
    key, booking = await require_alteration(info, input.alteration_id)
    command = Accept(
        alteration_id=key,
        expected_total=input.expected_total.value(),
        idempotency_key=input.idempotency_key,
    )
    try:
        await flows.accept(
            runtime.db, runtime.providers, runtime.settings, info.context.actor, command
        )
    except PriceChanged as changed:
        return answer(changed, quote=QuoteRow(booking.property_id, changed.quote))
    return AcceptAlterationSuccess(alteration_id=key)


async def decline_alteration(
    info: Info,
    input: Annotated[DeclineAlterationInput, strawberry.argument(description="The alteration.")],
) -> DeclineAlterationSuccess:
    key, _ = await require_alteration(info, input.alteration_id)
    await flows.decline(info.context.runtime.db, info.context.actor, key, input.reason)
    return DeclineAlterationSuccess(alteration_id=key)


async def withdraw_alteration(
    info: Info,
    input: Annotated[WithdrawAlterationInput, strawberry.argument(description="The alteration.")],
) -> WithdrawAlterationSuccess:
    key, _ = await require_alteration(info, input.alteration_id)
    await flows.withdraw(info.context.runtime.db, info.context.actor, key)
    return WithdrawAlterationSuccess(alteration_id=key)


async def visible_alteration(context: Context, key: UUID) -> AlterationRow | None:
    """The alteration, if the viewer may see its booking."""
    alteration = await context.loaders.alterations.load(key)
    if alteration is None or await visible_booking(context, alteration.booking_id) is None:
        return None
    return alteration


async def require_alteration(info: Info, text: str) -> tuple[UUID, BookingRow]:
    """The key of an alteration that the viewer may see, and its booking. Raises NotFound."""
    key = ids.key_of("BookingAlteration", text)
    alteration = None if key is None else await visible_alteration(info.context, key)
    booking = alteration and await info.context.loaders.bookings.load(alteration.booking_id)
    if key is None or not booking:
        raise NotFound("There is no such alteration.")
    return key, booking


@strawberry.type
class AlterationMutations:
    propose_alteration = mutation(
        propose_alteration,
        union(
            "ProposeAlterationResult",
            ProposeAlterationSuccess,
            DatesUnavailableError,
            PriceChangedError,
            StayNotAllowedError,
            PropertyNotBookableError,
            AlterationNotAllowedError,
            IdempotencyConflictError,
            PaymentUnavailableError,
            InvalidInputError,
            NotFoundError,
        ),
        "Propose other dates or guests to the other side of a confirmed booking, as guest or as "
        "host. They have 24 hours to answer.",
    )
    accept_alteration = mutation(
        accept_alteration,
        union(
            "AcceptAlterationResult",
            AcceptAlterationSuccess,
            PriceChangedError,
            AlterationNotAllowedError,
            IdempotencyConflictError,
            PaymentUnavailableError,
            InvalidInputError,
            NotFoundError,
        ),
        "Agree to what the other side has proposed: the difference is taken or given back.",
    )
    decline_alteration = mutation(
        decline_alteration,
        union(
            "DeclineAlterationResult",
            DeclineAlterationSuccess,
            NotFoundError,
            AlterationNotAllowedError,
            InvalidInputError,
        ),
        "Say no to what the other side has proposed.",
    )
    withdraw_alteration = mutation(
        withdraw_alteration,
        union(
            "WithdrawAlterationResult",
            WithdrawAlterationSuccess,
            NotFoundError,
            AlterationNotAllowedError,
        ),
        "Take back what the viewer's side has proposed; or, as the guest who has still to pay for "
        "it, what both have agreed to.",
    )
