"""The plans of hot searches: on a world that is large enough for PostgreSQL to have a choice."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.properties.terms import Guests
from app.search.filters import Area, Filter, Point
from app.search.pages import search
from app.search.sorts import Sort
from db.session import Database
from tests.search.slow_model import FEES, TODAY
from tests.support.world import NOW, add_host, add_property

STAY: dict[str, Any] = {
    "check_in": TODAY + timedelta(days=9),
    "check_out": TODAY + timedelta(days=12),
    "guests": Guests(adults=2),
}
AREA = Area(north=38.8, south=38.7, east=-9.0, west=-9.1)
HOT = {
    "a city": (Filter(city="City 7", **STAY), Sort.RECOMMENDED, "properties_city_idx"),
    "a map": (Filter(area=AREA, **STAY), Sort.RECOMMENDED, "properties_cell_11_idx"),
    "the cheapest": (Filter(city="City 7", **STAY), Sort.PRICE_LOW_TO_HIGH, "properties_city_idx"),
    "the cheapest on a map": (
        Filter(area=AREA, **STAY),
        Sort.PRICE_LOW_TO_HIGH,
        "properties_cell_11_idx",
    ),
    "everywhere": (Filter(**STAY), Sort.RECOMMENDED, "properties_recommendation_idx"),
    "the newest": (Filter(**STAY), Sort.NEWEST, "properties_newest_idx"),
    "the nearest": (
        Filter(near=Point(latitude=38.7, longitude=-9.1), **STAY),
        Sort.DISTANCE,
        "properties_near_idx",
    ),
    "a word": (Filter(text="word77", **STAY), Sort.RECOMMENDED, "using properties_"),
}
# Copies of one place, all over the map: cities, titles and days of their own.
COPIES = """
INSERT INTO properties ({columns})
SELECT {values} FROM properties, generate_series({start}, {start} + 499) AS n
WHERE title NOT LIKE 'word%'
"""
CHANGED = {
    "id": "gen_random_uuid()",
    "title": "'word' || n",
    "city": "'City ' || n % 40",
    "public_latitude": "38.7 + n % 89 / 100.0",
    "public_longitude": "-9.1 + n % 97 / 100.0",
    "published_at": "published_at - n * interval '1 minute'",
    "rating_sum": "n % 50 * 4",
    "review_count": "n % 50",
}


@pytest.fixture
async def large(db: Database) -> Database:
    """Thousands of places with some nights taken, and PostgreSQL's statistics of them."""
    await add_property(db, await add_host(db))
    async with db.transaction() as session:
        columns = await session.scalars(
            text(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = 'properties' AND is_generated = 'NEVER'"
            )
        )
        values = {name: CHANGED.get(name, name) for name in columns}
        listed = {"columns": ", ".join(values), "values": ", ".join(values.values())}
        # Every copy's words are learnt: some at once, within any statement's time.
        for start in range(1, 8001, 500):
            await session.execute(text(COPIES.format(start=start, **listed)))
        await session.execute(
            text(
                "INSERT INTO occupied_nights (property_id, night, kind) SELECT id,"
                " date '2026-06-05' + n, 'BLOCK' FROM properties, generate_series(1, 5) AS n"
            )
        )
        for table in ("properties", "occupied_nights", "calendar_nights"):
            await session.execute(text(f"ANALYZE {table}"))
    return db


async def test_hot_searches_read_indexes(large: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, Any]] = []
    fetch = large.reads.fetch

    async def watched(sql: str, arguments: Any) -> list[Any]:
        sent.append((sql, arguments))
        return await fetch(sql, arguments)

    monkeypatch.setattr(large.reads, "fetch", watched)
    for name, (filter, sort, index) in HOT.items():
        await search(large, filter, sort, 20, None, NOW, FEES, priced=True)
        sql, arguments = sent[-1]
        lines = await fetch(f"EXPLAIN {sql}", arguments)
        plan = "\n".join(line[0] for line in lines)
        assert "Seq Scan on properties" not in plan, (name, plan)
        assert "Seq Scan on occupied_nights" not in plan, (name, plan)
        assert index in plan, (name, plan)
