"""Posting to the ledger, in the transaction of the fact that moves the money."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import and_, insert, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.ids import new_id
from app.ledger.rules import Entry, Owned, Tax
from db.enums import LedgerAccountKind, PaymentProvider
from db.models import JournalEntry, LedgerAccount, LedgerTax, Posting


async def post(session: AsyncSession, entry: Entry, now: datetime) -> bool:
    """Add an entry to the journal. False: it was there already, and nothing has been done.

    Raises ValueError for an entry that does not add up, or that leaves open at which provider the
    money is; the database would refuse it, too.
    """
    if not entry.lines or sum(line.amount_minor for line in entry.lines) != 0:
        raise ValueError(f"the journal entry {entry.kind} of {entry.source_id} does not balance")
    owned = [entry.owned(line) for line in entry.lines]
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
    accounts = await _accounts(session, set(owned), entry.currency)
    taxes = await _taxes(session, {line.tax for line in entry.lines if line.tax})
    await session.execute(
        insert(Posting),
        [
            {
                "id": new_id(),
                "entry_id": entry_id,
                "account_id": accounts[whose],
                "booking_id": line.booking_id,
                "amount_minor": line.amount_minor,
                "currency": entry.currency,
                "service_fee": line.service_fee,
                "tax_id": line.tax and taxes[line.tax],
            }
            for line, whose in zip(entry.lines, owned, strict=True)
        ],
    )
    return True


async def host_payable_for_update(session: AsyncSession, host_id: UUID, currency: str) -> UUID:
    """Lock what a host is owed in one currency: nothing is posted to it until the commit.

    Bookings are locked before ledger accounts, everywhere.
    """
    owned = (LedgerAccountKind.HOST_PAYABLE, host_id, None)
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
    ordered = sorted(wanted, key=lambda owned: (owned[0], owned[1] or UUID(int=0), owned[2] or ""))
    found = await _find(session, ordered, currency)
    missing = [owned for owned in ordered if owned not in found]
    if missing:
        await session.execute(
            upsert(LedgerAccount)
            .values(
                [
                    {
                        "id": new_id(),
                        "kind": kind,
                        "owner_id": owner_id,
                        "provider": provider,
                        "currency": currency,
                    }
                    for kind, owner_id, provider in missing
                ]
            )
            .on_conflict_do_nothing(index_elements=["kind", "owner_id", "provider", "currency"])
        )
        found |= await _find(session, missing, currency)
    return found


async def _taxes(session: AsyncSession, wanted: Collection[Tax]) -> dict[Tax, UUID]:
    """The ids of taxes, noted if none was ever taken."""
    if not wanted:
        return {}
    found = await _find_taxes(session, wanted)
    # In one order, as accounts are opened.
    missing = sorted(wanted - found.keys(), key=msgspec.structs.astuple)
    if missing:
        await session.execute(
            upsert(LedgerTax)
            .values([{"id": new_id(), **msgspec.structs.asdict(tax)} for tax in missing])
            .on_conflict_do_nothing(index_elements=["country", "region", "name"])
        )
        found |= await _find_taxes(session, missing)
    return found


async def _find_taxes(session: AsyncSession, wanted: Collection[Tax]) -> dict[Tax, UUID]:
    named = (LedgerTax.country, LedgerTax.region, LedgerTax.name)
    rows = await session.execute(
        select(*named, LedgerTax.id).where(
            tuple_(*named).in_([msgspec.structs.astuple(tax) for tax in wanted])
        )
    )
    return {Tax(*names): tax_id for *names, tax_id in rows}


async def _find(session: AsyncSession, wanted: Iterable[Owned], currency: str) -> dict[Owned, UUID]:
    account = LedgerAccount
    platform, held, owned = [], [], []
    for kind, owner_id, provider in wanted:
        if owner_id is not None:
            owned.append((kind, owner_id))
        elif provider is not None:
            held.append((kind, provider))
        else:
            platform.append(kind)
    rows = await session.execute(
        select(account.kind, account.owner_id, account.provider, account.id).where(
            account.currency == currency,
            or_(
                and_(
                    account.owner_id.is_(None),
                    account.provider.is_(None),
                    account.kind.in_(platform),
                ),
                and_(account.owner_id.is_(None), tuple_(account.kind, account.provider).in_(held)),
                tuple_(account.kind, account.owner_id).in_(owned),
            ),
        )
    )
    return {
        (LedgerAccountKind(kind), owner_id, PaymentProvider(at) if at else None): account_id
        for kind, owner_id, at, account_id in rows
    }
