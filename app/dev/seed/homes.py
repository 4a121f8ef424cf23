"""The large world's properties: many, different, and consistent; nobody reads them."""

from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from app.dev.seed.ids import id_at
from app.dev.seed.rows import Rows
from app.dev.seed.stays import Home
from app.properties.rules import blur
from app.properties.terms import Fees, StayTerms, Tax, Terms
from db.enums import Amenity, CancellationPolicy, PropertyStatus, PropertyType, TaxKind
from db.models import CalendarNight, Property, PropertyPhoto, PropertyTax

CITIES = Path(__file__).with_name("large.toml")
TYPES = (*[PropertyType.APARTMENT] * 9, *[PropertyType.HOUSE] * 4, *PropertyType)
POLICIES = tuple(CancellationPolicy)
AMENITIES = tuple(Amenity)
ADJECTIVES = ("Bright", "Quiet", "Sunny", "Charming", "Modern", "Cosy", "Spacious", "Restored")
PLACES = ("near the river", "in the old town", "by the park", "with a view", "off the square")
SENTENCE = (
    "High ceilings, good beds and a kitchen that one can really cook in, a few minutes on foot"
    " from cafés, markets and the next station. "
)


class BigCity(msgspec.Struct, frozen=True, kw_only=True):
    """A city; `price` of a usual night in minor units."""

    name: str
    country: str
    timezone: str
    currency: str
    price: int
    at: tuple[float, float]
    share: int


class _File(msgspec.Struct):
    cities: tuple[BigCity, ...]


@cache
def cities() -> tuple[BigCity, ...]:
    """All cities, in the file's order."""
    return msgspec.toml.decode(CITIES.read_bytes(), type=_File).cities


@cache
def _shares() -> list[int]:
    return list(accumulate(city.share for city in cities()))


def make(random: Random, index: int, host_id: UUID, fees: Fees, now: datetime) -> "Made":
    """The property with that number, published two to four years ago."""
    city = random.choices(cities(), cum_weights=_shares())[0]
    published_at = now - timedelta(days=random.uniform(830, 1500))
    price = max(1, round(city.price * random.lognormvariate(0, 0.45) / 100)) * 100
    columns: dict[str, Any] = {
        "id": id_at(random, published_at),
        "host_id": host_id,
        "status": PropertyStatus.PUBLISHED,
        **_words(random, city, index),
        **_place(random, city),
        **_rooms(random),
        **_terms(random),
        "currency": city.currency,
        "base_price_minor": price,
        "weekend_price_minor": price * 115 // 100 if random.random() < 0.5 else None,
        "cleaning_fee_minor": price * random.randint(0, 50) // 100,
        "pet_fee_minor": price // 5,
        "extra_guest_fee_minor": price // 8,
        "created_at": published_at,
        "updated_at": published_at,
        "published_at": published_at,
    }
    home = _home(random, columns, fees, now.date())
    columns["lowest_set_minor"] = min(home.night_prices.values(), default=None)
    return Made(columns, home, published_at)


class Made(msgspec.Struct, frozen=True):
    """A property's columns, but for its ratings, and how it is let."""

    columns: dict[str, Any]
    home: Home
    published_at: datetime


def add(rows: Rows, random: Random, made: Made, ratings: list[int]) -> None:
    """Add the property with its photos, taxes and calendar."""
    property_id = made.home.id
    rows.add(Property, **made.columns, rating_sum=sum(ratings), review_count=len(ratings))
    for position in range(random.choice((5, 5, 6, 8))):
        rows.add(
            PropertyPhoto,
            id=id_at(random, made.published_at),
            property_id=property_id,
            position=position,
            url=f"https://pictures.roost.example/{property_id}/{position}.jpg",
            caption="",
            width=1200,
            height=800,
        )
    for tax in made.home.price.taxes:
        rows.add(
            PropertyTax,
            id=id_at(random, made.published_at),
            property_id=property_id,
            name=tax.name,
            kind=tax.kind,
            rate_bp=tax.rate_bp,
        )
    for night, price_minor in made.home.night_prices.items():
        rows.add(CalendarNight, property_id=property_id, night=night, price_minor=price_minor)


