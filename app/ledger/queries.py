"""Reading the books."""

from collections.abc import Collection
from uuid import UUID

import msgspec
from sqlalchemy import func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from db.enums import JournalEntryKind, LedgerAccountKind, PaymentProvider
from db.models import JournalEntry, LedgerAccount, Posting

Reader = AsyncConnection | AsyncSession
# What moves a host's money on its way to them.
PAYOUTS = (
    JournalEntryKind.PAYOUT_RESERVED,
    JournalEntryKind.PAYOUT_SENT,
    JournalEntryKind.PAYOUT_RETURNED,
)


class Imbalance(msgspec.Struct, frozen=True):
    """An entry whose postings do not add up to zero in a currency; `amount_minor` is too much."""

    entry_id: UUID
    currency: str | None
    amount_minor: int


async def balance(
    reader: Reader,
    kind: LedgerAccountKind,
    currency: str,
    owner_id: UUID | None = None,
    provider: PaymentProvider | None = None,
) -> int:
    """An account's balance in minor units: debits less credits, so what we owe is negative.

    Without a provider: of all providers' accounts together.
    """
    total = await reader.scalar(
        select(func.coalesce(func.sum(Posting.amount_minor), 0))
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(
            LedgerAccount.kind == kind,
            LedgerAccount.currency == currency,
            LedgerAccount.owner_id.is_not_distinct_from(owner_id),
            true() if provider is None else LedgerAccount.provider == provider,
        )
    )
    return int(total or 0)


async def held_at(reader: Reader, provider: PaymentProvider) -> dict[str, int]:
    """What a provider holds for us by the books, by currency, in minor units."""
    rows = await reader.execute(
        select(LedgerAccount.currency, func.sum(Posting.amount_minor))
        .join(Posting, Posting.account_id == LedgerAccount.id)
        .where(
            LedgerAccount.kind == LedgerAccountKind.PROVIDER_CLEARING,
            LedgerAccount.provider == provider,
        )
        .group_by(LedgerAccount.currency)
    )
    return {currency: int(amount) for currency, amount in rows}


async def outstanding(
    reader: Reader, host_id: UUID, currency: str, booking_ids: Collection[UUID]
) -> dict[UUID, int]:
    """What a host is still owed for each booking, in minor units; bookings with nothing left out.

    Negative when more was paid out than the host may keep, as after a late refund.
    """
    owed = -func.sum(Posting.amount_minor)
    rows = await reader.execute(
        select(Posting.booking_id, owed)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(
            LedgerAccount.kind == LedgerAccountKind.HOST_PAYABLE,
            LedgerAccount.owner_id == host_id,
            LedgerAccount.currency == currency,
            Posting.booking_id.in_(booking_ids),
        )
        .group_by(Posting.booking_id)
        .having(func.sum(Posting.amount_minor) != 0)
    )
    return {booking_id: int(amount) for booking_id, amount in rows if booking_id is not None}


async def earned(
    reader: Reader, host_id: UUID, currency: str, booking_ids: Collection[UUID]
) -> dict[UUID, tuple[int, int]]:
    """What each booking brings a host in all, and what of it is outstanding, in minor units.

    What was set aside for a payout, sent, or returned changes only the second.
    """
    brought = JournalEntry.kind.not_in(PAYOUTS)
    rows = await reader.execute(
        select(
            Posting.booking_id,
            func.coalesce(-func.sum(Posting.amount_minor).filter(brought), 0),
            -func.sum(Posting.amount_minor),
        )
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .join(JournalEntry, JournalEntry.id == Posting.entry_id)
        .where(
            LedgerAccount.kind == LedgerAccountKind.HOST_PAYABLE,
            LedgerAccount.owner_id == host_id,
            LedgerAccount.currency == currency,
            Posting.booking_id.in_(booking_ids),
        )
        .group_by(Posting.booking_id)
        .having(func.sum(Posting.amount_minor) != 0)
    )
    return {
        booking_id: (int(entitled), int(outstanding))
        for booking_id, entitled, outstanding in rows
        if booking_id is not None
    }


async def verify(reader: Reader) -> list[Imbalance]:
    """Every entry that does not add up to zero in each of its currencies, or has no postings."""
    total = func.coalesce(func.sum(Posting.amount_minor), 0)
    rows = await reader.execute(
        select(JournalEntry.id, Posting.currency, total)
        .outerjoin(Posting, Posting.entry_id == JournalEntry.id)
        .group_by(JournalEntry.id, Posting.currency)
        .having((total != 0) | (func.count(Posting.id) == 0))
    )
    return [Imbalance(entry_id, currency, int(amount)) for entry_id, currency, amount in rows]
