"""What a property must look like, and where strangers see it."""

import math
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import Invalid
from app.properties import rules

latitudes, longitudes = st.floats(-90, 90), st.floats(-180, 180)


def metres_between(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance on a sphere of the Earth's mean radius."""
    (north, east), (north_b, east_b) = (map(math.radians, point) for point in (a, b))
    half = math.sin((north_b - north) / 2) ** 2
    half += math.cos(north) * math.cos(north_b) * math.sin((east_b - east) / 2) ** 2
    return 2 * 6_371_000 * math.asin(math.sqrt(min(1, half)))


@settings(deadline=None)
@given(latitudes, longitudes, st.integers())
def test_the_public_point_is_near_but_not_the_true_one(
    latitude: float, longitude: float, seed: int
) -> None:
    public = rules.blur(latitude, longitude, Random(seed))
    assert -90 <= public[0] <= 90
    assert -180 <= public[1] <= 180
    assert metres_between((latitude, longitude), public) <= 500
    if abs(latitude) < 89:
        assert metres_between((latitude, longitude), public) >= 100
    assert public == (round(public[0], 4), round(public[1], 4))


def test_public_points_lie_all_around() -> None:
    points = [rules.blur(50, 10) for _ in range(400)]
    for quarter in range(4):
        north, east = quarter & 1, quarter & 2
        there = [p for p in points if (p[0] > 50) == bool(north) and (p[1] > 10) == bool(east)]
        assert len(there) > 50


@settings(deadline=None)
@given(
    st.floats(-85, 85), longitudes, st.integers(), st.floats(-0.01, 0.01), st.floats(-0.01, 0.01)
)
def test_a_corrected_point_keeps_its_public_points_distance_and_direction(
    latitude: float, longitude: float, seed: int, north: float, east: float
) -> None:
    """Many corrections have no average that would give the true point away."""
    before = (latitude, longitude)
    public = rules.blur(*before, Random(seed))
    after = (latitude + north, (longitude + east + 180) % 360 - 180)
    moved = rules.moved_blur(before, public, after)
    assert metres_between(after, moved) <= 510
    assert abs((moved[0] - after[0]) - (public[0] - before[0])) < 0.0002
    # And back again.
    back = rules.moved_blur(after, moved, before)
    assert metres_between(back, public) < 40


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("title", "x" * 121, "title"),
        ("title", "a\x00", "title"),
        ("description", "x" * 10_001, "description"),
        ("city", "", "location.city"),
        ("country", "Portugal", "location.country"),
        ("country", "XA", "location.country"),
        ("country", "pt", "location.country"),
        ("latitude", 90.1, "location.latitude"),
        ("longitude", math.nan, "location.longitude"),
        ("longitude", math.inf, "location.longitude"),
        ("currency", "EURO", "pricePerNight.currency"),
        ("base_price_minor", 0, "pricePerNight"),
        ("base_price_minor", -1, "pricePerNight"),
        ("base_price_minor", 10**9 + 1, "pricePerNight"),
        ("weekend_price_minor", 0, "weekendPricePerNight"),
        ("cleaning_fee_minor", -1, "cleaningFee"),
        ("extra_guest_fee_minor", -1, "extraGuestFee"),
        ("weekly_discount_bp", 9_901, "weeklyDiscountPercent"),
        ("max_guests", 51, "maxGuests"),
        ("max_guests", 0, "maxGuests"),
        ("bedrooms", -1, "bedrooms"),
        ("min_nights", 0, "minNights"),
        ("max_nights", 366, "maxNights"),
        ("advance_notice_hours", 721, "advanceNoticeHours"),
        ("preparation_days", 15, "preparationDays"),
        ("booking_window_days", 731, "bookingWindowDays"),
        ("check_in_weekdays", 0, "checkInWeekdays"),
        ("check_out_weekdays", 128, "checkOutWeekdays"),
    ],
)
def test_refuses_columns_that_cannot_be(column: str, value: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.checked({column: value})
    assert refused.value.field == field


def test_trims_texts_and_sorts_amenities() -> None:
    assert rules.checked(
        {"title": "  Loft ", "amenities": ("WIFI", "POOL", "WIFI"), "weekend_price_minor": None}
    ) == {"title": "Loft", "amenities": ["POOL", "WIFI"], "weekend_price_minor": None}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"guests_included": 5}, "guestsIncluded"),
        ({"min_nights": 8}, "minNights"),
        ({}, None),
    ],
)
def test_fields_must_not_contradict_each_other(changes: dict[str, int], field: str | None) -> None:
    values = {"guests_included": 2, "max_guests": 4, "min_nights": 2, "max_nights": 7} | changes
    if field is None:
        rules.check_together(values)
        return
    with pytest.raises(Invalid) as refused:
        rules.check_together(values)
    assert refused.value.field == field


FULL = {
    "type": "CABIN",
    "latitude": 1.0,
    "address": "Rua 1",
    "title": "T",
    "description": "Two quiet rooms, one view.",
    "base_price_minor": 1,
}


@pytest.mark.parametrize(
    ("lack", "photos", "fields"),
    [
        ({}, 1, []),
        ({}, 0, ["photos"]),
        ({"type": None}, 1, ["type"]),
        ({"latitude": None, "address": ""}, 1, ["location"]),
        ({"address": ""}, 1, ["location.address"]),
        ({"title": ""}, 1, ["title"]),
        ({"description": "short"}, 1, ["description"]),
        ({"base_price_minor": None}, 1, ["pricePerNight"]),
        (
            {"type": None, "title": "", "base_price_minor": None},
            0,
            ["type", "photos", "title", "pricePerNight"],
        ),
    ],
)
def test_what_is_missing_has_the_apis_names_and_words(
    lack: dict[str, Any], photos: int, fields: list[str]
) -> None:
    missing = rules.missing(FULL | lack, photos)
    assert [each.field for each in missing] == fields
    assert all(each.message.endswith(".") for each in missing)
