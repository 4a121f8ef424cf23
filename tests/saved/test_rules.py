"""When mornings are."""

from datetime import UTC, datetime

import pytest

from app.saved.rules import next_morning


@pytest.mark.parametrize(
    ("now", "timezone", "morning"),
    [
        ("2026-11-22T07:59", None, "2026-11-22T08:00"),
        ("2026-11-22T08:00", None, "2026-11-23T08:00"),
        ("2026-12-31T23:00", "UTC", "2027-01-01T08:00"),
        # UTC-11 and UTC+14: their day is another one.
        ("2026-11-22T18:59", "Pacific/Pago_Pago", "2026-11-22T19:00"),
        ("2026-11-22T19:00", "Pacific/Pago_Pago", "2026-11-23T19:00"),
        ("2026-11-22T17:59", "Pacific/Kiritimati", "2026-11-22T18:00"),
        ("2026-11-22T18:00", "Pacific/Kiritimati", "2026-11-23T18:00"),
        # The night on which the clocks change, both ways.
        ("2027-03-27T22:00", "Europe/Lisbon", "2027-03-28T07:00"),
        ("2027-03-27T07:00", "Europe/Lisbon", "2027-03-27T08:00"),
        ("2027-10-30T22:00", "Europe/Lisbon", "2027-10-31T08:00"),
    ],
)
def test_the_next_morning_is_where_the_person_lives(
    now: str, timezone: str | None, morning: str
) -> None:
    found = next_morning(datetime.fromisoformat(now).replace(tzinfo=UTC), timezone)
    assert found == datetime.fromisoformat(morning).replace(tzinfo=UTC)
