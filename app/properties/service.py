"""Properties: a host's edits, and the lock that bookings of one queue up at."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, structs
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.actor import Actor
from app.errors import Forbidden, Invalid, NotFound
from app.identity import service as identity
from app.identity.accounts import require_verified
from app.identity.errors import AccountSuspended
from app.ids import new_id
from app.properties import rules
from app.properties.bookable import load_bookable
from app.properties.errors import (
    HostRequired,
    PropertyIncomplete,
    PropertyNotBookable,
    StaleVersion,
)
from app.properties.listing import Listing, Photo
from app.properties.terms import BookableProperty, Fees
from db.enums import PropertyStatus
from db.models import Property, PropertyPhoto, User
from db.session import sqlstate

REQUIRED = (
    "title",
    "type",
    "city",
    "country",
    "latitude",
    "longitude",
    "timezone",
    "max_guests",
    "currency",
    "base_price_minor",
)
# The table's own, for what is checked together.
DEFAULTS = {"guests_included": 1, "min_nights": 1, "max_nights": 365}
INVALID_PARAMETER = "22023"


async def create_property(
    session: AsyncSession, actor: Actor, listing: Listing, now: datetime
) -> UUID:
    """Make a draft; return its id. Raises HostRequired, AccountSuspended or Invalid."""
    host_id = actor.require_user()
    await require_host(session, host_id)
    given = _columns(listing)
    for column in REQUIRED:
        if column not in given:
            raise Invalid("This is needed.", field=rules.api_name(column))
    values = rules.checked(given)
    rules.check_together(DEFAULTS | values)
    await _require_known_timezone(session, values["timezone"])
    latitude, longitude = rules.blur(values["latitude"], values["longitude"])
    property_id = new_id()
    await session.execute(
        insert(Property).values(
            id=property_id,
            host_id=host_id,
            public_latitude=latitude,
            public_longitude=longitude,
            created_at=now,
            updated_at=now,
            **values,
        )
    )
    if listing.photos:
        await _replace_photos(session, property_id, listing.photos)
    return property_id


async def update_property(
    session: AsyncSession,
    actor: Actor,
    property_id: UUID,
    changes: Listing,
    now: datetime,
    *,
    expected_version: int | None = None,
) -> None:
    """Change what is set in `changes`; bookings that exist keep their terms.

    Raises NotFound (also for somebody else's), StaleVersion, or Invalid, also when a published
    property would no longer be complete.
    """
    before = await own_for_update(session, actor, property_id, expected_version)
    values = rules.checked(_columns(changes))
    after = {**before, **values}
    rules.check_together(after)
    if after["currency"] != before["currency"] and before["published_at"] is not None:
        # The calendar's prices and the ranking of searches are in the old one.
        raise Invalid(
            "The currency is settled once a place has been published.",
            field="pricePerNight.currency",
        )
    if after["timezone"] != before["timezone"]:
        await _require_known_timezone(session, after["timezone"])
    if changes.photos is not UNSET:
        await _replace_photos(session, property_id, changes.photos)
    if before["status"] == PropertyStatus.PUBLISHED:
        missing = rules.missing(after, await _count_photos(session, property_id))
        if missing:
            raise Invalid("A published place cannot be without this.", field=missing[0])
    point = (after["latitude"], after["longitude"])
    if point != (before["latitude"], before["longitude"]):
        values["public_latitude"], values["public_longitude"] = rules.moved_blur(
            (before["latitude"], before["longitude"]),
            (before["public_latitude"], before["public_longitude"]),
            point,
        )
    await write(session, property_id, now, **values)


async def publish_property(
    session: AsyncSession, actor: Actor, property_id: UUID, now: datetime
) -> None:
    """Let guests find and book it; nothing happens when they can already.

    Raises NotFound, PropertyIncomplete, EmailNotVerified, DeletionPending, or Forbidden when it is
    suspended.
    """
    before = await own_for_update(session, actor, property_id)
    await require_verified(session, before["host_id"])
    if before["status"] == PropertyStatus.SUSPENDED:
        raise Forbidden("This place has been suspended.")
    missing = rules.missing(before, await _count_photos(session, property_id))
    if missing:
        raise PropertyIncomplete(missing)
    if before["status"] != PropertyStatus.PUBLISHED:
        # The first time counts: a place does not get newer by being hidden for a moment.
        published_at = before["published_at"] or now
        await write(
            session, property_id, now, status=PropertyStatus.PUBLISHED, published_at=published_at
        )


async def unpublish_property(
    session: AsyncSession, actor: Actor, property_id: UUID, now: datetime
) -> None:
    """Take no new bookings; those that exist stay. Raises NotFound."""
    before = await own_for_update(session, actor, property_id)
    if before["status"] == PropertyStatus.PUBLISHED:
        await write(session, property_id, now, status=PropertyStatus.UNPUBLISHED)


async def unpublish_all(session: AsyncSession, host_id: UUID, now: datetime) -> None:
    """Take no new bookings for any of a host's places."""
    published = await session.execute(
        select(Property.id)
        .where(Property.host_id == host_id, Property.status == PropertyStatus.PUBLISHED)
        .order_by(Property.id)
        .with_for_update(key_share=True)
    )
    for property_id in published.scalars():
        await write(session, property_id, now, status=PropertyStatus.UNPUBLISHED)


async def lock_for_booking(
    session: AsyncSession, property_id: UUID, check_in: date, check_out: date, fees: Fees
) -> BookableProperty:
    """The property and the host's settings for those nights, locked until the transaction ends.

    Bookings of one property queue up here. Two statements: the second sees what was committed, and
    how late it has become, while the first waited. Raises PropertyNotBookable when there is no
    such property; the status is the caller's to look at (availability.service.require_allowed).
    """
    lock = select(Property.id).where(Property.id == property_id).with_for_update(key_share=True)
    if (await session.execute(lock)).first() is None:
        raise PropertyNotBookable
    found = await load_bookable(session, [property_id], check_in, check_out, fees)
    return found[property_id]


def _columns(listing: Listing) -> dict[str, Any]:
    """What is set in a listing, by column; photos have their own table."""
    values = {
        name: value
        for name, value in structs.asdict(listing).items()
        if value is not UNSET and name not in ("location", "photos")
    }
    if listing.location is not UNSET:
        values |= structs.asdict(listing.location)
    return values


async def own_for_update(
    session: AsyncSession, actor: Actor, property_id: UUID, expected_version: int | None = None
) -> dict[str, Any]:
    """The caller's own property, locked. Raises NotFound for any other, and AccountSuspended.

    Raises StaleVersion when it was edited since the caller read `expected_version` of it.
    """
    # The user first, as whoever suspends them does.
    await identity.require_active(session, actor.require_user())
    row = (
        (
            await session.execute(
                select(Property.__table__)
                .where(Property.id == property_id, Property.host_id == actor.require_user())
                .with_for_update(key_share=True)
            )
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound("There is no such property.")
    if expected_version is not None and row["version"] != expected_version:
        raise StaleVersion(row["version"])
    return dict(row)


async def require_host(connection: AsyncSession | AsyncConnection, user_id: UUID) -> None:
    """Raise HostRequired, or AccountSuspended."""
    found = await connection.execute(
        select(User.is_host, User.suspended_at).where(User.id == user_id)
    )
    user = found.first()
    if user is None or not user.is_host:
        raise HostRequired
    if user.suspended_at is not None:
        raise AccountSuspended


async def _require_known_timezone(session: AsyncSession, timezone: str) -> None:
    """PostgreSQL must know the zone as Python does: one that it does not would fail every search
    with dates."""
    try:
        async with session.begin_nested():
            await session.execute(select(func.timezone(timezone, func.now())))
    except DBAPIError as error:
        if sqlstate(error) != INVALID_PARAMETER:
            raise
        raise Invalid("This time zone is not supported.", field="timezone") from error


async def _count_photos(session: AsyncSession, property_id: UUID) -> int:
    statement = select(func.count()).where(PropertyPhoto.property_id == property_id)
    return (await session.execute(statement)).scalar_one()


async def _replace_photos(
    session: AsyncSession, property_id: UUID, photos: Sequence[Photo]
) -> None:
    """Make these the property's photos. One whose URL it had before keeps its id."""
    rules.check_photos(photos)
    known = await session.execute(
        delete(PropertyPhoto)
        .where(PropertyPhoto.property_id == property_id)
        .returning(PropertyPhoto.url, PropertyPhoto.id)
    )
    ids: dict[str, UUID] = {row.url: row.id for row in known}
    rows = [
        {
            "id": ids.pop(photo.url, None) or new_id(),
            "property_id": property_id,
            "position": position,
            **structs.asdict(photo),
        }
        for position, photo in enumerate(photos)
    ]
    if rows:
        await session.execute(insert(PropertyPhoto), rows)


async def write(session: AsyncSession, property_id: UUID, now: datetime, **values: Any) -> None:
    """Note an edit by the host, whose lock the caller holds: another version, and the values."""
    await session.execute(
        update(Property)
        .where(Property.id == property_id)
        .values(version=Property.version + 1, updated_at=now, **values)
    )
