"""What hosts owe that no stay they have goes towards: for admins to see to."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Select, bindparam, func, select

from app.money import Money
from db.enums import LedgerAccountKind
from db.models import JournalEntry, LedgerAccount, Posting
from db.statements import Reader, Statement


class DebtRow(msgspec.Struct, frozen=True):
    """What a host owes in one currency, over and above all that their stays still bring."""

    host_id: UUID
    currency: str
    amount_minor: int
    # Since when: the oldest of the stays for which they owe.
    since: datetime

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def _debts() -> Select[Any]:
    owes = func.sum(Posting.amount_minor).label("owes")
    stays = (
        select(
            LedgerAccount.owner_id.label("host_id"),
            LedgerAccount.currency,
            owes,
            func.max(JournalEntry.occurred_at).label("moved_at"),
        )
        .join(Posting, Posting.account_id == LedgerAccount.id)
        .join(JournalEntry, JournalEntry.id == Posting.entry_id)
        .where(LedgerAccount.kind == LedgerAccountKind.HOST_PAYABLE)
        .group_by(LedgerAccount.owner_id, LedgerAccount.currency, Posting.booking_id)
        .subquery()
    )
    # Debits are positive: what is left over is owed to us.
    total = func.sum(stays.c.owes)
    since = func.min(stays.c.moved_at).filter(stays.c.owes > 0)
    return (
        select(stays.c.host_id, stays.c.currency, total, since)
        .group_by(stays.c.host_id, stays.c.currency)
        .having(total > 0, since <= bindparam("before"))
        .order_by(since, stays.c.host_id, stays.c.currency)
        .limit(bindparam("first", type_=Integer))
    )


_DEBTS = Statement(
    lambda host_id, currency, amount, since: DebtRow(host_id, currency, int(amount), since), _debts
)


async def debts(reader: Reader, before: datetime, first: int) -> list[DebtRow]:
    """Debts that were there before an instant and are not covered, the oldest first."""
    return await _DEBTS.fetch(reader, before=before, first=first)
