"""A property's life: published, asleep, taken down, put away, copied, deleted.

Each function runs inside the caller's transaction, under the property's lock.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Date, Uuid, delete, func, insert, literal, select, update
from sqlalchemy import cast as as_type
from sqlalchemy.ext.asyncio import AsyncSession

from app import idempotency
from app.actor import Actor
from app.errors import Forbidden, Invalid
from app.identity.accounts import require_verified
from app.ids import new_id
from app.outbox import emit
from app.properties import rules
from app.properties.errors import PropertyIncomplete
from app.properties.events import PhotoDeleted
from app.properties.service import (
    SHOWN,
    count_photos,
    hosted_for_update,
    own_for_update,
    write,
)
from app.properties.terms import zone
from db.base import Base
from db.enums import CoHostRight, PropertyStatus
from db.models import (
    CalendarNight,
    CheckInGuide,
    Property,
    PropertyPhoto,
    PropertyTax,
    PropertyTranslation,
)

# The name under which idempotency keys of copies are kept.
DUPLICATE = "duplicateProperty"
LONGEST_SNOOZE = timedelta(days=366)
# What a copy has of its own.
ITS_OWN = frozenset(
    {
        "id",
        "status",
        "snoozed_until",
        "published_at",
        "created_at",
        "updated_at",
        "version",
        "rating_sum",
        "review_count",
    }
)
# What is copied along. Not bookings, reviews, co-hosts, or anything of other sites' calendars.
COPIED: tuple[type[Base], ...] = (PropertyPhoto, PropertyTax, PropertyTranslation, CheckInGuide)


async def publish_property(
    session: AsyncSession, actor: Actor, property_id: UUID, now: datetime
) -> None:
    """Let guests find and book it; nothing happens when they can already.

    Raises NotFound, PropertyIncomplete, EmailNotVerified, DeletionPending, or Forbidden when it is
    suspended.
    """
    before = await _not_suspended(session, actor, property_id)
    await require_verified(session, before["host_id"])
    missing = rules.missing(before, await count_photos(session, property_id))
    if missing:
        raise PropertyIncomplete(missing)
    if before["status"] != PropertyStatus.PUBLISHED:
        # The first time counts: a place does not get newer by being hidden for a moment.
        published_at = before["published_at"] or now
        await _move(session, property_id, PropertyStatus.PUBLISHED, now, published_at=published_at)


async def unpublish_property(
    session: AsyncSession, actor: Actor, property_id: UUID, now: datetime
) -> None:
    """Take no new bookings; those that exist stay. Raises NotFound."""
    before = await hosted_for_update(session, actor, property_id, CoHostRight.ALL)
    if before["status"] in SHOWN:
        await _move(session, property_id, PropertyStatus.UNPUBLISHED, now)


async def unpublish_all(session: AsyncSession, host_id: UUID, now: datetime) -> None:
    """Take no new bookings for any of a host's places."""
    published = await session.execute(
        select(Property.id)
        .where(Property.host_id == host_id, Property.status.in_(SHOWN))
        .order_by(Property.id)
        .with_for_update(key_share=True)
    )
    for property_id in published.scalars():
        await _move(session, property_id, PropertyStatus.UNPUBLISHED, now)


async def snooze_property(
    session: AsyncSession, actor: Actor, property_id: UUID, until: date, now: datetime
) -> None:
    """Take no new bookings until a date at the place, when it is published again by itself.

    Those that exist stay. Raises NotFound, Invalid, or Forbidden for one that is not published.
    """
    before = await hosted_for_update(session, actor, property_id, CoHostRight.ALL)
    if before["status"] not in SHOWN:
        raise Forbidden("Only a place that is published can be snoozed.")
    today = now.astimezone(zone(before["timezone"])).date()
    if not today < until <= today + LONGEST_SNOOZE:
        raise Invalid("Expected a date from tomorrow on, within a year.", field="until")
    await _move(session, property_id, PropertyStatus.SNOOZED, now, snoozed_until=until)


async def wake_snoozed(session: AsyncSession) -> int:
    """Publish again what has slept long enough, by the database's clock. Returns how many."""
    today = as_type(func.timezone(Property.timezone, func.now()), Date)
    due = (
        select(Property.id)
        .where(Property.status == PropertyStatus.SNOOZED, Property.snoozed_until <= today)
        .with_for_update(key_share=True, skip_locked=True)
    )
    woken = await session.execute(
        update(Property)
        .where(Property.id.in_(due))
        .values(
            status=PropertyStatus.PUBLISHED,
            snoozed_until=None,
            version=Property.version + 1,
            updated_at=func.now(),
        )
    )
    return cast(CursorResult[Any], woken).rowcount


