"""What hosts are going to be paid, when, and why not yet."""

from collections.abc import Awaitable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

from app.bookings.queries import BookingRow
from app.identity.policy import is_own
from app.identity.queries import UserRow
from app.payouts.rules import terms
from app.payouts.upcoming import MOST, Upcoming, UpcomingItem, upcoming
from schema.context import Info
from schema.enums import PaymentProvider, PayoutHold
from schema.money import Money
from schema.payouts import PayoutAdvice
from schema.reading import reads
from schema.scalars import CurrencyCode

if TYPE_CHECKING:
    from schema.bookings.types import Booking

Booked: TypeAlias = Annotated["Booking", strawberry.lazy("schema.bookings.types")]


def booking_of(item: strawberry.Parent[UpcomingItem], info: Info) -> Awaitable[BookingRow | None]:
    return info.context.loaders.bookings.load(item.booking_id)


@strawberry.type(description="What a booking, or a month of a long one, is going to bring.")
class UpcomingPayoutItem:
    booking = strawberry.field(resolver=booking_of, graphql_type=Booked, description="The booking.")
    amount: Money = strawberry.field(
        description="How much; negative: what the host owes for it, taken off the others."
    )
    due_at: datetime = strawberry.field(description="From when it can be sent.")
    is_disputed: bool = strawberry.field(
        description="A bank has still to decide about the guest's money: it is not sent until then."
    )


@strawberry.type(description="Earnings in one currency that were not sent yet.")
class UpcomingPayout:
    currency: CurrencyCode = strawberry.field(description="Of the stays.")
    provider: PaymentProvider = strawberry.field(description="Who will send them.")
    due: Money = strawberry.field(
        description="What could be sent by now, were it not for `hold`; negative: owed by the host."
    )
    outstanding: Money = strawberry.field(description="All that was earned, due or not.")
    minimum: Money = strawberry.field(description="Less than this is carried forward.")
    hold: PayoutHold | None = strawberry.field(description="What stands in the way; null: nothing.")
    advice: PayoutAdvice | None = strawberry.field(
        description="What that means, and what helps; null: nothing stands in the way."
    )
    expected_at: datetime | None = strawberry.field(
        description="When the next transfer is expected, if nothing happens before; null: not by "
        "itself."
    )
    items: list[UpcomingPayoutItem] = strawberry.field(
        description=f"What it will consist of, the soonest first, {MOST} at most."
    )


@reads("id")
async def own_upcoming_payouts(
    user: strawberry.Parent[UserRow], info: Info
) -> list[Upcoming] | None:
    context, runtime = info.context, info.context.runtime
    if not is_own(user.id, context.actor):
        return None
    return await upcoming(
        runtime.db, runtime.providers, terms(runtime.settings), user.id, context.now
    )
