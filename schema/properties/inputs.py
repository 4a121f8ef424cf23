"""What hosts write about a property."""

from dataclasses import fields
from datetime import time
from typing import Any

import strawberry
from strawberry import UNSET

from app.properties import listing
from app.properties.listing import Listing
from schema.enums import (
    Amenity,
    CancellationPolicy,
    CheckInMethod,
    PropertyType,
    RoomType,
    Weekday,
    weekday_bits,
)
from schema.money import MoneyInput
from schema.scalars import MinorUnits

ABOUT = {
    "title": "Its name, up to 120 characters; needed to be published.",
    "description": "About it, up to 10,000 characters; at least 20 to be published.",
    "language": "Of title and description, ISO 639: `pt`; `en` unless it is said.",
    "translations": "Title and description in other languages: all of them.",
    "room_type": "How much of it guests have to themselves; all unless it is said.",
    "house_rules": "What guests have to mind: all of it.",
    "check_in_method": "How guests get in; null: it is not said.",
    "check_in_guide": "How to get in and online, all of it. Private.",
    "type": "What kind of place it is; needed to be published.",
    "location": "Where it is; needed to be published. Its time zone is found from it.",
    "price_per_night": "The usual price of a night; needed to be published. Its "
    "currency is that of all other amounts, and settled once the property has been published.",
    "weekend_price_per_night": "The usual price of Friday and Saturday nights; "
    "null: as any other night.",
    "cleaning_fee": "Once per stay.",
    "pet_fee": "Once per stay with pets.",
    "extra_guest_fee": "Per night, for each guest above `guestsIncluded`.",
    "guests_included": "How many guests the price is for.",
    "monthly_discount_percent": "Off the nights of stays of 28 nights and more.",
    "weekly_discount_percent": "Off the nights of stays of 7 nights and more.",
    "early_bird_days": "How many days ahead is early; null: never.",
    "early_bird_discount_percent": "Off the nights of stays booked early.",
    "last_minute_days": "How many days ahead is last minute; null: never.",
    "last_minute_discount_percent": "Off the nights of stays booked at the last minute.",
    "max_guests": "Adults and children together, 1 to 50; 2 unless it is said.",
    "bedrooms": "How many bedrooms.",
    "beds": "How many beds.",
    "bathrooms": "How many bathrooms.",
    "pets_allowed": "Whether pets may come.",
    "amenities": "What it offers.",
    "instant_book": "Whether payment confirms a booking at once; otherwise the host is asked.",
    "cancellation_policy": "What a guest gets back who cancels.",
    "min_nights": "How many nights a stay has at least.",
    "max_nights": "How many nights a stay has at most, up to 365.",
    "check_in_time": "From when guests may arrive.",
    "check_out_time": "Until when guests must leave.",
    "check_in_weekdays": "On which days a stay can begin; at least one.",
    "check_out_weekdays": "On which days a stay can end; at least one.",
    "timezone": "What the client takes for its time zone; there is no need to say. Refused when "
    "the clocks at the location show something else.",
    "preparation_days": "How many nights are kept free before and after each stay, up to 14.",
    "advance_notice_hours": "How long before check-in a stay has to be booked, up to 720.",
    "booking_window_days": "How far ahead a stay can begin, in days from today, up to 730.",
}
EXPECTED_VERSION = (
    "The property's `version` that the viewer looked at: a property that was edited since is left "
    "as it is. Null: whatever it is now."
)
IDEMPOTENCY_KEY = (
    "Made by the client, 1 to 255 characters: the same request under the same key "
    "makes one property, however often it is sent. Null: one each time."
)
# Inputs that are not the property's own.
ASIDE = {"property_id", "expected_version", "idempotency_key"}
# Inputs whose column has another name.
COLUMNS = {
    "weekend_price_per_night": "weekend_price_minor",
    "cleaning_fee": "cleaning_fee_minor",
    "pet_fee": "pet_fee_minor",
    "extra_guest_fee": "extra_guest_fee_minor",
}
CLEARED_BY_NULL = {
    "weekend_price_per_night",
    "early_bird_days",
    "last_minute_days",
    "check_in_method",
}


@strawberry.input(description="Where a property is.")
class LocationInput:
    city: str = strawberry.field(description="The city, town or village.")
    region: str = strawberry.field(default="", description="State, county or the like.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code: `PT`.")
    address: str = strawberry.field(
        default="", description="Street and number; needed to be published. Private."
    )
    unit: str = strawberry.field(
        default="", description="Apartment, floor, door. Private, as `address`."
    )
    postal_code: str = strawberry.field(default="", description="Private, as `address`.")
    latitude: float = strawberry.field(description="Degrees north of the true point. Private.")
    longitude: float = strawberry.field(description="Degrees east of the true point. Private.")


def _changed(name: str) -> Any:
    return strawberry.field(default=UNSET, description=ABOUT[name])


@strawberry.input(description="What guests have to mind. Pets: see `petsAllowed`.")
class HouseRulesInput:
    smoking_allowed: bool = strawberry.field(default=False, description="Whether one may smoke.")
    parties_allowed: bool = strawberry.field(default=False, description="Whether parties are fine.")
    suitable_for_children: bool = strawberry.field(
        default=True, description="Whether children are safe there."
    )
    quiet_from: time | None = strawberry.field(
        default=None, description="When quiet hours begin, local; null: there are none."
    )
    quiet_to: time | None = strawberry.field(default=None, description="When they end.")
    additional_rules: str = strawberry.field(
        default="", description="Anything else, up to 2,000 characters."
    )


