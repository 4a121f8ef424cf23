"""Properties as they are shown."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import date, datetime, time
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry

from app.availability.calendar import Night
from app.identity.queries import HOST, UserRow
from app.payments import choice
from app.properties.queries import PHOTOS, PhotoRow, PropertyRow
from app.reviews.queries import REVIEWS_OF_PROPERTY, ReviewRow
from schema import ids
from schema.context import Info, absolute
from schema.engine import batched
from schema.enums import (
    Amenity,
    CancellationPolicy,
    PaymentMethod,
    PropertyStatus,
    PropertyType,
    Weekday,
    weekdays,
)
from schema.money import Money
from schema.node import Node, shows
from schema.paging import DEFAULT_PAGE, After, Connection, First, Page, listed
from schema.properties.access import VISIBLE_BY, seen_exactly, sees_none_exactly, visible_property
from schema.reading import joins, reads, shape, shows_row
from schema.users import User

if TYPE_CHECKING:
    from schema.properties.exchange import CalendarExchange, Exchange
    from schema.quotes import Quote
    from schema.reviews import ReviewConnection

Reviews: TypeAlias = Annotated["ReviewConnection", strawberry.lazy("schema.reviews")]
Exchanged: TypeAlias = Annotated["CalendarExchange", strawberry.lazy("schema.properties.exchange")]
Priced: TypeAlias = Annotated["Quote", strawberry.lazy("schema.quotes")]
Parent: TypeAlias = strawberry.Parent[PropertyRow]
Show: TypeAlias = Callable[[PropertyRow], Any]
# Inside a type, a field's name hides what is imported under it.
Day: TypeAlias = date


def guarded(name: str, public: str | None = None) -> Any:
    """The resolver of something that only some may see; others see `public`, or null."""
    columns = [name, public] if public else [name]
    return _by_access(attrgetter(name), attrgetter(public) if public else lambda _: None, *columns)


def _by_access(exact: Show, instead: Show, *columns: str) -> Any:
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
        return [(exact if may else instead)(row) for row, may in zip(rows, allowed, strict=True)]

    return resolve


is_exact = _by_access(lambda _: True, lambda _: False)


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


@reads("url")
def photo_url(photo: strawberry.Parent[PhotoRow], info: Info) -> str:
    return absolute(photo.url, info)


@strawberry.type(description="A picture of a property.")
class Photo(Node):
    is_type_of = shows(PhotoRow)

    url = strawberry.field(resolver=photo_url, description="Where it can be fetched.")
    caption: str = strawberry.field(description="What it shows; may be empty.")
    width: int = strawberry.field(description="In pixels.")
    height: int = strawberry.field(description="In pixels.")


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


@shows_row
def location(row: Parent) -> PropertyRow:
    return row


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


@joins(PHOTOS)
def photos(row: Parent, info: Info) -> Awaitable[list[PhotoRow]]:
    return info.context.loaders.photos_of.load(row.id)


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
) -> Awaitable[list[Night]]:
    return info.context.loaders.calendars.load((row.id, start, end))


@reads("id")
async def reviews(
    row: Parent, info: Info, first: First = DEFAULT_PAGE, after: After = None
) -> Connection[ReviewRow]:
    return await listed(info, REVIEWS_OF_PROPERTY, row.id, first, after)


@reads("id", "host_id")
def calendar_exchange(row: Parent, info: Info) -> "Exchange | None":
    from schema.properties.exchange import exchange

    return exchange(row, info)


@strawberry.type(description="A place that a host lets. All times are local to it.")
class Property(Node):
    is_type_of = shows(PropertyRow)

    status: PropertyStatus = strawberry.field(description="Where it is in its life.")
    title: str = strawberry.field(description="Its name.")
    description: str = strawberry.field(description="The host's words about it.")
    type: PropertyType = strawberry.field(description="What kind of place it is.")
    location = strawberry.field(
        resolver=location, graphql_type=Location, description="Where it is."
    )
    price_per_night: Money = strawberry.field(
        description="The usual price of a night; single nights may have others, see `availability`."
    )
    weekend_price_per_night: Money | None = strawberry.field(
        description="The usual price of Friday and Saturday nights, where it differs."
    )
    cleaning_fee: Money = strawberry.field(description="Once per stay.")
    pet_fee: Money = strawberry.field(description="Once per stay with pets.")
    extra_guest_fee: Money = strawberry.field(
        description="Per night, for each guest above `guestsIncluded`."
    )
    guests_included: int = strawberry.field(description="How many guests the price is for.")
    monthly_discount_percent: int = strawberry.field(
        description="Off the nights of stays of 28 nights and more."
    )
    weekly_discount_percent: int = strawberry.field(
        description="Off the nights of stays of 7 nights and more."
    )
    early_bird_days: int | None = strawberry.field(description="How many days ahead is early.")
    early_bird_discount_percent: int = strawberry.field(
        description="Off the nights of stays booked early."
    )
    last_minute_days: int | None = strawberry.field(
        description="How many days ahead is last minute."
    )
    last_minute_discount_percent: int = strawberry.field(
        description="Off the nights of stays booked at the last minute."
    )
    host = strawberry.field(resolver=host, graphql_type=User, description="Who lets it.")
    photos = strawberry.field(
        resolver=photos, graphql_type=list[Photo], description="Pictures, in the host's order."
    )
    amenities: list[Amenity] = strawberry.field(description="What it offers.")
    average_rating: float | None = strawberry.field(
        description="The mean of all ratings, 1 to 5; null before the first review."
    )
    review_count: int = strawberry.field(description="How many reviews it has.")
    max_guests: int = strawberry.field(description="Adults and children together.")
    bedrooms: int = strawberry.field(description="How many bedrooms.")
    beds: int = strawberry.field(description="How many beds.")
    bathrooms: int = strawberry.field(description="How many bathrooms.")
    pets_allowed: bool = strawberry.field(description="Whether pets may come.")
    instant_book: bool = strawberry.field(
        description="Whether payment confirms a booking at once; otherwise the host is asked."
    )
    payment_methods = strawberry.field(
        resolver=payment_methods,
        graphql_type=list[PaymentMethod],
        description="How a stay can be paid. A request with `MOBILE_MONEY`, or any method that "
        "cannot hold money first, is paid once the host has accepted it.",
    )
    cancellation_policy: CancellationPolicy = strawberry.field(
        description="What a guest gets back who cancels."
    )
    min_nights: int = strawberry.field(description="How many nights a stay has at least.")
    max_nights: int = strawberry.field(description="How many nights a stay has at most.")
    advance_notice_hours: int = strawberry.field(
        description="How long before check-in a stay has to be booked."
    )
    preparation_days: int = strawberry.field(
        description="How many nights are kept free before and after each stay."
    )
    booking_window_days: int = strawberry.field(
        description="How far ahead a stay can begin, in days from today."
    )
    check_in_weekdays = strawberry.field(
        resolver=check_in_weekdays,
        graphql_type=list[Weekday],
        description="On which days a stay can begin.",
    )
    check_out_weekdays = strawberry.field(
        resolver=check_out_weekdays,
        graphql_type=list[Weekday],
        description="On which days a stay can end.",
    )
    check_in_time: time = strawberry.field(description="From when guests may arrive.")
    check_out_time: time = strawberry.field(description="Until when guests must leave.")
    timezone: str = strawberry.field(description="IANA time zone: `Europe/Lisbon`.")
    version: int = strawberry.field(
        description="Grows by one with every edit by the host: see `expectedVersion`."
    )
    created_at: datetime = strawberry.field(description="When the host began to write it.")
    updated_at: datetime = strawberry.field(description="When the host last changed it.")
    availability = strawberry.field(
        resolver=availability,
        graphql_type=list[AvailabilityNight],
        description="Its calendar, one entry per date.",
    )
    calendar_exchange = strawberry.field(
        resolver=calendar_exchange,
        graphql_type=Exchanged | None,
        description="How its calendar and those of other sites know each other. Null unless the "
        "viewer is the host.",
    )
    reviews = strawberry.field(
        resolver=reviews, graphql_type=Reviews, description="What guests wrote, newest first."
    )


@strawberry.type(description="A property in its place in a list.")
class PropertyEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: Property = strawberry.field(description="The property.")
    quote: Priced | None = strawberry.field(
        description="What the stay costs that was searched for; null without dates."
    )


@strawberry.type(description="One page of a list of properties.")
class PropertyConnection(Page):
    edges: list[PropertyEdge] = strawberry.field(description="The properties, in order.")


async def property_by_id(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its global id.")]
) -> PropertyRow | None:
    key = ids.key_of("Property", id)
    if key is None:
        return None
    return await visible_property(info.context, key, shape(info, PropertyRow, needs=VISIBLE_BY))
