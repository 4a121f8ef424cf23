"""The pages: a few statements each, then one pass over their rows."""

import operator
from base64 import b64decode, urlsafe_b64encode
from binascii import b2a_base64
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from app.availability import rules as stays
from app.availability.rules import StayNotAllowedReason
from app.dev.bench.by_hand import answers as to
from app.dev.bench.by_hand import statements as sql
from app.errors import Invalid
from app.pricing import rules as prices
from app.properties.terms import FRIDAY, SATURDAY, Fees, Guests, NightTerms, StayTerms, Tax, Terms
from app.search import cells
from app.search.cells import Area

PAGE = 20
REVIEWS = 10
ONE_DAY = timedelta(days=1)
# The longest preparation time that a property can have (a check of the table).
REACH = timedelta(days=14)

taxes_of = msgspec.json.Decoder(tuple[Tax, ...]).decode
nights_of = msgspec.json.Decoder(tuple[NightTerms, ...]).decode
price_terms = operator.itemgetter(*sql.PRICE)
stay_terms = operator.itemgetter(*sql.STAY)
TOO_EARLY = (StayNotAllowedReason.IN_THE_PAST, StayNotAllowedReason.TOO_SOON)

Rows = Sequence[Mapping[str, Any]]


class SearchInput(msgspec.Struct, frozen=True, rename="camel"):
    area: Area
    check_in: date
    check_out: date


