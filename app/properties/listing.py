"""What a host writes about a property, as one value for creating and for editing it."""

from datetime import time

import msgspec
from msgspec import UNSET, UnsetType

from db.enums import Amenity, CancellationPolicy, PropertyType


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where a property is. Address and exact point are private."""

    city: str
    country: str
    latitude: float
    longitude: float
    region: str = ""
    address: str = ""
    postal_code: str = ""


class Photo(msgspec.Struct, frozen=True, kw_only=True):
    """A picture: an https URL, or a path under /media."""

    url: str
    width: int
    height: int
    caption: str = ""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A host's fields, named as the columns. What is UNSET stays as it is, or at its default.

    Amounts are minor units of `currency`, rates basis points; weekdays are bit sets with Monday
    as bit 0.
    """

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    type: PropertyType | UnsetType = UNSET
    location: Location | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    check_in_time: time | UnsetType = UNSET
    check_out_time: time | UnsetType = UNSET
    max_guests: int | UnsetType = UNSET
    bedrooms: int | UnsetType = UNSET
    beds: int | UnsetType = UNSET
    bathrooms: int | UnsetType = UNSET
    pets_allowed: bool | UnsetType = UNSET
    amenities: tuple[Amenity, ...] | UnsetType = UNSET
    photos: tuple[Photo, ...] | UnsetType = UNSET
    instant_book: bool | UnsetType = UNSET
    cancellation_policy: CancellationPolicy | UnsetType = UNSET
    min_nights: int | UnsetType = UNSET
    max_nights: int | UnsetType = UNSET
    advance_notice_hours: int | UnsetType = UNSET
    preparation_days: int | UnsetType = UNSET
    booking_window_days: int | UnsetType = UNSET
    check_in_weekdays: int | UnsetType = UNSET
    check_out_weekdays: int | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    base_price_minor: int | UnsetType = UNSET
    weekend_price_minor: int | UnsetType | None = UNSET
    cleaning_fee_minor: int | UnsetType = UNSET
    pet_fee_minor: int | UnsetType = UNSET
    guests_included: int | UnsetType = UNSET
    extra_guest_fee_minor: int | UnsetType = UNSET
    monthly_discount_bp: int | UnsetType = UNSET
    weekly_discount_bp: int | UnsetType = UNSET
    early_bird_days: int | UnsetType | None = UNSET
    early_bird_discount_bp: int | UnsetType = UNSET
    last_minute_days: int | UnsetType | None = UNSET
    last_minute_discount_bp: int | UnsetType = UNSET
