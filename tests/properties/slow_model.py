"""A slow model of search and price, in plain Python, and random worlds to compare it on."""

import random
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert

from app.availability import rules
from app.pricing import rules as pricing
from app.properties.filters import Area, Filter
from app.properties.search import Sort
from app.properties.terms import Fees, Guests
from db.enums import Amenity, PropertyType
from db.models import CalendarNight, OccupiedNight, PropertyTax
from db.session import Database
from tests.support.world import NOW, add_booking, add_property

FEES = Fees(guest_fee_bp=1_200, host_fee_bp=300)
TODAY = NOW.date()


class Place(msgspec.Struct):
    """A property's columns, and its calendar as sets."""

    row: dict[str, Any]
    calendar: dict[date, dict[str, Any]]
    # Nights and kinds of holds that still run, bookings and blocks.
    taken: dict[date, str]
    taxes: list[dict[str, Any]]


ZONES = ["Pacific/Pago_Pago", "Europe/Lisbon", "Asia/Kathmandu", "Pacific/Kiritimati"]


def random_place(chance: random.Random) -> dict[str, Any]:
    rating = chance.randint(0, 5)
    return {
        "title": chance.choice(["Blue Loft", "100% quiet", "Under_scored den", "ÉTOILE house"]),
        "city": chance.choice(["Lisbon", "Porto", "Évora"]),
        "type": chance.choice(list(PropertyType)),
        "status": chance.choice(["PUBLISHED"] * 5 + ["UNPUBLISHED"]),
        "published_at": NOW - timedelta(days=chance.randint(0, 5)),
        "public_latitude": chance.uniform(-80, 80),
        "public_longitude": chance.uniform(-180, 180),
        "timezone": chance.choice(ZONES),
        "check_in_time": time(chance.randint(0, 23), chance.choice([0, 30])),
        "max_guests": chance.randint(2, 6),
        "guests_included": chance.randint(1, 2),
        "pets_allowed": chance.random() < 0.5,
        "amenities": sorted(chance.sample([str(a) for a in Amenity][:4], chance.randint(0, 4))),
        "instant_book": chance.random() < 0.5,
        "min_nights": chance.randint(1, 3),
        "max_nights": chance.choice([4, 30, 365]),
        "advance_notice_hours": chance.choice([0, 0, 12, 48]),
        "preparation_days": chance.choice([0, 0, 1, 2]),
        "booking_window_days": chance.choice([10, 365, 365]),
        "check_in_weekdays": chance.choice([127, 127, 0b1010101]),
        "check_out_weekdays": chance.choice([127, 127, 0b0101111]),
        "base_price_minor": chance.choice([50_00, 100_00, 101_00, 150_00]),
        "weekend_price_minor": chance.choice([None, 180_00]),
        "cleaning_fee_minor": chance.choice([0, 33_33]),
        "extra_guest_fee_minor": chance.choice([0, 11_11]),
        "weekly_discount_bp": chance.choice([0, 1_050]),
        "last_minute_days": 5,
        "last_minute_discount_bp": chance.choice([0, 777]),
        "rating_sum": rating * 3,
        "review_count": 3 if rating else 0,
    }


async def make_place(db: Database, host: UUID, guest: UUID, chance: random.Random) -> Place:
    row = random_place(chance)
    row["id"] = property_id = await add_property(db, host, **row)
    row["currency"] = "EUR"
    calendar = {
        TODAY + timedelta(days=offset): {
            "price_minor": chance.choice([None, 77_00]),
            "min_nights": chance.choice([None, 1, 4]),
            "closed": chance.random() < 0.2,
        }
        for offset in chance.sample(range(-2, 25), 6)
    }
    taken: dict[date, str] = {}
    rows: list[dict[str, Any]] = []
    for _ in range(chance.randint(0, 3)):
        start, length = chance.randint(-2, 24), chance.randint(1, 4)
        nights = {TODAY + timedelta(days=start + offset) for offset in range(length)}
        if nights & {r["night"] for r in rows}:
            continue
        kind = chance.choice(["HOLD", "HOLD", "BOOKING", "BLOCK"])
        until = NOW + timedelta(seconds=chance.choice([0, 1])) if kind == "HOLD" else None
        booking = (
            None
            if kind == "BLOCK"
            else await add_booking(db, property_id, guest, host, status="EXPIRED")
        )
        values = {"kind": kind, "booking_id": booking, "hold_expires_at": until}
        rows += [{"property_id": property_id, "night": night, **values} for night in nights]
        if until is None or until > NOW:
            taken |= dict.fromkeys(nights, kind)
    taxes: list[dict[str, Any]] = [
        {"name": "VAT", "kind": "PERCENTAGE", "rate_bp": 613},
        {"name": "City", "kind": "PER_GUEST_NIGHT", "amount_minor": 2_00, "max_nights": 4},
    ][: chance.randint(0, 2)]
    async with db.transaction() as session:
        if rows:
            await session.execute(insert(OccupiedNight), rows)
        await session.execute(
            insert(CalendarNight),
            [{"property_id": property_id, "night": n, **v} for n, v in calendar.items()],
        )
        for tax in taxes:
            tax_id = UUID(int=chance.getrandbits(128))
            await session.execute(
                insert(PropertyTax).values(id=tax_id, property_id=property_id, **tax)
            )
            tax["id"] = tax_id
    return Place(row, calendar, taken, sorted(taxes, key=lambda tax: tax["id"]))


