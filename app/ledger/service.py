"""Posting to the ledger, in the transaction of the fact that moves the money."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.ids import new_id
from app.ledger.rules import Entry
from db.enums import LedgerAccountKind
from db.models import JournalEntry, LedgerAccount, Posting

# An account's kind and owner; the currency is the entry's.
Owned = tuple[LedgerAccountKind, UUID | None]


async def post(session: AsyncSession, entry: Entry, now: datetime) -> bool:
    """Add an entry to the journal. False: it was there already, and nothing has been done.

    Raises ValueError for an entry that does not add up; the database would refuse it, too.
    """
    if not entry.lines or sum(line.amount_minor for line in entry.lines) != 0:
        raise ValueError(f"the journal entry {entry.kind} of {entry.source_id} does not balance")
    entry_id = await session.scalar(
        upsert(JournalEntry)
        .values(
            id=new_id(),
            kind=entry.kind,
            source=entry.source,
            source_id=entry.source_id,
            occurred_at=now,
        )
        .on_conflict_do_nothing(index_elements=["source", "source_id", "kind"])
        .returning(JournalEntry.id)
    )
    if entry_id is None:
        return False
    accounts = await _accounts(
        session, {(line.account, line.owner_id) for line in entry.lines}, entry.currency
    )
    await session.execute(
        insert(Posting),
        [
            {
                "id": new_id(),
                "entry_id": entry_id,
                "account_id": accounts[line.account, line.owner_id],
                "booking_id": line.booking_id,
                "amount_minor": line.amount_minor,
                "currency": entry.currency,
            }
            for line in entry.lines
        ],
    )
    return True


async def host_payable_for_update(session: AsyncSession, host_id: UUID, currency: str) -> UUID:
    """Lock what a host is owed in one currency: nothing is posted to it until the commit.

    Bookings are locked before ledger accounts, everywhere.
    """
    owned = (LedgerAccountKind.HOST_PAYABLE, host_id)
    account_id = (await _accounts(session, {owned}, currency))[owned]
    # The strong lock: a posting's foreign key check waits for it.
    await session.execute(
        select(LedgerAccount.id).where(LedgerAccount.id == account_id).with_for_update()
    )
    return account_id


async def _accounts(
    session: AsyncSession, wanted: Iterable[Owned], currency: str
) -> dict[Owned, UUID]:
    """The ids of accounts, opened if nothing was ever posted to them."""
    # One order for everybody, so that two transactions that open the same accounts never
    # wait for each other.
    ordered = sorted(wanted, key=lambda owned: (owned[0], owned[1] or UUID(int=0)))
    found = await _find(session, ordered, currency)
    missing = [owned for owned in ordered if owned not in found]
    if missing:
        await session.execute(
            upsert(LedgerAccount)
            .values(
                [
                    {"id": new_id(), "kind": kind, "owner_id": owner_id, "currency": currency}
                    for kind, owner_id in missing
                ]
            )
            .on_conflict_do_nothing(index_elements=["kind", "owner_id", "currency"])
        )
        found |= await _find(session, missing, currency)
    return found


async def _find(session: AsyncSession, wanted: Iterable[Owned], currency: str) -> dict[Owned, UUID]:
    platform = [kind for kind, owner_id in wanted if owner_id is None]
    owned = [(kind, owner_id) for kind, owner_id in wanted if owner_id is not None]
    rows = await session.execute(
        select(LedgerAccount.kind, LedgerAccount.owner_id, LedgerAccount.id).where(
            LedgerAccount.currency == currency,
            (LedgerAccount.owner_id.is_(None) & LedgerAccount.kind.in_(platform))
            | tuple_(LedgerAccount.kind, LedgerAccount.owner_id).in_(owned),
        )
    )
    return {(LedgerAccountKind(kind), owner_id): account_id for kind, owner_id, account_id in rows}
