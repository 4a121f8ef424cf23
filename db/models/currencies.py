"""What currencies are worth in each other, day by day."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Currency


class ExchangeRate(Base):
    """How many minor units of a currency a euro was worth on a day; for the euro itself, 100.

    So an amount in one currency is `amount × rate of the other ÷ rate of its own` in the other,
    whatever their decimals. A day has all its rates or none.
    """

    __tablename__ = "exchange_rates"
    __table_args__ = (CheckConstraint("minor_per_euro > 0", name="rate"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    minor_per_euro: Mapped[Decimal] = mapped_column(Numeric(28, 12))
    # Who said so: app.currencies.sources.
    source: Mapped[str]
    fetched_at: Mapped[datetime] = mapped_column(server_default=func.now())
