"""The demo's properties: what cities/*.toml say, and terms drawn to go with it."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from app.dev.seed.ids import id_at
from app.dev.seed.people import Resident
from app.dev.seed.rows import Rows
from app.dev.seed.stays import Home
from app.money import decimals
from app.properties.rules import blur
from app.properties.terms import Fees, StayTerms, Tax, Terms
from db.enums import (
    Amenity,
    CancellationPolicy,
    CheckInMethod,
    PropertyStatus,
    PropertyType,
    RoomType,
    TaxKind,
)
from db.models import CalendarNight, Property, PropertyPhoto, PropertyTax

CITIES = Path(__file__).with_name("cities")
WIDTH, HEIGHT = 1200, 800
BIG = {PropertyType.HOUSE, PropertyType.VILLA, PropertyType.COTTAGE, PropertyType.CABIN}
POLICIES = {
    CancellationPolicy.FLEXIBLE: 4,
    CancellationPolicy.MODERATE: 4,
    CancellationPolicy.LIMITED: 2,
    CancellationPolicy.FIRM: 2,
    CancellationPolicy.STRICT: 1,
}


class TaxLine(msgspec.Struct, frozen=True, kw_only=True):
    """A city's tax; `amount` in major units per guest and night."""

    name: str
    kind: TaxKind
    rate_bp: int | None = None
    amount: int | None = None
    max_nights: int | None = None


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A neighbourhood, by its middle."""

    latitude: float
    longitude: float
    postal_code: str
    streets: tuple[str, ...]
    about: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A place as its host would describe it; `price` in major units."""

    title: str
    type: PropertyType
    area: str
    # Bedrooms, beds, bathrooms.
    rooms: tuple[int, int, int]
    guests: int
    price: int
    text: str
    amenities: tuple[Amenity, ...]
    host: str
    instant: bool | None = None

    @property
    def slug(self) -> str:
        plain = unicodedata.normalize("NFKD", self.title).encode("ascii", "ignore").decode()
        return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


