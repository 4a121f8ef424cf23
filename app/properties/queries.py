"""Reading properties and their photos, in batches."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Integer, cast, func, select

from app.money import Money, sum_of
from db import rows
from db.models import CheckInGuide, CoHost, Property, PropertyPhoto, PropertyTranslation, User
from db.shapes import Form, Related, in_sql
from db.statements import Reader, Statement

# What of a place only some may see: app.properties.policy.may_see_exactly.
EXACT = frozenset(["address", "unit", "postal_code", "latitude", "longitude"])


class Ratings(msgspec.Struct, frozen=True):
    """How many reviews there are, and the sum of their stars."""

    count: int = 0
    total: int = 0

    @property
    def average(self) -> float | None:
        """The mean, to two places; None before the first review."""
        return round(self.total / self.count, 2) if self.count else None


class PropertyRow(msgspec.Struct, frozen=True):
    """A property as it is shown. Address and exact point are private: app.properties.policy.

    What may be None is, at most, while it is a draft.
    """

    id: UUID
    host_id: UUID
    status: str
    title: str
    description: str
    type: str | None
    room_type: str
    language: str
    snoozed_until: date | None
    address: str
    unit: str
    postal_code: str
    city: str
    region: str
    country: str
    latitude: float | None
    longitude: float | None
    public_latitude: float | None
    public_longitude: float | None
    timezone: str | None
    check_in_time: time
    check_out_time: time
    max_guests: int
    bedrooms: int
    beds: int
    bathrooms: int
    pets_allowed: bool
    amenities: list[str]
    smoking_allowed: bool
    parties_allowed: bool
    suitable_for_children: bool
    quiet_from: time | None
    quiet_to: time | None
    additional_rules: str
    check_in_method: str | None
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
    base_price_minor: int | None
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
    @in_sql(sum_of("base_price_minor"))
    def price_per_night(self) -> Money | None:
        price = self.base_price_minor
        return None if price is None else Money(price, self.currency)

    @property
    @in_sql(sum_of("weekend_price_minor"))
    def weekend_price_per_night(self) -> Money | None:
        price = self.weekend_price_minor
        return None if price is None else Money(price, self.currency)

    @property
    @in_sql(sum_of("cleaning_fee_minor"))
    def cleaning_fee(self) -> Money:
        return Money(self.cleaning_fee_minor, self.currency)

    @property
    @in_sql(sum_of("pet_fee_minor"))
    def pet_fee(self) -> Money:
        return Money(self.pet_fee_minor, self.currency)

    @property
    @in_sql(sum_of("extra_guest_fee_minor"))
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
    placeholder: str | None


class TranslationRow(msgspec.Struct, frozen=True):
    """A property's words in another language than its own."""

    property_id: UUID
    language: str
    title: str
    description: str


class GuideRow(msgspec.Struct, frozen=True):
    """How to get in and online; who may have it is decided as of the exact place."""

    property_id: UUID
    instructions: str
    access_code: str
    wifi_name: str
    wifi_password: str


class CoHostRow(msgspec.Struct, frozen=True):
    """Somebody's part in a property; `user_id` is None while it is an invitation to `email`."""

    id: UUID
    property_id: UUID
    user_id: UUID | None
    email: str | None
    rights: list[str]
    invited_at: datetime
    expires_at: datetime | None
    accepted_at: datetime | None


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


def is_active() -> ColumnElement[bool]:
    """Of a co-host's user: who is suspended, or about to go, helps nobody."""
    return User.suspended_at.is_(None) & User.deletion_scheduled_at.is_(None)


_CO_HOSTS = rows.ByKey(CoHost.id, CoHostRow)
_CO_HOSTS_OF = rows.ByKey(CoHost.property_id, CoHostRow, CoHost.id)
_CO_HOSTING_OF: Statement[CoHostRow] = Statement(
    CoHostRow,
    lambda: (
        select(*rows.columns(CoHost, CoHostRow))
        .where(rows.among(CoHost.user_id, "users"))
        .order_by(CoHost.id)
    ),
)
_ACTIVE_CO_HOSTS_OF: Statement[CoHostRow] = Statement(
    CoHostRow,
    lambda: (
        select(*rows.columns(CoHost, CoHostRow))
        .join(User, User.id == CoHost.user_id)
        .where(
            rows.among(CoHost.property_id, "properties"),
            is_active(),
        )
        .order_by(CoHost.accepted_at, CoHost.id)
    ),
)
_GUIDES = rows.ByKey(CheckInGuide.property_id, GuideRow)
_TRANSLATIONS_OF = rows.ByKey(
    PropertyTranslation.property_id, TranslationRow, PropertyTranslation.language
)
_PHOTOS = rows.ByKey(PropertyPhoto.id, PhotoRow)
_PHOTOS_OF = rows.ByKey(
    PropertyPhoto.property_id, PhotoRow, PropertyPhoto.property_id, PropertyPhoto.position
)


async def ratings_of_hosts(reader: Reader, host_ids: Sequence[UUID]) -> Mapping[UUID, Ratings]:
    """What guests said of all places of each host."""
    return dict(await _RATINGS.fetch(reader, keys=host_ids))


async def properties(
    reader: Reader, ids: Sequence[UUID], shape: Form[PropertyRow] | None = None
) -> Mapping[UUID, PropertyRow]:
    """Properties by id, whatever their status."""
    return await _PROPERTIES.one(reader, ids, shape)


async def photos(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, PhotoRow]:
    """Photos by id."""
    return await _PHOTOS.one(reader, ids)


async def photos_of(reader: Reader, property_ids: Sequence[UUID]) -> Mapping[UUID, list[PhotoRow]]:
    """Properties' photos in the host's order, by property."""
    return await _PHOTOS_OF.many(reader, property_ids)


async def co_hosts(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, CoHostRow]:
    """Co-hosts by their part's id, invitations too."""
    return await _CO_HOSTS.one(reader, ids)


async def co_hosts_of(
    reader: Reader, property_ids: Sequence[UUID]
) -> Mapping[UUID, list[CoHostRow]]:
    """Properties' co-hosts and open invitations, oldest first, by property."""
    return await _CO_HOSTS_OF.many(reader, property_ids)


async def active_co_hosts_of(
    reader: Reader, property_ids: Sequence[UUID]
) -> Mapping[UUID, list[CoHostRow]]:
    """Who helps with these properties now: not who is invited, suspended or about to go."""
    found = await _ACTIVE_CO_HOSTS_OF.fetch(reader, properties=property_ids)
    return rows.grouped(found, "property_id")


async def co_hosting_of(reader: Reader, user_ids: Sequence[UUID]) -> Mapping[UUID, list[CoHostRow]]:
    """Where these people are co-hosts, longest first, by person."""
    return rows.grouped(await _CO_HOSTING_OF.fetch(reader, users=user_ids), "user_id")


async def guides(reader: Reader, property_ids: Sequence[UUID]) -> Mapping[UUID, GuideRow]:
    """Properties' guides for guests, by property, whoever's."""
    return await _GUIDES.one(reader, property_ids)


async def translations_of(
    reader: Reader, property_ids: Sequence[UUID]
) -> Mapping[UUID, list[TranslationRow]]:
    """Properties' words in other languages, by property."""
    return await _TRANSLATIONS_OF.many(reader, property_ids)
