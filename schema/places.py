"""Cities and towns by name, while somebody types it, and as a part of the map to search in."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from app.errors import Invalid
from app.gazetteer import places
from app.gazetteer.places import MAX_FOUND
from schema import ids
from schema.context import Context, Info
from schema.node import Node, shows

TYPED = "A beginning will do, in most languages, with accents or without; one slip is forgiven."


@strawberry.type(description="A box on the map, in degrees.")
class Area:
    north: float = strawberry.field(description="Its northern edge, -90 to 90.")
    south: float = strawberry.field(description="Its southern edge, -90 to 90.")
    east: float = strawberry.field(
        description="Its eastern edge, -180 to 180; less than `west` across the antimeridian."
    )
    west: float = strawberry.field(description="Its western edge, -180 to 180.")


@strawberry.type(description="A city, town or village. Data: GeoNames (geonames.org), CC BY 4.0.")
class Place(Node):
    is_type_of = shows(places.Place)

    name: str = strawberry.field(description="What it is mostly called in English, or there.")
    region: str = strawberry.field(description="State, county or the like; may be empty.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code: `PT`.")
    country_name: str = strawberry.field(description="The country's name in English.")
    latitude: float = strawberry.field(description="Degrees north of its middle.")
    longitude: float = strawberry.field(description="Degrees east of its middle.")
    population: int = strawberry.field(description="How many people live there, about.")
    area: Area = strawberry.field(
        description="The part of the map that a search for stays in it looks at."
    )


async def find_places(
    info: Info,
    query: Annotated[
        str,
        strawberry.argument(
            description=f"What is typed. {TYPED} A region or country may follow: `Paris, Texas`."
        ),
    ],
    first: Annotated[
        int, strawberry.argument(description=f"How many to return: 1 to {MAX_FOUND}.")
    ] = 5,
) -> Sequence[places.Place]:
    if not 1 <= first <= MAX_FOUND:
        raise Invalid(f"'first' must be between 1 and {MAX_FOUND}.", field="first")
    await places.load()
    return places.find(query, first)


places_field = strawberry.field(
    resolver=find_places,
    graphql_type=list[Place],
    description="The places that somebody means, the likeliest first: for completing a place's "
    "name as it is typed. Pass one as `PropertyFilter.place`.",
)


async def place_by_key(_: Context, key: UUID) -> places.Place | None:
    """The place with this id: everybody may know of it."""
    await places.load()
    return places.by_id(key)


async def place_of(context: Context, place_id: str) -> places.Place:
    """The place with this global id. Raises Invalid when there is none."""
    place = await place_by_key(context, ids.require_key("Place", place_id, "place"))
    if place is None:
        raise Invalid("There is no such place.", field="place")
    return place
