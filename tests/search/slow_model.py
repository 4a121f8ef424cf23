"""A slow model of search and price, in plain Python, and random worlds to compare it on."""

import math
import random
import re
import unicodedata
from datetime import date, time, timedelta
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import insert

from app.availability import rules
from app.bookings.cancellation import FULL_UNTIL
from app.currencies.rules import PLACES, Rates
from app.pricing import rules as pricing
from app.properties.terms import Fees, Guests, NightTerms, StayTerms
from app.search.filters import Area, Filter, Point, Window
from app.search.sorts import Sort
from db.enums import Amenity, CancellationPolicy, PropertyType
from db.models import CalendarNight, OccupiedNight, PropertyTax
from db.session import Database
from tests.support.world import NOW, add_booking, add_property

# What a euro is worth; made up, so that halves have to be rounded. Francs have no rate.
UNITS = {
    "EUR": Fraction(1),
    "JPY": Fraction("163.45"),
    "KWD": Fraction("0.32"),
    "GBP": Fraction("0.8"),
}
UNKNOWN = "CHF"
DECIMALS = {"EUR": 2, "JPY": 0, "KWD": 3, "GBP": 2, UNKNOWN: 2}
RATES = Rates(
    NOW.date(),
    {code: int(units * 10 ** (DECIMALS[code] + PLACES)) for code, units in UNITS.items()},
)

WORD = re.compile(r"[^\W_]+")
# Where distances are measured from.
NEAR = Point(latitude=-17.5, longitude=179.5)
FEES = Fees(guest_fee_bp=1_200, host_fee_bp=300)
TODAY = NOW.date()


class Place(msgspec.Struct):
    """A property's columns, and its calendar as sets."""

    row: dict[str, Any]
    calendar: dict[date, dict[str, Any]]
    # Nights and kinds of holds that still run, bookings and blocks.
    taken: dict[date, str]
    taxes: list[dict[str, Any]]


class Stay(NamedTuple):
    """What a stay costs, and when it is: the cheapest, then the earliest, is the least."""

    total_minor: int
    check_in: date
    check_out: date


ZONES = ["Pacific/Pago_Pago", "Europe/Lisbon", "Asia/Kathmandu", "Pacific/Kiritimati"]


def worth(minor: int, own: str, other: str, rates: Rates | None) -> int | None:
    """An amount in another currency, by units rather than minor ones; None: nobody knows."""
    if own == other:
        return minor
    if rates is None or own not in UNITS or other not in UNITS:
        return None
    units = Fraction(minor, 10 ** DECIMALS[own]) / UNITS[own] * UNITS[other]
    found: int = math.floor(units * 10 ** DECIMALS[other] + Fraction(1, 2))
    return found


def random_place(chance: random.Random) -> dict[str, Any]:
    rating = chance.randint(0, 5)
    return {
        "currency": chance.choice(["EUR", "EUR", "JPY", "KWD", "GBP", UNKNOWN]),
        "title": chance.choice(["Blue Loft", "100% quiet", "Under_scored den", "ÉTOILE house"]),
        "description": chance.choice(["Silent.", "Up the hill, and down again. " * 12]),
        "city": chance.choice(["Lisbon", "Porto", "Évora"]),
        "type": chance.choice(list(PropertyType)),
        "status": chance.choice(["PUBLISHED"] * 5 + ["UNPUBLISHED"]),
        "published_at": NOW - timedelta(days=chance.randint(0, 5)),
        "public_latitude": chance.uniform(-80, 80),
        "public_longitude": chance.uniform(-180, 180),
        "timezone": chance.choice(ZONES),
        "check_in_time": time(chance.randint(0, 23), chance.choice([0, 30])),
        "max_guests": chance.randint(2, 6),
        "bedrooms": chance.randint(0, 3),
        "beds": chance.randint(1, 4),
        "bathrooms": chance.randint(0, 2),
        "cancellation_policy": chance.choice(list(CancellationPolicy)),
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
        "pet_fee_minor": chance.choice([0, 15_00]),
        "monthly_discount_bp": chance.choice([0, 2_000]),
        "weekly_discount_bp": chance.choice([0, 1_050]),
        "early_bird_days": chance.choice([None, 3, 12]),
        "early_bird_discount_bp": chance.choice([0, 333]),
        "last_minute_days": 5,
        "last_minute_discount_bp": chance.choice([0, 777]),
        "rating_sum": rating * 3,
        "review_count": 3 if rating else 0,
    }


async def make_place(db: Database, host: UUID, guest: UUID, chance: random.Random) -> Place:
    row = random_place(chance)
    row["id"] = property_id = await add_property(db, host, **row)
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


