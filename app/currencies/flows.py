"""Getting the day's rates from their source, and storing them."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import RateSource, Settings
from app.currencies.rules import EURO, minor_per_euro
from app.currencies.sources import SOURCES, DayRates, RatesUnavailable
from db.models import ExchangeRate
from db.session import Database

# A source is asked so often until it has today's rates, which on some days it never has.
ASK_EVERY = timedelta(hours=1)
# A day may have begun elsewhere, but not longer ago than this.
AHEAD = timedelta(days=1)


async def refresh(db: Database, settings: Settings, now: datetime) -> None:
    """Fetch and store the latest rates, if there is a source and it is time to ask.

    Raises RatesUnavailable; the rates of before stay what they are.
    """
    if settings.exchange_rates is RateSource.NONE:
        return
    today = now.date()
    if not await _is_time(db, today, now):
        return
    rates = await SOURCES[settings.exchange_rates](settings, today)
    if rates.day > today + AHEAD:
        raise RatesUnavailable(f"The rates are of {rates.day}, which is still to come.")
    await db.run(lambda session: store(session, rates, settings.exchange_rates, now))


async def _is_time(db: Database, today: date, now: datetime) -> bool:
    async with db.read() as connection:
        found = await connection.execute(
            select(ExchangeRate.day, ExchangeRate.fetched_at)
            .order_by(ExchangeRate.day.desc())
            .limit(1)
        )
        last = found.one_or_none()
    return last is None or (last.day < today and now - last.fetched_at >= ASK_EVERY)


async def store(session: AsyncSession, rates: DayRates, source: str, now: datetime) -> None:
    """Make these the rates of their day, all of them, instead of those that it had."""
    units = {**rates.units_per_euro, EURO: Decimal(1)}
    # In one order, so that two that store the same day do not wait for each other.
    rows = [
        {
            "day": rates.day,
            "currency": currency,
            "minor_per_euro": minor_per_euro(units[currency], currency),
            "source": source,
            "fetched_at": now,
        }
        for currency in sorted(units)
    ]
    new = insert(ExchangeRate).values(rows)
    changed = {name: new.excluded[name] for name in ("minor_per_euro", "source", "fetched_at")}
    await session.execute(
        new.on_conflict_do_update(index_elements=["day", "currency"], set_=changed)
    )
    await session.execute(
        delete(ExchangeRate).where(
            ExchangeRate.day == rates.day, ExchangeRate.currency.not_in(units)
        )
    )
