"""Places by name: as people type them, with accents or without, half, or with one slip.

The data is GeoNames' (CC BY 4.0): every city and town of 5,000 people and more, with its names in
other languages. `app.dev.gazetteer` makes the file of it. It is read once per process, when it is
first asked for; each name is then found by halving a sorted list, so a lookup takes far less than
a millisecond. Nothing here waits for anything but the first reading.
"""

import asyncio
import math
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from heapq import nsmallest
from itertools import accumulate
from pathlib import Path
from uuid import UUID
from zlib import decompress

import msgspec
from babel import Locale

from app.gazetteer.folding import fold

FILE = Path(__file__).parent / "places.bin"
MAX_QUERY = 100
MAX_FOUND = 20
# Among the largest so many that match, the best are chosen; more when a region is to be met, too.
CONSIDERED, CONSIDERED_WITHIN = 60, 400
# "Paris Texas": how many of the last words may be the region's or country's.
MOST_WORDS_AROUND = 4
# Shorter words are like too many others.
SHORTEST_WITH_SLIP = 4
LETTERS = "abcdefghijklmnopqrstuvwxyz "
# What comes after every name that begins with some letters, in UTF-8.
AFTER_ALL = b"\xff"

# Added to the rank of a place where it is not found by its own name: those come after all others.
OTHER_NAME = 1 << 20
# How much likelier a place is meant than one of the same size that merely has a name, in some
# language, that begins with what was typed.
OWN_NAME_BEGINS, OTHER_NAME_IS, OWN_NAME_IS = 8, 8, 100

KM_PER_DEGREE = 111.32
# Towns grow in area almost as they do in people: a radius of 13 km for two millions. Points shown
# to strangers are up to half a kilometre off, and people stay around a town as much as in it.
LEAST_KM, MOST_KM, AROUND_KM = 2.0, 40.0, 1.0


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """The file: places as lines, the largest first; names sorted, each with its place."""

    places: bytes
    names: bytes
    # Of each name: its length in bytes, and the number of its place's line (32 bits), with
    # OTHER_NAME added unless it is the place's own.
    lengths: bytes
    ranks: bytes


