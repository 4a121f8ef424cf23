"""Whether payouts wait because what a provider holds for us is not what the books say."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from db.enums import DifferenceSubject, PaymentProvider
from db.models import Difference

# Between two looks at a balance that both find the same: the books move while it is asked for.
CONFIRMED_AFTER = timedelta(minutes=5)


def holds_payouts() -> ColumnElement[bool]:
    """Whether a difference is money that is there or not, and nobody has let payouts go on."""
    return and_(
        Difference.resolved_at.is_(None),
        Difference.released_at.is_(None),
        Difference.theirs_minor != Difference.ours_minor,
        or_(
            Difference.subject != DifferenceSubject.BALANCE,
            Difference.last_seen_at >= Difference.first_seen_at + CONFIRMED_AFTER,
        ),
    )


def is_held(provider: Any, currency: Any) -> ColumnElement[bool]:
    """The same of a provider and a currency, which may be columns."""
    return exists().where(
        Difference.provider == provider, Difference.currency == currency, holds_payouts()
    )


async def payouts_are_held(
    reader: AsyncConnection | AsyncSession, provider: PaymentProvider, currency: str
) -> bool:
    """Whether payouts of a provider and currency wait. Others go on."""
    return bool(await reader.scalar(select(is_held(provider, currency))))
