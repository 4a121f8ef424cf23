"""Properties: a host's edits, and the lock that bookings of one queue up at."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, structs
from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app import idempotency
from app.actor import Actor
from app.errors import Invalid, NotFound
from app.identity import service as identity
from app.identity.errors import AccountSuspended
from app.ids import new_id
from app.properties import places, policy, rules, words
from app.properties.bookable import load_bookable
from app.properties.errors import (
    HostRequired,
    PropertyNotBookable,
    StaleVersion,
)
from app.properties.listing import Listing
from app.properties.terms import BookableProperty, Fees
from db.enums import CoHostRight, PropertyStatus
from db.models import Property, PropertyPhoto, User
from db.session import sqlstate

# The name under which idempotency keys of new properties are kept.
CREATE = "createProperty"
# The table's own, for what is checked together.
DEFAULTS = {"max_guests": 2, "guests_included": 1, "min_nights": 1, "max_nights": 365}
# Of a draft before it has a price, whose host has not said in what they count.
USUAL_CURRENCY = "EUR"
# The table's own.
USUAL_LANGUAGE = "en"
# What of a listing is no column of its own.
ASIDE = {"location", "timezone", "house_rules", "translations", "guide"}
# What everybody may see, now or on a day to come: it has to stay complete.
SHOWN = (PropertyStatus.PUBLISHED, PropertyStatus.SNOOZED)
NOWHERE: dict[str, Any] = dict.fromkeys(
    ("latitude", "longitude", "public_latitude", "public_longitude", "timezone")
)
INVALID_PARAMETER = "22023"


async def create_property(
    session: AsyncSession,
    actor: Actor,
    listing: Listing,
    now: datetime,
    *,
    idempotency_key: str | None = None,
) -> UUID:
    """Make a draft, which may say anything or nothing yet; return its id.

    The same again under the same key is the same draft. Raises HostRequired, AccountSuspended,
    Invalid or IdempotencyConflict.
    """
    host_id, property_id = actor.require_user(), new_id()
    if idempotency_key is not None:
        earlier = await idempotency.claim(
            session,
            actor_id=host_id,
            operation=CREATE,
            key=idempotency_key,
            request=listing,
            subject_id=property_id,
        )
        if earlier is not None:
            return earlier
    currency = await require_host(session, host_id)
    values = rules.checked({"currency": currency or USUAL_CURRENCY, **_columns(listing)})
    rules.check_together(DEFAULTS | values)
    values |= await _placed(session, listing, NOWHERE, now)
    await session.execute(
        insert(Property).values(
            id=property_id, host_id=host_id, created_at=now, updated_at=now, **values
        )
    )
    await words.store(session, property_id, listing, values.get("language", USUAL_LANGUAGE))
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
    before = await hosted_for_update(session, actor, property_id, CoHostRight.ALL, expected_version)
    values = rules.checked(_columns(changes))
    after = {**before, **values}
    rules.check_together(after)
    if after["currency"] != before["currency"] and before["published_at"] is not None:
        # The calendar's prices and the ranking of searches are in the old one.
        raise Invalid(
            "The currency is settled once a place has been published.",
            field="pricePerNight.currency",
        )
    values |= await _placed(session, changes, before, now)
    if before["status"] in SHOWN:
        missing = rules.missing(after, await count_photos(session, property_id))
        if missing:
            raise Invalid(
                f"A published place cannot be without this. {missing[0].message}",
                field=missing[0].field,
            )
    if values.get("language", before["language"]) != before["language"]:
        await words.forget(session, property_id, values["language"])
    await words.store(session, property_id, changes, after["language"])
    await write(session, property_id, now, **values)


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
    if not found:
        # A draft, without a place or a price.
        raise PropertyNotBookable
    return found[property_id]


def _columns(listing: Listing) -> dict[str, Any]:
    """What is set in a listing, by column."""
    values = {
        name: value
        for name, value in structs.asdict(listing).items()
        if value is not UNSET and name not in ASIDE
    }
    for part in (listing.location, listing.house_rules):
        if part is not UNSET:
            values |= structs.asdict(part)
    return values


async def own_for_update(session: AsyncSession, actor: Actor, property_id: UUID) -> dict[str, Any]:
    """The caller's own property, locked: what only its host may do.

    Raises NotFound for any other, and AccountSuspended.
    """
    return await _locked(session, actor, property_id, Property.host_id == actor.require_user())


async def require_own(connection: AsyncConnection, actor: Actor, property_id: UUID) -> None:
    """Raise NotFound for what is not the caller's own property."""
    own = select(Property.id).where(
        Property.id == property_id, Property.host_id == actor.require_user()
    )
    if (await connection.execute(own)).first() is None:
        raise NotFound("There is no such property.")


