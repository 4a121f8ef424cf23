"""What a host writes about a property, as one value for creating and for editing it."""

from datetime import time

import msgspec
from msgspec import UNSET, UnsetType

from db.enums import Amenity, CancellationPolicy, CheckInMethod, PropertyType, RoomType


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where a property is. Address and exact point are private."""

    city: str
    country: str
    latitude: float
    longitude: float
    region: str = ""
    address: str = ""
    unit: str = ""
    postal_code: str = ""


class HouseRules(msgspec.Struct, frozen=True, kw_only=True):
    """What guests have to mind, besides what the terms say of pets and numbers."""

    smoking_allowed: bool = False
    parties_allowed: bool = False
    suitable_for_children: bool = True
    # Both or neither, local; over midnight when the end comes first.
    quiet_from: time | None = None
    quiet_to: time | None = None
    additional_rules: str = ""


class Guide(msgspec.Struct, frozen=True, kw_only=True):
    """How to get in and online: private."""

    instructions: str = ""
    access_code: str = ""
    wifi_name: str = ""
    wifi_password: str = ""


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """Title and description in another language than the property's own (ISO 639)."""

    language: str
    title: str
    description: str = ""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A host's fields, named as the columns. What is UNSET stays as it is, or at its default.

    Amounts are minor units of `currency`, rates basis points; weekdays are bit sets with Monday
    as bit 0.
    """

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    translations: tuple[Translation, ...] | UnsetType = UNSET
    type: PropertyType | UnsetType = UNSET
    room_type: RoomType | UnsetType = UNSET
    location: Location | UnsetType = UNSET
    # What the client takes for the place's time zone. It is found from the location: another one
    # is refused.
    timezone: str | UnsetType = UNSET
    house_rules: HouseRules | UnsetType = UNSET
    check_in_method: CheckInMethod | UnsetType | None = UNSET
    guide: Guide | UnsetType = UNSET
    check_in_time: time | UnsetType = UNSET
    check_out_time: time | UnsetType = UNSET
    max_guests: int | UnsetType = UNSET
    bedrooms: int | UnsetType = UNSET
    beds: int | UnsetType = UNSET
    bathrooms: int | UnsetType = UNSET
    pets_allowed: bool | UnsetType = UNSET
    amenities: tuple[Amenity, ...] | UnsetType = UNSET
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
