"""What staff do about differences. Each leaves a line in their trail, with the reason."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.errors import Invalid, NotFound
from app.identity import staff
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.outbox import emit
from app.payments.holds import holds_payouts
from app.reconciliation import service
from app.reconciliation.events import ReconciliationRequested
from db.enums import DifferenceResolution, PaymentProvider, StaffActionKind
from db.models import Difference


async def start(
    session: AsyncSession, actor: Actor, provider: PaymentProvider, reason: str, now: datetime
) -> UUID:
    """Compare the books with a provider now; returns the walk, or the one that is under way.

    Raises NotFound, Invalid.
    """
    walk_id = await service.begin(session, provider, now)
    kind = StaffActionKind.RECONCILIATION_STARTED
    await staff.act(session, actor, kind, None, object_id=walk_id, reason=reason, now=now)
    await emit(session, ReconciliationRequested(provider=provider))
    return walk_id


async def release(
    session: AsyncSession,
    actor: Actor,
    provider: PaymentProvider,
    currency: str,
    reason: str,
    now: datetime,
) -> None:
    """Let payouts of a provider and currency go on in spite of what differs now.

    What differs later, or by another amount, holds them again. Raises NotFound, Invalid.
    """
    await staff.act(session, actor, StaffActionKind.PAYOUTS_RELEASED, None, reason=reason, now=now)
    released = await session.scalars(
        update(Difference)
        .where(Difference.provider == provider, Difference.currency == currency, holds_payouts())
        .values(released_at=now, release_reason=reason.strip())
        .returning(Difference.id)
    )
    if not released.all():
        raise Invalid("No payouts wait at this provider in this currency.", field="currency")


async def book(
    session: AsyncSession, actor: Actor, difference_id: UUID, reason: str, now: datetime
) -> None:
    """Bring the books to what the provider says, by a correction against money of unknown owners.

    Raises NotFound, and Invalid when there is nothing to book.
    """
    kind = StaffActionKind.DIFFERENCE_BOOKED
    await staff.act(session, actor, kind, None, object_id=difference_id, reason=reason, now=now)
    row = (
        await session.execute(
            select(
                Difference.provider,
                Difference.currency,
                Difference.ours_minor,
                Difference.theirs_minor,
                Difference.return_minor,
            )
            .where(Difference.id == difference_id, Difference.resolved_at.is_(None))
            .with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such difference, or it is resolved.")
    drift = row.theirs_minor - row.ours_minor
    if drift == 0:
        raise Invalid(
            "This money is on its way back to where it came from."
            if row.return_minor
            else "The books and the provider have moved the same money.",
            field="differenceId",
        )
    provider = PaymentProvider(row.provider)
    await ledger.post(
        session, entries.correction(difference_id, provider, row.currency, drift), now
    )
    await service.close(session, difference_id, DifferenceResolution.BOOKED, now)
