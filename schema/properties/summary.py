"""What there is among all results of a search: counts, prices, and where on the map."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
import strawberry

from app.currencies.rules import Rates
from app.properties.terms import Fees, fees_of
from app.search import counts
from app.search.cache import SearchCache
from app.search.filters import Filter
from schema.context import Info
from schema.enums import Amenity, PropertyType
from schema.properties.search import PropertyFilter
from schema.scalars import MinorUnits

# Every match is looked at for it, so it costs as much as many fields (schema.transport.measure).
ALL_MATCHES = {"cost": 200}


class SearchRow(msgspec.Struct, frozen=True):
    """A search, of which each field finds out what it is asked for."""

    filter: Filter


class CountRow(msgspec.Struct, frozen=True):
    """How many results there are with a value."""

    value: str
    count: int


async def _asked(
    row: SearchRow, info: Info
) -> tuple[SearchCache, Filter, datetime, Fees, Rates | None]:
    """What every question about a search is asked with."""
    runtime, rates = info.context.runtime, await info.context.rates()
    return runtime.searches, row.filter, info.context.now, fees_of(runtime.settings), rates


def _rows(found: Mapping[str, int]) -> list[CountRow]:
    ordered = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    return [CountRow(value, count) for value, count in ordered]


@strawberry.type(description="How many results there are of a type of place.")
class PropertyTypeCount:
    value: PropertyType = strawberry.field(description="The type.")
    count: int = strawberry.field(description="How many results are of it.")


@strawberry.type(description="How many results offer something.")
class AmenityCount:
    value: Amenity = strawberry.field(description="What they offer.")
    count: int = strawberry.field(description="How many results do.")


@strawberry.type(description="How many prices lie in a range.")
class PriceBucket:
    from_minor: MinorUnits = strawberry.field(name="from", description="The lowest that is in it.")
    to_minor: MinorUnits = strawberry.field(name="to", description="The lowest above it.")
    count: int = strawberry.field(description="How many prices lie in it.")


@strawberry.type(description="Results that lie close together on the map.")
class MapCluster:
    count: int = strawberry.field(description="How many there are.")
    latitude: float = strawberry.field(description="The middle of their public points.")
    longitude: float = strawberry.field(description="The middle of their public points.")


Parent = strawberry.Parent[SearchRow]


async def total_count(row: Parent, info: Info) -> int:
    return await counts.count(*await _asked(row, info))


async def property_types(row: Parent, info: Info) -> list[CountRow]:
    return _rows(await counts.types(*await _asked(row, info)))


async def amenities(row: Parent, info: Info) -> list[CountRow]:
    return _rows(await counts.amenities(*await _asked(row, info)))


async def instant_book(row: Parent, info: Info) -> int:
    return await counts.instant_book(*await _asked(row, info))


async def free_cancellation(row: Parent, info: Info) -> int:
    return await counts.free_cancellation(*await _asked(row, info))


async def price_histogram(
    row: Parent,
    info: Info,
    buckets: Annotated[int, strawberry.argument(description="How many, at most: 1 to 100.")] = 20,
) -> list[counts.Bucket]:
    return await counts.prices(*await _asked(row, info), buckets=buckets)


async def clusters(
    row: Parent,
    info: Info,
    zoom: Annotated[int, strawberry.argument(description="The map's zoom: 0 to 22.")],
) -> list[counts.Cluster]:
    return await counts.clusters(*await _asked(row, info), zoom=zoom)


@strawberry.type(
    description="What there is among all results of a search, exactly. Each field looks at every "
    "match, once, and only when it is asked for. A search of which more than 100,000 places would "
    "have to be looked at is refused: narrow it by an area."
)
class PropertySearchSummary:
    total_count = strawberry.field(
        resolver=total_count,
        graphql_type=int,
        metadata=ALL_MATCHES,
        description="How many results there are.",
    )
    property_types = strawberry.field(
        resolver=property_types,
        graphql_type=list[PropertyTypeCount],
        metadata=ALL_MATCHES,
        description="How many there would be of each type, whichever the filter names.",
    )
    amenities = strawberry.field(
        resolver=amenities,
        graphql_type=list[AmenityCount],
        metadata=ALL_MATCHES,
        description="How many there would be with each, whichever the filter names.",
    )
    instant_book_count = strawberry.field(
        resolver=instant_book,
        graphql_type=int,
        metadata=ALL_MATCHES,
        description="How many could be booked at once, whatever the filter says of it.",
    )
    free_cancellation_count = strawberry.field(
        resolver=free_cancellation,
        graphql_type=int,
        metadata=ALL_MATCHES,
        description="How many could be cancelled for free, whatever the filter says of it.",
    )
    price_histogram = strawberry.field(
        resolver=price_histogram,
        graphql_type=list[PriceBucket],
        metadata=ALL_MATCHES,
        description="How many cost how much, whichever prices the filter names: the stay in all "
        "when the search has dates, else a usual night. In minor units of the filter's `currency`, "
        "in cents of a euro if it names none; without those in currencies of which no rate is "
        "known. All ranges are of one width.",
    )
    clusters = strawberry.field(
        resolver=clusters,
        graphql_type=list[MapCluster],
        metadata=ALL_MATCHES,
        description="Where they are, for a map: the largest clusters first. At most some thousand "
        "for an area, and never finer than public points are blurred.",
    )


async def property_search_summary(
    info: Info,
    filter: Annotated[
        PropertyFilter | None, strawberry.argument(description="What to look for.")
    ] = None,
) -> SearchRow:
    return SearchRow(Filter() if filter is None else await filter.value(info.context))


summary_field = strawberry.field(
    resolver=property_search_summary,
    graphql_type=PropertySearchSummary,
    description="What there is among all results of `searchProperties` with this filter.",
)
