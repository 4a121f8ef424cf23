"""Properties as they are shown."""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

from app.properties.queries import PropertyRow
from schema import ids
from schema.context import Info
from schema.enums import (
    Amenity,
    CancellationPolicy,
    CheckInMethod,
    PaymentMethod,
    PropertyStatus,
    PropertyType,
    RoomType,
    Weekday,
)
from schema.money import Money
from schema.node import Node, shows
from schema.paging import Page
from schema.properties import resolvers
from schema.properties.access import VISIBLE_BY, visible_property
from schema.properties.parts import (
    AvailabilityNight,
    CheckInGuide,
    HostedStay,
    HouseRules,
    Location,
    Photo,
    PropertyTranslation,
    worded,
)
from schema.reading import with_parts
from schema.users import User

if TYPE_CHECKING:
    from schema.bookings.types import BookingConnection
    from schema.properties.co_hosts import CoHost
    from schema.properties.exchange import CalendarExchange
    from schema.properties.photos import PhotoUpload
    from schema.properties.preview import PricePreview
    from schema.properties.taxes import PropertyTax
    from schema.quotes import Quote
    from schema.reviews import ReviewConnection
    from schema.saved.wishlists import Wishlist

Bookings: TypeAlias = Annotated["BookingConnection", strawberry.lazy("schema.bookings.types")]
Helper: TypeAlias = Annotated["CoHost", strawberry.lazy("schema.properties.co_hosts")]
Reviews: TypeAlias = Annotated["ReviewConnection", strawberry.lazy("schema.reviews")]
Exchanged: TypeAlias = Annotated["CalendarExchange", strawberry.lazy("schema.properties.exchange")]
Previewed: TypeAlias = Annotated["PricePreview", strawberry.lazy("schema.properties.preview")]
Taxed: TypeAlias = Annotated["PropertyTax", strawberry.lazy("schema.properties.taxes")]
Uploaded: TypeAlias = Annotated["PhotoUpload", strawberry.lazy("schema.properties.photos")]
Priced: TypeAlias = Annotated["Quote", strawberry.lazy("schema.quotes")]
Kept: TypeAlias = Annotated["Wishlist", strawberry.lazy("schema.saved.wishlists")]


