"""Calendars exchanged with other sites: a property's feed, and what it imports."""

from collections.abc import Awaitable
from datetime import date, datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry

from app.availability.ical import imports
from app.availability.ical.queries import ConflictRow, FeedRow, ImportRow, SyncRow
from app.bookings.queries import BookingRow
from app.errors import NotFound
from db.enums import CoHostRight
from schema import ids
from schema.bookings.access import has_part
from schema.bookings.types import Booking
from schema.context import Context, Info, absolute
from schema.enums import CalendarFailure
from schema.errors import InvalidInputError, NotFoundError
from schema.mutations import mutation, union
from schema.node import Node, shows
from schema.properties.access import may
from schema.properties.mutations import PropertySuccess, require_property
from schema.properties.resolvers import Exchange

Import_: TypeAlias = strawberry.Parent[ImportRow]
FEEDS = "/calendars/"


async def booking_of(conflict: strawberry.Parent[ConflictRow], info: Info) -> BookingRow | None:
    row = await info.context.loaders.bookings.load(conflict.booking_id)
    assert row is not None
    return row if await has_part(info.context, row) else None


@strawberry.type(
    description="A stay on another site that overlaps with a booking. The booking stays as it is: "
    "the host decides which of the two can come."
)
class CalendarConflict:
    booking = strawberry.field(
        resolver=booking_of,
        graphql_type=Booking | None,
        description="The booking here; null for a co-host who only edits the calendar.",
    )
    starts_on: date = strawberry.field(description="The first night of the stay elsewhere.")
    ends_on: date = strawberry.field(description="The date after its last night.")
    summary: str = strawberry.field(description="What the other site calls it; may be empty.")


@strawberry.type(description="One attempt to read another site's calendar.")
class CalendarSync:
    finished_at: datetime = strawberry.field(description="When.")
    failure: CalendarFailure | None = strawberry.field(
        description="Why it could not be read; null: it could."
    )
    added: int = strawberry.field(description="How many stays were new, or had moved.")
    removed: int = strawberry.field(description="How many were gone, or had moved.")


def log(row: Import_, info: Info) -> Awaitable[list[SyncRow]]:
    return info.context.loaders.calendar_log_of.load(row.id)


def conflicts(row: Import_, info: Info) -> Awaitable[list[ConflictRow]]:
    return info.context.loaders.calendar_conflicts_of.load(row.id)


@strawberry.type(
    description="Another site's calendar of a property. Its nights cannot be booked here; it is "
    "read at least hourly."
)
class CalendarImport(Node):
    is_type_of = shows(ImportRow)

    name: str = strawberry.field(description="What the host calls it.")
    url: str = strawberry.field(description="Where it is.")
    synced_at: datetime | None = strawberry.field(
        description="When it was last tried; null: not yet."
    )
    failure: CalendarFailure | None = strawberry.field(
        description="Why it could not be read the last time; what it said before still holds."
    )
    log = strawberry.field(
        resolver=log,
        graphql_type=list[CalendarSync],
        description="The last attempts, newest first.",
    )
    conflicts = strawberry.field(
        resolver=conflicts,
        graphql_type=list[CalendarConflict],
        description="Where it overlaps with bookings that have not ended.",
    )


def feed_url(exchange: strawberry.Parent[Exchange], info: Info) -> Awaitable[str | None]:
    async def load() -> str | None:
        feed: FeedRow | None = await info.context.loaders.calendar_feed_of.load(
            exchange.property_id
        )
        return None if feed is None else absolute(f"{FEEDS}{feed.token}.ics", info)

    return load()


def imports_of(exchange: strawberry.Parent[Exchange], info: Info) -> Awaitable[list[ImportRow]]:
    return info.context.loaders.calendar_imports_of.load(exchange.property_id)


@strawberry.type(description="How a property's calendar and those of other sites know each other.")
class CalendarExchange:
    feed_url = strawberry.field(
        resolver=feed_url,
        graphql_type=str | None,
        description="Where other sites find this calendar (iCalendar). Whoever knows it can read "
        "it. Null until there is one: see `rotateCalendarFeed`.",
    )
    imports = strawberry.field(
        resolver=imports_of,
        graphql_type=list[CalendarImport],
        description="Other sites' calendars of this property.",
    )


async def visible_import(context: Context, key: UUID) -> ImportRow | None:
    """The import, if its property's calendar is the viewer's to edit."""
    row = await context.loaders.calendar_imports.load(key)
    if row is None:
        return None
    owner = await context.loaders.properties.load(row.property_id)
    if owner is None or not await may(context, owner.id, owner.host_id, CoHostRight.CALENDAR):
        return None
    return row


