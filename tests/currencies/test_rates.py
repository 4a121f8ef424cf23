"""Rates from the ECB's own kind of file to the table, over real HTTP and on a real PostgreSQL."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import func, select

from app.config import RateSource, Settings
from app.currencies import flows
from app.currencies.queries import CurrentRates, latest
from app.currencies.rules import convert
from app.currencies.sources import DayRates, RatesUnavailable, read_ecb
from app.money import Money
from db.models import ExchangeRate
from db.session import Database
from tests.availability.ical.site import Site, open_site

NOW = datetime(2026, 11, 20, 16, tzinfo=UTC)
FRIDAY = NOW.date()


def ecb(day: date, **rates: str) -> bytes:
    """The file as the bank writes it."""
    cubes = "\n".join(f"\t\t\t<Cube currency='{c}' rate='{r}'/>" for c, r in rates.items())
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" \
xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
\t<gesmes:subject>Reference rates</gesmes:subject>
\t<gesmes:Sender>
\t\t<gesmes:name>European Central Bank</gesmes:name>
\t</gesmes:Sender>
\t<Cube>
\t\t<Cube time='{day}'>
{cubes}
\t\t</Cube>
\t</Cube>
</gesmes:Envelope>""".encode()


@pytest.fixture
async def bank() -> AsyncIterator[Site]:
    async with open_site() as site:
        site.content = ecb(FRIDAY, USD="1.0876", JPY="163.45")
        yield site


@pytest.fixture
def settings(settings: Settings, bank: Site) -> Settings:
    return msgspec.structs.replace(
        settings, exchange_rates=RateSource.ECB, exchange_rates_url=bank.url
    )


async def shown(db: Database, currency: str = "USD") -> tuple[int, date | None] | None:
    """What 100 euros are shown as."""
    found = convert(Money(100_00, "EUR"), currency, await latest(db))
    return None if found is None else (found.amount, found.as_of)


async def stored(db: Database, day: date) -> Mapping[str, Decimal]:
    async with db.read() as connection:
        rows = await connection.execute(
            select(ExchangeRate.currency, ExchangeRate.minor_per_euro).where(
                ExchangeRate.day == day
            )
        )
        return {row.currency: row.minor_per_euro for row in rows}


def test_the_banks_file_is_understood() -> None:
    found = read_ecb(ecb(FRIDAY, USD="1.0876", JPY="163.45", XXW="2"))
    assert found == DayRates(FRIDAY, {"USD": Decimal("1.0876"), "JPY": Decimal("163.45")})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Sign in</html>",
        b"\xff\xfe\x00",
        ecb(FRIDAY),
        ecb(FRIDAY, USD="0"),
        ecb(FRIDAY, USD="-1"),
        ecb(FRIDAY, USD="NaN"),
        ecb(FRIDAY, USD="Infinity"),
        ecb(FRIDAY, USD="1,08"),
        ecb(FRIDAY, USD="1.0876").replace(b" rate='1.0876'", b""),
        ecb(FRIDAY, USD="1.0876").replace(b"2026-11-20", b"20.11."),
        ecb(FRIDAY, USD="1.0876").replace(b" time='2026-11-20'", b""),
        ecb(FRIDAY, USD="1.0876")[:-20],
        # All of the last ninety days, of which none is the last.
        ecb(FRIDAY, USD="1").replace(b"</Cube>\n\t</Cube>", b"<Cube time='2026-11-19'/></Cube>"),
        ecb(FRIDAY, USD="1").replace(
            b"?>\n", b'?>\n<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;&b;">]>\n'
        ),
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(RatesUnavailable):
        read_ecb(content)


async def test_rates_are_fetched_and_stored_with_the_euro(db: Database, settings: Settings) -> None:
    assert await shown(db) is None
    await flows.refresh(db, settings, NOW)
    assert await shown(db) == (108_76, FRIDAY)
    assert await shown(db, "JPY") == (16_345, FRIDAY)
    # In minor units: a statement needs to know nothing of decimals.
    assert await stored(db, FRIDAY) == {
        "EUR": 100,
        "USD": Decimal("108.76"),
        "JPY": Decimal("163.45"),
    }


async def test_a_source_is_asked_when_it_may_have_news(
    db: Database, settings: Settings, bank: Site
) -> None:
    await flows.refresh(db, settings, NOW)
    await flows.refresh(db, settings, NOW + timedelta(hours=7))
    assert len(bank.answers) == 1
    # On Saturday there is nothing new, and it is asked once an hour.
    saturday = NOW + timedelta(hours=8)
    for minutes in (0, 5, 59, 60):
        await flows.refresh(db, settings, saturday + timedelta(minutes=minutes))
    assert len(bank.answers) == 3
    assert await shown(db) == (108_76, FRIDAY)


async def test_a_day_is_replaced_as_a_whole(db: Database, settings: Settings, bank: Site) -> None:
    await flows.refresh(db, settings, NOW - timedelta(days=1))
    assert await shown(db) == (108_76, FRIDAY)
    bank.content = ecb(FRIDAY, USD="1.1", CHF="0.93")
    await flows.refresh(db, settings, NOW + timedelta(days=2))
    assert await shown(db) == (110_00, FRIDAY)
    assert await shown(db, "JPY") is None
    bank.content = ecb(FRIDAY + timedelta(days=3), CHF="0.94")
    await flows.refresh(db, settings, NOW + timedelta(days=3))
    # Days do not mix: a currency that has gone is not known any more.
    assert await shown(db) is None
    assert await shown(db, "CHF") == (94_00, FRIDAY + timedelta(days=3))


async def test_a_failure_leaves_the_rates_of_before(
    db: Database, settings: Settings, bank: Site
) -> None:
    await flows.refresh(db, settings, NOW)
    bank.status = 500
    with pytest.raises(RatesUnavailable):
        await flows.refresh(db, settings, NOW + timedelta(days=3))
    bank.status, bank.content = 200, ecb(FRIDAY + timedelta(days=9), USD="2")
    with pytest.raises(RatesUnavailable):
        await flows.refresh(db, settings, NOW + timedelta(days=3))
    assert await shown(db) == (108_76, FRIDAY)


async def test_without_a_source_nobody_is_asked(
    db: Database, settings: Settings, bank: Site
) -> None:
    none = msgspec.structs.replace(settings, exchange_rates=RateSource.NONE)
    await flows.refresh(db, none, NOW)
    static = msgspec.structs.replace(settings, exchange_rates=RateSource.STATIC)
    await flows.refresh(db, static, NOW)
    assert bank.answers == []
    assert await shown(db) == (110_00, FRIDAY)


async def test_a_process_remembers_the_rates_for_a_while(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([10.0, 10.0, 69.0, 70.0, 70.0])
    monkeypatch.setattr("app.currencies.queries.monotonic", lambda: next(times))
    rates = CurrentRates(db)
    assert await rates.get() is None
    day = DayRates(FRIDAY, {"USD": Decimal(2)})
    await db.run(lambda session: flows.store(session, day, "static", NOW))
    async with db.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(ExchangeRate)) == 2
    assert await rates.get() is None
    found = await rates.get()
    assert found is not None
    assert found.day == FRIDAY