@strawberry.type(description="A place that a host lets. All times are local to it.")
class Property(Node):
    is_type_of = shows(PropertyRow)

    status = strawberry.field(
        resolver=resolvers.status_now,
        graphql_type=PropertyStatus,
        description="Where it is in its life.",
    )
    snoozed_until = strawberry.field(
        resolver=resolvers.snoozed_until,
        graphql_type=date | None,
        description="The date there on which it takes bookings again. Null unless it is snoozed "
        "and the viewer is the host, or a co-host for everything.",
    )
    title = strawberry.field(
        resolver=worded("title"),
        graphql_type=str,
        description="Its name; empty only in a draft.",
    )
    description = strawberry.field(
        resolver=worded("description"),
        graphql_type=str,
        description="The host's words about it.",
    )
    language: str = strawberry.field(description="Of its title and description, ISO 639: `pt`.")
    translations = strawberry.field(
        resolver=resolvers.translations,
        graphql_type=list[PropertyTranslation],
        description="Title and description in other languages.",
    )
    room_type: RoomType = strawberry.field(description="How much of it guests have to themselves.")
    house_rules = strawberry.field(
        resolver=resolvers.house_rules,
        graphql_type=HouseRules,
        description="What guests have to mind.",
    )
    check_in_method: CheckInMethod | None = strawberry.field(
        description="How guests get in; null: it is not said."
    )
    check_in_guide = strawberry.field(
        resolver=resolvers.check_in_guide,
        graphql_type=CheckInGuide | None,
        description="How to get in and online. Only the host has it, co-hosts for everything, and "
        "guests from their booking's confirmation until it ends; null, too, while nothing is said.",
    )
    type: PropertyType | None = strawberry.field(
        description="What kind of place it is; null only while a draft does not say."
    )
    location = strawberry.field(
        resolver=resolvers.location,
        graphql_type=Location | None,
        description="Where it is; null only while a draft does not say.",
    )
    price_per_night: Money | None = strawberry.field(
        description="The usual price of a night; single nights may have others, see "
        "`availability`. Null only while a draft does not say."
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
    taxes = strawberry.field(
        resolver=resolvers.taxes,
        graphql_type=list[Taxed],
        description="What the platform collects on stays besides their price.",
    )
    host = strawberry.field(resolver=resolvers.host, graphql_type=User, description="Who lets it.")
    photos = strawberry.field(
        resolver=resolvers.photos,
        graphql_type=list[Photo],
        description="Pictures, in the host's order.",
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
        resolver=resolvers.payment_methods,
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
        resolver=resolvers.check_in_weekdays,
        graphql_type=list[Weekday],
        description="On which days a stay can begin.",
    )
    check_out_weekdays = strawberry.field(
        resolver=resolvers.check_out_weekdays,
        graphql_type=list[Weekday],
        description="On which days a stay can end.",
    )
    check_in_time: time = strawberry.field(description="From when guests may arrive.")
    check_out_time: time = strawberry.field(description="Until when guests must leave.")
    timezone: str | None = strawberry.field(
        description="IANA time zone, found from the location: `Europe/Lisbon`. Null only while a "
        "draft has none."
    )
    version: int = strawberry.field(
        description="Grows by one with every edit by the host: see `expectedVersion`."
    )
    created_at: datetime = strawberry.field(description="When the host began to write it.")
    updated_at: datetime = strawberry.field(description="When the host last changed it.")
    availability = strawberry.field(
        resolver=resolvers.availability,
        graphql_type=list[AvailabilityNight],
        description="Its calendar, one entry per date; empty while a draft has no location or "
        "no price.",
    )
    price_preview = strawberry.field(
        resolver=resolvers.price_preview,
        graphql_type=Previewed | None,
        description="What stays would cost and bring, whether they can be booked or not. Null "
        "unless the viewer is the host, or a co-host who may edit the calendar; and of a draft "
        "without a price.",
    )
    calendar_exchange = strawberry.field(
        resolver=resolvers.calendar_exchange,
        graphql_type=Exchanged | None,
        description="How its calendar and those of other sites know each other. Null unless the "
        "viewer is the host, or a co-host who may edit the calendar.",
    )
    co_hosts = strawberry.field(
        resolver=resolvers.co_hosts, graphql_type=list[User], description="Who helps the host."
    )
    co_host_team = strawberry.field(
        resolver=resolvers.co_host_team,
        graphql_type=list[Helper] | None,
        description="Who helps the host and what they may do, with the invitations that are open. "
        "Null unless the viewer is the host.",
    )
    stays = strawberry.field(
        resolver=resolvers.stays,
        graphql_type=list[HostedStay] | None,
        description="Who comes when, by the first night: pending, confirmed and completed bookings "
        "that touch the dates. Null unless the viewer is the host or a co-host.",
    )
    bookings = strawberry.field(
        resolver=resolvers.bookings,
        graphql_type=Bookings | None,
        description="Its bookings, newest first. Null unless the viewer is the host, or a co-host "
        "for everything.",
    )
    is_saved = strawberry.field(
        resolver=resolvers.is_saved,
        graphql_type=bool,
        description="Whether it is on a wishlist of the viewer's.",
    )
    saved_in = strawberry.field(
        resolver=resolvers.saved_in,
        graphql_type=list[Kept],
        description="The viewer's wishlists that it is on, newest first.",
    )
    photo_uploads = strawberry.field(
        resolver=resolvers.photo_uploads,
        graphql_type=list[Uploaded] | None,
        description="Files that were to become photos and are none, or not yet. Null unless the "
        "viewer is the host.",
    )
    reviews = strawberry.field(
        resolver=resolvers.reviews,
        graphql_type=Reviews,
        description="What guests wrote, newest first.",
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
    return await visible_property(info.context, key, with_parts(info, PropertyRow, VISIBLE_BY))
