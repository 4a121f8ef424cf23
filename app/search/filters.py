"""What a search asks for, checked: which conditions, with which values.

A search is the names of its wishes and the values of their parameters (`app.search.conditions` has
what each means in SQL). So there are as many statements as there are combinations of wishes that
people have, and not as many as searches.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

import msgspec
from msgspec import structs

from app.errors import Invalid
from app.money import require_currency
from app.properties.terms import Guests
from app.search import cells
from app.search.cells import Area, Point
from app.search.words import searchable
from db.enums import Amenity, PropertyType

__all__ = ["Area", "Filter", "Point", "Window", "Wishes", "wishes"]

MAX_NIGHTS = 365
MAX_PRICE = 2**53
MAX_ROOMS = 100
MAX_FLEXIBLE_DAYS = 14
MAX_WINDOW_DAYS = 92
# The longest booking window that a property can have (a check of the table).
MAX_AHEAD_DAYS = 730
# Who comes when nobody says so: what a stay costs depends on it.
NOBODY_SAID = Guests(adults=1)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Any stay of `nights` that lies in `[start, end)`: a weekend in March.

    `arrival_weekdays` is a bit set, bit 0 is Monday.
    """

    start: date
    end: date
    nights: int
    arrival_weekdays: int = 0b1111111


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest looks for; None and empty: anything."""

    # Every word, or one that is written much like it, must occur in title, description or city.
    text: str | None = None
    city: str | None = None
    # Of the public points: a box must not tell more about a place than its page does.
    area: Area | None = None
    # Where distances are measured from.
    near: Point | None = None
    # Both or neither: free for the whole stay, and allowed by the property's terms.
    check_in: date | None = None
    check_out: date | None = None
    # With dates: or so many days earlier or later.
    flexible_days: int = 0
    # Instead of dates.
    window: Window | None = None
    guests: Guests | None = None
    # In which the prices below are, and by whose worth prices are compared (app.search.values).
    currency: str | None = None
    # Of a night at the usual price.
    min_price_minor: int | None = None
    max_price_minor: int | None = None
    # Of the whole stay, as `quote` says it; only with dates.
    min_total_minor: int | None = None
    max_total_minor: int | None = None
    types: tuple[PropertyType, ...] = ()
    # All of them.
    amenities: tuple[Amenity, ...] = ()
    # True: only instantly bookable ones; False: only those whose host decides.
    instant_book: bool | None = None
    # Only where a guest who cancels now would get back all.
    free_cancellation: bool = False
    # Stars, 1 to 5.
    min_rating: float | None = None
    # Any of them is spoken by the host: BCP 47, as in profiles.
    host_languages: tuple[str, ...] = ()
    bedrooms: int | None = None
    beds: int | None = None
    bathrooms: int | None = None

    @property
    def party(self) -> Guests:
        """Who comes, as far as prices go."""
        return self.guests or NOBODY_SAID

    @property
    def bounds_prices(self) -> bool:
        """Whether prices are compared with what the searcher wants to pay."""
        bounds = self.min_price_minor, self.max_price_minor
        return any(
            each is not None for each in (*bounds, self.min_total_minor, self.max_total_minor)
        )


# What a search asks for: names of conditions, and what their parameters are.
Wishes: TypeAlias = Mapping[str, Mapping[str, Any]]


def wishes(filter: Filter, now: datetime, text: str | None) -> Wishes:
    """What a search asks for; `text` is what its words mean (app.search.words).

    Raises Invalid for what no place could match.
    """
    if filter.currency is not None:
        require_currency(filter.currency)
    return {
        **({} if text is None else {"text": {"text": text}}),
        **_place(filter),
        **_guests(filter.guests),
        **_between("price", filter.min_price_minor, filter.max_price_minor, filter.currency),
        **_features(filter),
        **_stay(filter, now),
    }


def stays(filter: Filter) -> tuple[Sequence[date], int]:
    """The dates of arrival that a search would take, in order, and for how many nights.

    No nights, when it has no dates. Raises Invalid.
    """
    if filter.window is not None:
        if filter.check_in or filter.check_out or filter.flexible_days:
            raise Invalid("Give dates or a window, not both.", field="stayWindow")
        return _of_window(filter.window)
    if filter.check_in is None and filter.check_out is None:
        if filter.flexible_days:
            raise Invalid("Days before and after which dates?", field="flexibleDays")
        return (), 0
    if filter.check_in is None or filter.check_out is None:
        missing = "checkIn" if filter.check_in is None else "checkOut"
        raise Invalid("A stay has a check-in and a check-out date.", field=missing)
    nights = (filter.check_out - filter.check_in).days
    if not 1 <= nights <= MAX_NIGHTS:
        raise Invalid(f"A stay has between 1 and {MAX_NIGHTS} nights.", field="checkOut")
    around = filter.flexible_days
    if not 0 <= around <= MAX_FLEXIBLE_DAYS:
        raise Invalid(f"Expected between 0 and {MAX_FLEXIBLE_DAYS}.", field="flexibleDays")
    return _days(filter.check_in, range(-around, around + 1), nights), nights


def _of_window(window: Window) -> tuple[Sequence[date], int]:
    length = (window.end - window.start).days
    if not 1 <= length <= MAX_WINDOW_DAYS:
        raise Invalid(f"A window has between 1 and {MAX_WINDOW_DAYS} days.", field="stayWindow.to")
    if not 1 <= window.nights <= length:
        raise Invalid("So many nights do not fit into the window.", field="stayWindow.nights")
    arrivals = [
        day
        for day in _days(window.start, range(length - window.nights + 1), window.nights)
        if window.arrival_weekdays >> day.weekday() & 1
    ]
    return arrivals, window.nights


def _days(first: date, offsets: range, nights: int) -> list[date]:
    """Days whose stays are in the calendar: it has a first and a last day."""
    ordinals = [first.toordinal() + offset for offset in offsets]
    last = date.max.toordinal() - nights
    return [date.fromordinal(each) for each in ordinals if 1 <= each <= last]


def _place(filter: Filter) -> Wishes:
    city = searchable(filter.city, "city").strip()
    if filter.near is not None:
        cells.require_point(filter.near, "near")
    return {
        **({"city": {"city": city}} if city else {}),
        **({} if filter.area is None else _inside(filter.area)),
    }


def _inside(area: Area) -> Wishes:
    cells.require_area(area, "area")
    covered, across = cells.covering(area), "_across" if area.west > area.east else ""
    if covered is None:
        return {f"area{across}": structs.asdict(area)}
    return {
        f"part{across}": structs.asdict(area),
        f"cells_{covered.level}": {"cells": covered.cells},
    }


def _guests(guests: Guests | None) -> Wishes:
    if guests is None:
        return {}
    for field in ("adults", "children", "infants", "pets"):
        if not 0 <= getattr(guests, field) <= 50:
            raise Invalid("Expected between 0 and 50.", field=f"guests.{field}")
    return {"guests": {"guests": guests.counted}, **({"pets": {}} if guests.pets else {})}


def _between(name: str, lowest: int | None, highest: int | None, currency: str | None) -> Wishes:
    title = name.title()
    for field, price in ((f"min{title}", lowest), (f"max{title}", highest)):
        if price is None:
            continue
        if not 0 <= price <= MAX_PRICE:
            raise Invalid("Expected an amount of minor units.", field=field)
        if currency is None:
            raise Invalid(f"Say by 'currency' in which one '{field}' is.", field="currency")
    return {
        **({} if lowest is None else {f"lowest_{name}": {f"lowest_{name}": lowest}}),
        **({} if highest is None else {f"highest_{name}": {f"highest_{name}": highest}}),
    }


def _features(filter: Filter) -> Wishes:
    found: dict[str, Mapping[str, Any]] = {}
    if filter.types:
        found["types"] = {"types": filter.types}
    if filter.amenities:
        found["amenities"] = {"amenities": filter.amenities}
    if filter.instant_book is not None:
        found["instant_book"] = {"instant_book": filter.instant_book}
    if filter.free_cancellation:
        found["free_cancellation"] = {}
    if filter.min_rating is not None:
        # Written so that NaN fails.
        if not 1 <= filter.min_rating <= 5:
            raise Invalid("Expected between 1 and 5 stars.", field="minRating")
        found["min_rating"] = {"min_rating": round(filter.min_rating * 1000)}
    if filter.host_languages:
        spoken = tuple(searchable(each, "hostLanguages") for each in filter.host_languages)
        found["host_languages"] = {"host_languages": spoken}
    for name in ("bedrooms", "beds", "bathrooms"):
        least = getattr(filter, name)
        if least is not None:
            if not 0 <= least <= MAX_ROOMS:
                raise Invalid(f"Expected between 0 and {MAX_ROOMS}.", field=name)
            found[name] = {name: least}
    return found


def _stay(filter: Filter, now: datetime) -> Wishes:
    totals = _between("total", filter.min_total_minor, filter.max_total_minor, filter.currency)
    arrivals, nights = stays(filter)
    # Whatever the clocks say, no place takes others; and PostgreSQL takes the calendar's ends for
    # infinite.
    first, last = now.date() - timedelta(days=1), now.date() + timedelta(days=1 + MAX_AHEAD_DAYS)
    arrivals = [day for day in arrivals if first <= day <= last]
    if not nights:
        if totals:
            raise Invalid("What a stay costs depends on its dates.", field="checkIn")
        return {}
    if arrivals and filter.window is None and not filter.flexible_days:
        stay = {"arrival": filter.check_in, "departure": filter.check_out, "now": now}
        return {"stay": stay, **totals}
    return {"stays": {"arrivals": arrivals, "nights": nights, "now": now}, **totals}
