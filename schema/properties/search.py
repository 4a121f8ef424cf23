"""Finding properties, each with what the stay costs that was searched for."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry
from msgspec import structs

from app.errors import Invalid
from app.gazetteer import places
from app.gazetteer.places import Place
from app.money import Money
from app.pricing.service import quotes_of
from app.properties.queries import EXACT, PropertyRow
from app.properties.terms import fees_of
from app.search import counts, pages
from app.search.filters import Area, Filter, Point, Window
from app.search.sorts import BY_PRICE
from schema.context import Context, Info
from schema.engine import selection
from schema.enums import Amenity, PropertyType, Sort, Weekday, weekday_bits
from schema.guests import GuestsInput
from schema.paging import DEFAULT_PAGE, After, Connection, Edge, First, connect, require_first
from schema.places import TYPED, place_of
from schema.properties.types import PropertyConnection
from schema.quotes import QuoteRow, TotalRow
from schema.reading import is_asked, shape
from schema.scalars import CurrencyCode, MinorUnits

# Of a quote, what a search cannot tell by itself.
ITEMISED = {"line_items", "subtotal", "average_per_night"}


@strawberry.input(description="A box on the map, in degrees.")
class AreaInput:
    north: float = strawberry.field(description="Its northern edge, -90 to 90.")
    south: float = strawberry.field(description="Its southern edge, -90 to 90.")
    east: float = strawberry.field(
        description="Its eastern edge, -180 to 180; less than `west` across the antimeridian."
    )
    west: float = strawberry.field(description="Its western edge, -180 to 180.")

    def value(self) -> Area:
        return Area(north=self.north, south=self.south, east=self.east, west=self.west)


@strawberry.input(description="A point on the map, in degrees.")
class PointInput:
    latitude: float = strawberry.field(description="-90 to 90; north is positive.")
    longitude: float = strawberry.field(description="-180 to 180; east is positive.")

    def value(self) -> Point:
        return Point(latitude=self.latitude, longitude=self.longitude)


@strawberry.input(
    description="Any stay of some nights within a time: a weekend in March is two nights from "
    "2027-03-01 to 2027-04-01, with arrival on a Friday."
)
class StayWindowInput:
    start: date = strawberry.field(
        name="from", description="The first night's date, at the earliest."
    )
    end: date = strawberry.field(
        name="to", description="The date of leaving, at the latest; at most 92 days after `from`."
    )
    nights: int = strawberry.field(description="How many nights: 2 for a weekend, 7 for a week.")
    arrival_weekdays: list[Weekday] | None = strawberry.field(
        default=None, description="On which days the stay may begin; any if left out."
    )

    def value(self) -> Window:
        if self.arrival_weekdays is None:
            return Window(start=self.start, end=self.end, nights=self.nights)
        allowed = weekday_bits(self.arrival_weekdays)
        return Window(start=self.start, end=self.end, nights=self.nights, arrival_weekdays=allowed)


@strawberry.input(description="What a guest looks for. What is left out may be anything.")
class PropertyFilter:
    text: str | None = strawberry.field(
        default=None,
        description="Words that all occur in the title, the description or the city, or in much "
        "the same letters; accents do not matter.",
    )
    city: str | None = strawberry.field(
        default=None, description="The city; case and accents do not matter."
    )
    area: AreaInput | None = strawberry.field(default=None, description="A part of the map.")
    place: strawberry.ID | None = strawberry.field(
        default=None, description="A place's id, of `places`: as if its `area` was given."
    )
    where: str | None = strawberry.field(
        default=None,
        description=f"A place's name, as it was typed: the first of `places`, or else the city of "
        f"that name. {TYPED} Give one of `area`, `place` and `where`.",
    )
    near: PointInput | None = strawberry.field(
        default=None, description="Where distances are measured from: for the order `DISTANCE`."
    )
    check_in: date | None = strawberry.field(
        default=None,
        description="The first night's date. With `checkOut`: only what is free for the stay.",
    )
    check_out: date | None = strawberry.field(default=None, description="The date of leaving.")
    flexible_days: int | None = strawberry.field(
        default=None,
        description="With dates: or up to so many days earlier or later, at most 14. Each property "
        "is found once, with the cheapest stay: its dates and price are in `quote`.",
    )
    stay_window: StayWindowInput | None = strawberry.field(
        default=None,
        description="Instead of dates. Each property is found once, with the cheapest stay: its "
        "dates and price are in `quote`.",
    )
    guests: GuestsInput | None = strawberry.field(
        default=None, description="Who comes; what a stay costs is that of one adult if left out."
    )
    currency: CurrencyCode | None = strawberry.field(
        default=None,
        description="The currency of the prices below, which cannot be without. Prices in others "
        "are compared by what they are worth in it, as `Money.converted` says; a currency without "
        "a known rate lies within no bounds, and comes last in the orders by price.",
    )
    min_price: MinorUnits | None = strawberry.field(
        default=None, description="The usual price of a night, at least, in `currency`."
    )
    max_price: MinorUnits | None = strawberry.field(
        default=None, description="The usual price of a night, at most, in `currency`."
    )
    min_total: MinorUnits | None = strawberry.field(
        default=None,
        description="With dates: `quote.total` of the stay, at least, in `currency`.",
    )
    max_total: MinorUnits | None = strawberry.field(
        default=None,
        description="With dates: `quote.total` of the stay, at most, in `currency`.",
    )
    property_types: list[PropertyType] | None = strawberry.field(
        default=None, description="Any of these."
    )
    amenities: list[Amenity] | None = strawberry.field(default=None, description="All of these.")
    instant_book: bool | None = strawberry.field(
        default=None, description="Only those that payment confirms at once, or only the others."
    )
    free_cancellation: bool | None = strawberry.field(
        default=None,
        description="True: only where all is refunded to who cancels early enough; with dates, "
        "only where it is not too late for that yet.",
    )
    min_rating: float | None = strawberry.field(
        default=None, description="Only with an average rating of at least so many stars: 1 to 5."
    )
    host_languages: list[str] | None = strawberry.field(
        default=None, description="Only where the host speaks one of these (ISO 639: en, pt)."
    )
    bedrooms: int | None = strawberry.field(default=None, description="At least so many.")
    beds: int | None = strawberry.field(default=None, description="At least so many.")
    bathrooms: int | None = strawberry.field(default=None, description="At least so many.")

    async def value(self, context: Context) -> Filter:
        """What it asks of a search. Raises Invalid."""
        area, city = await self._where(context)
        return Filter(
            text=self.text,
            city=city,
            area=area,
            check_in=self.check_in,
            check_out=self.check_out,
            guests=None if self.guests is None else self.guests.value(),
            currency=self.currency,
            min_price_minor=self.min_price,
            max_price_minor=self.max_price,
            types=tuple(self.property_types or ()),
            amenities=tuple(self.amenities or ()),
            instant_book=self.instant_book,
            near=None if self.near is None else self.near.value(),
            flexible_days=self.flexible_days or 0,
            window=None if self.stay_window is None else self.stay_window.value(),
            min_total_minor=self.min_total,
            max_total_minor=self.max_total,
            free_cancellation=bool(self.free_cancellation),
            min_rating=self.min_rating,
            host_languages=tuple(self.host_languages or ()),
            bedrooms=self.bedrooms,
            beds=self.beds,
            bathrooms=self.bathrooms,
        )

    async def _where(self, context: Context) -> tuple[Area | None, str | None]:
        """The part of the map, and the city."""
        if sum(each is not None for each in (self.area, self.place, self.where)) > 1:
            raise Invalid("Give one of 'area', 'place' and 'where'.", field="where")
        if self.place is not None:
            return area_of(await place_of(context, self.place)), self.city
        if self.where is not None:
            await places.load()
            found = places.find(self.where, 1)
            return (area_of(found[0]), self.city) if found else (None, self.city or self.where)
        return (None if self.area is None else self.area.value()), self.city


def area_of(place: Place) -> Area:
    """A place's part of the map, as searches have it."""
    return Area(**structs.asdict(place.area))