def _words(random: Random, city: BigCity, index: int) -> dict[str, Any]:
    kind = random.choice(TYPES)
    title = f"{random.choice(ADJECTIVES)} {kind.lower()} {random.choice(PLACES)} no. {index}"
    return {"title": title, "description": SENTENCE * random.randint(2, 6), "type": kind}


def _place(random: Random, city: BigCity) -> dict[str, Any]:
    # Dense in the middle, thinner outside: some 5 km is usual.
    latitude = round(city.at[0] + random.gauss(0, 0.045), 5)
    longitude = round(city.at[1] + random.gauss(0, 0.055), 5)
    public_latitude, public_longitude = blur(latitude, longitude, random)
    return {
        "address": f"Street {random.randint(1, 900)} no. {random.randint(1, 200)}",
        "city": city.name,
        "country": city.country,
        "latitude": latitude,
        "longitude": longitude,
        "public_latitude": public_latitude,
        "public_longitude": public_longitude,
        "timezone": city.timezone,
        "check_in_time": time(random.choice((14, 15, 15, 16))),
        "check_out_time": time(random.choice((10, 11, 11, 12))),
    }


def _rooms(random: Random) -> dict[str, Any]:
    bedrooms = random.choice((0, 1, 1, 1, 2, 2, 3, 4))
    guests = max(1, 2 * bedrooms + random.choice((0, 0, 1, 2)))
    return {
        "max_guests": guests,
        "guests_included": max(1, min(guests, 2 * bedrooms)),
        "bedrooms": bedrooms,
        "beds": max(1, bedrooms),
        "bathrooms": max(1, bedrooms // 2),
        "pets_allowed": random.random() < 0.3,
        "amenities": sorted(
            {Amenity.WIFI, *random.sample(AMENITIES, random.randint(4, 12))},
        ),
    }


def _terms(random: Random) -> dict[str, Any]:
    return {
        "instant_book": random.random() < 0.7,
        "cancellation_policy": random.choice(POLICIES),
        "min_nights": random.choice((1, 1, 2, 2, 3)),
        "max_nights": random.choice((28, 90, 365)),
        "advance_notice_hours": random.choice((0, 0, 0, 24, 48)),
        "preparation_days": random.choice((0, 0, 0, 0, 1)),
        "booking_window_days": random.choice((180, 365, 365, 540)),
        "weekly_discount_bp": random.choice((0, 0, 1000)),
        "monthly_discount_bp": random.choice((0, 0, 2000)),
    }


def _home(random: Random, columns: dict[str, Any], fees: Fees, today: date) -> Home:
    price = {name: columns[name] for name in Terms.__struct_fields__ if name in columns}
    stay = {name: columns[name] for name in StayTerms.__struct_fields__ if name in columns}
    taxes: tuple[Tax, ...] = ()
    if random.random() < 0.6:
        taxes = (
            Tax(
                name="Tourist tax", kind=TaxKind.PERCENTAGE, rate_bp=random.randrange(100, 1100, 50)
            ),
        )
    return Home(
        id=columns["id"],
        host_id=columns["host_id"],
        price=Terms(
            **price, taxes=taxes, guest_fee_bp=fees.guest_fee_bp, host_fee_bp=fees.host_fee_bp
        ),
        stay=StayTerms(**stay),
        night_prices=_overrides(random, columns["base_price_minor"], today),
        instant_book=columns["instant_book"],
        policy=columns["cancellation_policy"],
        country=columns["country"],
        region="",
    )


def _overrides(random: Random, price_minor: int, today: date) -> dict[date, int]:
    """One host in eight has set prices for a month of nights ahead."""
    if random.random() > 0.125:
        return {}
    first = today + timedelta(days=random.randint(1, 120))
    return {
        first + timedelta(days=offset): price_minor * random.randint(90, 160) // 100
        for offset in range(30)
    }
