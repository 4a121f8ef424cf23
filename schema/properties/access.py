"""Which properties the viewer may see, and which of them exactly."""

from uuid import UUID

from app.properties import policy
from app.properties.queries import PhotoRow, PropertyRow
from schema.context import Context


async def visible_property(context: Context, key: UUID) -> PropertyRow | None:
    """The property, if the viewer may see it."""
    row = await context.loaders.properties.load(key)
    if row is None or policy.may_see(row, context.actor, has_booking=False):
        return row
    access = await context.loaders.access.load(key)
    return row if policy.may_see(row, context.actor, has_booking=access.has_booking) else None


async def visible_photo(context: Context, key: UUID) -> PhotoRow | None:
    """The photo, if the viewer may see its property."""
    photo = await context.loaders.photos.load(key)
    if photo is None or await visible_property(context, photo.property_id) is None:
        return None
    return photo


async def seen_exactly(context: Context, row: PropertyRow) -> bool:
    """Whether the viewer may have the address and the true point."""
    if policy.may_see_exactly(row, context.actor, is_staying=False):
        return True
    access = await context.loaders.access.load(row.id)
    return policy.may_see_exactly(row, context.actor, is_staying=access.is_staying)
