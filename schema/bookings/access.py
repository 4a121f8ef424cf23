"""As what the viewer has a part in a booking: guest, host, or the host's helper."""

from collections.abc import Collection

from app.bookings import policy
from app.bookings.queries import BookingRow
from schema.context import Context

# What tells who may see a booking.
PARTIES = frozenset(["id", "property_id", "guest_id", "host_id"])


async def rights(context: Context, booking: BookingRow) -> Collection[str]:
    """What the viewer may do with the booking as a co-host; only asked of who is no part of it."""
    if context.actor.user_id is None or policy.side(booking, context.actor) is not None:
        return ()
    return (await context.loaders.access.load(booking.property_id)).rights


async def has_part(context: Context, booking: BookingRow) -> bool:
    """Whether the viewer is the guest, the host, or a co-host for everything."""
    side = policy.side(booking, context.actor, await rights(context, booking))
    return side is not None
