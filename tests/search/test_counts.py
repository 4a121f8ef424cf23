"""What there is among all results, held against the results themselves."""

import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from app.errors import Invalid
from app.search import cells, counts
from app.search.counts import Bucket, Cluster
from app.search.filters import Area, Filter
from app.search.pages import Edge, search
from app.search.sorts import Sort
from db.enums import PropertyType
from db.session import Database
from tests.search.slow_model import FEES, RATES, TODAY, make_place, random_filter, worth
from tests.support.statements import counted
from tests.support.world import NOW, add_host, add_property, add_user


async def results(db: Database, filter: Filter, **without: Any) -> tuple[Edge, ...]:
    """All results, when some wishes are taken back."""
    asked = replace(filter, **without)
    page = await search(db, asked, Sort.NEWEST, 50, None, NOW, FEES, priced=True, rates=RATES)
    assert not page.has_next_page
    return page.edges


def price(edge: Edge, currency: str) -> int | None:
    minor = edge.property.base_price_minor if edge.stay is None else edge.stay.total_minor
    assert minor is not None
    return worth(minor, edge.property.currency, currency, RATES)


async def test_counts_are_those_of_the_results(db: Database) -> None:
    chance = random.Random(5)
    host, guest = await add_host(db), await add_user(db)
    for _ in range(30):
        await make_place(db, host, guest, chance)
    seen = 0
    for _ in range(25):
        filter = random_filter(chance)
        asked = db, filter, NOW, FEES, RATES
        assert await counts.count(*asked) == len(await results(db, filter))
        kinds = Counter(edge.property.type for edge in await results(db, filter, types=()))
        assert await counts.types(*asked) == kinds
        offered = await results(db, filter, amenities=())
        each = Counter(amenity for edge in offered for amenity in edge.property.amenities)
        assert await counts.amenities(*asked) == each
        either = await results(db, filter, instant_book=None)
        at_once = sum(edge.property.instant_book for edge in either)
        assert await counts.instant_book(*asked) == at_once
        free = await results(db, filter, free_cancellation=True)
        assert await counts.free_cancellation(*asked) == len(free)
        no_bounds = dict.fromkeys(
            f"{end}_{what}_minor" for end in ("min", "max") for what in ("price", "total")
        )
        assert filter.currency
        all_ = await results(db, filter, **no_bounds)
        prices = [price(edge, filter.currency) for edge in all_]
        paid = [each for each in prices if each is not None]
        buckets = await counts.prices(*asked, buckets=chance.choice([1, 3, 100]))
        assert_histogram(buckets, paid)
        zoom = chance.randint(0, 14)
        assert_clusters(
            await counts.clusters(*asked, zoom=zoom), await results(db, filter), filter.area, zoom
        )
        seen += len(paid)
    assert seen > 100


def assert_histogram(buckets: list[Bucket], paid: list[int]) -> None:
    assert sum(each.count for each in buckets) == len(paid)
    for each in buckets:
        assert each.count == sum(each.from_minor <= minor < each.to_minor for minor in paid)
    for before, after in pairwise(buckets):
        assert before.to_minor == after.from_minor


def assert_clusters(
    clusters: list[Cluster], edges: tuple[Edge, ...], area: Area | None, zoom: int
) -> None:
    level = min(zoom + 2, cells.level_for(area, counts.MOST_CLUSTERS))
    found: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for edge in edges:
        latitude, longitude = edge.property.public_latitude, edge.property.public_longitude
        assert latitude is not None
        assert longitude is not None
        cell = int((longitude + 180) / 360 * 2**level), int((latitude + 90) / 180 * 2**level)
        found.setdefault(cell, []).append((latitude, longitude))
    middles = sorted(
        (len(points), *(sum(axis) / len(points) for axis in zip(*points, strict=True)))
        for points in found.values()
    )
    told = sorted((each.count, each.latitude, each.longitude) for each in clusters)
    for one, other in zip(middles, told, strict=True):
        assert one == pytest.approx(other, abs=0.0001)
    sizes = [each.count for each in clusters]
    assert sizes == sorted(sizes, reverse=True)


async def test_each_is_one_statement_and_none_needs_dates(db: Database) -> None:
    await add_property(db, await add_host(db))
    asked = db, Filter(), NOW, FEES
    for ask, expected in (
        (counts.count(*asked), 1),
        (counts.types(*asked), {"APARTMENT": 1}),
        (counts.amenities(*asked), {}),
        (counts.instant_book(*asked), 1),
        (counts.free_cancellation(*asked), 1),
        (counts.prices(*asked, buckets=5), [Bucket(100_00, 100_01, 1)]),
        (counts.clusters(*asked, zoom=22), [Cluster(1, 38.714, -9.125)]),
    ):
        with counted(db) as statements:
            assert await ask == expected
        assert len(statements) == 1


async def test_too_much_to_look_at_is_refused_before_it_is_begun(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = await add_host(db)
    for kind in [PropertyType.HOUSE] * 3 + [PropertyType.CABIN]:
        await add_property(db, host, type=kind)
    monkeypatch.setattr(counts, "MOST", 2)
    fresh = counts._summary(int, int, counts._of_count)
    monkeypatch.setattr(counts, "_count", fresh)
    dates: dict[str, Any] = {
        "check_in": TODAY + timedelta(days=3),
        "check_out": TODAY + timedelta(days=4),
    }
    with pytest.raises(Invalid, match="narrow") as refused:
        await counts.count(db, Filter(types=(PropertyType.HOUSE,), **dates), NOW, FEES)
    assert refused.value.field == "filter"
    monkeypatch.setattr(counts, "ENOUGH", 2)
    assert await counts.at_least(db, Filter(types=(PropertyType.HOUSE,), **dates), NOW, FEES) == 2
    few = Filter(types=(PropertyType.CABIN,), **dates)
    assert await counts.at_least(db, few, NOW, FEES) == 1
    assert await counts.count(db, few, NOW, FEES) == 1


@pytest.mark.parametrize("bad", [0, 101])
async def test_refuses_buckets_and_zooms_out_of_bounds(db: Database, bad: int) -> None:
    with pytest.raises(Invalid) as refused:
        await counts.prices(db, Filter(), NOW, FEES, buckets=bad)
    assert refused.value.field == "buckets"
    with pytest.raises(Invalid) as refused:
        await counts.clusters(db, Filter(), NOW, FEES, zoom=bad - 1 if bad == 0 else bad)
    assert refused.value.field == "zoom"
