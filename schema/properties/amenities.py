"""The catalogue of amenities, for hosts to choose from and guests to filter by."""

import msgspec
import strawberry

from app.properties.amenities import CATALOGUE, GROUP_TITLES
from schema.enums import Amenity, AmenityGroup


class AmenityRow(msgspec.Struct, frozen=True):
    """An amenity, and its name in English."""

    amenity: Amenity
    title: str


class CategoryRow(msgspec.Struct, frozen=True):
    """Amenities that belong together."""

    group: AmenityGroup
    title: str
    amenities: list[AmenityRow]


@strawberry.type(description="An amenity that a property can have.")
class CataloguedAmenity:
    amenity: Amenity = strawberry.field(description="Which.")
    title: str = strawberry.field(description="Its name, in English.")


@strawberry.type(description="Amenities that belong together.")
class AmenityCategory:
    group: AmenityGroup = strawberry.field(description="Which group.")
    title: str = strawberry.field(description="Its name, in English.")
    amenities: list[CataloguedAmenity] = strawberry.field(description="In the order to show.")


ROWS = [
    CategoryRow(
        group, GROUP_TITLES[group], [AmenityRow(each, title) for each, title in names.items()]
    )
    for group, names in CATALOGUE.items()
]


def catalogue() -> list[CategoryRow]:
    return ROWS


amenity_catalogue_field = strawberry.field(
    resolver=catalogue,
    graphql_type=list[AmenityCategory],
    description="All amenities, by groups, in the order to show them in.",
)
