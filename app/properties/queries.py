"""Reading properties and their photos, in batches."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from uuid import UUID

import msgspec
from sqlalchemy import Integer, cast, func, select

from app.money import Money
from db import rows
from db.models import Property, PropertyPhoto
from db.shapes import Related, Shape
from db.statements import Reader, Statement


class Ratings(msgspec.Struct, frozen=True):
    """How many reviews there are, and the sum of their stars."""

    count: int = 0
    total: int = 0

    @property
    def average(self) -> float | None:
        """The mean, to two places; None before the first review."""
        return round(self.total / self.count, 2) if self.count else None


class PropertyRow(msgspec.Struct, frozen=True):
    """A property as it is shown. Address and exact point are private: app.properties.policy."""

    id: UUID
    host_id: UUID
    status: str
    title: str
    description: str
    type: str
    address: str
    postal_code: str
    city: str
    region: str
    country: str
    latitude: float
    longitude: float
    public_latitude: float
    public_longitude: float
    timezone: str
    check_in_time: time
    check_out_time: time
    max_guests: int
    bedrooms: int
    beds: int
    bathrooms: int
    pets_allowed: bool
    amenities: list[str]
    instant_book: bool
    cancellation_policy: str
    min_nights: int
    max_nights: int
    advance_notice_hours: int
    preparation_days: int
    booking_window_days: int
    check_in_weekdays: int
    check_out_weekdays: int
    currency: str
    base_price_minor: int
    weekend_price_minor: int | None
    cleaning_fee_minor: int
    pet_fee_minor: int
    guests_included: int
    extra_guest_fee_minor: int
    monthly_discount_bp: int
    weekly_discount_bp: int
    early_bird_days: int | None
    early_bird_discount_bp: int
    last_minute_days: int | None
    last_minute_discount_bp: int
    rating_sum: int
    review_count: int
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def price_per_night(self) -> Money:
        return Money(self.base_price_minor, self.currency)

    @property
    def weekend_price_per_night(self) -> Money | None:
        price = self.weekend_price_minor
        return None if price is None else Money(price, self.currency)

    @property
    def cleaning_fee(self) -> Money:
        return Money(self.cleaning_fee_minor, self.currency)

    @property
    def pet_fee(self) -> Money:
        return Money(self.pet_fee_minor, self.currency)

    @property
    def extra_guest_fee(self) -> Money:
        return Money(self.extra_guest_fee_minor, self.currency)

    # Hosts set whole percents.

    @property
    def monthly_discount_percent(self) -> int:
        return self.monthly_discount_bp // 100

    @property
    def weekly_discount_percent(self) -> int:
        return self.weekly_discount_bp // 100

    @property
    def early_bird_discount_percent(self) -> int:
        return self.early_bird_discount_bp // 100

    @property
    def last_minute_discount_percent(self) -> int:
        return self.last_minute_discount_bp // 100

    @property
    def average_rating(self) -> float | None:
        return Ratings(self.review_count, self.rating_sum).average


class PhotoRow(msgspec.Struct, frozen=True):
    """A picture; `url` is absolute, or a path under the API's public address."""

    id: UUID
    property_id: UUID
    url: str
    caption: str
    width: int
    height: int


PROPERTIES_OF_HOST = rows.Listing(
    model=Property, row=PropertyRow, parent=Property.host_id, status=Property.status
)

# Of a row with a `property_id`.
PROPERTY = Related(name="its_property", model=Property, row=PropertyRow, parent="property_id")
PHOTOS = Related(
    name="its_photos",
    model=PropertyPhoto,
    row=PhotoRow,
    key="property_id",
    parent="id",
    many=True,
    order=lambda photo: photo.position,
)

_RATINGS: Statement[tuple[UUID, Ratings]] = Statement(
    lambda host_id, count, total: (host_id, Ratings(count, total)),
    lambda: (
        select(
            Property.host_id,
            cast(func.sum(Property.review_count), Integer),
            cast(func.sum(Property.rating_sum), Integer),
        )
        .where(rows.among(Property.host_id, "keys"))
        .group_by(Property.host_id)
    ),
)
_PROPERTIES = rows.ByKey(Property.id, PropertyRow)
_PHOTOS = rows.ByKey(PropertyPhoto.id, PhotoRow)
_PHOTOS_OF = rows.ByKey(
    PropertyPhoto.property_id, PhotoRow, PropertyPhoto.property_id, PropertyPhoto.position
)


async def ratings_of_hosts(reader: Reader, host_ids: Sequence[UUID]) -> Mapping[UUID, Ratings]:
    """What guests said of all places of each host."""
    return dict(await _RATINGS.fetch(reader, keys=host_ids))


async def properties(
    reader: Reader, ids: Sequence[UUID], shape: Shape[PropertyRow] | None = None
) -> Mapping[UUID, PropertyRow]:
    """Properties by id, whatever their status."""
    return await _PROPERTIES.one(reader, ids, shape)


async def photos(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, PhotoRow]:
    """Photos by id."""
    return await _PHOTOS.one(reader, ids)


async def photos_of(reader: Reader, property_ids: Sequence[UUID]) -> Mapping[UUID, list[PhotoRow]]:
    """Properties' photos in the host's order, by property."""
    return await _PHOTOS_OF.many(reader, property_ids)
