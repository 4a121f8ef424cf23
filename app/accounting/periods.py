"""Months as the books have them: they begin and end by the issuer's clock. Pure."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from app.errors import Invalid

WRITTEN = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
# Of a report: a year at once.
LONGEST = 12


class Month(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A calendar month."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def next(self) -> "Month":
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def begins(self, zone: ZoneInfo) -> datetime:
        """Its first instant."""
        return datetime(self.year, self.number, 1, tzinfo=zone)


class Period(msgspec.Struct, frozen=True):
    """The instants `[start, end)`, and the zone in which their months are."""

    start: datetime
    end: datetime
    timezone: str


def month(text: str, field: str) -> Month:
    """A month as clients write it: `2026-11`. Raises Invalid."""
    found = WRITTEN.fullmatch(text)
    if found is None or not 2000 <= int(found[1]) < 2200:
        raise Invalid("Expected a month: 2026-11.", field=field)
    return Month(int(found[1]), int(found[2]))


def period(first: Month, last: Month, zone: ZoneInfo) -> Period:
    """From the beginning of one month to the end of another. Raises Invalid."""
    length = (last.year - first.year) * 12 + last.number - first.number + 1
    if length < 1:
        raise Invalid("The last month comes before the first.", field="to")
    if length > LONGEST:
        raise Invalid(f"At most {LONGEST} months at once.", field="to")
    return Period(first.begins(zone), last.next.begins(zone), zone.key)
