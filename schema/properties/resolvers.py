"""What the fields of a property show: whom, and read how."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import date
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import msgspec
import strawberry

from app.availability.calendar import CalendarTerms, Night, nights, span, terms_of
from app.bookings.preview import Preview, preview
from app.bookings.queries import BOOKINGS_OF_PROPERTY, BookingRow, StayRow
from app.identity.policy import is_own
from app.identity.queries import HOST, UserRow
from app.payments import choice
from app.properties import rules
from app.properties.photos.queries import UploadRow
from app.properties.queries import (
    PHOTOS,
    CoHostRow,
    GuideRow,
    PhotoRow,
    PropertyRow,
    TranslationRow,
)
from app.properties.taxes import TaxRow
from app.properties.terms import fees_of
from app.reviews.queries import REVIEWS_OF_PROPERTY, ReviewRow
from app.saved.queries import WishlistRow
from app.storage import Addresses
from db.enums import CoHostRight
from db.shapes import Computed
from schema.context import Info
from schema.engine import Asked, batched
from schema.enums import PaymentMethod, PropertyStatus, Weekday, weekdays
from schema.guests import GuestsInput
from schema.paging import DEFAULT_PAGE, After, Connection, First, listed, listed_with, page_part
from schema.properties.access import may, seen_exactly
from schema.reading import Part, brings, is_asked, joins, reads, shows_row
from schema.users import BookingStatuses

Parent: TypeAlias = strawberry.Parent[PropertyRow]


class Exchange(msgspec.Struct, frozen=True):
    """A property's exchange of calendars with other sites, for its host."""

    property_id: UUID


@reads("status", "snoozed_until", "timezone")
@batched
def status_now(rows: Sequence[PropertyRow], info: Info) -> list[PropertyStatus]:
    now = info.context.now
    return [rules.status_now(row.status, row.snoozed_until, row.timezone, now) for row in rows]


@reads("id", "host_id", "status", "snoozed_until", "timezone")
async def snoozed_until(row: Parent, info: Info) -> date | None:
    now = info.context.now
    status = rules.status_now(row.status, row.snoozed_until, row.timezone, now)
    asleep = status is PropertyStatus.SNOOZED
    hosts = asleep and await may(info.context, row.id, row.host_id, CoHostRight.ALL)
    return row.snoozed_until if hosts else None


@reads("id")
async def translations(row: Parent, info: Info) -> list[TranslationRow]:
    return await info.context.loaders.translations_of.load(row.id)


@reads("id", "host_id")
async def check_in_guide(row: Parent, info: Info) -> GuideRow | None:
    (may_know,) = await seen_exactly(info.context, [row])
    return await info.context.loaders.check_in_guides.load(row.id) if may_know else None


@shows_row()
def house_rules(row: Parent) -> PropertyRow:
    return row


@shows_row("timezone")
def location(row: Parent) -> PropertyRow | None:
    return None if row.timezone is None else row


@reads("currency")
def payment_methods(row: Parent, info: Info) -> list[PaymentMethod]:
    return choice.methods(info.context.runtime.providers, row.currency)


@reads("check_in_weekdays")
def check_in_weekdays(row: Parent) -> list[Weekday]:
    return weekdays(row.check_in_weekdays)


@reads("check_out_weekdays")
def check_out_weekdays(row: Parent) -> list[Weekday]:
    return weekdays(row.check_out_weekdays)


@joins(HOST)
def host(row: Parent, info: Info) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(row.host_id)


@reads("id")
def taxes(row: Parent, info: Info) -> Awaitable[list[TaxRow]]:
    return info.context.loaders.taxes_of.load(row.id)


@joins(PHOTOS)
def photos(row: Parent, info: Info) -> Awaitable[list[PhotoRow]]:
    return info.context.loaders.photos_of.load(row.id)


ITS_CALENDAR = Computed("its_calendar", CalendarTerms, terms_of, is_json=True)
ITS_REVIEWS = "its_reviews"


def _its_calendar(asked: Asked, _: Addresses | None) -> Computed | None:
    """Reasons are read apart: not everybody may know them."""
    has_reasons = asked.selection is not None and "why_not" in asked.selection.asked
    return None if has_reasons else ITS_CALENDAR


