"""What the platform has earned, and which taxes it has taken: sums of the books by month."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    select,
)

from app.accounting.periods import Period
from app.money import Money
from db import rows
from db.enums import JournalEntryKind as Kind
from db.enums import LedgerAccountKind as Account
from db.enums import Side
from db.models import JournalEntry, LedgerAccount, LedgerTax, Posting
from db.statements import Reader, Statement

OURS = (Account.PLATFORM_REVENUE, Account.PROMOTIONS, Account.PROVIDER_FEES)
BIG = Posting.amount_minor.type


class RevenueRow(msgspec.Struct, frozen=True):
    """A month in a currency; what is earned is more than nothing, what is paid less."""

    month: str
    currency: str
    guest_fees_minor: int
    host_fees_minor: int
    other_minor: int
    promotions_minor: int
    provider_fees_minor: int
    dispute_losses_minor: int

    @property
    def guest_fees(self) -> Money:
        return Money(self.guest_fees_minor, self.currency)

    @property
    def host_fees(self) -> Money:
        return Money(self.host_fees_minor, self.currency)

    @property
    def other(self) -> Money:
        return Money(self.other_minor, self.currency)

    @property
    def promotions(self) -> Money:
        return Money(self.promotions_minor, self.currency)

    @property
    def provider_fees(self) -> Money:
        return Money(self.provider_fees_minor, self.currency)

    @property
    def dispute_losses(self) -> Money:
        return Money(self.dispute_losses_minor, self.currency)

    @property
    def net_minor(self) -> int:
        return (
            self.guest_fees_minor
            + self.host_fees_minor
            + self.other_minor
            + self.promotions_minor
            + self.provider_fees_minor
            + self.dispute_losses_minor
        )

    @property
    def net(self) -> Money:
        return Money(self.net_minor, self.currency)


class TaxReportRow(msgspec.Struct, frozen=True):
    """A tax in a month and a currency; without a country and a name: nobody knows which."""

    month: str
    currency: str
    country: str | None
    region: str | None
    name: str | None
    collected_minor: int
    refunded_minor: int
    lost_minor: int

    @property
    def collected(self) -> Money:
        return Money(self.collected_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.currency)

    @property
    def lost(self) -> Money:
        return Money(self.lost_minor, self.currency)

    @property
    def net_minor(self) -> int:
        return self.collected_minor + self.refunded_minor + self.lost_minor

    @property
    def net(self) -> Money:
        return Money(self.net_minor, self.currency)


def _sum(*which: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(-Posting.amount_minor).filter(*which), 0).cast(BIG)


def _months(*columns: Any) -> Select[Any]:
    """Of the postings of a period, by the month and the currency."""
    local = func.timezone(bindparam("timezone", type_=Text), JournalEntry.occurred_at)
    instant = DateTime(timezone=True)
    return (
        select(func.to_char(local, "YYYY-MM").label("month"), Posting.currency, *columns)
        .select_from(JournalEntry)
        .join(Posting, Posting.entry_id == JournalEntry.id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(
            JournalEntry.occurred_at >= bindparam("start", type_=instant),
            JournalEntry.occurred_at < bindparam("end", type_=instant),
        )
    )


def _revenue() -> Select[Any]:
    is_lost = JournalEntry.kind == Kind.DISPUTE_LOST
    is_fee = (LedgerAccount.kind == Account.PLATFORM_REVENUE) & ~is_lost
    return (
        _months(
            _sum(is_fee, Posting.service_fee == Side.GUEST),
            _sum(is_fee, Posting.service_fee == Side.HOST),
            _sum(is_fee, Posting.service_fee.is_(None)),
            _sum(LedgerAccount.kind == Account.PROMOTIONS, ~is_lost),
            _sum(LedgerAccount.kind == Account.PROVIDER_FEES),
            _sum(is_lost),
        )
        .where(rows.one_of(LedgerAccount.kind, OURS))
        .group_by(literal_column("1"), Posting.currency)
        .order_by(literal_column("1"), Posting.currency)
    )


def _taxes() -> Select[Any]:
    is_lost = JournalEntry.kind == Kind.DISPUTE_LOST
    is_back = rows.one_of(JournalEntry.kind, (Kind.REFUND_DUE, Kind.REFUND_WITHDRAWN))
    named = (LedgerTax.country, LedgerTax.region, LedgerTax.name)
    return (
        _months(*named, _sum(~is_lost, ~is_back), _sum(is_back), _sum(is_lost))
        .outerjoin(LedgerTax, LedgerTax.id == Posting.tax_id)
        .where(LedgerAccount.kind == Account.TAX_PAYABLE)
        .group_by(literal_column("1"), Posting.currency, *named)
        .order_by(literal_column("1"), Posting.currency, *named)
    )


_REVENUE = Statement(RevenueRow, _revenue)
_TAXES = Statement(TaxReportRow, _taxes)


async def revenue(reader: Reader, period: Period) -> list[RevenueRow]:
    """What was earned and what it cost, by month and currency."""
    return await _REVENUE.fetch(reader, **_values(period))


async def taxes(reader: Reader, period: Period) -> list[TaxReportRow]:
    """What was taken for tax offices, by month, currency and tax."""
    return await _TAXES.fetch(reader, **_values(period))


def _values(period: Period) -> dict[str, datetime | str]:
    return msgspec.structs.asdict(period)
