"""Finding properties, each with what the stay costs that was searched for."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from app.pricing.rules import Quote as Price
from app.pricing.service import quotes
from app.properties import search
from app.properties.queries import PropertyRow
from app.properties.search import Area, Filter
from app.properties.terms import fees_of
from schema.context import Context, Info
from schema.enums import Amenity, PropertyType, Sort
from schema.guests import GuestsInput
from schema.paging import DEFAULT_PAGE, After, Connection, Edge, First, connect, require_first
from schema.properties.types import PropertyConnection
from schema.quotes import QuoteRow
from schema.reading import is_asked, shape
from schema.scalars import MinorUnits


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


@strawberry.input(description="What a guest looks for. What is left out may be anything.")
class PropertyFilter:
    text: str | None = strawberry.field(
        default=None, description="Words that all occur in the title or the city."
    )
    city: str | None = strawberry.field(default=None, description="The city, whatever its case.")
    area: AreaInput | None = strawberry.field(default=None, description="A part of the map.")
    check_in: date | None = strawberry.field(
        default=None,
        description="The first night's date. With `checkOut`: only what is free for the stay.",
    )
    check_out: date | None = strawberry.field(default=None, description="The date of leaving.")
    guests: GuestsInput | None = strawberry.field(
        default=None, description="Who comes; with dates, two adults if left out."
    )
    min_price: MinorUnits | None = strawberry.field(
        default=None, description="The usual price of a night, at least."
    )
    max_price: MinorUnits | None = strawberry.field(
        default=None, description="The usual price of a night, at most."
    )
    property_types: list[PropertyType] | None = strawberry.field(
        default=None, description="Any of these."
    )
    amenities: list[Amenity] | None = strawberry.field(default=None, description="All of these.")
    instant_book: bool | None = strawberry.field(
        default=None, description="Only those that payment confirms at once, or only the others."
    )

    def value(self) -> Filter:
        return Filter(
            text=self.text,
            city=self.city,
            area=None if self.area is None else self.area.value(),
            check_in=self.check_in,
            check_out=self.check_out,
            guests=None if self.guests is None else self.guests.value(),
            min_price_minor=self.min_price,
            max_price_minor=self.max_price,
            types=tuple(self.property_types or ()),
            amenities=tuple(self.amenities or ()),
            instant_book=self.instant_book,
        )


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
    wanted = Filter() if filter is None else filter.value()
    like = shape(info, PropertyRow, "edges", "node", needs=search.NEEDED)
    page = await search.search(
        context.runtime.db, wanted, sort, require_first(first), after, context.now, like
    )
    prices: Mapping[UUID, QuoteRow] = {}
    if is_asked(info, "edges", "quote"):
        prices = await _prices(context, [edge.property.id for edge in page.edges], wanted)
    edges = [Edge(edge.cursor, edge.property, prices.get(edge.property.id)) for edge in page.edges]

    async def count() -> int:
        return await search.count(context.runtime.db, wanted, context.now)

    return connect(edges, has_next=page.has_next_page, after=after, count=count)


async def _prices(
    context: Context, property_ids: list[UUID], wanted: Filter
) -> Mapping[UUID, QuoteRow]:
    """What the stay costs in each property; nothing when no dates were given."""
    if wanted.check_in is None or wanted.check_out is None or not property_ids:
        return {}
    found: Mapping[UUID, Price] = await quotes(
        context.runtime.db,
        property_ids,
        wanted.check_in,
        wanted.check_out,
        wanted.guests or GuestsInput().value(),
        context.now,
        fees_of(context.runtime.settings),
    )
    return {key: QuoteRow(key, price) for key, price in found.items()}


search_field = strawberry.field(
    resolver=search_properties,
    graphql_type=PropertyConnection,
    description="Published properties, one page at a time. With dates, only those that can be "
    "booked for them, each with its `quote`.",
)
