"""Cells of the map: what covers a box, and the same numbers in Python and PostgreSQL."""

import random

import pytest
from sqlalchemy import func, select

from app.search import cells
from app.search.cells import Area, Covering
from db.session import Database


def area(south: float, west: float, height: float, width: float) -> Area:
    east = (west + width + 180) % 360 - 180
    return Area(south=south, north=south + height, west=west, east=east)


@pytest.mark.parametrize(
    ("box", "level"),
    [
        (area(38.71, -9.13, 0, 0), 15),
        (area(38.71, -9.13, 0.01, 0.02), 15),
        (area(38.7, -9.2, 0.1, 0.1), 13),
        (area(38, -10, 1, 1), 8),
        (area(38, -10, 8, 10), 5),
        (area(-17, 179.97, 0.05, 0.1), 13),
        (area(-90, -180, 180, 359.9), None),
        (area(89.99, 179.99, 0.01, 0.01), 15),
    ],
)
def test_covers_boxes_by_few_cells_of_their_size(box: Area, level: int | None) -> None:
    covered = cells.covering(box)
    assert (covered and covered.level) == level
    assert covered is None or len(covered.cells) <= cells.MOST_CELLS


def test_whatever_lies_in_a_box_lies_in_its_cells() -> None:
    chance = random.Random(1)
    checked = 0
    for _ in range(500):
        height, width = 10 ** chance.uniform(-3, 1), 10 ** chance.uniform(-3, 1.2)
        box = area(
            chance.uniform(-90, 90 - height), chance.choice([-180, 179.99, 5.0]), height, width
        )
        covered = cells.covering(box)
        for _ in range(5):
            latitude = chance.uniform(box.south, box.north)
            longitude = (box.west + chance.uniform(0, width) + 180) % 360 - 180
            if covered is not None:
                finest = cell_of(latitude, longitude)
                assert finest >> cells.shift(covered.level) in covered.cells
                checked += 1
    assert checked > 1_000


def cell_of(latitude: float, longitude: float) -> int:
    """The finest cell of a point."""
    found = cells.covering(Area(north=latitude, south=latitude, east=longitude, west=longitude))
    assert isinstance(found, Covering)
    return found.cells[0]


async def test_postgresql_has_the_same_numbers(db: Database) -> None:
    chance = random.Random(2)
    points = [(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(300)]
    points += [(-90, -180), (90, 180), (0, 0), (-90, 180), (90, -180), (45, 180)]
    async with db.read() as connection:
        for latitude, longitude in points:
            number = await connection.scalar(select(func.map_cell(latitude, longitude)))
            assert number == cell_of(latitude, longitude), (latitude, longitude)


def test_clusters_are_no_finer_than_few_enough_cells() -> None:
    assert cells.level_for(None, 1_024) == 5
    assert cells.level_for(area(38.7, -9.2, 0.1, 0.1), 1_024) == 15