def is_free(place: Place, check_in: date, check_out: date) -> bool:
    """No night of the stay closed or taken, no other stay within the days of preparation."""
    gap = timedelta(days=place.row["preparation_days"])
    if any(place.calendar.get(n, {}).get("closed") for n in rules.nights(check_in, check_out)):
        return False
    return all(
        not check_in <= night < check_out
        if kind == "BLOCK"
        else not check_in - gap <= night < check_out + gap
        for night, kind in place.taken.items()
    )


def matches(place: Place, filter: Filter, bookable: Any) -> bool:
    """Whether a search finds the place, said one thing after the other."""
    row, guests = place.row, filter.guests or Guests(adults=1)
    if filter.check_in is not None and filter.check_out is not None:
        stay = filter.check_in, filter.check_out
        allowed = rules.refusal(bookable.stay, *stay, guests, bookable.nights, NOW) is None
        if not (allowed and is_free(place, *stay)):
            return False
    words = (filter.text or "").lower().split()
    area = filter.area
    return (
        row["status"] == "PUBLISHED"
        and all(word in f"{row['title']} {row['city']}".lower() for word in words)
        and (filter.city is None or row["city"].lower() == filter.city.lower())
        and (area is None or is_inside(row["public_latitude"], row["public_longitude"], area))
        and row["max_guests"] >= guests.counted
        and (row["pets_allowed"] or not guests.pets)
        and (filter.min_price_minor or 0) <= row["base_price_minor"]
        and row["base_price_minor"] <= (filter.max_price_minor or 10**9)
        and (not filter.types or row["type"] in filter.types)
        and set(filter.amenities) <= set(row["amenities"])
        and filter.instant_book in (None, row["instant_book"])
    )


def is_inside(latitude: float, longitude: float, area: Area) -> bool:
    """Eastwards from the box's west there is the point before its east."""
    width = (area.east - area.west) % 360
    return area.south <= latitude <= area.north and (longitude - area.west) % 360 <= width


def random_filter(chance: random.Random) -> Filter:
    """A filter of few conditions, so that something is found."""
    check_in = TODAY + timedelta(days=chance.randint(-1, 20))
    south, west = chance.uniform(-90, 60), chance.uniform(-180, 180)
    east = (west + chance.uniform(60, 300) + 180) % 360 - 180
    all_of_them: dict[str, Any] = {
        "text": chance.choice(["blue", "0%", "under_s", "étoile ÉVORA", "LOFT por", "\\", "  "]),
        "city": chance.choice(["lisbon", "ÉVORA", "Lis"]),
        "area": Area(
            south=south, north=min(90, south + chance.uniform(30, 150)), west=west, east=east
        ),
        "guests": Guests(
            adults=chance.randint(1, 4),
            children=chance.randint(0, 1),
            infants=chance.randint(0, 3),
            pets=chance.randint(0, 1),
        ),
        "min_price_minor": chance.choice([0, 100_00, 101_00]),
        "max_price_minor": chance.choice([100_00, 120_00]),
        "types": tuple(chance.sample(list(PropertyType), 4)),
        "amenities": tuple(chance.sample(list(Amenity)[:4], chance.randint(1, 2))),
        "instant_book": chance.choice([True, False]),
    }
    chosen = {
        name: all_of_them[name]
        for name in chance.sample(list(all_of_them), chance.choice([0, 0, 1, 2]))
    }
    if chance.random() < 0.8:
        chosen |= {
            "check_in": check_in,
            "check_out": check_in + timedelta(days=chance.randint(1, 6)),
        }
    return Filter(**chosen)


def rank(place: Place, sort: Sort) -> tuple[Any, ...]:
    """What a place is sorted by, ascending."""
    row = place.row
    total, reviews = row["rating_sum"], row["review_count"]
    match sort:
        case Sort.RECOMMENDED:
            return -((total * 1000 + 44_000) // (reviews + 10)), -row["id"].int
        case Sort.RATING:
            return -(total * 1000 // max(reviews, 1)), -row["id"].int
        case Sort.NEWEST:
            return -row["published_at"].timestamp(), -row["id"].int
        case Sort.PRICE_LOW_TO_HIGH:
            return row["base_price_minor"], row["id"].int
        case Sort.PRICE_HIGH_TO_LOW:
            return -row["base_price_minor"], -row["id"].int


def model_price(place: Place, check_in: date, check_out: date, guests: Guests) -> pricing.Quote:
    names = set(pricing.Terms.__struct_fields__) - {"taxes"}
    terms = pricing.Terms(
        **{name: value for name, value in place.row.items() if name in names},
        taxes=tuple(
            msgspec.convert({k: v for k, v in t.items() if k != "id"}, pricing.Tax)
            for t in place.taxes
        ),
        guest_fee_bp=FEES.guest_fee_bp,
        host_fee_bp=FEES.host_fee_bp,
    )
    prices = {
        n: v["price_minor"] for n, v in place.calendar.items() if v["price_minor"] is not None
    }
    today = rules.local_today(NOW, place.row["timezone"])
    return pricing.quote(terms, prices, check_in, check_out, guests, today)
