"""What is safe to make good: what we did not hear of, and money that belongs to nothing."""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.payments import flows as payments
from app.payments import settle
from app.payments.errors import NotOurs, ProviderRefused, ProviderUnavailable
from app.payments.provider import (
    Charge,
    Movement,
    MovementKind,
    Provider,
    ProviderDispute,
    ProviderRefund,
)
from app.payouts import service as payouts
from app.reconciliation import service
from app.reconciliation.matching import Known, Shown
from db.enums import DifferenceResolution, RefundStatus
from db.models import Difference
from db.session import Database

log = structlog.get_logger(__name__)

# Nobody calls twice at once: see service.claim_return.
REFUND_KEY = "unknown"


async def settle_it(
    db: Database, provider: Provider, one: Shown, known: Known, now: datetime
) -> bool:
    """Bring our row up to what the provider shows, as a webhook would have. False: it cannot be.

    An object that is not what we asked for is left to people.
    """
    thing, object_id = one.object, known.object_id
    try:
        if isinstance(thing, ProviderDispute):
            return await payments.sync_dispute(db, provider, thing.provider_id)
        if object_id is None or isinstance(thing, Movement):
            return False
        await db.run(lambda session: _settle(session, provider, object_id, thing, now))
    except (NotOurs, DomainError) as error:
        log.warning("a difference cannot be settled", object=one.key, why=str(error))
        return False
    return True


async def _settle(
    session: AsyncSession,
    provider: Provider,
    object_id: UUID,
    thing: object,
    now: datetime,
) -> None:
    if isinstance(thing, Charge):
        await settle.settle_charge(session, object_id, thing, live=provider.live, now=now)
    elif isinstance(thing, ProviderRefund):
        await settle.settle_refund(session, object_id, thing, now)
    else:
        await payouts.settle(session, object_id, thing, now)  # type: ignore[arg-type]


async def return_charge(
    db: Database, provider: Provider, difference_id: UUID, charge: Charge, now: datetime
) -> None:
    """Give an unknown charge back, once: book that it came, send it back, book that it went.

    Killed anywhere, the next one goes on. What the provider refuses stays open, with its word.
    """
    fee, currency = charge.fee, charge.currency
    amount = charge.captured_minor - charge.refunded_minor

    async def book(session: AsyncSession) -> tuple[int, str | None] | None:
        if not await service.claim_return(session, difference_id, now):
            return None
        received = entries.unknown_received(
            difference_id, provider.name, currency, charge.captured_minor
        )
        if await ledger.post(session, received, now):
            await session.execute(
                update(Difference)
                .where(Difference.id == difference_id)
                .values(return_minor=amount, ours_minor=Difference.theirs_minor)
            )
        if fee is not None and fee.amount_minor:
            await ledger.post(
                session,
                entries.movement_fee(difference_id, provider.name, fee.currency, fee.amount_minor),
                now,
            )
        row = await session.execute(
            select(Difference.return_minor, Difference.provider_refund_id).where(
                Difference.id == difference_id
            )
        )
        return_minor, refund_id = row.one()
        if return_minor == 0:
            # Somebody has given it back by hand: that refund is in the list of refunds.
            await service.close(session, difference_id, DifferenceResolution.BOOKED, now)
        return int(return_minor), refund_id

    booked = await db.run(book)
    if booked is None or booked[0] == 0:
        return
    try:
        shown = await _refund(provider, difference_id, charge, *booked, now)
    except ProviderUnavailable as error:
        log.warning("an unknown charge could not be given back yet", why=str(error))
        return
    except ProviderRefused as error:
        log.error("an unknown charge is not given back", charge=charge.provider_id, why=str(error))
        code = error.code
        await db.run(lambda session: _note_failure(session, difference_id, code))
        return
    await db.run(lambda session: _note_return(session, provider, difference_id, shown, now))


async def _refund(
    provider: Provider,
    difference_id: UUID,
    charge: Charge,
    amount_minor: int,
    refund_id: str | None,
    now: datetime,
) -> ProviderRefund:
    if refund_id is not None:
        return await provider.retrieve_refund(refund_id)
    # Money moves only after asking whether it has: keys are forgotten, refunds are not.
    found = await provider.find_refund(charge.provider_id, difference_id, charge.created_at)
    return found or await provider.refund(
        charge.provider_id,
        difference_id,
        amount_minor,
        charge.currency,
        key=f"{REFUND_KEY}:{difference_id}",
    )


async def _note_failure(session: AsyncSession, difference_id: UUID, code: str) -> None:
    await session.execute(
        update(Difference)
        .where(Difference.id == difference_id)
        .values(failure_code=code, claimed_until=None)
    )


async def _note_return(
    session: AsyncSession,
    provider: Provider,
    difference_id: UUID,
    shown: ProviderRefund,
    now: datetime,
) -> None:
    await session.execute(
        update(Difference)
        .where(Difference.id == difference_id)
        .values(
            provider_refund_id=shown.provider_id,
            failure_code=shown.failure_code,
            claimed_until=None,
        )
    )
    if shown.status is RefundStatus.SUCCEEDED:
        returned = entries.unknown_returned(
            difference_id, provider.name, shown.currency, shown.amount_minor
        )
        await ledger.post(session, returned, now)
        await service.close(session, difference_id, DifferenceResolution.RETURNED, now)


async def book_movement(
    session: AsyncSession,
    provider: Provider,
    movement: Movement,
    difference_id: UUID,
    now: datetime,
) -> None:
    """What is plain from the provider's own word: our bank account, and its fees."""
    make = entries.bank_transfer if movement.kind is MovementKind.BANK else entries.movement_fee
    sign = 1 if movement.kind is MovementKind.BANK else -1
    entry = make(difference_id, provider.name, movement.currency, sign * movement.amount_minor)
    await ledger.post(session, entry, now)
    await service.close(session, difference_id, DifferenceResolution.BOOKED, now)


async def book_return_by_hand(
    session: AsyncSession,
    provider: Provider,
    refund: ProviderRefund,
    difference_id: UUID,
    now: datetime,
) -> None:
    """Somebody has given an unknown charge back in the provider's dashboard."""
    entry = entries.unknown_returned(
        difference_id, provider.name, refund.currency, refund.amount_minor
    )
    await ledger.post(session, entry, now)
    await service.close(session, difference_id, DifferenceResolution.BOOKED, now)
