"""What a property must look like, and how its location is blurred for strangers."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from random import Random, SystemRandom
from typing import Any

import msgspec

from app.countries import require_country
from app.errors import Invalid
from app.money import require_currency
from app.properties.listing import HouseRules
from app.properties.terms import zone
from app.text import plain_text
from db.enums import PropertyStatus

# The highest amount of one price or fee, in minor units. A year of the dearest nights, with every
# extra guest and tax on top, still fits into the 2^53 that clients count to.
MAX_AMOUNT = 10**9
MAX_DISCOUNT_BP = 9_900
# A published place says at least this much about itself.
DESCRIPTION_LENGTH = 20

# Lengths and bounds, both ends included. The table's checks say the same, less kindly.
LENGTHS = {
    "title": (0, 120),
    "description": (0, 10_000),
    "city": (1, 100),
    "region": (0, 100),
    "address": (0, 200),
    "unit": (0, 100),
    "additional_rules": (0, 2_000),
    "postal_code": (0, 20),
}
BOUNDS: dict[str, tuple[float, float]] = {
    "latitude": (-90, 90),
    "longitude": (-180, 180),
    "max_guests": (1, 50),
    "guests_included": (1, 50),
    "bedrooms": (0, 100),
    "beds": (0, 100),
    "bathrooms": (0, 100),
    "min_nights": (1, 365),
    "max_nights": (1, 365),
    "advance_notice_hours": (0, 720),
    "preparation_days": (0, 14),
    "booking_window_days": (1, 730),
    "check_in_weekdays": (1, 127),
    "check_out_weekdays": (1, 127),
    "base_price_minor": (1, MAX_AMOUNT),
    "weekend_price_minor": (1, MAX_AMOUNT),
    "cleaning_fee_minor": (0, MAX_AMOUNT),
    "pet_fee_minor": (0, MAX_AMOUNT),
    "extra_guest_fee_minor": (0, MAX_AMOUNT),
    "monthly_discount_bp": (0, MAX_DISCOUNT_BP),
    "weekly_discount_bp": (0, MAX_DISCOUNT_BP),
    "early_bird_days": (1, 730),
    "early_bird_discount_bp": (0, MAX_DISCOUNT_BP),
    "last_minute_days": (0, 365),
    "last_minute_discount_bp": (0, MAX_DISCOUNT_BP),
}
OPTIONAL = {"weekend_price_minor", "early_bird_days", "last_minute_days"}
# Columns whose name in the API is another one than their own in camel case.
API_NAMES = {
    "base_price_minor": "pricePerNight",
    "weekend_price_minor": "weekendPricePerNight",
    "currency": "pricePerNight.currency",
}
LOCATION = {"city", "country", "region", "address", "unit", "postal_code", "latitude", "longitude"}

HOUSE_RULES = set(HouseRules.__struct_fields__)

# Strangers see a point this far from the true one, in metres: never itself, never more than 500.
BLUR_FROM, BLUR_TO = 120.0, 480.0
METRES_PER_DEGREE = 111_320.0


def api_name(column: str) -> str:
    """The name of a column in the API, for refusals."""
    if column in API_NAMES:
        return API_NAMES[column]
    head, *tail = column.removesuffix("_minor").replace("_bp", "_percent").split("_")
    name = head + "".join(part.title() for part in tail)
    if column in HOUSE_RULES:
        return f"houseRules.{name}"
    return f"location.{name}" if column in LOCATION else name


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with their texts trimmed. Raises Invalid for the first that cannot be."""
    result = dict(values)
    for column, value in values.items():
        field = api_name(column)
        if column in LENGTHS:
            result[column] = plain_text(value, field, *LENGTHS[column])
        elif column in BOUNDS and not (value is None and column in OPTIONAL):
            low, high = BOUNDS[column]
            # Written so that NaN fails.
            if not low <= value <= high:
                raise Invalid(f"Expected a number between {low:,} and {high:,}.", field=field)
    _check_codes(values)
    if "amenities" in values:
        result["amenities"] = sorted({str(amenity) for amenity in values["amenities"]})
    return result