@strawberry.input(description="How to get in and online.")
class CheckInGuideInput:
    instructions: str = strawberry.field(
        default="", description="The way, the door, the keys: up to 4,000 characters."
    )
    access_code: str = strawberry.field(default="", description="Of the door or the key box.")
    wifi_name: str = strawberry.field(default="", description="The wireless network.")
    wifi_password: str = strawberry.field(default="", description="Its password.")


@strawberry.input(description="A property's words in another language than its own.")
class PropertyTranslationInput:
    language: str = strawberry.field(description="ISO 639: `pt`.")
    title: str = strawberry.field(description="Its name, 1 to 120 characters.")
    description: str = strawberry.field(default="", description="About it.")


@strawberry.input
class PropertyInput:
    language: str | None = _changed("language")
    translations: list[PropertyTranslationInput] | None = _changed("translations")
    room_type: RoomType | None = _changed("room_type")
    house_rules: HouseRulesInput | None = _changed("house_rules")
    check_in_method: CheckInMethod | None = _changed("check_in_method")
    check_in_guide: CheckInGuideInput | None = _changed("check_in_guide")
    title: str | None = _changed("title")
    description: str | None = _changed("description")
    type: PropertyType | None = _changed("type")
    location: LocationInput | None = _changed("location")
    timezone: str | None = _changed("timezone")
    price_per_night: MoneyInput | None = _changed("price_per_night")
    weekend_price_per_night: MinorUnits | None = _changed("weekend_price_per_night")
    cleaning_fee: MinorUnits | None = _changed("cleaning_fee")
    pet_fee: MinorUnits | None = _changed("pet_fee")
    extra_guest_fee: MinorUnits | None = _changed("extra_guest_fee")
    guests_included: int | None = _changed("guests_included")
    monthly_discount_percent: int | None = _changed("monthly_discount_percent")
    weekly_discount_percent: int | None = _changed("weekly_discount_percent")
    early_bird_days: int | None = _changed("early_bird_days")
    early_bird_discount_percent: int | None = _changed("early_bird_discount_percent")
    last_minute_days: int | None = _changed("last_minute_days")
    last_minute_discount_percent: int | None = _changed("last_minute_discount_percent")
    max_guests: int | None = _changed("max_guests")
    bedrooms: int | None = _changed("bedrooms")
    beds: int | None = _changed("beds")
    bathrooms: int | None = _changed("bathrooms")
    pets_allowed: bool | None = _changed("pets_allowed")
    amenities: list[Amenity] | None = _changed("amenities")
    instant_book: bool | None = _changed("instant_book")
    cancellation_policy: CancellationPolicy | None = _changed("cancellation_policy")
    min_nights: int | None = _changed("min_nights")
    max_nights: int | None = _changed("max_nights")
    check_in_time: time | None = _changed("check_in_time")
    check_out_time: time | None = _changed("check_out_time")
    check_in_weekdays: list[Weekday] | None = _changed("check_in_weekdays")
    check_out_weekdays: list[Weekday] | None = _changed("check_out_weekdays")
    preparation_days: int | None = _changed("preparation_days")
    advance_notice_hours: int | None = _changed("advance_notice_hours")
    booking_window_days: int | None = _changed("booking_window_days")


@strawberry.input(
    description="A property to make. It begins as a draft, which needs nothing of this yet: "
    "what is left out, or null where null has no meaning of its own, is as it usually is."
)
class CreatePropertyInput(PropertyInput):
    idempotency_key: str | None = strawberry.field(
        default=None,
        description=IDEMPOTENCY_KEY,
    )


@strawberry.input(
    description="Changes to a property. What is left out, or null where null has no meaning of "
    "its own, stays as it is. Bookings that exist keep their terms."
)
class UpdatePropertyInput(PropertyInput):
    property_id: strawberry.ID = strawberry.field(description="Which property.")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED_VERSION)


def to_listing(input: PropertyInput) -> Listing:
    """The input as the properties feature wants it."""
    columns: dict[str, Any] = {}
    for field in fields(input):
        value = getattr(input, field.name)
        meant = value is not None or field.name in CLEARED_BY_NULL
        if field.name not in ASIDE and value is not UNSET and meant:
            columns |= _columns(field.name, value)
    return Listing(**columns)


def _columns(name: str, value: Any) -> dict[str, Any]:
    if name.endswith("_percent"):
        return {name.removesuffix("percent") + "bp": value * 100}
    match name:
        case "price_per_night":
            return {"base_price_minor": value.amount, "currency": value.currency}
        case "location":
            return {name: listing.Location(**_attributes(value))}
        case "house_rules":
            return {name: listing.HouseRules(**_attributes(value))}
        case "check_in_guide":
            return {"guide": listing.Guide(**_attributes(value))}
        case "translations":
            return {name: tuple(listing.Translation(**_attributes(each)) for each in value)}
        case "check_in_weekdays" | "check_out_weekdays":
            return {name: weekday_bits(value)}
        case "amenities":
            return {name: tuple(value)}
        case _:
            return {COLUMNS.get(name, name): value}


def _attributes(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}
