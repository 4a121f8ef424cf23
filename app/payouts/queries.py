"""Reading payouts and payout accounts, in batches."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.actor import Actor
from app.money import Money
from db import rows
from db.models import Payout, PayoutAccount, PayoutItem


class PayoutAccountRow(msgspec.Struct, frozen=True):
    """A host's account at a provider."""

    id: UUID
    user_id: UUID
    provider: str
    status: str


class PayoutRow(msgspec.Struct, frozen=True):
    """A transfer to a host."""

    id: UUID
    host_id: UUID
    status: str
    amount_minor: int
    currency: str
    failure_code: str | None
    created_at: datetime
    paid_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class PayoutItemRow(msgspec.Struct, frozen=True):
    """What one booking adds to a payout; negative when an earlier payout was too much."""

    payout_id: UUID
    booking_id: UUID
    amount_minor: int
    currency: str

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


PAYOUTS_OF_HOST = rows.Listing(model=Payout, row=PayoutRow, parent=Payout.host_id)


def may_see(row: PayoutRow | PayoutAccountRow, actor: Actor) -> bool:
    """Payout data are the host's own."""
    owner = row.host_id if isinstance(row, PayoutRow) else row.user_id
    return actor.user_id == owner


async def payouts(connection: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, PayoutRow]:
    """Payouts by id."""
    return await rows.by_id(connection, Payout, PayoutRow, ids)


async def accounts(
    connection: AsyncConnection, ids: Sequence[UUID]
) -> Mapping[UUID, PayoutAccountRow]:
    """Payout accounts by id."""
    return await rows.by_id(connection, PayoutAccount, PayoutAccountRow, ids)


async def accounts_of(
    connection: AsyncConnection, user_ids: Sequence[UUID]
) -> Mapping[UUID, PayoutAccountRow]:
    """Hosts' payout accounts, by user."""
    return await rows.by_id(
        connection, PayoutAccount, PayoutAccountRow, user_ids, key=PayoutAccount.user_id
    )


async def items_of(
    connection: AsyncConnection, payout_ids: Sequence[UUID]
) -> Mapping[UUID, list[PayoutItemRow]]:
    """What payouts consist of, by payout."""
    result = await connection.execute(
        select(
            PayoutItem.payout_id, PayoutItem.booking_id, PayoutItem.amount_minor, Payout.currency
        )
        .join(Payout, Payout.id == PayoutItem.payout_id)
        .where(rows.among(PayoutItem.payout_id, payout_ids))
        .order_by(PayoutItem.payout_id, PayoutItem.booking_id)
    )
    found: defaultdict[UUID, list[PayoutItemRow]] = defaultdict(list)
    for row in result:
        found[row.payout_id].append(PayoutItemRow(*row))
    return found
