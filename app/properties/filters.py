"""What a search asks for, as conditions on the table of properties.

Each kind of wish is a condition that is written down once; a search is the names of its wishes and
the values of their parameters. So there are as many statements as there are combinations of wishes
that people have, and not as many as searches.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import chain
from typing import Any, TypeAlias

import msgspec
from msgspec import structs
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Exists,
    Float,
    Integer,
    Interval,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
)

from app.errors import Invalid
from app.properties.terms import Guests
from db.enums import Amenity, NightKind, PropertyType
from db.models import CalendarNight, OccupiedNight, Property

MAX_TEXT = 200
MAX_WORDS = 8
MAX_NIGHTS = 365
MAX_PRICE = 2**53
# In the statement rather than beside it: the indexes for searches hold published places only.
IS_PUBLISHED = literal_column("properties.status = 'PUBLISHED'", Boolean)
# Longer than any jump of the clocks, shorter than the time between two.
AROUND_A_JUMP = literal_column("interval '6 hours'", Interval)


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A box on the map, in degrees. `east` < `west` when it lies across the antimeridian."""

    north: float
    south: float
    east: float
    west: float


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest looks for; None and empty: anything.

    Prices are of one night at the base price, in minor units of each property's own currency:
    amounts in different currencies are compared as they stand.
    """

    # Every word must occur in the title or the city.
    text: str | None = None
    city: str | None = None
    # Of the public points: a box must not tell more about a place than its page does.
    area: Area | None = None
    # Both or neither: free for the whole stay, and allowed by the property's terms.
    check_in: date | None = None
    check_out: date | None = None
    guests: Guests | None = None
    min_price_minor: int | None = None
    max_price_minor: int | None = None
    types: tuple[PropertyType, ...] = ()
    # All of them.
    amenities: tuple[Amenity, ...] = ()
    # True: only instantly bookable ones; False: only those whose host decides.
    instant_book: bool | None = None


# What a search asks for: names of CONDITIONS, and what their parameters are.
Wishes: TypeAlias = Mapping[str, Mapping[str, Any]]


def wishes(filter: Filter, now: datetime) -> Wishes:
    """What a search asks for. Raises Invalid for what no place could match."""
    return {
        **_words(filter.text),
        **_place(filter),
        **_guests(filter.guests),
        **_prices(filter.min_price_minor, filter.max_price_minor),
        **_features(filter),
        **_stay(filter.check_in, filter.check_out, now),
    }


def conditions(names: Iterable[str]) -> list[ColumnElement[bool]]:
    """The WHERE of a search with these wishes."""
    return [IS_PUBLISHED, *chain.from_iterable(CONDITIONS[name] for name in names)]


def _words(text: str | None) -> Wishes:
    words = _searchable(text, "text").split()[:MAX_WORDS]
    return {f"word_{n}": {f"word_{n}": _pattern(word)} for n, word in enumerate(words)}


def _pattern(word: str) -> str:
    for special in "\\%_":
        word = word.replace(special, f"\\{special}")
    return f"%{word}%"


def _searchable(text: str | None, field: str) -> str:
    """The text, empty for None. Raises Invalid for one that PostgreSQL would not take."""
    text = text or ""
    if len(text) > MAX_TEXT:
        raise Invalid(f"At most {MAX_TEXT} characters are possible.", field=field)
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Invalid("This text has characters that cannot be searched for.", field=field)
    return text


def _place(filter: Filter) -> Wishes:
    city = _searchable(filter.city, "city").strip()
    return {
        **({"city": {"city": city}} if city else {}),
        **({} if filter.area is None else _inside(filter.area)),
    }


def _inside(area: Area) -> Wishes:
    for field, limit in (("north", 90), ("south", 90), ("east", 180), ("west", 180)):
        # Written so that NaN fails.
        if not -limit <= getattr(area, field) <= limit:
            raise Invalid(f"Expected between -{limit} and {limit}.", field=f"area.{field}")
    if area.south > area.north:
        raise Invalid("The box's south lies north of its north.", field="area.south")
    return {"area" if area.west <= area.east else "area_across": structs.asdict(area)}


def _guests(guests: Guests | None) -> Wishes:
    if guests is None:
        return {}
    for field in ("adults", "children", "infants", "pets"):
        if not 0 <= getattr(guests, field) <= 50:
            raise Invalid("Expected between 0 and 50.", field=f"guests.{field}")
    return {"guests": {"guests": guests.counted}, **({"pets": {}} if guests.pets else {})}


def _prices(lowest: int | None, highest: int | None) -> Wishes:
    for field, price in (("minPrice", lowest), ("maxPrice", highest)):
        if price is not None and not 0 <= price <= MAX_PRICE:
            raise Invalid("Expected an amount of minor units.", field=field)
    return {
        **({} if lowest is None else {"lowest": {"lowest": lowest}}),
        **({} if highest is None else {"highest": {"highest": highest}}),
    }


def _features(filter: Filter) -> Wishes:
    found: dict[str, Mapping[str, Any]] = {}
    if filter.types:
        found["types"] = {"types": filter.types}
    if filter.amenities:
        found["amenities"] = {"amenities": filter.amenities}
    if filter.instant_book is not None:
        found["instant_book"] = {"instant_book": filter.instant_book}
    return found


def _stay(check_in: date | None, check_out: date | None, now: datetime) -> Wishes:
    if check_in is None and check_out is None:
        return {}
    if check_in is None or check_out is None:
        missing = "checkIn" if check_in is None else "checkOut"
        raise Invalid("A stay has a check-in and a check-out date.", field=missing)
    nights = (check_out - check_in).days
    if not 1 <= nights <= MAX_NIGHTS:
        raise Invalid(f"A stay has between 1 and {MAX_NIGHTS} nights.", field="checkOut")
    stay = {
        "arrival": check_in,
        "departure": check_out,
        "nights": nights,
        "arrival_weekday": 1 << check_in.weekday(),
        "departure_weekday": 1 << check_out.weekday(),
        "now": now,
    }
    return {"stay": stay}


def _allowed_and_free() -> list[ColumnElement[bool]]:
    """availability.rules.refusal and availability.service.taken, but for the guests."""
    arrival, departure = bindparam("arrival", type_=Date), bindparam("departure", type_=Date)
    nights = bindparam("nights", type_=Integer)
    instant = bindparam("now", type_=DateTime(timezone=True))
    today = cast(func.timezone(Property.timezone, instant), Date)
    return [
        _min_nights(arrival) <= nights,
        Property.max_nights >= nights,
        Property.check_in_weekdays.op("&")(bindparam("arrival_weekday")) != 0,
        Property.check_out_weekdays.op("&")(bindparam("departure_weekday")) != 0,
        arrival >= today,
        cast(arrival - today, Integer) <= Property.booking_window_days,
        or_(
            Property.advance_notice_hours == 0,
            _check_in_instant(arrival) - instant
            >= func.make_interval(0, 0, 0, 0, Property.advance_notice_hours),
        ),
        not_(_closed(arrival, departure)),
        not_(_taken(arrival, departure, instant)),
    ]


def _min_nights(arrival: ColumnElement[date]) -> ColumnElement[int]:
    override = (
        select(CalendarNight.min_nights)
        .where(CalendarNight.property_id == Property.id, CalendarNight.night == arrival)
        .scalar_subquery()
    )
    return func.coalesce(override, Property.min_nights)


def _check_in_instant(arrival: ColumnElement[date]) -> ColumnElement[datetime]:
    """availability.rules.instant: PostgreSQL agrees on times that the clocks skip, but of a time
    that comes twice it takes the second."""
    local = cast(arrival + Property.check_in_time, DateTime)
    second = _zoned(local)
    first = _zoned(local - AROUND_A_JUMP) + AROUND_A_JUMP
    is_it = func.timezone(Property.timezone, first) == local
    return case((is_it, func.least(first, second)), else_=second)


def _zoned(local: ColumnElement[datetime]) -> ColumnElement[datetime]:
    return func.timezone(Property.timezone, local, type_=DateTime(timezone=True))


def _closed(arrival: ColumnElement[date], departure: ColumnElement[date]) -> Exists:
    return exists().where(
        CalendarNight.property_id == Property.id,
        CalendarNight.night >= arrival,
        CalendarNight.night < departure,
        CalendarNight.closed,
    )


def _taken(
    arrival: ColumnElement[date], departure: ColumnElement[date], instant: ColumnElement[datetime]
) -> Exists:
    """Held, booked or blocked, or too close to another stay to prepare for this one."""
    return exists().where(
        OccupiedNight.property_id == Property.id,
        OccupiedNight.night >= arrival - Property.preparation_days,
        OccupiedNight.night < departure + Property.preparation_days,
        or_(
            OccupiedNight.kind != literal_column(f"'{NightKind.BLOCK}'"),
            and_(OccupiedNight.night >= arrival, OccupiedNight.night < departure),
        ),
        or_(OccupiedNight.hold_expires_at.is_(None), OccupiedNight.hold_expires_at > instant),
    )


def _conditions() -> dict[str, list[ColumnElement[bool]]]:
    longitude = Property.public_longitude
    west, east = (bindparam(name, type_=Float) for name in ("west", "east"))
    latitudes = Property.public_latitude.between(bindparam("south"), bindparam("north"))
    words = {name: bindparam(name, type_=Text) for name in map("word_{}".format, range(MAX_WORDS))}
    return {
        **{
            name: [Property.search_text.like(func.lower(word), escape="\\")]
            for name, word in words.items()
        },
        "city": [func.lower(Property.city) == func.lower(bindparam("city", type_=Text))],
        "area": [latitudes, longitude.between(west, east)],
        "area_across": [latitudes, or_(longitude >= west, longitude <= east)],
        "guests": [Property.max_guests >= bindparam("guests")],
        "pets": [Property.pets_allowed.is_(True)],
        "lowest": [Property.base_price_minor >= bindparam("lowest")],
        "highest": [Property.base_price_minor <= bindparam("highest")],
        "types": [Property.type == any_(bindparam("types", type_=ARRAY(Text)))],
        "amenities": [Property.amenities.op("@>")(bindparam("amenities", type_=ARRAY(Text)))],
        "instant_book": [Property.instant_book == bindparam("instant_book")],
        "stay": _allowed_and_free(),
    }


CONDITIONS = _conditions()
