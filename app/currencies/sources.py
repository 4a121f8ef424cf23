"""Where daily rates come from. Another source is one function more, and its name in SOURCES."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeAlias
from xml.parsers import expat

import msgspec

from app import fetch
from app.config import RateSource, Settings
from app.fetch import Bounds, FetchFailed
from app.money import CURRENCIES

MAX_BYTES = 256 * 1024
SECONDS = 20.0

# Made up, and round: development shows prices in other currencies without asking anybody.
STATIC = {
    "AUD": "1.7", "BRL": "6", "CAD": "1.6", "CHF": "0.95", "CNY": "8", "DKK": "7.46",
    "GBP": "0.85", "GHS": "15", "INR": "95", "JPY": "160", "KES": "140", "KRW": "1500",
    "KWD": "0.33", "MXN": "20", "NGN": "1700", "NOK": "11.5", "PLN": "4.3", "SEK": "11.3",
    "USD": "1.1", "ZAR": "20",
}  # fmt: skip


class DayRates(msgspec.Struct, frozen=True):
    """How many units (not minor ones) of each currency a euro is worth on a day."""

    day: date
    units_per_euro: Mapping[str, Decimal]


class RatesUnavailable(Exception):
    """The source could not be read; the message says why."""


# The latest rates that a source has, given the date of today. Raises RatesUnavailable.
Source: TypeAlias = Callable[[Settings, date], Awaitable[DayRates]]


async def static(_: Settings, today: date) -> DayRates:
    """The same rates every day."""
    return DayRates(today, {currency: Decimal(rate) for currency, rate in STATIC.items()})


async def ecb(settings: Settings, _: date) -> DayRates:
    """The European Central Bank's reference rates, new on each of its working days about 16:00."""
    bounds = Bounds(
        max_bytes=MAX_BYTES, seconds=SECONDS, private_networks=settings.fetch_private_networks
    )
    try:
        found = await fetch.fetch(settings.exchange_rates_url, bounds)
    except FetchFailed as error:
        raise RatesUnavailable(f"{settings.exchange_rates_url}: {error.failure}") from error
    return read_ecb(found.content or b"")


def read_ecb(content: bytes) -> DayRates:
    """The file `eurofxref-daily.xml`: a Cube with a time, and in it one for each currency.

    Raises RatesUnavailable for anything else; currencies that we do not know are left out.
    """
    days: list[date] = []
    rates: dict[str, Decimal] = {}

    def element(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] != "Cube":
            return
        if "time" in attributes:
            days.append(date.fromisoformat(attributes["time"]))
        if "currency" in attributes:
            rates[attributes["currency"]] = Decimal(attributes["rate"])

    def refuse(*_: object) -> None:
        raise RatesUnavailable("The rates come with a document type, as nobody honest sends them.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = element
    # Entities, which could grow without bounds, are declared in it.
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, KeyError, InvalidOperation) as error:
        raise RatesUnavailable(f"This is not the bank's file of rates: {error!r}") from error
    if len(days) != 1 or not rates:
        raise RatesUnavailable(f"Expected the rates of one day, not {len(rates)} of {days}.")
    if not all(rate.is_finite() and rate > 0 for rate in rates.values()):
        raise RatesUnavailable("A rate is not a positive number.")
    return DayRates(days[0], {code: rate for code, rate in rates.items() if code in CURRENCIES})


SOURCES: Mapping[RateSource, Source] = {RateSource.STATIC: static, RateSource.ECB: ecb}
