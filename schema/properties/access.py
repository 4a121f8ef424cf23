"""Which properties the viewer may see, and which of them exactly."""

from collections.abc import Sequence
from uuid import UUID

from app.properties import policy
from app.properties.queries import PhotoRow, PropertyRow, properties
from db.enums import CoHostRight, StaffActionKind
from db.shapes import Form
from schema.context import Context

# What tells who may see a property.
VISIBLE_BY = frozenset(["id", "host_id", "status", "snoozed_until", "timezone"])


async def visible_property(
    context: Context, key: UUID, shape: Form[PropertyRow] | None = None
) -> PropertyRow | None:
    """The property, if the viewer may see it; a shape has what it is `VISIBLE_BY`."""
    row = await context.loaders.rows(properties, shape).load(key)
    if row is None or policy.may_see(row, context.actor, context.now, has_booking=False):
        return row
    access = await context.loaders.access.load(key)
    if policy.may_see(
        row,
        context.actor,
        context.now,
        has_booking=access.has_booking,
        rights=access.rights,
    ):
        return row
    looked = await context.look(StaffActionKind.PROPERTY_READ, row.host_id, object_id=key)
    return row if looked else None


async def visible_photo(context: Context, key: UUID) -> PhotoRow | None:
    """The photo, if the viewer may see its property."""
    photo = await context.loaders.photos.load(key)
    if photo is None or await visible_property(context, photo.property_id) is None:
        return None
    return photo


def sees_none_exactly(context: Context) -> bool:
    """Whether the viewer is nobody's host, and nobody's guest."""
    return context.actor.user_id is None


async def seen_exactly(context: Context, rows: Sequence[PropertyRow]) -> list[bool]:
    """Of which properties the viewer may have the address and the true point."""
    actor = context.actor
    # What a stay or a part in it would add is only asked where it could add something.
    questions = [
        None
        if policy.may_see_exactly(row, actor, is_staying=False)
        else context.loaders.access.load(row.id)
        for row in rows
    ]
    return [
        asked is None
        or policy.may_see_exactly(
            row, actor, is_staying=(access := await asked).is_staying, rights=access.rights
        )
        for row, asked in zip(rows, questions, strict=True)
    ]


async def may(context: Context, property_id: UUID, host_id: UUID, *rights: CoHostRight) -> bool:
    """Whether the viewer is the property's host, or a co-host with one of the rights."""
    viewer = context.actor.user_id
    if viewer is None or viewer == host_id:
        return viewer is not None
    access = await context.loaders.access.load(property_id)
    return any(policy.includes(access.rights, right) for right in rights)