async def search_properties(
    info: Info,
    filter: Annotated[
        PropertyFilter | None, strawberry.argument(description="What to look for.")
    ] = None,
    sort: Annotated[Sort, strawberry.argument(description="In which order.")] = Sort.RECOMMENDED,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[PropertyRow]:
    context = info.context
    wanted = Filter() if filter is None else await filter.value(context)
    compares = sort in BY_PRICE or wanted.bounds_prices
    rates = await context.rates() if compares else None
    page = await pages.search(
        context.runtime.searches,
        wanted,
        sort,
        require_first(first),
        after,
        context.now,
        fees_of(context.runtime.settings),
        shape(info, PropertyRow, "edges", "node", needs=pages.NEEDED, without=EXACT),
        priced=is_asked(info, "edges", "quote"),
        rates=rates,
    )
    prices = await _prices(info, page.edges, wanted)
    edges = [Edge(edge.cursor, edge.property, prices.get(edge.property.id)) for edge in page.edges]

    async def count() -> int:
        fees = fees_of(context.runtime.settings)
        return await counts.at_least(context.runtime.searches, wanted, context.now, fees, rates)

    return connect(edges, has_next=page.has_next_page, after=after, count=count)


async def _prices(
    info: Info, edges: Sequence[pages.Edge], wanted: Filter
) -> Mapping[UUID, QuoteRow | TotalRow]:
    """What the stay costs in each property, line by line where that is asked for."""
    stays = {edge.property.id: edge.stay for edge in edges if edge.stay is not None}
    asked = selection(info, "edges", "quote")
    if asked is not None and ITEMISED.isdisjoint(asked.asked):
        return {
            key: TotalRow(
                key,
                stay.check_in,
                stay.check_out,
                wanted.party,
                Money(stay.total_minor, stay.currency),
            )
            for key, stay in stays.items()
        }
    context = info.context
    found = await quotes_of(
        context.runtime.db,
        {key: (stay.check_in, stay.check_out) for key, stay in stays.items()},
        wanted.party,
        context.now,
        fees_of(context.runtime.settings),
    )
    return {key: QuoteRow(key, price) for key, price in found.items()}


search_field = strawberry.field(
    resolver=search_properties,
    graphql_type=PropertyConnection,
    description="Published properties, one page at a time. With dates, only those that can be "
    "booked for them, each with its `quote`. `totalCount` is exact, but stops at 10,000 where more "
    "than 100,000 places would have to be looked at.",
)
