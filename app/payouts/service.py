"""Payouts as our rows: reserved from what the ledger says a host is owed, sent, or returned."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import NotFound
from app.ids import new_id
from app.ledger import queries as books
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.outbox import emit
from app.payments.disputes import is_disputed
from app.payments.errors import NotOurs
from app.payments.holds import is_held
from app.payments.provider import Transfer, TransferState
from app.payments.rules import CLOSED
from app.payouts import dues, rules
from app.payouts.advice import PayoutStep, about_failure
from app.payouts.events import PayoutRefused, PayoutReserved, PayoutSent
from app.payouts.rules import PayoutTerms
from db.enums import PaymentProvider, PayoutAccountStatus, PayoutStatus
from db.models import Booking, Payment, Payout, PayoutAccount, PayoutItem
from db.rows import columns


class PayoutRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A payout as we have it; see db.models.Payout for the fields."""

    id: UUID
    host_id: UUID
    provider: PaymentProvider
    currency: str
    amount_minor: int
    status: PayoutStatus
    attempts: int
    provider_transfer_id: str | None
    failure_code: str | None
    created_at: datetime


_COLUMNS = columns(Payout, PayoutRecord)
GONE_WRONG = frozenset({TransferState.FAILED, TransferState.RETURNED})


class Till(msgspec.Struct, frozen=True):
    """What one transfer can be made of: a host's money in one currency at one provider."""

    host_id: UUID
    currency: str
    provider: PaymentProvider


async def due_tills(
    reader: AsyncConnection | AsyncSession, now: datetime, limit: int
) -> list[Till]:
    """Where a host can be paid and has a booking whose time has come."""
    can_be_paid = (
        select(PayoutAccount.id)
        .where(
            PayoutAccount.user_id == Booking.host_id,
            PayoutAccount.provider == Payment.provider,
            _takes(Booking.currency),
            PayoutAccount.status == PayoutAccountStatus.ACTIVE,
        )
        .exists()
    )
    # The later of the two: greatest() takes no notice of nulls.
    look_at = func.greatest(Booking.payout_due_at, Booking.payout_look_at)
    rows = await reader.execute(
        select(Booking.host_id, Booking.currency, Payment.provider)
        .join(Payment, _pays(Booking))
        .where(
            Booking.payout_due_at.is_not(None),
            look_at <= now,
            can_be_paid,
            ~is_disputed(Booking),
            ~is_held(Payment.provider, Booking.currency),
        )
        .group_by(Booking.host_id, Booking.currency, Payment.provider)
        .order_by(func.min(look_at))
        .limit(limit)
    )
    return [Till(host_id, currency, PaymentProvider(name)) for host_id, currency, name in rows]


def _pays(booking: type[Booking]) -> ColumnElement[bool]:
    """The payments of a booking whose money is with their provider."""
    return and_(Payment.booking_id == booking.id, Payment.status.not_in(CLOSED))


def _takes(currency: ColumnElement[str] | InstrumentedAttribute[str] | str) -> ColumnElement[bool]:
    """Whether an account can be paid to in a currency."""
    return or_(PayoutAccount.currency.is_(None), PayoutAccount.currency == currency)


async def reserve(
    session: AsyncSession, till: Till, terms: PayoutTerms, now: datetime
) -> UUID | None:
    """Set aside what a host is due of one till; returns the payout, None if there is none.

    The ledger decides what is owed, the rules what of it may go. Locks the bookings, then what the
    host is owed.
    """
    host_id, currency = till.host_id, till.currency
    pays = select(Payment.id).where(_pays(Booking), Payment.provider == till.provider).exists()
    pending = (
        await session.execute(
            select(Booking.id, Booking.payout_due_at, *dues.STAY)
            .where(
                Booking.host_id == host_id,
                Booking.currency == currency,
                Booking.payout_due_at.is_not(None),
                pays,
                ~is_disputed(Booking),
                ~is_held(till.provider, currency),
            )
            .order_by(Booking.id)
            .with_for_update(key_share=True)
        )
    ).all()
    stays = {row.id: dues.stay_terms(row) for row in pending}
    due = {row.id: row.payout_due_at for row in pending if row.payout_due_at <= now}
    if not due or not await _provider_account(session, till):
        return None
    await ledger.host_payable_for_update(session, host_id, currency)
    earned = await books.earned(session, host_id, currency, list(stays))
    owed = {key: rules.Owed(*each) for key, each in earned.items()}
    items = rules.to_pay(stays, due, owed, terms.delay, now)
    since = min((due[key] for key in items if key in due), default=None)
    first_over = await dues.first_stay_over(session, host_id) if terms.new_host else None
    held = items and rules.hold(items, currency, since, first_over, terms, now)
    if held:
        await dues.look_again(session, due.keys() & items.keys(), now + rules.RECHECK)
    # What is settled waits for its next part, if there is one.
    settled = due.keys() - items.keys() if held else due.keys()
    following = {key: rules.next_due(stays[key], terms.delay, now) for key in settled}
    for due_at in set(following.values()):
        await dues.set_due(session, [key for key in settled if following[key] == due_at], due_at)
    if held or not items:
        return None
    return await _record(session, till, items, now)


