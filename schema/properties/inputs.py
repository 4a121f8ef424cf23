"""What hosts write about a property."""

from dataclasses import fields
from datetime import time
from enum import StrEnum
from typing import Any

import strawberry
from strawberry import UNSET

from app.properties import listing
from app.properties.listing import Listing
from schema.enums import (
    Amenity,
    CancellationPolicy,
    PropertyType,
    Weekday,
    weekday_bits,
)
from schema.money import MoneyInput
from schema.scalars import MinorUnits

ABOUT = {
    "title": "Its name, 1 to 120 characters.",
    "description": "About it, up to 10,000 characters; at least 20 to be published.",
    "type": "What kind of place it is.",
    "location": "Where it is.",
    "price_per_night": "The usual price of a night. Its currency is that of all other amounts, "
    "and settled once the property has been published.",
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
    "max_guests": "Adults and children together, 1 to 50.",
    "bedrooms": "How many bedrooms.",
    "beds": "How many beds.",
    "bathrooms": "How many bathrooms.",
    "pets_allowed": "Whether pets may come.",
    "amenities": "What it offers.",
    "photos": "Pictures, in order; at least one to be published.",
    "instant_book": "Whether payment confirms a booking at once; otherwise the host is asked.",
    "cancellation_policy": "What a guest gets back who cancels.",
    "min_nights": "How many nights a stay has at least.",
    "max_nights": "How many nights a stay has at most, up to 365.",
    "check_in_time": "From when guests may arrive.",
    "check_out_time": "Until when guests must leave.",
    "check_in_weekdays": "On which days a stay can begin; at least one.",
    "check_out_weekdays": "On which days a stay can end; at least one.",
    "timezone": "IANA time zone: `Europe/Lisbon`.",
    "preparation_days": "How many nights are kept free before and after each stay, up to 14.",
    "advance_notice_hours": "How long before check-in a stay has to be booked, up to 720.",
    "booking_window_days": "How far ahead a stay can begin, in days from today, up to 730.",
}
EXPECTED_VERSION = (
    "The property's `version` that the viewer looked at: a property that was edited since is left "
    "as it is. Null: whatever it is now."
)
# Inputs that are not the property's own.
ASIDE = {"property_id", "expected_version"}
# Inputs whose column has another name.
COLUMNS = {
    "weekend_price_per_night": "weekend_price_minor",
    "cleaning_fee": "cleaning_fee_minor",
    "pet_fee": "pet_fee_minor",
    "extra_guest_fee": "extra_guest_fee_minor",
}
CLEARED_BY_NULL = {"weekend_price_per_night", "early_bird_days", "last_minute_days"}


@strawberry.input(description="Where a property is.")
class LocationInput:
    city: str = strawberry.field(description="The city, town or village.")
    region: str = strawberry.field(default="", description="State, county or the like.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code: `PT`.")
    address: str = strawberry.field(
        default="", description="Street and number; needed to be published. Private."
    )
    postal_code: str = strawberry.field(default="", description="Private, as `address`.")
    latitude: float = strawberry.field(description="Degrees north of the true point. Private.")
    longitude: float = strawberry.field(description="Degrees east of the true point. Private.")


@strawberry.input(description="A picture of a property.")
class PhotoInput:
    url: str = strawberry.field(description="An https URL, or a path under `/media`.")
    caption: str = strawberry.field(default="", description="What it shows.")
    width: int = strawberry.field(description="In pixels.")
    height: int = strawberry.field(description="In pixels.")


def _needed(name: str) -> Any:
    return strawberry.field(description=ABOUT[name])


def _given(name: str, default: Any) -> Any:
    return strawberry.field(default=default, description=ABOUT[name])


def _listed(name: str, *default: StrEnum) -> Any:
    return strawberry.field(default_factory=lambda: list(default), description=ABOUT[name])


def _changed(name: str) -> Any:
    return strawberry.field(default=UNSET, description=ABOUT[name])


@strawberry.input(description="A property to make. It begins as a draft.")
class CreatePropertyInput:
    title: str = _needed("title")
    description: str = _given("description", "")
    type: PropertyType = _needed("type")
    location: LocationInput = _needed("location")
    timezone: str = _needed("timezone")
    price_per_night: MoneyInput = _needed("price_per_night")
    weekend_price_per_night: MinorUnits | None = _given("weekend_price_per_night", None)
    cleaning_fee: MinorUnits = _given("cleaning_fee", 0)
    pet_fee: MinorUnits = _given("pet_fee", 0)
    extra_guest_fee: MinorUnits = _given("extra_guest_fee", 0)
    guests_included: int = _given("guests_included", 1)
    monthly_discount_percent: int = _given("monthly_discount_percent", 0)
    weekly_discount_percent: int = _given("weekly_discount_percent", 0)
    early_bird_days: int | None = _given("early_bird_days", None)
    early_bird_discount_percent: int = _given("early_bird_discount_percent", 0)
    last_minute_days: int | None = _given("last_minute_days", None)
    last_minute_discount_percent: int = _given("last_minute_discount_percent", 0)
    max_guests: int = _needed("max_guests")
    bedrooms: int = _given("bedrooms", 1)
    beds: int = _given("beds", 1)
    bathrooms: int = _given("bathrooms", 1)
    pets_allowed: bool = _given("pets_allowed", False)
    amenities: list[Amenity] = _listed("amenities")
    photos: list[PhotoInput] = _listed("photos")
    instant_book: bool = _given("instant_book", True)
    cancellation_policy: CancellationPolicy = _given(
        "cancellation_policy", CancellationPolicy.FLEXIBLE
    )
    min_nights: int = _given("min_nights", 1)
    max_nights: int = _given("max_nights", 365)
    check_in_time: time = _given("check_in_time", time(15))
    check_out_time: time = _given("check_out_time", time(11))
    check_in_weekdays: list[Weekday] = _listed("check_in_weekdays", *Weekday)
    check_out_weekdays: list[Weekday] = _listed("check_out_weekdays", *Weekday)
    preparation_days: int = _given("preparation_days", 0)
    advance_notice_hours: int = _given("advance_notice_hours", 0)
    booking_window_days: int = _given("booking_window_days", 365)


@strawberry.input(
    description="Changes to a property. What is left out, or null where null has no meaning of "
    "its own, stays as it is. Bookings that exist keep their terms."
)
class UpdatePropertyInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED_VERSION)
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
    photos: list[PhotoInput] | None = _changed("photos")
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


def to_listing(input: CreatePropertyInput | UpdatePropertyInput) -> Listing:
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
        case "photos":
            return {name: tuple(listing.Photo(**_attributes(photo)) for photo in value)}
        case "check_in_weekdays" | "check_out_weekdays":
            return {name: weekday_bits(value)}
        case "amenities":
            return {name: tuple(value)}
        case _:
            return {COLUMNS.get(name, name): value}


def _attributes(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}
