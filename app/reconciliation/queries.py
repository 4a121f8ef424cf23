"""Reading what differs, for staff, for metrics and for the log."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.money import Money
from app.payments.holds import holds_payouts
from db.models import Difference, Reconciliation

Reader = AsyncConnection | AsyncSession


class DifferenceRow(msgspec.Struct, frozen=True):
    """What a provider and the books say otherwise."""

    id: UUID
    provider: str
    subject: str
    kind: str
    key: str
    object_id: UUID | None
    currency: str
    ours: str
    theirs: str
    ours_minor: int
    theirs_minor: int
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    resolution: str | None
    released_at: datetime | None
    release_reason: str | None
    failure_code: str | None

    @property
    def drift(self) -> Money:
        """So much more the provider holds than the books say."""
        return Money(self.theirs_minor - self.ours_minor, self.currency)


class WalkRow(msgspec.Struct, frozen=True):
    """A walk through a provider's lists."""

    id: UUID
    provider: str
    since: datetime
    until: datetime
    step: str
    looked_at: int
    started_at: datetime
    finished_at: datetime | None


class Hold(msgspec.Struct, frozen=True):
    """Payouts of a provider and currency that wait, and by how much the books are off."""

    provider: str
    currency: str
    drift_minor: int
    differences: int

    @property
    def drift(self) -> Money:
        """So much more the provider holds than the books say."""
        return Money(self.drift_minor, self.currency)


_COLUMNS = tuple(getattr(Difference, name) for name in DifferenceRow.__struct_fields__)


async def differences(
    reader: Reader, resolved: bool | None, first: int, after: UUID | None
) -> list[DifferenceRow]:
    """What differs, or has differed, newest first, older than the one `after`."""
    query = select(*_COLUMNS).where(_is(resolved)).order_by(Difference.id.desc()).limit(first)
    if after is not None:
        query = query.where(Difference.id < after)
    return [DifferenceRow(*row) for row in await reader.execute(query)]


async def count(reader: Reader, resolved: bool | None) -> int:
    """How much differs, or has differed."""
    total = await reader.scalar(select(func.count()).select_from(Difference).where(_is(resolved)))
    return int(total or 0)


def _is(resolved: bool | None) -> ColumnElement[bool]:
    at = Difference.resolved_at
    if resolved is None:
        return true()
    return at.is_not(None) if resolved else at.is_(None)


async def holds(reader: Reader) -> list[Hold]:
    """Where payouts wait."""
    found = await reader.execute(
        select(
            Difference.provider,
            Difference.currency,
            func.sum(Difference.theirs_minor - Difference.ours_minor),
            func.count(),
        )
        .where(holds_payouts())
        .group_by(Difference.provider, Difference.currency)
        .order_by(Difference.provider, Difference.currency)
    )
    return [Hold(provider, code, int(drift), count) for provider, code, drift, count in found]


async def told(reader: Reader, limit: int = 100) -> list[str]:
    """What is open, a line each, the oldest first."""
    found = await reader.execute(
        select(
            Difference.provider,
            Difference.kind,
            Difference.key,
            Difference.ours,
            Difference.theirs,
            Difference.first_seen_at,
        )
        .where(Difference.resolved_at.is_(None))
        .order_by(Difference.first_seen_at, Difference.id)
        .limit(limit)
    )
    return [
        f"{row.provider} {row.kind} {row.key}: we say {row.ours}; they say {row.theirs};"
        f" since {row.first_seen_at:%Y-%m-%d %H:%M}"
        for row in found
    ]


async def open_count(reader: Reader) -> dict[str, int]:
    """How many differences are open, by provider."""
    found = await reader.execute(
        select(Difference.provider, func.count())
        .where(Difference.resolved_at.is_(None))
        .group_by(Difference.provider)
    )
    return {str(provider): int(count) for provider, count in found}


async def last_walks(reader: Reader) -> list[WalkRow]:
    """The last walk through each provider's lists."""
    names = WalkRow.__struct_fields__
    found = await reader.execute(
        select(*(getattr(Reconciliation, name) for name in names))
        .order_by(Reconciliation.provider, Reconciliation.until.desc())
        .ext(distinct_on(Reconciliation.provider))
    )
    return [WalkRow(*row) for row in found]
