"""The inbox of providers' webhooks: stored before they are answered, processed afterwards.

A webhook is only a hint that something happened. What is true is asked for, so that late,
duplicate and reordered ones do no harm.
"""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.errors import NotFound
from app.ids import new_id
from app.outbox import emit
from app.payments import flows, service, settle
from app.payments.errors import NotOurs, UnknownObject
from app.payments.events import PayoutEventReceived, ProviderEventReceived
from app.payments.provider import Provider, Providers, Subject, Webhook
from db.enums import PaymentProvider
from db.models import ProviderEvent
from db.session import Database

log = structlog.get_logger(__name__)

EVENTS = {
    Subject.CHARGE: ProviderEventReceived,
    Subject.REFUND: ProviderEventReceived,
    Subject.REFUNDS: ProviderEventReceived,
    Subject.DISPUTE: ProviderEventReceived,
    Subject.ACCOUNT: PayoutEventReceived,
    Subject.TRANSFER: PayoutEventReceived,
}


async def receive(db: Database, provider: Provider, raw: bytes, headers: Mapping[str, str]) -> None:
    """Verify a webhook and keep it; answer 200 once this returns. One seen before is fine.

    `raw` is the body as it came, `headers` have names in lower case. Raises InvalidWebhook.
    """
    webhook = provider.parse_webhook(raw, headers)
    event = EVENTS.get(webhook.subject)
    row_id = new_id()
    async with db.transaction() as session:
        fresh = await session.scalar(
            insert(ProviderEvent)
            .values(
                id=row_id,
                provider=provider.name,
                event_id=webhook.event_id,
                type=webhook.type,
                body=raw,
                processed_at=None if event else clock.now(),
            )
            .on_conflict_do_nothing(index_elements=["provider", "event_id"])
            .returning(ProviderEvent.id)
        )
        if fresh is not None and event is not None:
            await emit(session, event(event_id=row_id))


async def process_event(db: Database, providers: Providers, event_id: UUID) -> None:
    """Settle the charge, refund or dispute that a stored webhook is about.

    Raises:
        UnknownObject: our row is not there yet; the task tries again.
        ProviderUnavailable: the provider does not say how things stand.
        NotOurs: the object is not what we asked for; somebody has to look.
    """
    opened = await unprocessed(db, providers, event_id)
    if opened is None:
        return
    provider, webhook = opened
    if webhook.subject is Subject.CHARGE:
        await _process_charge(db, provider, event_id, webhook)
    elif webhook.subject is Subject.DISPUTE:
        await _process_dispute(db, provider, event_id, webhook)
    elif webhook.subject is Subject.REFUNDS:
        await _process_refunds(db, provider, event_id, webhook)
    else:
        await _process_refund(db, provider, event_id, webhook)


async def unprocessed(
    db: Database, providers: Providers, event_id: UUID
) -> tuple[Provider, Webhook] | None:
    """A stored webhook and its provider; None when its work is done."""
    async with db.read() as connection:
        row = (
            await connection.execute(
                select(ProviderEvent.provider, ProviderEvent.body).where(
                    ProviderEvent.id == event_id, ProviderEvent.processed_at.is_(None)
                )
            )
        ).one_or_none()
    if row is None:
        return None
    provider = providers[PaymentProvider(row.provider)]
    return provider, provider.read_webhook(row.body)


async def mark_processed(session: AsyncSession, event_id: UUID) -> None:
    """A webhook's work is done, in the transaction that does it.

    Its words are about people, and nothing needs them any more; its id keeps it from coming twice.
    """
    await session.execute(
        update(ProviderEvent)
        .where(ProviderEvent.id == event_id, ProviderEvent.processed_at.is_(None))
        .values(processed_at=clock.now(), body=b"")
    )


async def _process_charge(
    db: Database, provider: Provider, event_id: UUID, webhook: Webhook
) -> None:
    charge = await provider.retrieve_charge(webhook.object_id)
    payment_id = charge.payment_id
    if payment_id is None:
        async with db.read() as connection:
            if await service.find_id(connection, provider.name, charge.provider_id) is not None:
                raise NotOurs(f"{charge.provider_id} has lost its metadata")
        # Another product on the same provider account; our own always carry our id.
        await skip(db, event_id, webhook)
        return

    async def settle_it(session: AsyncSession) -> None:
        try:
            await settle.settle_charge(
                session, payment_id, charge, live=provider.live, now=clock.now()
            )
        except NotFound as error:
            raise UnknownObject(f"no payment {payment_id} yet for {webhook.object_id}") from error
        await mark_processed(session, event_id)

    await db.run(settle_it)


async def _process_refund(
    db: Database, provider: Provider, event_id: UUID, webhook: Webhook
) -> None:
    shown = await provider.retrieve_refund(webhook.object_id)
    refund_id = shown.refund_id
    if refund_id is None:
        # Made by hand at the provider: for the reconciliation to report.
        await skip(db, event_id, webhook)
        return

    async def settle_it(session: AsyncSession) -> None:
        try:
            await settle.settle_refund(session, refund_id, shown, clock.now())
        except NotFound as error:
            raise UnknownObject(f"no refund {refund_id} yet for {webhook.object_id}") from error
        await mark_processed(session, event_id)

    await db.run(settle_it)


async def _process_dispute(
    db: Database, provider: Provider, event_id: UUID, webhook: Webhook
) -> None:
    if not await flows.sync_dispute(db, provider, webhook.object_id):
        await skip(db, event_id, webhook)
        return
    async with db.transaction() as session:
        await mark_processed(session, event_id)


async def _process_refunds(
    db: Database, provider: Provider, event_id: UUID, webhook: Webhook
) -> None:
    """Ask about every refund of a charge that is under way."""
    async with db.read() as connection:
        payment_id = await service.find_id(connection, provider.name, webhook.object_id)
        refunds = await service.pending_refunds(connection, payment_id) if payment_id else []
    if payment_id is None:
        # Another product on the same provider account: we refund only what we know we took.
        await skip(db, event_id, webhook)
        return
    for refund in refunds:
        if refund.provider_refund_id is None:
            raise UnknownObject(f"refund {refund.id} is not noted yet")
        shown = await provider.retrieve_refund(refund.provider_refund_id)
        await db.run(
            partial(settle.settle_refund, refund_id=refund.id, shown=shown, now=clock.now())
        )
    async with db.transaction() as session:
        await mark_processed(session, event_id)


async def skip(db: Database, event_id: UUID, webhook: Webhook) -> None:
    """Put a webhook aside that is about nothing of ours."""
    log.warning("a webhook about nothing of ours", type=webhook.type, object=webhook.object_id)
    async with db.transaction() as session:
        await mark_processed(session, event_id)