class PropertyInput(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    id: str
    start: date
    end: date


class CalendarsInput(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    a: list[str]
    b: list[str]
    c: list[str]
    d: list[str]
    e: list[str]
    start: date
    end: date


async def search(
    db: Any, input: SearchInput, now: datetime, fees: Fees, public_url: str
) -> to.Search:
    area, guests = input.area, Guests(adults=2)
    check_in, check_out = input.check_in, input.check_out
    covered = cells.covering(area)
    if covered is None:
        raise Invalid("The box is too large for a page by hand.", field="area")
    found = await db.fetch(
        sql.SEARCH[covered.level],
        area.south,
        area.north,
        area.west,
        area.east,
        guests.counted,
        check_in,
        check_out,
        now,
        1 << check_in.weekday(),
        1 << check_out.weekday(),
        PAGE + 1,
        covered.cells,
    )
    page = found[:PAGE]
    photos: defaultdict[str, list[to.FoundPhoto]] = defaultdict(list)
    for of, key, url, _, width, height in await db.fetch(sql.PHOTOS, [row["id"] for row in page]):
        photos[of].append(
            to.FoundPhoto(_id("Photo", key), _absolute(url, public_url), width, height)
        )
    edges = [
        to.FoundEdge(
            _search_cursor(row["recommendation"], row["id"]),
            _quote(row, check_in, check_out, guests, now, fees),
            to.Found(
                _id("Property", row["id"]),
                row["title"],
                row["type"],
                _rating(row),
                row["review_count"],
                row["max_guests"],
                row["bedrooms"],
                row["instant_book"],
                to.FoundPlace(
                    row["city"], row["country"], row["public_latitude"], row["public_longitude"]
                ),
                to.Money(row["base_price_minor"], row["currency"]),
                to.Person(
                    _id("User", row["host_id"]),
                    row["first_name"],
                    _picture(row["picture_url"], public_url),
                ),
                photos[row["id"]],
            ),
        )
        for row in page
    ]
    return to.Search(edges, to.PageInfo(len(found) > PAGE, edges[-1].cursor if edges else None))


async def property_page(
    db: Any, input: PropertyInput, now: datetime, public_url: str
) -> to.Property | None:
    """None when there is no such property that everybody may see."""
    key, eve = _key("Property", input.id), input.start - ONE_DAY
    row = await db.fetchrow(sql.PROPERTY, key, eve, input.end)
    if row is None:
        return None
    photos = await db.fetch(sql.PHOTOS, [key])
    reviews = await db.fetch(sql.REVIEWS, key, REVIEWS + 1)
    taken = await db.fetch(sql.TAKEN, [key], eve - REACH, input.end + REACH, now)
    currency = row["currency"]
    return to.Property(
        input.id,
        row["title"],
        row["description"],
        row["type"],
        row["amenities"],
        _rating(row),
        row["review_count"],
        row["max_guests"],
        row["bedrooms"],
        row["beds"],
        row["bathrooms"],
        row["instant_book"],
        row["cancellation_policy"],
        f"{row['check_in_time']:%H:%M}",
        f"{row['check_out_time']:%H:%M}",
        row["timezone"],
        to.Place(
            row["city"],
            row["region"],
            row["country"],
            row["public_latitude"],
            row["public_longitude"],
            False,
        ),
        to.Money(row["base_price_minor"], currency),
        to.Money(row["cleaning_fee_minor"], currency),
        to.Host(
            _id("User", row["host_id"]),
            row["first_name"],
            row["bio"],
            _picture(row["picture_url"], public_url),
            _instant(row["host_since_at"]),
        ),
        [
            to.Photo(_id("Photo", key), _absolute(url, public_url), caption, width, height)
            for _, key, url, caption, width, height in photos
        ],
        _reviews(reviews, public_url),
        _calendar(row, taken, input.start, input.end, now),
    )


async def trips(db: Any, guest_id: UUID, public_url: str) -> to.Viewer:
    found = await db.fetch(sql.TRIPS, guest_id, PAGE + 1)
    page = found[:PAGE]
    photos: defaultdict[str, list[to.TripPhoto]] = defaultdict(list)
    for of, key, url, *_ in await db.fetch(sql.PHOTOS, list({row["property_id"] for row in page})):
        photos[of].append(to.TripPhoto(_id("Photo", key), _absolute(url, public_url)))
    edges = [
        to.TripEdge(
            to.Trip(
                _id("Booking", row["id"]),
                row["status"],
                row["version"],
                row["check_in"],
                row["check_out"],
                (row["check_out"] - row["check_in"]).days,
                to.Money(row["total_minor"], row["currency"]),
                to.TripProperty(
                    _id("Property", row["property_id"]),
                    row["title"],
                    to.TripPlace(row["city"], row["country"]),
                    photos[row["property_id"]],
                ),
                row["payment_id"]
                and to.Payment(
                    _id("Payment", row["payment_id"]),
                    row["payment_status"],
                    to.Money(row["amount_minor"], row["payment_currency"]),
                    _instant(row["paid_at"]),
                ),
            )
        )
        for row in page
    ]
    last = _row_cursor(page[-1]["id"]) if page else None
    return to.Viewer(
        _id("User", str(guest_id)), to.Trips(edges, to.PageInfo(len(found) > PAGE, last))
    )


async def calendars(
    db: Any, input: CalendarsInput, now: datetime
) -> dict[str, list[to.CalendarOf | None]]:
    lists = {name: getattr(input, name) for name in ("a", "b", "c", "d", "e")}
    keys = [_key("Property", each) for ids in lists.values() for each in ids]
    eve = input.start - ONE_DAY
    rows = await db.fetch(sql.CALENDARS, keys, eve, input.end)
    taken: defaultdict[str, list[Any]] = defaultdict(list)
    for night in await db.fetch(sql.TAKEN, keys, eve - REACH, input.end + REACH, now):
        taken[night["property_id"]].append(night)
    found = {
        (key := _id("Property", row["id"])): to.CalendarOf(
            key, row["title"], _calendar(row, taken[row["id"]], input.start, input.end, now)
        )
        for row in rows
    }
    return {name: [found.get(each) for each in ids] for name, ids in lists.items()}


def _quote(
    row: Any, check_in: date, check_out: date, guests: Guests, now: datetime, fees: Fees
) -> to.Quote:
    taxes, nights = row["taxes"], row["nights"]
    terms = Terms(
        **dict(zip(sql.PRICE, price_terms(row), strict=True)),
        taxes=taxes_of(taxes) if taxes else (),
        guest_fee_bp=fees.guest_fee_bp,
        host_fee_bp=fees.host_fee_bp,
    )
    set_prices = {
        night.night: night.price_minor
        for night in (nights_of(nights) if nights else ())
        if night.price_minor is not None
    }
    today = now.astimezone(ZoneInfo(row["timezone"])).date()
    price = prices.quote(terms, set_prices, check_in, check_out, guests, today)
    return to.Quote(to.Money(price.total_minor, price.currency))


def _calendar(row: Any, taken: Rows, start: date, end: date, now: datetime) -> list[to.Night]:
    """app.availability.calendar for one property, with what is the same each night done once."""
    stay = StayTerms(**dict(zip(sql.STAY, stay_terms(row), strict=True)))
    today = now.astimezone(ZoneInfo(stay.timezone)).date()
    set_nights = {night.night: night for night in nights_of(row["nights"] or "[]")}
    unavailable = {night for night, terms in set_nights.items() if terms.closed}
    for each in taken:
        night: date = each["night"]
        reach = 0 if each["kind"] == "BLOCK" else stay.preparation_days
        for offset in range(-reach, reach + 1):
            unavailable.add(night + offset * ONE_DAY)
    last = today + timedelta(days=stay.booking_window_days)
    first = today
    while first <= last and stays.date_refusal(stay, first, now) in TOO_EARLY:
        first += ONE_DAY
    currency, base = row["currency"], row["base_price_minor"]
    weekend = base if row["weekend_price_minor"] is None else row["weekend_price_minor"]
    found, day = [], start
    before = start - ONE_DAY >= today and start - ONE_DAY not in unavailable
    for _ in range((end - start).days):
        weekday, terms = day.weekday(), set_nights.get(day)
        available = day >= today and day not in unavailable
        price, least = weekend if weekday in (FRIDAY, SATURDAY) else base, stay.min_nights
        if terms is not None:
            price = price if terms.price_minor is None else terms.price_minor
            least = least if terms.min_nights is None else terms.min_nights
        found.append(
            to.Night(
                day,
                available,
                available and first <= day <= last and bool(stay.check_in_weekdays >> weekday & 1),
                before and bool(stay.check_out_weekdays >> weekday & 1),
                least,
                to.Money(price, currency),
            )
        )
        before, day = available, day + ONE_DAY
    return found


def _reviews(rows: Rows, public_url: str) -> to.Reviews:
    page = rows[:REVIEWS]
    edges = [
        to.ReviewEdge(
            to.Review(
                _id("Review", row["id"]),
                row["rating"],
                row["comment"],
                row["created_at"].isoformat(),
                to.Person(
                    _id("User", row["author_id"]),
                    row["first_name"],
                    _picture(row["picture_url"], public_url),
                ),
            )
        )
        for row in page
    ]
    last = _row_cursor(page[-1]["id"]) if page else None
    return to.Reviews(edges, to.PageInfo(len(rows) > REVIEWS, last))


def _rating(row: Any) -> float | None:
    count = row["review_count"]
    return round(row["rating_sum"] / count, 2) if count else None


def _instant(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _absolute(url: str, public_url: str) -> str:
    return public_url + url if url[0] == "/" else url


def _picture(url: str | None, public_url: str) -> str | None:
    return None if url is None else _absolute(url, public_url)


# Base64 of ASCII text has none of the characters in which the alphabet for URLs differs.


def _id(kind: str, key: str) -> str:
    return b2a_base64(f"{kind}:{key}".encode(), newline=False).rstrip(b"=").decode()


def _key(kind: str, text: str) -> str:
    padded = text.encode() + b"=" * (-len(text) % 4)
    return b64decode(padded)[len(kind) + 1 :].decode()


def _search_cursor(recommendation: int, key: str) -> str:
    position = f'["RECOMMENDED",{recommendation},"{key}"]'.encode()
    return b2a_base64(position, newline=False).rstrip(b"=").decode()


def _row_cursor(key: str) -> str:
    return urlsafe_b64encode(UUID(key).bytes).rstrip(b"=").decode()