@strawberry.input(description="A property whose feed is to have another address.")
class RotateCalendarFeedInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")


@strawberry.input(description="Another site's calendar to import.")
class AddCalendarImportInput:
    property_id: strawberry.ID = strawberry.field(description="Of which property.")
    name: str = strawberry.field(description="What to call it, 1 to 60 characters.")
    url: str = strawberry.field(description="Its https (or webcal) address, as the site gives it.")


@strawberry.input(description="A calendar that is not to be imported any more.")
class RemoveCalendarImportInput:
    import_id: strawberry.ID = strawberry.field(description="Which import.")


@strawberry.input(description="A calendar to read now.")
class SyncCalendarImportInput:
    import_id: strawberry.ID = strawberry.field(description="Which import.")


@strawberry.type(description="The feed is found at another address now.")
class RotateCalendarFeedSuccess(PropertySuccess):
    pass


@strawberry.type(description="It is imported from now on, and first read within seconds.")
class AddCalendarImportSuccess(PropertySuccess):
    pass


@strawberry.type(description="It is not imported any more, and its nights are free.")
class RemoveCalendarImportSuccess(PropertySuccess):
    pass


@strawberry.type(description="It is read within seconds, unless it was within the last minute.")
class SyncCalendarImportSuccess(PropertySuccess):
    pass


async def rotate_calendar_feed(
    info: Info,
    input: Annotated[RotateCalendarFeedInput, strawberry.argument(description="The property.")],
) -> RotateCalendarFeedSuccess:
    context, key = info.context, require_property(input.property_id)
    await context.runtime.db.run(
        lambda session: imports.rotate_feed(session, context.actor, key, context.now)
    )
    return RotateCalendarFeedSuccess(property_id=key)


async def add_calendar_import(
    info: Info,
    input: Annotated[AddCalendarImportInput, strawberry.argument(description="The calendar.")],
) -> AddCalendarImportSuccess:
    context, key = info.context, require_property(input.property_id)
    settings = context.runtime.settings
    await context.runtime.db.run(
        lambda session: imports.add(
            session,
            context.actor,
            key,
            input.name,
            input.url,
            absolute(FEEDS, info),
            context.now,
            private_networks=settings.fetch_private_networks,
        )
    )
    return AddCalendarImportSuccess(property_id=key)


async def remove_calendar_import(
    info: Info,
    input: Annotated[RemoveCalendarImportInput, strawberry.argument(description="The import.")],
) -> RemoveCalendarImportSuccess:
    context, key = info.context, _require_import(input.import_id)
    property_id = await context.runtime.db.run(
        lambda session: imports.remove(session, context.actor, key, context.now)
    )
    return RemoveCalendarImportSuccess(property_id=property_id)


async def sync_calendar_import(
    info: Info,
    input: Annotated[SyncCalendarImportInput, strawberry.argument(description="The import.")],
) -> SyncCalendarImportSuccess:
    context, key = info.context, _require_import(input.import_id)
    property_id = await context.runtime.db.run(
        lambda session: imports.sync_now(session, context.actor, key)
    )
    return SyncCalendarImportSuccess(property_id=property_id)


def _require_import(text: str) -> UUID:
    key = ids.key_of("CalendarImport", text)
    if key is None:
        raise NotFound("There is no such calendar.")
    return key


@strawberry.type
class CalendarExchangeMutations:
    rotate_calendar_feed = mutation(
        rotate_calendar_feed,
        union("RotateCalendarFeedResult", RotateCalendarFeedSuccess, NotFoundError),
        "Give a property of the viewer's a calendar feed, or its feed another address: that of "
        "before leads nowhere then.",
    )
    add_calendar_import = mutation(
        add_calendar_import,
        union(
            "AddCalendarImportResult", AddCalendarImportSuccess, NotFoundError, InvalidInputError
        ),
        "Let another site's calendar block nights of a property of the viewer's.",
    )
    remove_calendar_import = mutation(
        remove_calendar_import,
        union("RemoveCalendarImportResult", RemoveCalendarImportSuccess, NotFoundError),
        "Forget another site's calendar.",
    )
    sync_calendar_import = mutation(
        sync_calendar_import,
        union("SyncCalendarImportResult", SyncCalendarImportSuccess, NotFoundError),
        "Read another site's calendar now rather than within the hour.",
    )