def is_between(
    lowest: int | None,
    minor: int,
    highest: int | None,
    place: Place,
    filter: Filter,
    rates: Rates | None,
) -> bool:
    """Whether a price is known to lie within what the searcher wants to pay."""
    if lowest is None and highest is None:
        return True
    assert filter.currency
    found = worth(minor, place.row["currency"], filter.currency, rates)
    return found is not None and (lowest or 0) <= found <= (10**12 if highest is None else highest)


def matches(place: Place, filter: Filter, languages: set[str], rates: Rates | None = RATES) -> bool:
    """Whether a search finds the place by what it is, said one thing after the other."""
    row, guests = place.row, filter.guests or Guests(adults=1)
    text = plain(f"{row['title']} {row['city']} {row['description']}")
    area = filter.area
    return (
        row["status"] == "PUBLISHED"
        and all(has_word(text, word) for word in plain(filter.text or "").split())
        and (filter.city is None or plain(row["city"]) == plain(filter.city))
        and (area is None or is_inside(row["public_latitude"], row["public_longitude"], area))
        and row["max_guests"] >= guests.counted
        and (row["pets_allowed"] or not guests.pets)
        and is_between(
            filter.min_price_minor,
            row["base_price_minor"],
            filter.max_price_minor,
            place,
            filter,
            rates,
        )
        and (not filter.types or row["type"] in filter.types)
        and set(filter.amenities) <= set(row["amenities"])
        and filter.instant_book in (None, row["instant_book"])
        and (not filter.free_cancellation or row["cancellation_policy"] != "STRICT")
        and stars(row) >= (filter.min_rating or 0)
        and (not filter.host_languages or not languages.isdisjoint(filter.host_languages))
        and row["bedrooms"] >= (filter.bedrooms or 0)
        and row["beds"] >= (filter.beds or 0)
        and row["bathrooms"] >= (filter.bathrooms or 0)
    )


def cheapest(
    place: Place, filter: Filter, stay_terms: StayTerms, rates: Rates | None = RATES
) -> Stay | None:
    """Of the stays that the search would take the one that it finds: try one after the other."""
    guests = filter.guests or Guests(adults=1)
    calendar = {night: NightTerms(night=night, **terms) for night, terms in place.calendar.items()}
    found: list[Stay] = []
    for check_in, check_out in wanted(filter):
        if rules.refusal(stay_terms, check_in, check_out, guests, calendar, NOW) is not None:
            continue
        if not is_free(place, check_in, check_out):
            continue
        until = FULL_UNTIL[CancellationPolicy(place.row["cancellation_policy"])]
        arrival = rules.instant(check_in, place.row["check_in_time"], place.row["timezone"])
        if filter.free_cancellation and (until is None or arrival - NOW < until):
            continue
        total = model_price(place, check_in, check_out, guests).total_minor
        bounds = filter.min_total_minor, filter.max_total_minor
        if not is_between(bounds[0], total, bounds[1], place, filter, rates):
            continue
        found.append(Stay(total, check_in, check_out))
    return min(found, default=None)


def wanted(filter: Filter) -> list[tuple[date, date]]:
    """The stays that a filter names: one, some around it, or all of a window."""
    if window := filter.window:
        length = timedelta(days=window.nights)
        days = [window.start + timedelta(days=n) for n in range((window.end - window.start).days)]
        return [
            (day, day + length)
            for day in days
            if day + length <= window.end and window.arrival_weekdays >> day.weekday() & 1
        ]
    assert filter.check_in
    assert filter.check_out
    moved = [timedelta(days=n) for n in range(-filter.flexible_days, filter.flexible_days + 1)]
    return [(filter.check_in + by, filter.check_out + by) for by in moved]


def has_dates(filter: Filter) -> bool:
    return filter.window is not None or filter.check_in is not None


def has_word(text: str, word: str) -> bool:
    """All of a word's parts are words of the text; the last may be the beginning of one."""
    *parts, last = [*WORD.findall(word)] or [""]
    words = WORD.findall(text)
    return set(parts) <= set(words) and any(each.startswith(last) for each in words)


def plain(text: str) -> str:
    """In small letters, without accents."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(each for each in letters if not unicodedata.combining(each)).lower()


def stars(row: dict[str, Any]) -> float:
    return float(row["rating_sum"] / row["review_count"]) if row["review_count"] else 0.0


def is_inside(latitude: float, longitude: float, area: Area) -> bool:
    """Eastwards from the box's west there is the point before its east."""
    width = (area.east - area.west) % 360
    return area.south <= latitude <= area.north and (longitude - area.west) % 360 <= width


