"""Walks and differences as rows: begun, noted, resolved. Each function runs in a transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import and_, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.ids import new_id
from app.reconciliation import rules
from app.reconciliation.rules import Found, Side
from db.enums import (
    DifferenceResolution,
    DifferenceSubject,
    PaymentProvider,
    ReconciliationStep,
)
from db.models import Difference, Payment, Reconciliation, Sighting
from db.rows import columns

# Longer than a page may take; then somebody else goes on.
CLAIMED_FOR = timedelta(minutes=2)


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """A walk as it stands; see db.models.Reconciliation for the fields."""

    id: UUID
    provider: PaymentProvider
    since: datetime
    until: datetime
    step: ReconciliationStep
    cursor: str | None
    looked_at: int
    started_at: datetime


_WALK = columns(Reconciliation, Walk)


async def begin(session: AsyncSession, provider: PaymentProvider, now: datetime) -> UUID:
    """Begin a walk through a provider's lists; returns it, or the one that is under way."""
    last = await session.scalar(
        select(func.max(Reconciliation.until)).where(
            Reconciliation.provider == provider, Reconciliation.finished_at.is_not(None)
        )
    )
    first = await session.scalar(
        select(func.min(Payment.created_at)).where(Payment.provider == provider)
    )
    since, until = rules.window(last, first, now)
    await session.execute(
        insert(Reconciliation)
        .values(
            id=new_id(),
            provider=provider,
            since=since,
            until=until,
            step=ReconciliationStep.CHARGES,
            started_at=now,
        )
        .on_conflict_do_nothing(
            index_elements=["provider"], index_where=Reconciliation.finished_at.is_(None)
        )
    )
    found = await session.execute(
        select(Reconciliation.id).where(
            Reconciliation.provider == provider, Reconciliation.finished_at.is_(None)
        )
    )
    walk_id: UUID = found.scalar_one()
    return walk_id


async def claim(session: AsyncSession, walk_id: UUID, now: datetime) -> Walk | None:
    """Be the one who walks, for two minutes; None: somebody else does, or it is done."""
    row = (
        await session.execute(
            update(Reconciliation)
            .where(
                Reconciliation.id == walk_id,
                Reconciliation.finished_at.is_(None),
                or_(Reconciliation.claimed_until.is_(None), Reconciliation.claimed_until < now),
            )
            .values(claimed_until=now + CLAIMED_FOR)
            .returning(*_WALK)
        )
    ).one_or_none()
    return None if row is None else msgspec.convert(row._asdict(), Walk)


async def step_on(
    session: AsyncSession,
    walk: Walk,
    seen: Collection[tuple[DifferenceSubject, UUID]],
    following: tuple[ReconciliationStep, str | None],
    looked_at: int,
    now: datetime,
) -> Walk:
    """Keep what a page has shown, and where the next one is; returns the walk as it stands."""
    if seen:
        await session.execute(
            insert(Sighting)
            .values(
                [
                    {"reconciliation_id": walk.id, "subject": subject, "object_id": object_id}
                    for subject, object_id in seen
                ]
            )
            .on_conflict_do_nothing()
        )
    step, cursor = following
    done = step is ReconciliationStep.DONE
    if done:
        await session.execute(delete(Sighting).where(Sighting.reconciliation_id == walk.id))
    row = (
        await session.execute(
            update(Reconciliation)
            .where(Reconciliation.id == walk.id)
            .values(
                step=step,
                cursor=cursor,
                looked_at=Reconciliation.looked_at + looked_at,
                claimed_until=None if done else now + CLAIMED_FOR,
                finished_at=now if done else None,
            )
            .returning(*_WALK)
        )
    ).one()
    return msgspec.convert(row._asdict(), Walk)


async def let_go(session: AsyncSession, walk_id: UUID) -> None:
    """Somebody else may go on."""
    await session.execute(
        update(Reconciliation).where(Reconciliation.id == walk_id).values(claimed_until=None)
    )


async def note(
    session: AsyncSession,
    provider: PaymentProvider,
    subject: DifferenceSubject,
    key: str,
    object_id: UUID | None,
    found: Sequence[Found],
    ours: Side | None,
    theirs: Side | None,
    now: datetime,
) -> list[UUID]:
    """Keep what differs of an object: one open row per currency, however often it is met.

    What differed before and does not any more is resolved. Returns the open rows.
    """
    open_rows = []
    for each in found:
        values = {
            "kind": each.kind,
            "ours": "nothing" if ours is None else ours.told,
            "theirs": "nothing" if theirs is None else theirs.told,
            "ours_minor": each.ours_minor,
            "theirs_minor": each.theirs_minor,
            "last_seen_at": now,
        }
        made = insert(Difference).values(
            id=new_id(),
            provider=provider,
            subject=subject,
            key=key,
            object_id=object_id,
            currency=each.currency,
            first_seen_at=now,
            **values,
        )
        drift = made.excluded.theirs_minor - made.excluded.ours_minor
        same = drift == Difference.theirs_minor - Difference.ours_minor
        # A staff member's word was about what it was then; and a balance is believed to be wrong
        # only once it has been wrong by the same amount for a while.
        is_balance = Difference.subject == DifferenceSubject.BALANCE
        open_rows.append(
            await session.scalar(
                made.on_conflict_do_update(
                    index_elements=["provider", "subject", "key", "currency"],
                    index_where=Difference.resolved_at.is_(None),
                    set_={
                        **values,
                        "released_at": case((same, Difference.released_at)),
                        "release_reason": case((same, Difference.release_reason)),
                        "first_seen_at": case(
                            (and_(is_balance, ~same), now), else_=Difference.first_seen_at
                        ),
                    },
                ).returning(Difference.id)
            )
        )
    await resolve(
        session,
        provider,
        subject,
        [key],
        DifferenceResolution.AGREED,
        now,
        still={each.currency for each in found},
    )
    return [each for each in open_rows if each is not None]


async def resolve(
    session: AsyncSession,
    provider: PaymentProvider,
    subject: DifferenceSubject,
    keys: Collection[str],
    resolution: DifferenceResolution,
    now: datetime,
    *,
    still: Collection[str] = (),
) -> None:
    """Objects do not differ any more, but in the currencies of `still`."""
    await session.execute(
        update(Difference)
        .where(
            Difference.provider == provider,
            Difference.subject == subject,
            Difference.key.in_(keys),
            Difference.currency.not_in(still),
            Difference.resolved_at.is_(None),
        )
        .values(resolved_at=now, resolution=resolution, last_seen_at=now)
    )


async def close(
    session: AsyncSession, difference_id: UUID, resolution: DifferenceResolution, now: datetime
) -> None:
    """One difference is resolved."""
    await session.execute(
        update(Difference)
        .where(Difference.id == difference_id, Difference.resolved_at.is_(None))
        .values(resolved_at=now, resolution=resolution)
    )


async def claim_return(session: AsyncSession, difference_id: UUID, now: datetime) -> bool:
    """Be the only one who gives an unknown charge back, for two minutes."""
    claimed = await session.scalar(
        update(Difference)
        .where(
            Difference.id == difference_id,
            Difference.resolved_at.is_(None),
            or_(Difference.claimed_until.is_(None), Difference.claimed_until < now),
        )
        .values(claimed_until=now + CLAIMED_FOR)
        .returning(Difference.id)
    )
    return claimed is not None
