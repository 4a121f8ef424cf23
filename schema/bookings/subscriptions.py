"""Following bookings live.

Hints come over Redis and may be lost, doubled or late; what is told comes from the bookings'
histories alone. Each subscriber subscribes to the hints first, then reads, and reads again on
every hint and from time to time without any. Nothing is held open while it waits.
"""

import asyncio
import random
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
import strawberry

from app import clock
from app.actor import Actor
from app.bookings import queries
from app.bookings.queries import BookingRow, ChangeRow
from app.errors import NotFound, Unauthenticated
from app.identity.queries import session_is_open
from app.pubsub import RESYNC
from schema import ids
from schema.bookings.alterations import BookingAlteration
from schema.bookings.types import Booking, alteration_of, visible_booking
from schema.context import Context, Info
from schema.enums import AlterationStatus, BookingStatus

HEARTBEAT_SECONDS = 15.0
SPREAD_SECONDS = 2.0
# A transition's instant is taken before its commit. No transaction lasts longer than this.
LONGEST_COMMIT = timedelta(seconds=60)


class Update(msgspec.Struct, frozen=True):
    """A transition, and the booking as it is now."""

    booking: BookingRow
    version: int
    status: str
    previous_status: str | None
    alteration_id: UUID | None
    alteration_status: str | None
    occurred_at: datetime


@strawberry.type(description="A step in a booking's life, as it happened.")
class BookingStatusUpdate:
    booking: Booking = strawberry.field(
        description="The booking as it is now; it may be further than `version`."
    )
    version: int = strawberry.field(
        description="The booking's version after this step: drop what is not newer."
    )
    status: BookingStatus = strawberry.field(description="The state after this step.")
    previous_status: BookingStatus | None = strawberry.field(description="The state before it.")
    alteration = strawberry.field(
        resolver=alteration_of,
        graphql_type=BookingAlteration | None,
        description="The alteration whose step it is, as it is now.",
    )
    alteration_status: AlterationStatus | None = strawberry.field(
        description="The alteration's state after this step."
    )
    occurred_at: datetime = strawberry.field(description="When it happened.")


async def booking_status_changed(
    info: Info,
    booking_id: Annotated[strawberry.ID, strawberry.argument(description="Which booking.")],
) -> AsyncGenerator[Update, None]:
    context = info.context
    context.actor.require_user()
    key = ids.key_of("Booking", booking_id)
    if key is None:
        raise NotFound("There is no such booking.")
    async with context.runtime.live.subscribe(f"booking:{key}") as hints:
        # The current state is told as the last step that led to it.
        seen = await _version(context, key) - 1
        while True:
            changes = await queries.changes_after(context.runtime.db, key, seen)
            for change in changes:
                yield await _update(context, change)
                seen = change.version
            await woken(hints)


async def host_bookings_changed(info: Info) -> AsyncGenerator[Update, None]:
    context = info.context
    host_id = context.actor.require_user()
    async with context.runtime.live.subscribe(f"host:{host_id}") as hints:
        horizon = clock.now() - LONGEST_COMMIT
        # What was there when the subscription began is no news.
        recent = set(await _changes(context, host_id, horizon, None))
        while True:
            hinted = await woken(hints)
            only = None if RESYNC in hinted else [UUID(hint) for hint in hinted]
            begun = clock.now()
            found = await _changes(context, host_id, horizon, only)
            for change in found:
                if change not in recent:
                    yield await _update(context, change)
            if only is None:
                horizon, recent = begun - LONGEST_COMMIT, set(found)
            else:
                recent.update(found)


async def woken(hints: "asyncio.Queue[str]") -> set[str]:
    """Wait until it is worth reading again: the hints that came, or RESYNC after a while without.

    RESYNC comes to everybody at once, when Redis is back: they take turns, unless there is news.
    """
    found = await _hints(hints, HEARTBEAT_SECONDS)
    if found == {RESYNC}:
        found |= await _hints(hints, random.uniform(0, SPREAD_SECONDS))
    return found


async def _hints(hints: "asyncio.Queue[str]", seconds: float) -> set[str]:
    try:
        async with asyncio.timeout(seconds):
            found = {await hints.get()}
    except TimeoutError:
        return {RESYNC}
    while not hints.empty():
        found.add(hints.get_nowait())
    return found


async def _changes(
    context: Context, host_id: UUID, since: datetime, only: list[UUID] | None
) -> list[ChangeRow]:
    return await queries.changes_of_host(context.runtime.db, host_id, since, only)


async def _version(context: Context, key: UUID) -> int:
    """The booking's version now. Raises NotFound when it is not the viewer's to see."""
    context.renew()
    row = await visible_booking(context, key)
    if row is None:
        raise NotFound("There is no such booking.")
    return row.version


async def _update(context: Context, change: ChangeRow) -> Update:
    """The transition with the booking freshly read.

    Raises Unauthenticated or NotFound when the viewer may not have it any more.
    """
    context.renew()
    await _require_session(context, context.actor)
    row = await visible_booking(context, change.booking_id)
    if row is None:
        raise NotFound("There is no such booking.")
    return Update(
        row,
        change.version,
        change.status,
        change.previous_status,
        change.alteration_id,
        change.alteration_status,
        change.occurred_at,
    )


async def _require_session(context: Context, actor: Actor) -> None:
    if actor.session_id is None:
        return
    if not await session_is_open(context.runtime.db, actor.session_id, context.now):
        raise Unauthenticated("This sign-in has ended. Sign in again.")


@strawberry.type(
    description="What is told as it happens. Updates carry the objects as they are now."
)
class Subscription:
    booking_status_changed = strawberry.subscription(
        resolver=booking_status_changed,
        graphql_type=BookingStatusUpdate,
        description="One booking's steps: the current state first, then each change.",
    )
    host_bookings_changed = strawberry.subscription(
        resolver=host_bookings_changed,
        graphql_type=BookingStatusUpdate,
        description="The steps, from now on, of all bookings of the viewer's properties.",
    )