async def hosted_for_update(
    session: AsyncSession,
    actor: Actor,
    property_id: UUID,
    right: CoHostRight,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """A property that the caller hosts, or co-hosts with that right; locked.

    Raises NotFound for any other, and AccountSuspended; StaleVersion when it was edited since the
    caller read `expected_version` of it.
    """
    hosts = policy.acts_for(actor.require_user(), right)
    row = await _locked(session, actor, property_id, hosts)
    if expected_version is not None and row["version"] != expected_version:
        raise StaleVersion(row["version"])
    return row


async def _locked(
    session: AsyncSession, actor: Actor, property_id: UUID, may: ColumnElement[bool]
) -> dict[str, Any]:
    # The user first, as whoever suspends them does.
    await identity.require_active(session, actor.require_user())
    row = (
        (
            await session.execute(
                select(Property.__table__)
                .where(Property.id == property_id, may)
                .with_for_update(key_share=True)
            )
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound("There is no such property.")
    return dict(row)


async def require_host(connection: AsyncSession | AsyncConnection, user_id: UUID) -> str | None:
    """The currency that a host counts in, if they have said. Raises HostRequired, or
    AccountSuspended."""
    found = await connection.execute(
        select(User.is_host, User.suspended_at, User.currency).where(User.id == user_id)
    )
    user = found.first()
    if user is None or not user.is_host:
        raise HostRequired
    if user.suspended_at is not None:
        raise AccountSuspended
    currency: str | None = user.currency
    return currency


async def _placed(
    session: AsyncSession, listing: Listing, before: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """What follows from where a property is now: its time zone, and its point for strangers.

    Raises Invalid when the client says that the clocks there show something else.
    """
    zone, found = before["timezone"], dict[str, Any]()
    location = listing.location
    was = (before["latitude"], before["longitude"])
    if location is not UNSET and (location.latitude, location.longitude) != was:
        point = (location.latitude, location.longitude)
        zone = await places.timezone_at(*point)
        await _require_known_timezone(session, zone)
        public = (before["public_latitude"], before["public_longitude"])
        blurred = rules.blur(*point) if was[0] is None else rules.moved_blur(was, public, point)
        found = {"timezone": zone, "public_latitude": blurred[0], "public_longitude": blurred[1]}
    told = listing.timezone
    if told is not UNSET and zone is not None and not places.tell_the_same(told, zone, now):
        raise Invalid(f"The clocks there are those of {zone}.", field="timezone")
    return found


async def _require_known_timezone(session: AsyncSession, timezone: str) -> None:
    """PostgreSQL must know the zone as Python does: one that it does not would fail every search
    with dates."""
    try:
        async with session.begin_nested():
            await session.execute(select(func.timezone(timezone, func.now())))
    except DBAPIError as error:
        if sqlstate(error) != INVALID_PARAMETER:
            raise
        raise Invalid("The time zone of this place is not supported.", field="location") from error


async def count_photos(session: AsyncSession, property_id: UUID) -> int:
    statement = select(func.count()).where(PropertyPhoto.property_id == property_id)
    return (await session.execute(statement)).scalar_one()


async def write(session: AsyncSession, property_id: UUID, now: datetime, **values: Any) -> None:
    """Note an edit by the host, whose lock the caller holds: another version, and the values."""
    await session.execute(
        update(Property)
        .where(Property.id == property_id)
        .values(version=Property.version + 1, updated_at=now, **values)
    )