async def _record(session: AsyncSession, till: Till, items: dict[UUID, int], now: datetime) -> UUID:
    payout_id = new_id()
    # Failed ones of before are tried again by this one.
    await session.execute(
        update(Payout)
        .where(
            Payout.host_id == till.host_id,
            Payout.currency == till.currency,
            Payout.provider == till.provider,
            Payout.status == PayoutStatus.FAILED,
            Payout.next_attempt_at.is_not(None),
        )
        .values(next_attempt_at=None)
    )
    await session.execute(
        insert(Payout).values(
            id=payout_id,
            host_id=till.host_id,
            provider=till.provider,
            currency=till.currency,
            amount_minor=sum(items.values()),
            status=PayoutStatus.RESERVED,
            next_attempt_at=now + rules.FIRST_ASK,
            created_at=now,
        )
    )
    await session.execute(
        insert(PayoutItem),
        [
            {"payout_id": payout_id, "booking_id": booking, "amount_minor": amount}
            for booking, amount in items.items()
        ],
    )
    await ledger.post(
        session, entries.payout_reserved(payout_id, till.host_id, till.currency, items), now
    )
    await emit(session, PayoutReserved(payout_id=payout_id))
    return payout_id


async def count_attempt(
    session: AsyncSession, payout_id: UUID, now: datetime
) -> tuple[PayoutRecord, str | None]:
    """Note that a reserved payout is about to be sent; returns it as it was, and where to.

    One that is under way is only asked about.
    """
    payout = await get_for_update(session, payout_id)
    if payout.status is PayoutStatus.RESERVED:
        tries = payout.provider_transfer_id is None
        await session.execute(
            update(Payout)
            .where(Payout.id == payout_id)
            .values(
                attempts=Payout.attempts + int(tries),
                next_attempt_at=now + rules.ask_again_after(now - payout.created_at),
            )
        )
    till = Till(payout.host_id, payout.currency, payout.provider)
    return payout, await _provider_account(session, till)


async def note_failure(session: AsyncSession, payout_id: UUID, failure_code: str) -> None:
    """Let the host see why their money is not there yet."""
    await session.execute(
        update(Payout)
        .where(Payout.id == payout_id, Payout.status == PayoutStatus.RESERVED)
        .values(failure_code=failure_code)
    )


async def settle(session: AsyncSession, payout_id: UUID, shown: Transfer, now: datetime) -> None:
    """Move a payout on to what the provider shows of its transfer; twice changes nothing.

    Raises NotOurs when the transfer is not the one that we asked for.
    """
    payout = await get_for_update(session, payout_id)
    if (shown.payout_id, shown.amount_minor, shown.currency) != (
        payout.id,
        payout.amount_minor,
        payout.currency,
    ) or payout.provider_transfer_id not in (None, shown.provider_id):
        raise NotOurs(f"{shown.provider_id} is not the transfer of payout {payout.id}: {shown}")
    was_sent = payout.status is PayoutStatus.PAID
    if payout.status is PayoutStatus.RESERVED:
        await _note_transfer(session, payout, shown)
        if shown.state in (TransferState.SENT, TransferState.RETURNED):
            await _mark_sent(session, payout, shown, now)
            was_sent = True
    if payout.status is not PayoutStatus.FAILED and shown.state in GONE_WRONG:
        code = shown.failure_code or "transfer_reversed"
        await _give_back(session, payout, code, now, was_sent=was_sent)


