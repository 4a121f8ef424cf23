"""Boxes and points on the map, and the grid of cells that searches on a map are indexed by.

Level n divides the map's width and height into 2^n parts. A cell's number interleaves the bits of
its column and row (a Morton code), so that shifting two bits away leads to the cell around it; the
function `map_cell` in the database computes the number of the finest.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from app.errors import Invalid

# Some 1,200 metres at the equator: coarser than the blur of public points, so that a cell tells no
# more of a place than its page does.
FINEST = 15
# The levels that are indexed: cells of some 1, 5, 20, 150 and 1,200 km.
LEVELS = (15, 13, 11, 8, 5)
# A box is searched by as many cells at most, or not by cells at all.
MOST_CELLS = 16


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A box on the map, in degrees. `east` < `west` when it lies across the antimeridian."""

    north: float
    south: float
    east: float
    west: float


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A point on the map, in degrees."""

    latitude: float
    longitude: float


class Covering(msgspec.Struct, frozen=True):
    """The cells of one level that a box has a part in."""

    level: int
    cells: tuple[int, ...]


def shift(level: int) -> int:
    """How many bits of a finest cell's number lie below this level."""
    return 2 * (FINEST - level)


@lru_cache(maxsize=1_024)
def covering(area: Area) -> Covering | None:
    """A box in the finest cells of which few are enough; None when it is too large for any."""
    for level in LEVELS:
        columns, rows = _columns(area, level), _rows(area, level)
        if len(columns) * len(rows) <= MOST_CELLS:
            found = (number(column, row) for column in columns for row in rows)
            return Covering(level, tuple(sorted(found)))
    return None


def level_for(area: Area | None, most: int) -> int:
    """The finest level of which a box, or the whole map, has at most so many cells."""
    world = Area(north=90, south=-90, east=180, west=-180)
    return next(
        level
        for level in range(FINEST, -1, -1)
        if len(_columns(area or world, level)) * len(_rows(area or world, level)) <= most
    )


def number(column: int, row: int) -> int:
    """The number of a cell of any level."""
    return sum(
        (column >> bit & 1) << (2 * bit) | (row >> bit & 1) << (2 * bit + 1)
        for bit in range(FINEST)
    )


def require_area(area: Area, field: str) -> None:
    """Raises Invalid for what is no box on the map."""
    for edge, limit in (("north", 90), ("south", 90), ("east", 180), ("west", 180)):
        _require(getattr(area, edge), limit, f"{field}.{edge}")
    if area.south > area.north:
        raise Invalid("The box's south lies north of its north.", field=f"{field}.south")


def require_point(point: Point, field: str) -> None:
    """Raises Invalid for what is no point on the map."""
    _require(point.latitude, 90, f"{field}.latitude")
    _require(point.longitude, 180, f"{field}.longitude")


def _require(degrees: float, limit: int, field: str) -> None:
    # Written so that NaN fails.
    if not -limit <= degrees <= limit:
        raise Invalid(f"Expected between -{limit} and {limit}.", field=field)


def _columns(area: Area, level: int) -> Sequence[int]:
    west, east = _step(area.west, 360, level), _step(area.east, 360, level)
    if area.west <= area.east:
        return range(west, east + 1)
    # Where the box ends in the column that it begins in, all are in it once.
    across = [*range(west, 1 << level), *range(east + 1)]
    return sorted(set(across))


def _rows(area: Area, level: int) -> Sequence[int]:
    return range(_step(area.south, 180, level), _step(area.north, 180, level) + 1)


def _step(degrees: float, whole: int, level: int) -> int:
    """As `map_cell` does: the easternmost and northernmost edges belong to the last cells."""
    steps: int = 1 << FINEST
    at = int((degrees + whole / 2) * (steps / whole))
    return min(at, steps - 1) >> (FINEST - level)
