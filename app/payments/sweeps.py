"""What no event announced: webhooks that never came, refunds whose task died."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy import select, update

from app.payments import disputes, flows
from app.payments.provider import Providers
from app.payments.rules import UNSETTLED
from db.enums import PaymentProvider, PaymentStatus, RefundStatus
from db.models import Payment, Refund
from db.session import Database

T = TypeVar("T")

log = structlog.get_logger(__name__)

# A payment that nobody was heard about for so long is asked about.
ASK_AFTER = timedelta(seconds=20)
STUCK_AFTER = timedelta(minutes=1)
# A page that was left open can be paid on for so long, and is asked about so often.
PAYABLE_FOR = timedelta(hours=24)
ASK_AGAIN_AFTER = timedelta(minutes=5)
# Banks take weeks to decide.
ASK_DISPUTED_AFTER = timedelta(hours=1)
BATCH = 100
AT_ONCE = 8


async def sync_unsettled(db: Database, providers: Providers, now: datetime) -> int:
    """Ask the provider about payments that are under way, oldest news first; returns how many.

    Those that are not wanted any more are voided. Several workers share the work.
    """
    stale = (
        select(Payment.id)
        .where(
            Payment.status.in_(UNSETTLED),
            Payment.updated_at < now - ASK_AFTER,
            Payment.provider_payment_id.is_not(None),
        )
        .order_by(Payment.updated_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True)
    )
    async with db.transaction() as session:
        # Touched first: one that fails goes to the end of the line, and no worker asks twice.
        claimed = await session.execute(
            update(Payment)
            .where(Payment.id.in_(stale))
            .values(updated_at=now)
            .returning(Payment.id, Payment.void_requested_at)
        )
        unwanted = {payment_id: since is not None for payment_id, since in claimed}

    async def settle(payment_id: UUID) -> None:
        act = flows.void if unwanted[payment_id] else flows.sync
        await act(db, providers, payment_id)

    await each(unwanted, settle)
    return len(unwanted)


async def ask_given_up(db: Database, providers: Providers, now: datetime) -> int:
    """Ask about payments that were given up and could be paid all the same; returns how many.

    Only of providers that cannot close a charge. Whoever was on their page may have paid after
    the hold was over, and no webhook told of it.
    """
    open_ended = [name for name, provider in providers.items() if not provider.closes_charges]
    stale = (
        select(Payment.id)
        .where(
            Payment.status == PaymentStatus.CANCELLED,
            Payment.provider.in_(open_ended),
            Payment.provider_payment_id.is_not(None),
            Payment.void_requested_at > now - PAYABLE_FOR,
            Payment.updated_at < now - ASK_AGAIN_AFTER,
        )
        .order_by(Payment.updated_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True)
    )
    async with db.transaction() as session:
        claimed = await session.scalars(
            update(Payment)
            .where(Payment.id.in_(stale))
            .values(updated_at=now)
            .returning(Payment.id)
        )
        given_up = claimed.all()
    await each(given_up, partial(flows.void, db, providers))
    return len(given_up)


async def retry_refunds(db: Database, providers: Providers, now: datetime) -> int:
    """Take up refunds that have been pending for more than a minute; returns how many."""
    async with db.read() as connection:
        stuck = await connection.scalars(
            select(Refund.id)
            .where(Refund.status == RefundStatus.PENDING, Refund.created_at < now - STUCK_AFTER)
            .order_by(Refund.created_at)
            .limit(BATCH)
        )
        refund_ids = stuck.all()
    await each(refund_ids, partial(flows.refund, db, providers))
    return len(refund_ids)


async def ask_disputed(db: Database, providers: Providers, now: datetime) -> int:
    """Ask about disputes that are not decided, as far as nobody was heard about them lately.

    Returns how many.
    """
    async with db.read() as connection:
        stale = await disputes.stale(connection, now - ASK_DISPUTED_AFTER, BATCH)

    async def ask(dispute: tuple[PaymentProvider, str]) -> None:
        name, provider_id = dispute
        await flows.sync_dispute(db, providers[name], provider_id)

    await each(stale, ask)
    return len(stale)


async def each(subjects: Iterable[T], act: Callable[[T], Awaitable[object]]) -> None:
    """Do it for all, a few at once; one that fails is logged and holds up no other."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def attempt(subject: T) -> None:
        async with slots:
            try:
                await act(subject)
            except Exception as error:
                log.warning("a sweep could not settle one", subject=str(subject), why=repr(error))

    await asyncio.gather(*map(attempt, subjects))