def random_filter(chance: random.Random) -> Filter:
    """A filter of few conditions, so that something is found."""
    south, west = chance.uniform(-90, 60), chance.uniform(-180, 180)
    east = (west + chance.uniform(60, 300) + 180) % 360 - 180
    all_of_them: dict[str, Any] = {
        "text": chance.choice(
            ["blue", "100%", "under_s", "unde", "étoile ÉVORA", "LOFT por", "\\", "  "]
        ),
        "city": chance.choice(["lisbon", "ÉVORA", "evora", "Lis"]),
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
        "free_cancellation": True,
        "min_rating": chance.choice([1.0, 3.0, 4.67]),
        "host_languages": chance.choice([("pt",), ("en", "fr"), ("fr",)]),
        "bedrooms": chance.randint(0, 2),
        "beds": chance.randint(0, 3),
        "bathrooms": chance.randint(0, 2),
    }
    chosen = {
        name: all_of_them[name]
        for name in chance.sample(list(all_of_them), chance.choice([0, 0, 1, 2]))
    }
    if chance.random() < 0.8:
        chosen |= random_dates(chance)
    # Prices are asked for as euros, and as about as much in other currencies.
    currency = chance.choice(["EUR", "EUR", "JPY", "KWD", "GBP"])
    for name in chosen.keys() & {
        f"{end}_{what}_minor" for end in ("min", "max") for what in ("price", "total")
    }:
        chosen[name] = worth(chosen[name], "EUR", currency, RATES)
    return Filter(**chosen, currency=currency)


def random_dates(chance: random.Random) -> dict[str, Any]:
    check_in = TODAY + timedelta(days=chance.randint(-1, 20))
    nights = chance.choice([1, 2, 2, 3, 4, 6, 7, 28])
    found: dict[str, Any] = {}
    match chance.choice(["fixed", "fixed", "around", "window"]):
        case "window":
            end = check_in + timedelta(days=nights + chance.randint(0, 14))
            weekdays = chance.choice([127, 0b0110000, 0b0010001])
            found["window"] = Window(
                start=check_in, end=end, nights=nights, arrival_weekdays=weekdays
            )
        case how:
            found |= {"check_in": check_in, "check_out": check_in + timedelta(days=nights)}
            if how == "around":
                found["flexible_days"] = chance.randint(1, 4)
    if chance.random() < 0.3:
        found["max_total_minor"] = nights * chance.choice([80_00, 150_00, 220_00])
    if chance.random() < 0.2:
        found["min_total_minor"] = nights * chance.choice([90_00, 130_00])
    return found


def rank(
    place: Place, stay: Stay | None, sort: Sort, currency: str = "EUR", rates: Rates | None = RATES
) -> tuple[Any, ...]:
    """What a place is sorted by, ascending. By price: what nobody knows the worth of comes last."""
    row = place.row
    price = row["base_price_minor"] if stay is None else stay.total_minor
    known = worth(price, row["currency"], currency, rates)
    match sort:
        case Sort.RECOMMENDED:
            return -recommendation(row), -row["id"].int
        case Sort.RATING:
            return -(row["rating_sum"] * 1000 // max(row["review_count"], 1)), -row["id"].int
        case Sort.NEWEST:
            return -row["published_at"].timestamp(), -row["id"].int
        case Sort.PRICE_LOW_TO_HIGH:
            return known is None, known or 0, row["currency"], price, row["id"].int
        case Sort.PRICE_HIGH_TO_LOW:
            return known is None, -(known or 0), row["currency"], -price, -row["id"].int
        case Sort.DISTANCE:
            return kilometres(row, NEAR), row["id"].int


def recommendation(row: dict[str, Any]) -> int:
    """The score of docs/decisions/0067."""
    reviews: int = row["review_count"]
    rating: int = (row["rating_sum"] * 1000 + 44_000) // (reviews + 10)
    told = 2 * min(len(row["description"]) // 10, 30)
    offered = 5 * min(len(row["amenities"]), 10) + (50 if row["instant_book"] else 0)
    return rating + 4 * min(reviews, 50) + 150 // (reviews + 1) + told + offered


def kilometres(row: dict[str, Any], point: Point) -> float:
    """Over the ground (haversine)."""
    here, there = math.radians(row["public_latitude"]), math.radians(point.latitude)
    east = math.radians(row["public_longitude"] - point.longitude)
    half = (
        math.sin((here - there) / 2) ** 2
        + math.cos(here) * math.cos(there) * math.sin(east / 2) ** 2
    )
    return 2 * 6_371 * math.asin(math.sqrt(half))


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
