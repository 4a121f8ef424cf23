"""Walking through a provider's lists and comparing each page with our rows and the books.

Every page is asked for outside of any transaction, and what it has shown is kept with the place of
the next one: killed anywhere, the walk goes on there, and doing a page twice changes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select

from app.payments.errors import ProviderUnavailable
from app.payments.provider import Page, Provider, Providers
from app.reconciliation import balances, examining, matching, queries, rules, service
from app.reconciliation.service import Walk
from db.enums import DifferenceSubject, PaymentProvider, ReconciliationStep
from db.models import Difference, Reconciliation
from db.session import Database

log = structlog.get_logger(__name__)

Step, Subject = ReconciliationStep, DifferenceSubject
ORDER = tuple(Step)
PAGE = 200


async def reconcile(db: Database, providers: Providers, now: datetime) -> None:
    """Compare everything with every provider, from where the last walk ended to now."""
    for provider in providers.values():
        walk_id = await db.run(partial(service.begin, provider=provider.name, now=now))
        await walk(db, provider, walk_id, now)


async def begin_due(db: Database, providers: Providers, now: datetime) -> None:
    """Begin a walk through the lists of every provider that none has begun for since the night."""
    night = rules.last_night(now)
    async with db.read() as connection:
        rows = await connection.scalars(
            select(Reconciliation.provider).where(Reconciliation.started_at >= night)
        )
        begun = set(rows)
    for name in providers:
        if name not in begun:
            await db.run(partial(service.begin, provider=name, now=now))


async def recheck(db: Database, providers: Providers, now: datetime) -> None:
    """Look again at all that differs, and at the balances where they did."""
    async with db.read() as connection:
        rows = await connection.execute(
            select(Difference.provider, Difference.subject)
            .where(Difference.resolved_at.is_(None))
            .distinct()
        )
        differing = {(PaymentProvider(row.provider), row.subject) for row in rows}
    for name in {provider for provider, _ in differing} & providers.keys():
        provider, after = providers[name], None
        while True:
            after = await look_again(db, provider, now, after, now)
            if after is None:
                break
        if (name, DifferenceSubject.BALANCE) in differing:
            try:
                await balances.compare(db, provider, now)
            except ProviderUnavailable as error:
                log.warning("a balance could not be asked for", provider=name, why=str(error))


async def walk(
    db: Database,
    provider: Provider,
    walk_id: UUID,
    now: datetime,
    *,
    until: Callable[[], bool] = lambda: False,
) -> bool:
    """Go on with a walk page by page; returns whether it is done.

    `until` is asked after each page whether to stop for now. Raises ProviderUnavailable.
    """
    standing = await db.run(lambda session: service.claim(session, walk_id, now))
    if standing is None:
        return False
    try:
        while standing.step is not Step.DONE and not until():
            standing = await STEPS[standing.step](db, provider, standing, now)
    finally:
        await db.run(lambda session: service.let_go(session, walk_id))
    if standing.step is not Step.DONE:
        return False
    log.info("reconciled", provider=provider.name, objects=standing.looked_at)
    return True


async def resume(
    db: Database, providers: Providers, now: datetime, until: Callable[[], bool]
) -> None:
    """Go on with the walks that are under way. One whose provider does not answer waits for the
    next time, and holds up no other.
    """
    async with db.read() as connection:
        rows = await connection.execute(
            select(Reconciliation.id, Reconciliation.provider).where(
                Reconciliation.finished_at.is_(None)
            )
        )
        running = [(row.id, PaymentProvider(row.provider)) for row in rows]
    for walk_id, name in running:
        if name not in providers:
            continue
        try:
            await walk(db, providers[name], walk_id, now, until=until)
        except ProviderUnavailable as error:
            log.warning("a reconciliation has to wait", provider=name, why=str(error))


async def _listed(
    listing: str, db: Database, provider: Provider, standing: Walk, now: datetime
) -> Walk:
    """Compare one page of a list with what we have."""
    fetch: Callable[..., Awaitable[Page[Any]]] = getattr(provider, listing)
    page = await fetch(standing.since, standing.until, standing.cursor)
    objects = [matching.shown(thing) for thing in page.items]
    seen = await examining.examine(db, provider, objects, now)
    following = (standing.step, page.next) if page.next else (_next(standing.step), None)
    count = len(objects)
    return await db.run(
        lambda session: service.step_on(session, standing, seen, following, count, now)
    )


def _next(step: ReconciliationStep) -> ReconciliationStep:
    return ORDER[ORDER.index(step) + 1]


async def _missing(db: Database, provider: Provider, standing: Walk, now: datetime) -> Walk:
    """Look at our own rows that no list had; the cursor is `subject:row`."""
    name, _, after = (standing.cursor or f"{Subject.CHARGE}:").partition(":")
    subject = Subject(name)
    async with db.read() as connection:
        rows = await matching.absent(
            connection,
            provider.name,
            subject,
            standing.id,
            standing.since,
            standing.until,
            UUID(after) if after else None,
            PAGE,
        )
        sides = [await matching.side_of(connection, provider.name, subject, row) for row in rows]
    for row, side in zip(rows, sides, strict=True):
        found = rules.compare(subject, side, None)
        await db.run(
            partial(
                service.note,
                provider=provider.name,
                subject=subject,
                key=row.key or str(row.id),
                object_id=row.id,
                found=found,
                ours=side,
                theirs=None,
                now=now,
            )
        )
    subjects = list(matching.SOURCES)
    following: tuple[ReconciliationStep, str | None]
    if len(rows) == PAGE:
        following = (standing.step, f"{subject}:{rows[-1].id}")
    elif subject is not subjects[-1]:
        following = (standing.step, f"{subjects[subjects.index(subject) + 1]}:")
    else:
        following = (_next(standing.step), None)
    return await db.run(
        lambda session: service.step_on(session, standing, [], following, len(rows), now)
    )


async def _reopened(db: Database, provider: Provider, standing: Walk, now: datetime) -> Walk:
    """Look again at what differed before and was in no list of this walk."""
    after = UUID(standing.cursor) if standing.cursor else None
    last = await look_again(db, provider, standing.started_at, after, now)
    following = (_next(standing.step), None) if last is None else (standing.step, str(last))
    return await db.run(lambda session: service.step_on(session, standing, [], following, 0, now))


async def look_again(
    db: Database, provider: Provider, before: datetime, after: UUID | None, now: datetime
) -> UUID | None:
    """Ask about objects that differ and were last looked at before then; returns the last row of
    a full page. What the provider does not show stays as it is.
    """
    async with db.read() as connection:
        rows = (
            await connection.execute(
                select(Difference.id, Difference.subject, Difference.key)
                .where(
                    Difference.provider == provider.name,
                    Difference.subject.in_(list(matching.SOURCES)),
                    Difference.resolved_at.is_(None),
                    Difference.last_seen_at < before,
                    *([] if after is None else [Difference.id > after]),
                )
                .order_by(Difference.id)
                .limit(PAGE)
            )
        ).all()
    for row in rows:
        retrieve = {
            Subject.CHARGE: provider.retrieve_charge,
            Subject.REFUND: provider.retrieve_refund,
            Subject.TRANSFER: provider.retrieve_transfer,
            Subject.DISPUTE: provider.retrieve_dispute,
        }[Subject(row.subject)]
        try:
            thing: Any = await retrieve(row.key)
        except ProviderUnavailable as error:
            log.info("a difference could not be looked at", object=row.key, why=str(error))
            continue
        await examining.examine(db, provider, [matching.shown(thing)], now)
    return rows[-1].id if len(rows) == PAGE else None


async def _balances(db: Database, provider: Provider, standing: Walk, now: datetime) -> Walk:
    await balances.compare(db, provider, now)
    await _tell(db, provider)
    return await db.run(
        lambda session: service.step_on(session, standing, [], (Step.DONE, None), 0, now)
    )


async def _tell(db: Database, provider: Provider) -> None:
    """Whoever watches the log is told of what holds payouts."""
    async with db.read() as connection:
        for held in await queries.holds(connection):
            if held.provider == provider.name:
                log.error(
                    "payouts wait: what the provider holds is not what the books say",
                    provider=held.provider,
                    currency=held.currency,
                    drift_minor=held.drift_minor,
                    differences=held.differences,
                )


STEPS: Mapping[
    ReconciliationStep, Callable[[Database, Provider, Walk, datetime], Awaitable[Walk]]
] = {
    Step.CHARGES: partial(_listed, "list_charges"),
    Step.REFUNDS: partial(_listed, "list_refunds"),
    Step.TRANSFERS: partial(_listed, "list_transfers"),
    Step.DISPUTES: partial(_listed, "list_disputes"),
    Step.MOVEMENTS: partial(_listed, "list_movements"),
    Step.MISSING: _missing,
    Step.OPEN: _reopened,
    Step.BALANCES: _balances,
}
