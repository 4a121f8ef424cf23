"""Reading the rates that amounts are shown by."""

from datetime import date
from decimal import Decimal
from time import monotonic

from sqlalchemy import Select, func, select

from app.currencies.rules import PLACES, Rates
from db.models import ExchangeRate
from db.session import Database
from db.statements import Reader, Statement

# So long a process shows rates that are not the latest any more; they change once a day.
FRESH_SECONDS = 60.0


class CurrentRates:
    """The latest day's rates, remembered by this process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rates: Rates | None = None
        self._until = 0.0

    async def get(self) -> Rates | None:
        """The rates; None while there are none."""
        if monotonic() >= self._until:
            self._rates = await latest(self._db)
            self._until = monotonic() + FRESH_SECONDS
        return self._rates


async def latest(reader: Reader) -> Rates | None:
    """The rates of the last day that has any, however long ago that is."""
    found = await _LATEST.fetch(reader)
    if not found:
        return None
    return Rates(found[0][0], {currency: int(rate.scaleb(PLACES)) for _, currency, rate in found})


def _select() -> Select[date, str, Decimal]:
    newest = select(func.max(ExchangeRate.day)).scalar_subquery()
    return select(ExchangeRate.day, ExchangeRate.currency, ExchangeRate.minor_per_euro).where(
        ExchangeRate.day == newest
    )


_LATEST: Statement[tuple[date, str, Decimal]] = Statement(lambda *values: values, _select)