def check_together(values: Mapping[str, Any]) -> None:
    """Raises Invalid where fields of a whole property contradict each other."""
    if values["guests_included"] > values["max_guests"]:
        raise Invalid("More guests are included than may come.", field="guestsIncluded")
    if (values.get("quiet_from") is None) != (values.get("quiet_to") is None):
        raise Invalid("Quiet hours have a beginning and an end.", field="houseRules.quietTo")
    if values["min_nights"] > values["max_nights"]:
        raise Invalid("The shortest stay is longer than the longest.", field="minNights")


def status_now(
    status: str, snoozed_until: date | None, timezone: str | None, now: datetime
) -> PropertyStatus:
    """A property's status: one that was snoozed is published again from its date on, whether or
    not a sweep has said so."""
    if status == PropertyStatus.SNOOZED and snoozed_until is not None:
        today = now.astimezone(zone(timezone or "UTC")).date()
        return PropertyStatus.PUBLISHED if today >= snoozed_until else PropertyStatus.SNOOZED
    return PropertyStatus(status)


class Missing(msgspec.Struct, frozen=True):
    """What has to be filled in before a property can be published: an input's name, and why."""

    field: str
    message: str


def missing(values: Mapping[str, Any], photos: int) -> list[Missing]:
    """All that has to be filled in before the property can be published, as a host would go."""
    has_place = values["latitude"] is not None
    complete = (
        ("type", values["type"] is not None, "Say what kind of place it is."),
        ("location", has_place, "Say where it is."),
        (
            "location.address",
            not has_place or bool(values["address"]),
            "Guests need the street and number to find it.",
        ),
        ("photos", photos > 0, "Show at least one photo."),
        ("title", bool(values["title"]), "Give it a name."),
        (
            "description",
            len(values["description"]) >= DESCRIPTION_LENGTH,
            f"Describe it in at least {DESCRIPTION_LENGTH} characters.",
        ),
        ("pricePerNight", values["base_price_minor"] is not None, "Say what a night costs."),
    )
    return [Missing(field, message) for field, done, message in complete if not done]


def blur(latitude: float, longitude: float, random: Random | None = None) -> tuple[float, float]:
    """A point for strangers, up to 500 m away from the true one.

    Drawn once and stored, from randomness rather than from the property's id: whoever reads this
    code could otherwise compute the way back.
    """
    random = random or SystemRandom()
    angle = random.uniform(0, 2 * math.pi)
    # Evenly spread over the ring's area.
    metres = math.sqrt(random.uniform(BLUR_FROM**2, BLUR_TO**2))
    return _shifted(latitude, longitude, metres * math.cos(angle), metres * math.sin(angle))


def moved_blur(
    before: tuple[float, float], public: tuple[float, float], after: tuple[float, float]
) -> tuple[float, float]:
    """The public point after the true one moved: the same way off, so that a host who corrects
    the point again and again does not give it away by an average."""
    north = (public[0] - before[0]) * METRES_PER_DEGREE
    degrees_east = (public[1] - before[1] + 180) % 360 - 180
    east = degrees_east * METRES_PER_DEGREE * _narrowing(before[0])
    return _shifted(*after, north, east)


def _shifted(latitude: float, longitude: float, north: float, east: float) -> tuple[float, float]:
    """The point so many metres away, rounded to about 10 m."""
    shifted = max(-90.0, min(90.0, latitude + north / METRES_PER_DEGREE))
    turned = longitude + east / (METRES_PER_DEGREE * _narrowing(latitude))
    return round(shifted, 4), round((turned + 180) % 360 - 180, 4)


def _narrowing(latitude: float) -> float:
    """How much shorter a degree of longitude is than at the equator; never 0."""
    return max(math.cos(math.radians(latitude)), 0.01)


def _check_codes(values: Mapping[str, Any]) -> None:
    if "currency" in values:
        try:
            require_currency(values["currency"])
        except Invalid as error:
            raise Invalid(error.message, field=api_name("currency")) from error
    if "country" in values:
        require_country(values["country"], "location.country")