async def archive_property(
    session: AsyncSession, actor: Actor, property_id: UUID, now: datetime
) -> None:
    """Put a property away: no new bookings, and out of its host's way. Publishing brings it back.

    Raises NotFound, or Forbidden when it is suspended.
    """
    before = await _not_suspended(session, actor, property_id)
    if before["status"] != PropertyStatus.ARCHIVED:
        await _move(session, property_id, PropertyStatus.ARCHIVED, now)


async def delete_property(session: AsyncSession, actor: Actor, property_id: UUID) -> None:
    """Delete the caller's own draft with all that belongs to it.

    What has been published stays: guests have stayed there, or have been told of it. Raises
    NotFound and Forbidden.
    """
    own = await own_for_update(session, actor, property_id)
    if own["published_at"] is not None or own["status"] == PropertyStatus.SUSPENDED:
        raise Forbidden("Only a draft can be deleted. Archive a place that has been published.")
    photos = await session.execute(
        select(PropertyPhoto.url).where(PropertyPhoto.property_id == property_id)
    )
    for url in photos.scalars():
        await emit(session, PhotoDeleted(url=url))
    await session.execute(delete(Property).where(Property.id == property_id))


async def duplicate_property(
    session: AsyncSession,
    actor: Actor,
    property_id: UUID,
    now: datetime,
    *,
    idempotency_key: str | None = None,
) -> UUID:
    """Make a draft that says all that the caller's own property says; return its id.

    Nights keep the prices that were set for them, and are open. Photos are the same files, which
    go with the last property that shows them. The same again under the same key is the same copy.
    Raises NotFound, Invalid, IdempotencyConflict.
    """
    copy_id = new_id()
    if idempotency_key is not None:
        earlier = await idempotency.claim(
            session,
            actor_id=actor.require_user(),
            operation=DUPLICATE,
            key=idempotency_key,
            request=property_id,
            subject_id=copy_id,
        )
        if earlier is not None:
            return earlier
    own = await own_for_update(session, actor, property_id)
    # The point for strangers, too: two of them would tell more about the true one.
    values = {name: own[name] for name in _stored(Property) - ITS_OWN}
    await session.execute(
        insert(Property).values(id=copy_id, created_at=now, updated_at=now, **values)
    )
    for model in COPIED:
        await _copy(session, model, property_id, {"property_id": copy_id})
    await _copy_prices(session, property_id, copy_id)
    return copy_id


async def _not_suspended(session: AsyncSession, actor: Actor, property_id: UUID) -> dict[str, Any]:
    before = await hosted_for_update(session, actor, property_id, CoHostRight.ALL)
    if before["status"] == PropertyStatus.SUSPENDED:
        raise Forbidden("This place has been suspended.")
    return before


async def _move(
    session: AsyncSession, property_id: UUID, status: PropertyStatus, now: datetime, **values: Any
) -> None:
    """Into another status; only one that says so is asleep then."""
    await write(session, property_id, now, **{"snoozed_until": None, "status": status} | values)


def _stored(model: type[Base]) -> set[str]:
    """The columns that are not computed of others."""
    return {each.name for each in model.__table__.columns if each.computed is None}


async def _copy(
    session: AsyncSession, model: type[Base], property_id: UUID, changes: Mapping[str, Any]
) -> None:
    """The property's rows of a table, with these changes and ids of their own."""
    table = model.__table__
    rows = await session.execute(select(table).where(table.c.property_id == property_id))
    copies = [
        {**row, **changes, **({"id": new_id()} if "id" in row else {})} for row in rows.mappings()
    ]
    if copies:
        await session.execute(insert(model), copies)


async def _copy_prices(session: AsyncSession, property_id: UUID, copy_id: UUID) -> None:
    prices = select(
        literal(copy_id, Uuid),
        CalendarNight.night,
        CalendarNight.price_minor,
        CalendarNight.min_nights,
    ).where(
        CalendarNight.property_id == property_id,
        func.num_nonnulls(CalendarNight.price_minor, CalendarNight.min_nights) > 0,
    )
    await session.execute(
        insert(CalendarNight).from_select(
            ["property_id", "night", "price_minor", "min_nights"], prices
        )
    )