class City(msgspec.Struct, frozen=True, kw_only=True):
    """One file."""

    city: str
    country: str
    region: str
    timezone: str
    currency: str
    usual_price: int
    round_to: int
    taxes: tuple[TaxLine, ...]
    areas: Mapping[str, Area]
    listings: tuple[Listing, ...]

    def minor(self, major: float) -> int:
        """Minor units of an amount, rounded as a host would."""
        rounded = round(major / self.round_to) * self.round_to
        return rounded * int(10 ** decimals(self.currency))


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A property of the demo with what made it."""

    city: City
    listing: Listing
    home: Home
    published_at: datetime
    # The property's columns: complete but for its ratings, which come from its reviews.
    columns: dict[str, Any]


def cities() -> list[City]:
    """The cities in the folder, by name."""
    return [
        msgspec.toml.decode(path.read_bytes(), type=City) for path in sorted(CITIES.glob("*.toml"))
    ]


def offers(
    random: Random, hosts: Mapping[str, Resident], fees: Fees, now: datetime
) -> Iterator[Offer]:
    """Every listing as a published property with its terms."""
    for city in cities():
        for listing in city.listings:
            published_at = now - timedelta(
                days=random.randint(400, 950), hours=random.randint(0, 9)
            )
            yield _offer(random, city, listing, hosts[listing.host], fees, published_at, now)


def _offer(
    random: Random,
    city: City,
    listing: Listing,
    host: Resident,
    fees: Fees,
    published_at: datetime,
    now: datetime,
) -> Offer:
    columns = {
        "id": id_at(random, published_at - timedelta(days=2)),
        "host_id": host.id,
        "status": PropertyStatus.PUBLISHED,
        "title": listing.title,
        "description": _description(random, city, listing),
        "type": listing.type,
        **_location(random, city, listing),
        **_rooms(random, city, listing),
        **_prices(random, city, listing),
        **_terms(random, listing),
        "created_at": published_at - timedelta(days=2),
        "updated_at": published_at,
        "published_at": published_at,
    }
    return Offer(
        city=city,
        listing=listing,
        home=_home(random, city, columns, fees, now),
        published_at=published_at,
        columns=columns,
    )


def _description(random: Random, city: City, listing: Listing) -> str:
    practical = random.choice(
        (
            "Linen, towels, coffee and the first breakfast's basics are waiting for you.",
            "You have the whole place to yourselves; we live nearby and come when called.",
            "There is a folder with our favourite tables, markets and walks by the door.",
        )
    )
    return f"{listing.text}\n\n{city.areas[listing.area].about}\n\n{practical}"


def _location(random: Random, city: City, listing: Listing) -> dict[str, Any]:
    area = city.areas[listing.area]
    # Within some 250 m of the neighbourhood's middle.
    latitude = round(area.latitude + random.uniform(-0.0022, 0.0022), 5)
    longitude = round(area.longitude + random.uniform(-0.0025, 0.0025), 5)
    public_latitude, public_longitude = blur(latitude, longitude, random)
    return {
        "address": f"{random.choice(area.streets)} {random.randint(2, 98)}",
        "postal_code": f"{area.postal_code}{random.randint(10, 99)}",
        "city": city.city,
        "region": city.region,
        "country": city.country,
        "latitude": latitude,
        "longitude": longitude,
        "public_latitude": public_latitude,
        "public_longitude": public_longitude,
        "timezone": city.timezone,
        "check_in_time": time(random.choice((14, 15, 15, 16))),
        "check_out_time": time(random.choice((10, 11, 11, 12))),
    }


def _rooms(random: Random, city: City, listing: Listing) -> dict[str, Any]:
    bedrooms, beds, bathrooms = listing.rooms
    amenities = {Amenity.WIFI, Amenity.SMOKE_ALARM, *listing.amenities}
    if listing.type is not PropertyType.GUESTHOUSE:
        amenities.add(Amenity.KITCHEN)
    amenities.add(Amenity.AIR_CONDITIONING if city.country == "GH" else Amenity.HEATING)
    amenities |= {
        amenity
        for amenity, chance in ((Amenity.TV, 0.6), (Amenity.WASHER, 0.5))
        if random.random() < chance
    }
    return {
        "max_guests": listing.guests,
        "bedrooms": bedrooms,
        "beds": beds,
        "bathrooms": bathrooms,
        "pets_allowed": listing.type in BIG and random.random() < 0.6,
        "amenities": sorted(amenities),
        "room_type": (
            RoomType.PRIVATE_ROOM
            if listing.type is PropertyType.GUESTHOUSE
            else RoomType.ENTIRE_PLACE
        ),
        "quiet_from": time(22),
        "quiet_to": time(8),
        "additional_rules": "Leave it as you would like to find it.",
        "check_in_method": (
            CheckInMethod.KEY_BOX if Amenity.SELF_CHECK_IN in amenities else CheckInMethod.HOST
        ),
    }


def _prices(random: Random, city: City, listing: Listing) -> dict[str, Any]:
    scale = city.usual_price / 100
    weekend = random.random() < 0.6
    early = random.random() < 0.2
    late = random.random() < 0.25
    return {
        "currency": city.currency,
        "base_price_minor": city.minor(listing.price),
        "weekend_price_minor": city.minor(listing.price * 1.15) if weekend else None,
        "cleaning_fee_minor": city.minor(listing.price * random.uniform(0.2, 0.45)),
        "pet_fee_minor": city.minor(20 * scale),
        "guests_included": max(1, min(listing.guests, 2 * max(1, listing.rooms[0]))),
        "extra_guest_fee_minor": city.minor(15 * scale),
        "monthly_discount_bp": random.choice((0, 0, 1500, 2000, 2500)),
        "weekly_discount_bp": random.choice((0, 0, 500, 1000, 1000)),
        "early_bird_days": 60 if early else None,
        "early_bird_discount_bp": 500 if early else 0,
        "last_minute_days": 3 if late else None,
        "last_minute_discount_bp": 1000 if late else 0,
    }


def _terms(random: Random, listing: Listing) -> dict[str, Any]:
    roll = random.random() < 0.72
    return {
        "instant_book": roll if listing.instant is None else listing.instant,
        "cancellation_policy": random.choices(list(POLICIES), list(POLICIES.values()))[0],
        "min_nights": random.choice((1, 1, 2, 2, 3)),
        "max_nights": random.choice((28, 60, 90, 365)),
        "advance_notice_hours": random.choice((0, 0, 12, 24, 48)),
        "preparation_days": 1 if listing.type in BIG and random.random() < 0.4 else 0,
        "booking_window_days": random.choice((180, 365, 365, 540)),
    }


def _home(
    random: Random, city: City, columns: Mapping[str, Any], fees: Fees, now: datetime
) -> Home:
    """The property as pricing and the calendar see it."""
    taxes = tuple(
        Tax(
            name=tax.name,
            kind=tax.kind,
            rate_bp=tax.rate_bp,
            amount_minor=None if tax.amount is None else city.minor(tax.amount),
            max_nights=tax.max_nights,
        )
        for tax in city.taxes
    )
    price = {name: columns[name] for name in Terms.__struct_fields__ if name in columns}
    stay = {name: columns[name] for name in StayTerms.__struct_fields__ if name in columns}
    return Home(
        id=columns["id"],
        host_id=columns["host_id"],
        price=Terms(
            **price, taxes=taxes, guest_fee_bp=fees.guest_fee_bp, host_fee_bp=fees.host_fee_bp
        ),
        stay=StayTerms(**stay),
        night_prices=_holidays(random, columns["base_price_minor"], now.date()),
        instant_book=columns["instant_book"],
        policy=columns["cancellation_policy"],
        country=columns["country"],
        region=columns["region"],
    )


def _holidays(random: Random, base_minor: int, today: date) -> dict[date, int]:
    """A third of the hosts ask more from the 27th of December to the 2nd of January."""
    if random.random() > 0.34:
        return {}
    first = date(today.year, 12, 27)
    nights = (first + timedelta(days=offset) for offset in range(6))
    return {night: base_minor * 14 // 10 for night in nights if night >= today}


def add(rows: Rows, random: Random, offer: Offer, ratings: list[int], pictures: list[str]) -> None:
    """Add a property with its photos (a caption each), taxes and calendar."""
    home = offer.home
    rows.add(Property, **offer.columns, rating_sum=sum(ratings), review_count=len(ratings))
    for position, caption in enumerate(pictures):
        rows.add(
            PropertyPhoto,
            id=id_at(random, offer.published_at),
            property_id=home.id,
            position=position,
            url=f"/media/demo/{picture_name(offer.listing, position)}",
            caption=caption,
            width=WIDTH,
            height=HEIGHT,
        )
    for tax in home.price.taxes:
        rows.add(
            PropertyTax,
            id=id_at(random, offer.published_at),
            property_id=home.id,
            name=tax.name,
            kind=tax.kind,
            rate_bp=tax.rate_bp,
            amount_minor=tax.amount_minor,
            max_nights=tax.max_nights,
        )
    for night, price_minor in home.night_prices.items():
        rows.add(
            CalendarNight, property_id=home.id, night=night, price_minor=price_minor, min_nights=3
        )


def picture_name(listing: Listing, position: int) -> str:
    """The file of a listing's picture, below the demo's folder."""
    return f"{listing.slug}-{position + 1}.svg"
