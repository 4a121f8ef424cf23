"""Payouts between us and the provider: a transaction, a call, a transaction.

Every flow may run twice, at once, and after a crash at any point: money is sent once.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.config import Settings
from app.payments import holds, inbox
from app.payments.errors import (
    PaymentUnavailable,
    ProviderRefused,
    ProviderUnavailable,
    UnknownObject,
)
from app.payments.provider import Provider, Providers, Subject, Transfer, Webhook
from app.payments.sweeps import each
from app.payouts import accounts, dues, rules, service
from app.payouts.service import PayoutRecord
from db.enums import PaymentProvider, PayoutStatus
from db.models import Payout
from db.session import Database

log = structlog.get_logger(__name__)

HOSTS_AT_ONCE = 100


async def release_due(db: Database, settings: Settings, now: datetime) -> int:
    """Reserve a payout for every host, currency and provider with a stay whose time has come.

    Returns how many were reserved; tasks send them. Hosts without an active account wait.
    """
    async with db.read() as connection:
        tills = await service.due_tills(connection, now, HOSTS_AT_ONCE)
    reserved = 0
    for till in tills:
        terms = rules.terms(settings)
        payout_id = await db.run(partial(service.reserve, till=till, terms=terms, now=now))
        reserved += payout_id is not None
    return reserved


async def send(db: Database, providers: Providers, payout_id: UUID) -> None:
    """Transfer a reserved payout to its host, once.

    An earlier try whose outcome is unknown is asked about first. Refused by the provider, the
    payout has FAILED and the host is due the money again later. Raises PaymentUnavailable when
    the outcome is unknown; asking again is safe.
    """
    if await _waits(db, payout_id):
        return
    payout, account_id = await db.run(
        lambda session: service.count_attempt(session, payout_id, clock.now())
    )
    if payout.status is not PayoutStatus.RESERVED:
        return
    provider = providers[payout.provider]
    try:
        shown = await _transfer(provider, payout, account_id)
    except ProviderUnavailable as error:
        await db.run(
            lambda session: service.note_failure(session, payout_id, "provider_unavailable")
        )
        raise PaymentUnavailable from error
    except ProviderRefused as error:
        log.warning("a payout was refused", payout=str(payout_id), why=str(error))
        code = error.code
        await db.run(lambda session: service.refuse(session, payout_id, code, clock.now()))
        if account_id is not None:
            # Perhaps the account can receive nothing any more, and the host has to see to it.
            await accounts.sync_account(db, provider, account_id)
        return
    await db.run(lambda session: service.settle(session, payout_id, shown, clock.now()))


async def _waits(db: Database, payout_id: UUID) -> bool:
    """Whether a payout that nobody has tried to send is to wait: a sweep takes it up again."""
    async with db.read() as connection:
        found = await connection.scalar(
            select(Payout.id).where(
                Payout.id == payout_id,
                Payout.attempts == 0,
                holds.is_held(Payout.provider, Payout.currency),
            )
        )
    return found is not None


async def _transfer(provider: Provider, payout: PayoutRecord, account_id: str | None) -> Transfer:
    if payout.attempts:
        # An earlier try may have sent it. The provider forgets keys, but no transfer.
        sent = await provider.find_transfer(payout.id)
        if sent is not None:
            return sent
    if account_id is None:
        raise ProviderRefused("account_not_active", "the host's account cannot receive money")
    return await provider.transfer(
        account_id, payout.id, payout.amount_minor, payout.currency, key=f"payout:{payout.id}"
    )


async def resend_stuck(db: Database, providers: Providers, now: datetime) -> int:
    """Take up payouts whose outcome is not known after a while; returns how many."""
    async with db.read() as connection:
        stuck = await connection.scalars(
            select(Payout.id)
            .where(Payout.status == PayoutStatus.RESERVED, Payout.next_attempt_at <= now)
            .order_by(Payout.next_attempt_at)
            .limit(HOSTS_AT_ONCE)
        )
        payout_ids = stuck.all()
    await each(payout_ids, partial(send, db, providers))
    return len(payout_ids)


async def on_refund(db: Database, settings: Settings, booking_id: UUID) -> None:
    """A guest gets money back: if the host has been paid it already, it is settled again."""
    terms = rules.terms(settings)
    await db.run(lambda session: dues.settle_booking(session, booking_id, terms, clock.now()))


async def process_event(db: Database, providers: Providers, event_id: UUID) -> None:
    """Settle the account or transfer that a stored webhook is about.

    Raises UnknownObject when our row is not there yet, ProviderUnavailable when the provider does
    not say how things stand, and NotOurs when somebody has to look.
    """
    opened = await inbox.unprocessed(db, providers, event_id)
    if opened is None:
        return
    provider, webhook = opened
    if webhook.subject is Subject.ACCOUNT:
        await _process_account(db, provider, event_id, webhook)
    else:
        await _process_transfer(db, provider, event_id, webhook)


async def _process_account(
    db: Database, provider: Provider, event_id: UUID, webhook: Webhook
) -> None:
    if await accounts.sync_account(db, provider, webhook.object_id) is None:
        shown = await provider.retrieve_account(webhook.object_id)
        if await accounts.belongs_to_host(db, provider, shown):
            raise UnknownObject(f"the account {webhook.object_id} is not noted yet")
        await inbox.skip(db, event_id, webhook)
        return
    async with db.transaction() as session:
        await inbox.mark_processed(session, event_id)


async def _process_transfer(
    db: Database, provider: Provider, event_id: UUID, webhook: Webhook
) -> None:
    shown = await provider.retrieve_transfer(webhook.object_id)
    if shown.payout_id is None:
        await inbox.skip(db, event_id, webhook)
        return
    payout_id = shown.payout_id

    async def settle_it(session: AsyncSession) -> None:
        # Payouts are committed before they are sent: one that is not here is a mistake.
        await service.settle(session, payout_id, shown, clock.now())
        await inbox.mark_processed(session, event_id)

    await db.run(settle_it)


async def open_account(db: Database, providers: Providers, user_id: UUID) -> str:
    """Open a host's account, unless there is one; see app.payouts.accounts."""
    return await accounts.open_account(db, providers, user_id, PaymentProvider.STRIPE)


account_link = accounts.account_link
