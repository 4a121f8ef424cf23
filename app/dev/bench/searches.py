"""The searches that are measured at two scales: as many different ones as are asked for.

They are made of the large world's cities alone, so that they are the same at every scale.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from app.currencies.rules import EURO, PLACES, Rates, minor_per_euro
from app.currencies.sources import STATIC
from app.dev.seed.homes import BigCity, cities
from app.properties.terms import Guests
from app.search.filters import Area, Filter, Point, Window
from app.search.sorts import Sort

# Half the height and width of a box, in degrees: some 11 km from edge to edge.
HALF = 0.05
TWO = Guests(adults=2)
WEEKEND, FRIDAY = 2, 1 << 4
# A word that nearly all, and one that some titles have; and a slip.
WORDS = ("river", "charming old town", "sunny appartment")


class Search(msgspec.Struct, frozen=True):
    """One search; `counted`: its total count is asked for, rather than its first page."""

    filter: Filter
    sort: Sort = Sort.RECOMMENDED
    counted: bool = False


Maker = Callable[[Random, BigCity, date], Search]


def rates(day: date) -> Rates:
    """The made-up rates of development."""
    units = {**{code: Decimal(rate) for code, rate in STATIC.items()}, EURO: Decimal(1)}
    return Rates(
        day, {code: int(minor_per_euro(rate, code).scaleb(PLACES)) for code, rate in units.items()}
    )


def make(maker: Maker, count: int, today: date) -> list[Search]:
    """So many of a kind: always the same on one day. Large cities are searched more."""
    random = Random(1)
    towns = random.choices(cities(), [city.share for city in cities()], k=count)
    return [maker(random, city, today) for city in towns]


def _stay(random: Random, today: date) -> dict[str, Any]:
    arrival = today + timedelta(days=random.randint(14, 120))
    return {"check_in": arrival, "check_out": arrival + timedelta(days=3)}


def _point(random: Random, city: BigCity) -> Point:
    return Point(
        latitude=city.at[0] + random.gauss(0, 0.03), longitude=city.at[1] + random.gauss(0, 0.04)
    )


def _box(random: Random, city: BigCity) -> Area:
    middle = _point(random, city)
    return Area(
        north=middle.latitude + HALF,
        south=middle.latitude - HALF,
        east=middle.longitude + HALF,
        west=middle.longitude - HALF,
    )


def _city(random: Random, city: BigCity, today: date) -> Search:
    return Search(Filter(city=city.name, guests=TWO, **_stay(random, today)))


def _city_without(random: Random, city: BigCity, today: date) -> Search:
    return Search(Filter(city=city.name, guests=TWO))


def _map(random: Random, city: BigCity, today: date) -> Search:
    return Search(Filter(area=_box(random, city), guests=TWO, **_stay(random, today)))


def _city_cheapest(random: Random, city: BigCity, today: date) -> Search:
    return Search(_city(random, city, today).filter, Sort.PRICE_LOW_TO_HIGH)


def _map_cheapest(random: Random, city: BigCity, today: date) -> Search:
    return Search(_map(random, city, today).filter, Sort.PRICE_LOW_TO_HIGH)


def _city_dearest(random: Random, city: BigCity, today: date) -> Search:
    return Search(_city(random, city, today).filter, Sort.PRICE_HIGH_TO_LOW)


def _budget(random: Random, city: BigCity, today: date) -> Search:
    """At most what a night usually costs there, said in euros."""
    usual = rates(today).per_euro
    most = city.price * usual[EURO] // usual.get(city.currency, usual[EURO])
    filter = _city(random, city, today).filter
    return Search(msgspec.structs.replace(filter, currency=EURO, max_total_minor=4 * max(most, 1)))


def _near(random: Random, city: BigCity, today: date) -> Search:
    filter = Filter(near=_point(random, city), guests=TWO, **_stay(random, today))
    return Search(filter, Sort.DISTANCE)


def _text(random: Random, city: BigCity, today: date) -> Search:
    filter = _city(random, city, today).filter
    return Search(msgspec.structs.replace(filter, text=random.choice(WORDS)))


def _flexible(random: Random, city: BigCity, today: date) -> Search:
    filter = _city(random, city, today).filter
    return Search(msgspec.structs.replace(filter, flexible_days=3))


def _weekend(random: Random, city: BigCity, today: date) -> Search:
    start = today + timedelta(days=random.randint(14, 90))
    window = Window(
        start=start, end=start + timedelta(days=31), nights=WEEKEND, arrival_weekdays=FRIDAY
    )
    return Search(Filter(city=city.name, guests=TWO, window=window))


def _everywhere(random: Random, city: BigCity, today: date) -> Search:
    return Search(Filter(guests=TWO, **_stay(random, today)))


def _counted(random: Random, city: BigCity, today: date) -> Search:
    return Search(_city(random, city, today).filter, counted=True)


KINDS: Mapping[str, Maker] = {
    "city, dates": _city,
    "city, no dates": _city_without,
    "map box, dates": _map,
    "everywhere, dates": _everywhere,
    "city, cheapest first": _city_cheapest,
    "map box, cheapest first": _map_cheapest,
    "city, dearest first": _city_dearest,
    "city, a budget": _budget,
    "nearest first, dates": _near,
    "city, words": _text,
    "city, ± 3 days": _flexible,
    "city, a weekend in a month": _weekend,
    "city, total count": _counted,
}