async def _note_transfer(session: AsyncSession, payout: PayoutRecord, shown: Transfer) -> None:
    """It is under way at the provider, or waits there for something that its code tells."""
    await session.execute(
        update(Payout)
        .where(Payout.id == payout.id)
        .values(provider_transfer_id=shown.provider_id, failure_code=shown.failure_code)
    )


async def _mark_sent(
    session: AsyncSession, payout: PayoutRecord, shown: Transfer, now: datetime
) -> None:
    till = (payout.provider, payout.currency)
    await ledger.post(session, entries.payout_sent(payout.id, *till, payout.amount_minor), now)
    if shown.fee is not None:
        fee = shown.fee
        await ledger.post(
            session,
            entries.payout_fee(payout.id, payout.provider, fee.currency, fee.amount_minor),
            now,
        )
    await session.execute(
        update(Payout)
        .where(Payout.id == payout.id)
        .values(status=PayoutStatus.PAID, failure_code=None, next_attempt_at=None, paid_at=now)
    )
    await emit(session, PayoutSent(payout_id=payout.id))


async def refuse(session: AsyncSession, payout_id: UUID, failure_code: str, now: datetime) -> None:
    """The provider will not send a payout: the host is due the money again, a while later.

    A new payout then, because under the old one's key the provider repeats its refusal.
    """
    payout = await get_for_update(session, payout_id)
    if payout.status is PayoutStatus.RESERVED:
        await _give_back(session, payout, failure_code, now, was_sent=False)


async def _give_back(
    session: AsyncSession, payout: PayoutRecord, failure_code: str, now: datetime, *, was_sent: bool
) -> None:
    rows = await session.execute(
        select(PayoutItem.booking_id, PayoutItem.amount_minor).where(
            PayoutItem.payout_id == payout.id
        )
    )
    items = {row.booking_id: row.amount_minor for row in rows}
    # The one that has just failed is counted, too.
    refusals = await _refusals_in_a_row(session, payout.host_id, payout.currency) + 1
    again_at = now + rules.retry_after(refusals)
    await session.execute(
        update(Payout)
        .where(Payout.id == payout.id)
        .values(
            status=PayoutStatus.FAILED,
            failure_code=failure_code,
            next_attempt_at=again_at,
            paid_at=None,
        )
    )
    advice = about_failure(failure_code)
    # Once: the tries that follow by themselves tell nothing new.
    if refusals == 1 and advice is not None and advice.step is not PayoutStep.WAIT:
        await emit(session, PayoutRefused(payout_id=payout.id, advice=advice.message))
    # Bookings before ledger accounts, as everywhere.
    await dues.due_again(session, items.keys(), payout.created_at, again_at)
    await ledger.post(
        session,
        entries.payout_returned(
            payout.id,
            payout.host_id,
            payout.provider,
            payout.currency,
            items,
            was_sent=was_sent,
        ),
        now,
    )


async def _refusals_in_a_row(session: AsyncSession, host_id: UUID, currency: str) -> int:
    mine = (Payout.host_id == host_id, Payout.currency == currency)
    last_paid = (
        select(Payout.id)
        .where(*mine, Payout.status == PayoutStatus.PAID)
        .order_by(Payout.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    count = await session.scalar(
        select(func.count())
        .select_from(Payout)
        .where(
            *mine,
            Payout.status == PayoutStatus.FAILED,
            (Payout.id > last_paid) | last_paid.is_(None),
        )
    )
    return int(count or 0)


async def get_for_update(session: AsyncSession, payout_id: UUID) -> PayoutRecord:
    """One payout, locked. Raises NotFound."""
    row = (
        await session.execute(select(*_COLUMNS).where(Payout.id == payout_id).with_for_update())
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no payout {payout_id}.")
    return msgspec.convert(row._asdict(), PayoutRecord)


async def _provider_account(session: AsyncSession, till: Till) -> str | None:
    """Where a host's money goes; None while the account cannot receive any."""
    account: str | None = await session.scalar(
        select(PayoutAccount.provider_account_id).where(
            PayoutAccount.user_id == till.host_id,
            PayoutAccount.provider == till.provider,
            _takes(till.currency),
            PayoutAccount.status == PayoutAccountStatus.ACTIVE,
        )
    )
    return account
