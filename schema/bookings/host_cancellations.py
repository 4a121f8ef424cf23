"""What hosts' cancellations cost them, and how staff let them off."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.bookings import host_cancellations, policy
from app.bookings.host_cancellations import HostCancellationRow
from app.bookings.queries import BookingRow
from app.errors import NotFound
from app.money import Money as Amount
from schema import ids
from schema.context import Info
from schema.enums import BookingActor
from schema.errors import InvalidInputError, NotFoundError
from schema.money import Money
from schema.mutations import mutation, union
from schema.reading import reads


@strawberry.type(description="A confirmed stay that its host has cancelled.")
class HostCancellation:
    fee: Money = strawberry.field(
        description="What the host owes for it, taken from what they are paid next."
    )
    cancelled_at: datetime = strawberry.field(description="When.")
    waived_at: datetime | None = strawberry.field(
        description="When staff accepted the reason: nothing is owed, and it is not counted."
    )


@reads("id", "guest_id", "host_id")
async def host_cancellation(
    booking: strawberry.Parent[BookingRow], info: Info
) -> HostCancellationRow | None:
    # Not for co-hosts: what the host owes is the host's own.
    if policy.side(booking, info.context.actor) is not BookingActor.HOST:
        return None
    return await info.context.loaders.host_cancellation_of.load(booking.id)


host_cancellation_field = strawberry.field(
    resolver=host_cancellation,
    graphql_type=HostCancellation | None,
    description="What the host's cancelling costs them; null unless they have cancelled it after "
    "it was confirmed. Only for the host alone.",
)


@strawberry.input(description="A host to let off.")
class WaiveCancellationFeeInput:
    booking_id: strawberry.ID = strawberry.field(description="What they cancelled.")
    reason: str = strawberry.field(description="Why: 1 to 1,000 characters, for the trail.")


@strawberry.type(description="The host owes nothing for it, and it is not counted.")
class WaiveCancellationFeeSuccess:
    # The value behind a Money is our own, which has the same attributes.
    waived: Amount = strawberry.field(graphql_type=Money, description="What they had owed.")


async def waive(
    info: Info,
    input: Annotated[
        WaiveCancellationFeeInput, strawberry.argument(description="Which booking, and why.")
    ],
) -> WaiveCancellationFeeSuccess:
    context, key = info.context, ids.key_of("Booking", input.booking_id)
    if key is None:
        raise NotFound("There is no such booking.")
    fee = await context.runtime.db.run(
        lambda session: host_cancellations.waive(
            session, context.actor, key, input.reason, context.now
        )
    )
    return WaiveCancellationFeeSuccess(waived=fee)


@strawberry.type
class HostCancellationMutations:
    staff_waive_cancellation_fee = mutation(
        waive,
        union(
            "WaiveCancellationFeeResult",
            WaiveCancellationFeeSuccess,
            NotFoundError,
            InvalidInputError,
        ),
        "Accept a host's reason for cancelling: give the fee back, and do not count it. Only for "
        "admins.",
    )
