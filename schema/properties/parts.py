"""What a property is shown in parts: its place, photos, nights, rules and words."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import date, time
from operator import attrgetter
from typing import Annotated, Any, TypeAlias

import strawberry

from app.availability.reasons import ExplainedNight
from app.bookings.queries import StayRow
from app.identity.queries import GUEST, UserRow
from app.properties.photos.files import sized
from app.properties.queries import EXACT, PhotoRow, PropertyRow, properties
from db.shapes import Value, shape
from schema.context import Info, shown_at, shown_at_in_sql
from schema.engine import batched
from schema.enums import AvailabilityReason, BookingStatus, PhotoSize
from schema.guests import Guests
from schema.money import Money
from schema.node import Node, shows
from schema.properties.access import seen_exactly, sees_none_exactly
from schema.reading import joins, reads, writes
from schema.users import User

Show: TypeAlias = Callable[[PropertyRow], Any]
ShowAll: TypeAlias = Callable[[Sequence[PropertyRow], Info], Awaitable[list[Any]]]
EXACTLY = shape(PropertyRow, EXACT | {"id"})
# Inside a type, a field's name hides what is imported under it.
Day: TypeAlias = date


def guarded(name: str, public: str | None = None) -> Any:
    """The resolver of something of the EXACT that only some may see; others see `public`, or null.

    Rows for everybody do not have it: it is read for those who may.
    """
    assert name in EXACT, "what is read for everybody has all else"
    instead: Show = attrgetter(public) if public else lambda _: None

    async def exactly(rows: Sequence[PropertyRow], info: Info) -> list[Any]:
        if all(hasattr(row, name) for row in rows):
            return [getattr(row, name) for row in rows]
        found = info.context.loaders.rows(properties, EXACTLY)
        return [getattr(row, name) for row in await found.load_many([row.id for row in rows])]

    return _by_access(exactly, instead, *([name, public] if public else [name]))


def _by_access(exactly: ShowAll, instead: Show, *columns: str) -> Any:
    @reads("id", "host_id", *columns)
    @batched
    def resolve(
        rows: Sequence[PropertyRow], info: Info
    ) -> list[Any] | Coroutine[Any, Any, list[Any]]:
        if sees_none_exactly(info.context):
            return list(map(instead, rows))
        return seen(rows, info)

    async def seen(rows: Sequence[PropertyRow], info: Info) -> list[Any]:
        allowed = await seen_exactly(info.context, rows)
        shown = await exactly([row for row, may in zip(rows, allowed, strict=True) if may], info)
        values = iter(shown)
        return [
            next(values) if may else instead(row) for row, may in zip(rows, allowed, strict=True)
        ]

    return resolve


async def _all_true(rows: Sequence[PropertyRow], _: Info) -> list[bool]:
    return [True] * len(rows)


is_exact = _by_access(_all_true, lambda _: False)


@strawberry.type(description="Where a property is.")
class Location:
    city: str = strawberry.field(description="The city, town or village.")
    region: str = strawberry.field(description="State, county or the like; may be empty.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code: `PT`.")
    address = strawberry.field(
        resolver=guarded("address"),
        graphql_type=str | None,
        description="Street and number. Only the host has it, and guests from their booking's "
        "confirmation until it ends.",
    )
    unit = strawberry.field(
        resolver=guarded("unit"),
        graphql_type=str | None,
        description="Apartment, floor, door; may be empty. As `address`.",
    )
    postal_code = strawberry.field(
        resolver=guarded("postal_code"), graphql_type=str | None, description="As `address`."
    )
    latitude = strawberry.field(
        resolver=guarded("latitude", "public_latitude"),
        graphql_type=float,
        description="Degrees north; unless `isExact`, of a fixed point within some 500 m.",
    )
    longitude = strawberry.field(
        resolver=guarded("longitude", "public_longitude"),
        graphql_type=float,
        description="Degrees east; as `latitude`.",
    )
    is_exact = strawberry.field(
        resolver=is_exact, graphql_type=bool, description="Whether this is the true point."
    )


@writes(shown_at_in_sql("url", PhotoSize.LARGE))
@reads("url")
def photo_url(
    photo: strawberry.Parent[PhotoRow],
    info: Info,
    size: Annotated[PhotoSize, strawberry.argument(description="How large.")] = PhotoSize.LARGE,
) -> str:
    return shown_at(photo.url if size is PhotoSize.LARGE else sized(photo.url, size), info)


@joins(GUEST)
def guest_of(stay: strawberry.Parent[StayRow], info: Info) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(stay.guest_id)


@strawberry.type(description="A guest's stay, as everybody on the host's side may know of it.")
class HostedStay:
    check_in: date = strawberry.field(description="The first night's date, local.")
    check_out: date = strawberry.field(description="The date of leaving.")
    status: BookingStatus = strawberry.field(description="Where the booking is in its life.")
    guests: Guests = strawberry.field(description="Who comes, in numbers.")
    guest = strawberry.field(resolver=guest_of, graphql_type=User, description="Who comes.")


@strawberry.type(description="A picture of a property.")
class Photo(Node):
    is_type_of = shows(PhotoRow)

    url = strawberry.field(resolver=photo_url, description="Where it can be fetched.")
    caption: str = strawberry.field(description="What it shows; may be empty.")
    width: int = strawberry.field(description="Of the largest, in pixels.")
    height: int = strawberry.field(description="Of the largest, in pixels.")
    placeholder: str | None = strawberry.field(
        description="What to show until it is there, as a BlurHash; null if it was not sent here."
    )


def why_not(night: strawberry.Parent[ExplainedNight]) -> Sequence[AvailabilityReason]:
    return night.why_not


@strawberry.type(
    description="One date of a property's calendar. A stay can be had when its first date says "
    "`canCheckIn`, each of its nights is `available`, and the date after them says `canCheckOut`."
)
class AvailabilityNight:
    date: Day = strawberry.field(description="The evening's date, in the property's time zone.")
    available: bool = strawberry.field(description="Whether the night is free.")
    can_check_in: bool = strawberry.field(description="Whether a stay can begin on this date.")
    can_check_out: bool = strawberry.field(description="Whether a stay can end on this date.")
    min_nights: int = strawberry.field(
        description="How many nights a stay has at least that begins on this date."
    )
    price: Money = strawberry.field(description="What this night costs, before any discount.")
    why_not = strawberry.field(
        resolver=why_not,
        graphql_type=list[AvailabilityReason],
        description="All that is in the way of staying that night, of arriving on this date and of "
        "leaving on it. Who has a night is told to the host, and to co-hosts who may edit the "
        "calendar; everybody else is told `UNAVAILABLE`.",
    )


@strawberry.type(description="What guests have to mind. Pets: see `petsAllowed`.")
class HouseRules:
    smoking_allowed: bool = strawberry.field(description="Whether one may smoke.")
    parties_allowed: bool = strawberry.field(description="Whether parties are fine.")
    suitable_for_children: bool = strawberry.field(description="Whether children are safe there.")
    quiet_from: time | None = strawberry.field(
        description="When quiet hours begin, local; null: there are none."
    )
    quiet_to: time | None = strawberry.field(description="When they end.")
    additional_rules: str = strawberry.field(description="Anything else; may be empty.")


@strawberry.type(description="How to get in and online. What is empty has not been said.")
class CheckInGuide:
    instructions: str = strawberry.field(description="The way, the door, the keys.")
    access_code: str = strawberry.field(description="Of the door or the key box.")
    wifi_name: str = strawberry.field(description="The wireless network.")
    wifi_password: str = strawberry.field(description="Its password.")


@strawberry.type(description="A property's words in another language than its own.")
class PropertyTranslation:
    language: str = strawberry.field(description="ISO 639: `pt`.")
    title: str = strawberry.field(description="Its name.")
    description: str = strawberry.field(description="About it; may be empty.")


Language: TypeAlias = Annotated[
    str | None,
    strawberry.argument(description="ISO 639; the property's own where it has no such words."),
]


def worded(name: str) -> Any:
    """The resolver of words that may be there in the language that is asked for."""

    def written(_: Any, language: str | None = None) -> Value | None:
        return (lambda of: getattr(of, name)) if language is None else None

    @writes(written)
    @reads("id", name)
    @batched
    def resolve(
        rows: Sequence[PropertyRow], info: Info, language: Language = None
    ) -> list[str] | Coroutine[Any, Any, list[str]]:
        own = [getattr(row, name) for row in rows]
        return own if language is None else translated(rows, info, language, own)

    async def translated(
        rows: Sequence[PropertyRow], info: Info, language: str, own: list[str]
    ) -> list[str]:
        found = await info.context.loaders.translations_of.load_many([row.id for row in rows])
        return [
            next((getattr(each, name) for each in of if each.language == language), "") or usual
            for of, usual in zip(found, own, strict=True)
        ]

    return resolve