class Box(msgspec.Struct, frozen=True):
    """A box on the map, in degrees. `east` < `west` when it lies across the antimeridian."""

    north: float
    south: float
    east: float
    west: float


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A city, town or village. `region` and `region_code` may be empty."""

    id: UUID
    name: str
    region: str
    region_code: str
    country: str
    latitude: float
    longitude: float
    population: int

    @property
    def country_name(self) -> str:
        return country_name(self.country)

    @property
    def area(self) -> Box:
        """Where to look for stays in it: larger for larger ones."""
        radius = min(max(0.04 * self.population**0.4, LEAST_KM), MOST_KM) + AROUND_KM
        high = radius / KM_PER_DEGREE
        wide = high / math.cos(math.radians(self.latitude))
        return Box(
            north=round(min(self.latitude + high, 90), 5),
            south=round(max(self.latitude - high, -90), 5),
            east=round(_wrapped(self.longitude + wide), 5),
            west=round(_wrapped(self.longitude - wide), 5),
        )


async def load() -> None:
    """Read the file beside the event loop, if nobody has yet: it takes a tenth of a second."""
    if not _gazetteer.cache_info().currsize:
        await asyncio.to_thread(_gazetteer)


def find(query: str, first: int) -> Sequence[Place]:
    """The places that are meant most likely, at most `first` (and MAX_FOUND); larger ones first.

    A region or country may follow: `Paris, Texas`. A slip is only looked for where nothing has a
    name that begins so.
    """
    return _find(query[:MAX_QUERY])[:first]


def by_id(key: UUID) -> Place | None:
    """The place with this id, if there is one."""
    return _gazetteer().by_number(key.int)


@lru_cache(maxsize=4096)
def _find(query: str) -> Sequence[Place]:
    name, comma, rest = query.partition(",")
    within = fold(rest) if comma else ""
    return _gazetteer().found(fold(name), within)[:MAX_FOUND]


class Gazetteer:
    """The file in memory."""

    def __init__(self, stored: Stored) -> None:
        self._places = stored.places.split(b"\n")
        self._names = stored.names
        self._ranks = array("I", stored.ranks)
        self._ends = array("I", accumulate(stored.lengths, initial=0))
        self._count = len(stored.lengths)
        self._by_number = {
            int(line[: line.index(b"\t")]): rank for rank, line in enumerate(self._places)
        }

    def by_number(self, number: int) -> Place | None:
        """The place with GeoNames' number, if there is one."""
        rank = self._by_number.get(number)
        return None if rank is None else self._place(rank)

    def found(self, words: str, within: str) -> list[Place]:
        """Places with a name that begins with the folded words, or all but does, best first."""
        if not words:
            return []
        weights = self._matching(words, within)
        if not weights and not within:
            weights, within = self._before_more(words.split())
        if not weights and len(words) >= SHORTEST_WITH_SLIP:
            weights = self._with_slip(words, within)
        places = [(weight, self._place(rank)) for rank, weight in weights.items()]
        places.sort(key=lambda each: each[0] * each[1].population, reverse=True)
        return [place for _, place in places]

    def _before_more(self, words: list[str]) -> tuple[dict[int, int], str]:
        """`paris texas`, where it cannot be told at once where the name ends."""
        for last in range(len(words) - 1, max(0, len(words) - 1 - MOST_WORDS_AROUND), -1):
            within = " ".join(words[last:])
            if found := self._matching(" ".join(words[:last]), within):
                return found, within
        return {}, ""

    def _with_slip(self, words: str, within: str) -> dict[int, int]:
        found: dict[int, int] = {}
        for variant, low, high in self._variants(words):
            for rank, weight in self._weighed(variant, low, high, within).items():
                found[rank] = max(weight, found.get(rank, 0))
        return found

    def _matching(self, words: str, within: str) -> dict[int, int]:
        return self._weighed(words, *self._span(words.encode(), 0, self._count), within)

    def _weighed(self, words: str, low: int, high: int, within: str) -> dict[int, int]:
        """The largest places with one of the names, and how much likelier that makes each."""
        most = CONSIDERED_WITHIN if within else CONSIDERED
        chosen = nsmallest(most, self._ranks[low:high]) if high - low > most else []
        weights = {}
        for rank in {each % OTHER_NAME for each in chosen or self._ranks[low:high]}:
            place = self._place(rank)
            if within and not _lies_in(place, within):
                continue
            own = fold(place.name)
            begins = own.startswith(words)
            weights[rank] = OWN_NAME_IS if own == words else OWN_NAME_BEGINS if begins else 1
        exact = bisect_left(range(self._count), words.encode() + b"\x00", low, high, key=self._name)
        for rank in {each % OTHER_NAME for each in self._ranks[low:exact]}:
            if not within or _lies_in(self._place(rank), within):
                weights[rank] = max(weights.get(rank, 0), OTHER_NAME_IS)
        return weights

    def _variants(self, words: str) -> Iterator[tuple[str, int, int]]:
        """Names that begin with the words if one letter is left out, added, another, or swapped.

        What comes before the slip narrows the search, so that later ones cost next to nothing.
        """
        low, high = 0, self._count
        for at in range(len(words) + 1):
            low, high = self._span(words[:at].encode(), low, high)
            if low == high:
                return
            before, here, after = words[:at], words[at : at + 1], words[at + 1 :]
            variants = {before + letter + after for letter in LETTERS if here}
            variants |= {before + letter + here + after for letter in LETTERS}
            variants |= {before + after, before + after[:1] + here + after[1:]}
            for variant in variants - {words}:
                first, end = self._span(variant.encode(), low, high)
                if first < end:
                    yield variant, first, end

    def _span(self, beginning: bytes, low: int, high: int) -> tuple[int, int]:
        """Between `low` and `high`: the first name that begins so, and the one after the last."""
        every = range(self._count)
        first = bisect_left(every, beginning, low, high, key=self._name)
        if first == high or not self._name(first).startswith(beginning):
            return first, first
        return first, bisect_left(every, beginning + AFTER_ALL, first, high, key=self._name)

    def _name(self, index: int) -> bytes:
        return self._names[self._ends[index] : self._ends[index + 1]]

    def _place(self, rank: int) -> Place:
        number, name, region, code, country, latitude, longitude, population = (
            self._places[rank].decode().split("\t")
        )
        return Place(
            id=UUID(int=int(number)),
            name=name,
            region=region,
            region_code=code,
            country=country,
            latitude=float(latitude),
            longitude=float(longitude),
            population=int(population),
        )


@cache
def country_name(code: str) -> str:
    """In English; the code itself where CLDR knows no name."""
    return str(_territories().get(code, code))


@cache
def _territories() -> dict[str, str]:
    return dict(Locale("en").territories)


def _lies_in(place: Place, within: str) -> bool:
    """Whether some folded words may mean the place's region or country."""
    # Codes of regions are often numbers, which nobody types.
    codes = {place.country.lower(), place.region_code.lower()}
    names = fold(place.region), fold(place.country_name)
    return within in codes or any(name.startswith(within) for name in names)


def _wrapped(longitude: float) -> float:
    return (longitude + 180) % 360 - 180


@cache
def _gazetteer() -> Gazetteer:
    return Gazetteer(msgspec.msgpack.decode(decompress(FILE.read_bytes()), type=Stored))
