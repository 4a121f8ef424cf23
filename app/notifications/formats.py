"""Values as letters print them: one language (English) for now, the property's own zone."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date

from app.notifications.facts import Stay

LOCALE = Locale("en")


def day(value: date) -> str:
    """Tuesday 14 July 2026"""
    return format_date(value, "EEEE d MMMM y", locale=LOCALE)


def days(check_in: date, check_out: date) -> str:
    """14–17 July 2026, 30 July – 2 August 2026, 30 December 2026 – 2 January 2027"""
    end = format_date(check_out, "d MMMM y", locale=LOCALE)
    if check_in.year != check_out.year:
        return f"{format_date(check_in, 'd MMMM y', locale=LOCALE)} – {end}"
    if check_in.month != check_out.month:
        return f"{format_date(check_in, 'd MMMM', locale=LOCALE)} – {end}"
    return f"{check_in.day}–{end}"


def moment(instant: datetime, stay: Stay) -> str:
    """Tuesday 14 July 2026, 15:00 (Lisbon time)"""
    return f"{clock(instant, stay)} ({plain(stay.city)} time)"


def clock(instant: datetime, stay: Stay) -> str:
    """Tuesday 14 July 2026, 15:00"""
    local = instant.astimezone(ZoneInfo(stay.timezone))
    return f"{day(local.date())}, {local:%H:%M}"


def count(number: int, one: str, many: str | None = None) -> str:
    """1 night, 3 nights"""
    return f"{number} {one if number == 1 else many or one + 's'}"


class Party(Protocol):
    """Who comes."""

    @property
    def adults(self) -> int: ...
    @property
    def children(self) -> int: ...
    @property
    def infants(self) -> int: ...
    @property
    def pets(self) -> int: ...


def party(stay: Party) -> str:
    """2 adults, 1 child, 1 pet"""
    parts = (
        (stay.adults, "adult", None),
        (stay.children, "child", "children"),
        (stay.infants, "infant", None),
        (stay.pets, "pet", None),
    )
    return ", ".join(count(number, one, many) for number, one, many in parts if number)


def address(stay: Stay) -> str:
    """The exact address in one line; for those who may see it."""
    country = LOCALE.territories.get(stay.country, stay.country)
    town = f"{stay.postal_code} {stay.city}"
    return joined([plain(part) for part in (stay.address, town, stay.region, country)])


def place(stay: Stay) -> str:
    """The town and country: what anybody may know."""
    return joined([plain(stay.city), LOCALE.territories.get(stay.country, stay.country)])


def joined(parts: Sequence[str]) -> str:
    """The parts that say something, once each, with commas."""
    return ", ".join(dict.fromkeys(part for part in parts if part))


def plain(value: str, limit: int = 120) -> str:
    """One line of what somebody typed: no line breaks or control characters, not too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
