"""Reading payouts and payout accounts, in batches."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select

from app.money import Money
from app.payments.provider import Requirement
from app.payouts.advice import Advice, about_failure
from app.payouts.requirements import PayoutStop, advice, stop_of
from db import rows
from db.enums import PayoutAccountStatus
from db.models import Payout, PayoutAccount, PayoutItem
from db.statements import Reader, Statement


class PayoutAccountRow(msgspec.Struct, frozen=True):
    """A host's account at a provider."""

    id: UUID
    user_id: UUID
    provider: str
    status: str
    # None: an account that its owner completes at the provider, for every currency.
    currency: str | None
    label: str | None
    requirements: tuple[Requirement, ...]
    due_by: datetime | None
    disabled_reason: str | None

    @property
    def stop(self) -> PayoutStop | None:
        return stop_of(self.disabled_reason)

    @property
    def advice(self) -> Advice | None:
        return advice(
            PayoutAccountStatus(self.status),
            self.requirements,
            self.stop,
            is_recipient=self.currency is not None,
        )


class PayoutRow(msgspec.Struct, frozen=True):
    """A transfer to a host."""

    id: UUID
    host_id: UUID
    status: str
    amount_minor: int
    currency: str
    failure_code: str | None
    next_attempt_at: datetime | None
    created_at: datetime
    paid_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def advice(self) -> Advice | None:
        return about_failure(self.failure_code)


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


_PAYOUTS = rows.ByKey(Payout.id, PayoutRow)
_ACCOUNTS = rows.ByKey(PayoutAccount.id, PayoutAccountRow)
_ACCOUNTS_OF = rows.ByKey(PayoutAccount.user_id, PayoutAccountRow, PayoutAccount.id)
_ITEMS_OF = Statement(
    PayoutItemRow,
    lambda: (
        select(
            PayoutItem.payout_id, PayoutItem.booking_id, PayoutItem.amount_minor, Payout.currency
        )
        .join(Payout, Payout.id == PayoutItem.payout_id)
        .where(rows.among(PayoutItem.payout_id, "payouts"))
        .order_by(PayoutItem.payout_id, PayoutItem.booking_id)
    ),
)


async def payouts(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, PayoutRow]:
    """Payouts by id."""
    return await _PAYOUTS.one(reader, ids)


async def accounts(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, PayoutAccountRow]:
    """Payout accounts by id."""
    return await _ACCOUNTS.one(reader, ids)


async def accounts_of(
    reader: Reader, user_ids: Sequence[UUID]
) -> Mapping[UUID, list[PayoutAccountRow]]:
    """Hosts' payout accounts, by user, oldest first."""
    return await _ACCOUNTS_OF.many(reader, user_ids)


def at_provider(accounts: Sequence[PayoutAccountRow]) -> PayoutAccountRow | None:
    """The account that its owner completes at the provider, if there is one."""
    return next((account for account in accounts if account.currency is None), None)


async def items_of(
    reader: Reader, payout_ids: Sequence[UUID]
) -> Mapping[UUID, list[PayoutItemRow]]:
    """What payouts consist of, by payout."""
    return rows.grouped(await _ITEMS_OF.fetch(reader, payouts=payout_ids), "payout_id")