@brings(Part(_its_calendar, span))
@reads("id")
def availability(
    row: Parent,
    info: Info,
    start: Annotated[
        date, strawberry.argument(name="from", description="The first date; from 2000-01-01.")
    ],
    end: Annotated[
        date,
        strawberry.argument(
            name="to", description="The date after the last; at most 366 days later."
        ),
    ],
) -> Awaitable[list[Night]] | list[Night]:
    if is_asked(info, "why_not"):
        return _explained(row.id, info, start, end)
    if not hasattr(row, "its_calendar"):
        return info.context.loaders.calendars.load((row.id, start, end))
    terms: CalendarTerms | None = row.its_calendar
    return [] if terms is None else nights(terms, start, end, info.context.now)


async def _explained(key: UUID, info: Info, start: date, end: date) -> list[Night]:
    """The calendar with reasons, as far as the viewer may know them."""
    found: list[Night] = []
    for calendar in await info.context.loaders.explained_calendars.load((key, start, end)):
        knows = await may(info.context, key, calendar.host_id, CoHostRight.CALENDAR)
        found += calendar.nights if knows else [each.for_strangers() for each in calendar.nights]
    return found


@reads("id", "host_id")
async def price_preview(
    row: Parent,
    info: Info,
    start: Annotated[date, strawberry.argument(name="from", description="The first night.")],
    end: Annotated[
        date,
        strawberry.argument(
            name="to", description="The date after the last; at most 366 days later."
        ),
    ],
    guests: Annotated[GuestsInput | None, strawberry.argument(description="Null: one.")] = None,
) -> Preview | None:
    context = info.context
    if not await may(context, row.id, row.host_id, CoHostRight.CALENDAR):
        return None
    who, fees = (guests or GuestsInput()).value(), fees_of(context.runtime.settings)
    return await preview(context.runtime.db, row.id, start, end, who, context.now, fees)


@brings(page_part(REVIEWS_OF_PROPERTY, ITS_REVIEWS))
@reads("id")
def reviews(
    row: Parent, info: Info, first: First = DEFAULT_PAGE, after: After = None
) -> Awaitable[Connection[ReviewRow]] | Connection[ReviewRow]:
    return listed_with(info, REVIEWS_OF_PROPERTY, row, ITS_REVIEWS, first, after)


def _on_lists(show: Callable[[list[WishlistRow]], Any]) -> Any:
    """The resolver of something about the viewer's wishlists that have the place."""

    @reads("id")
    @batched
    def resolve(
        rows: Sequence[PropertyRow], info: Info
    ) -> list[Any] | Coroutine[Any, Any, list[Any]]:
        if info.context.actor.user_id is None:
            return [show([])] * len(rows)
        return of_viewer(rows, info)

    async def of_viewer(rows: Sequence[PropertyRow], info: Info) -> list[Any]:
        loads = [info.context.loaders.wishlists_with.load(row.id) for row in rows]
        return [show(await lists) for lists in loads]

    return resolve


is_saved = _on_lists(bool)
saved_in = _on_lists(list)


@reads("id", "host_id")
async def calendar_exchange(row: Parent, info: Info) -> Exchange | None:
    hosts = await may(info.context, row.id, row.host_id, CoHostRight.CALENDAR)
    return Exchange(row.id) if hosts else None


@reads("id")
async def co_hosts(row: Parent, info: Info) -> list[UserRow | None]:
    found = await info.context.loaders.co_host_users_of.load(row.id)
    users = [each.user_id for each in found if each.user_id is not None]
    return await info.context.loaders.users.load_many(users)


@reads("id", "host_id")
async def co_host_team(row: Parent, info: Info) -> list[CoHostRow] | None:
    if not is_own(row.host_id, info.context.actor):
        return None
    return await info.context.loaders.co_hosts_of.load(row.id)


@reads("id", "host_id")
async def stays(
    row: Parent,
    info: Info,
    start: Annotated[date, strawberry.argument(name="from", description="The first date.")],
    end: Annotated[
        date,
        strawberry.argument(
            name="to", description="The date after the last; at most 366 days later."
        ),
    ],
) -> list[StayRow] | None:
    if not await may(info.context, row.id, row.host_id, *CoHostRight):
        return None
    return await info.context.loaders.stays_of.load((row.id, start, end))


@reads("id", "host_id")
async def bookings(
    row: Parent,
    info: Info,
    status: BookingStatuses = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[BookingRow] | None:
    if not await may(info.context, row.id, row.host_id, CoHostRight.ALL):
        return None
    return await listed(info, BOOKINGS_OF_PROPERTY, row.id, first, after, status)


@reads("id", "host_id")
async def photo_uploads(row: Parent, info: Info) -> list[UploadRow] | None:
    if not await may(info.context, row.id, row.host_id, CoHostRight.ALL):
        return None
    return await info.context.loaders.photo_uploads_of.load(row.id)
