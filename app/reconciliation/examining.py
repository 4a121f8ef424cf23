"""Comparing objects of a provider with what we have of them, and what follows from it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import select

from app.payments.provider import (
    Charge,
    Movement,
    Provider,
    ProviderRefund,
)
from app.reconciliation import healing, matching, rules, service
from app.reconciliation.matching import Known, Shown
from app.reconciliation.rules import Found
from db.enums import DifferenceResolution, DifferenceSubject, PaymentProvider
from db.models import Difference
from db.session import Database

log = structlog.get_logger(__name__)

Subject = DifferenceSubject


class Open(msgspec.Struct, frozen=True):
    """A difference that is open: its row, and whether an unknown charge is on its way back."""

    id: UUID
    is_returning: bool


async def examine(
    db: Database, provider: Provider, objects: Sequence[Shown], now: datetime
) -> list[tuple[DifferenceSubject, UUID]]:
    """Compare objects of one kind with what we have, and make good what is safe.

    Returns which of our rows they are.
    """
    if not objects:
        return []
    async with db.read() as connection:
        known = await matching.known(connection, provider.name, objects)
        opened = await _open(connection, provider.name, objects[0].subject, list(known))
    rows = {one.key: known[one.key].object_id for one in objects}
    for one in objects:
        ours = known[one.key]
        if not rules.is_settled(one.created_at, now):
            continue
        found = rules.compare(one.subject, ours.side, one.side)
        if ours.by_hand and not rules.drifts(found):
            # Somebody has seen it, and has brought the books to it.
            found = []
        before = opened.get(one.key)
        if before is not None and before.is_returning:
            await _return(db, provider, before.id, one, now)
        elif found:
            rows[one.key] = await _differs(db, provider, one, ours, found, now)
        elif before is not None:
            resolve = partial(
                service.resolve,
                provider=provider.name,
                subject=one.subject,
                keys=[one.key],
                resolution=DifferenceResolution.AGREED,
                now=now,
            )
            await db.run(resolve)
    subject = objects[0].subject
    return [(subject, object_id) for object_id in rows.values() if object_id is not None]


async def _open(
    reader: matching.Reader,
    provider: PaymentProvider,
    subject: DifferenceSubject,
    keys: Sequence[str],
) -> Mapping[str, Open]:
    rows = await reader.execute(
        select(Difference.key, Difference.id, Difference.return_minor).where(
            Difference.provider == provider,
            Difference.subject == subject,
            Difference.key.in_(keys),
            Difference.resolved_at.is_(None),
        )
    )
    return {row.key: Open(row.id, row.return_minor > 0) for row in rows}


async def _differs(
    db: Database,
    provider: Provider,
    one: Shown,
    known: Known,
    found: list[Found],
    now: datetime,
) -> UUID | None:
    """Keep what differs, and make it good where that is safe; returns which row of ours it is."""
    if await _is_our_own_return(db, provider, one):
        return None
    noted = await _note(db, provider, one, known, found, now)
    if known.side is None or known.object_id is None:
        await _take_care_of_unknown(db, provider, one, noted, now)
        settled = one.subject is Subject.DISPUTE
        settled = settled and await healing.settle_it(db, provider, one, known, now)
    else:
        settled = await healing.settle_it(db, provider, one, known, now)
    if not settled:
        return known.object_id
    async with db.read() as connection:
        again = (await matching.known(connection, provider.name, [one]))[one.key]
    rest = rules.compare(one.subject, again.side, one.side)
    if rest:
        await _note(db, provider, one, again, rest, now)
        return again.object_id
    await db.run(
        partial(
            service.resolve,
            provider=provider.name,
            subject=one.subject,
            keys=[one.key],
            resolution=DifferenceResolution.SETTLED,
            now=now,
        )
    )
    return again.object_id


async def _is_our_own_return(db: Database, provider: Provider, one: Shown) -> bool:
    if not isinstance(one.object, ProviderRefund):
        return False
    refund = one.object
    async with db.read() as connection:
        return await matching.is_return_of(connection, provider.name, refund)


async def _note(
    db: Database,
    provider: Provider,
    one: Shown,
    known: Known,
    found: list[Found],
    now: datetime,
) -> list[UUID]:
    log.warning(
        "the provider and the books differ",
        provider=provider.name,
        subject=one.subject,
        kind=found[0].kind,
        object=one.key,
    )
    return await db.run(
        lambda session: service.note(
            session,
            provider.name,
            one.subject,
            one.key,
            known.object_id,
            found,
            known.side,
            one.side,
            now,
        )
    )


async def _take_care_of_unknown(
    db: Database, provider: Provider, one: Shown, noted: Sequence[UUID], now: datetime
) -> None:
    thing = one.object
    if not noted:
        return
    difference_id = noted[0]
    if isinstance(thing, Charge):
        await _return(db, provider, difference_id, one, now)
    elif isinstance(thing, Movement) and rules.is_plain(thing):
        await db.run(
            lambda session: healing.book_movement(session, provider, thing, difference_id, now)
        )
    elif isinstance(thing, ProviderRefund):
        async with db.read() as connection:
            of_unknown = await matching.is_unknown_charge(
                connection, provider.name, thing.charge_id
            )
        if of_unknown:
            await db.run(
                lambda session: healing.book_return_by_hand(
                    session, provider, thing, difference_id, now
                )
            )


async def _return(
    db: Database, provider: Provider, difference_id: UUID, one: Shown, now: datetime
) -> None:
    charge = one.object
    if isinstance(charge, Charge) and rules.is_orphaned(charge, now):
        await healing.return_charge(db, provider, difference_id, charge, now)
