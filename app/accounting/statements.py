"""What the books say of a host: each posting to what they are owed, told apart, and nothing else.

So a statement always adds up to the ledger: what it has no column for is an adjustment.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Select,
    String,
    Text,
    Uuid,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import aliased

from app.accounting.periods import Period
from app.money import Money
from db import rows
from db.enums import JournalEntryKind as Kind
from db.enums import LedgerAccountKind, Side
from db.models import Booking, JournalEntry, LedgerAccount, Posting, Property
from db.statements import Reader, Statement

GIVEN_BACK = (Kind.REFUND_DUE, Kind.REFUND_WITHDRAWN)
# Where the host's share was told apart from our fee.
SHARED = (Kind.CAPTURE, *GIVEN_BACK)
PAID_OUT = (Kind.PAYOUT_RESERVED, Kind.PAYOUT_RETURNED)
SETTLED = (Kind.PAYOUT_SENT, Kind.PAYOUT_RETURNED)
# Sums of it are numeric, and would come as decimals.
BIG = Posting.amount_minor.type
# Below all ids: what is about no booking.
NONE = UUID(int=0)


class Sums(msgspec.Struct, frozen=True):
    """What changes what a host is owed; minor units. Together they are by how much."""

    earnings_minor: int
    fees_minor: int
    refunds_minor: int
    adjustments_minor: int
    payouts_minor: int
    currency: str

    @property
    def earnings(self) -> Money:
        return Money(self.earnings_minor, self.currency)

    @property
    def fees(self) -> Money:
        return Money(self.fees_minor, self.currency)

    @property
    def refunds(self) -> Money:
        return Money(self.refunds_minor, self.currency)

    @property
    def adjustments(self) -> Money:
        return Money(self.adjustments_minor, self.currency)

    @property
    def payouts(self) -> Money:
        return Money(self.payouts_minor, self.currency)

    @property
    def total_minor(self) -> int:
        return (
            self.earnings_minor
            + self.fees_minor
            + self.refunds_minor
            + self.adjustments_minor
            + self.payouts_minor
        )

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


class BookingSums(Sums, frozen=True):
    """The same of one booking; of none, `NONE`."""

    booking_id: UUID


class StatementLine(Sums, frozen=True):
    """The same of one movement."""

    id: UUID
    booking_id: UUID | None
    kind: str
    occurred_at: datetime
    title: str | None
    check_in: date | None
    check_out: date | None


class Balances(msgspec.Struct, frozen=True):
    """What a host was owed before a period; and of what was paid out until its end, how much was
    not known to be sent then."""

    opening_minor: int
    in_transit_minor: int


class StatementMonth(msgspec.Struct, frozen=True):
    """A month in which something changed."""

    month: str
    currency: str


def _amount() -> ColumnElement[int]:
    """By how much a posting changes what a host is owed."""
    return -Posting.amount_minor


def _fee() -> ColumnElement[int]:
    """Our fee in the same movement for the same booking: less than nothing where it is taken."""
    fee = aliased(Posting)
    return (
        select(func.coalesce(func.sum(fee.amount_minor), 0).cast(BIG))
        .where(
            fee.entry_id == Posting.entry_id,
            fee.service_fee == Side.HOST,
            fee.booking_id == Posting.booking_id,
        )
        .correlate(Posting)
        .scalar_subquery()
    )


def _parts() -> tuple[ColumnElement[Any], ...]:
    """A posting's part in each of the sums, in their order."""
    shared = rows.one_of(JournalEntry.kind, SHARED)
    fee = func.coalesce(case((shared, _fee())), 0)
    gross = _amount() - fee

    def of(kinds: Sequence[Kind], value: ColumnElement[int]) -> ColumnElement[int]:
        return case((rows.one_of(JournalEntry.kind, kinds), value), else_=0)

    known = (*SHARED, *PAID_OUT)
    return (
        of((Kind.CAPTURE,), gross),
        fee,
        of(GIVEN_BACK, gross),
        case((rows.one_of(JournalEntry.kind, known), 0), else_=_amount()),
        of(PAID_OUT, _amount()),
    )


NAMES = ("earnings", "fees", "refunds", "adjustments", "payouts")


def _of_host(*columns: Any) -> Select[Any]:
    """Of the postings to what a host is owed in a currency."""
    return (
        select(*columns)
        .select_from(LedgerAccount)
        .join(Posting, Posting.account_id == LedgerAccount.id)
        .join(JournalEntry, JournalEntry.id == Posting.entry_id)
        .where(
            LedgerAccount.kind == LedgerAccountKind.HOST_PAYABLE,
            LedgerAccount.owner_id == bindparam("host_id", type_=Uuid),
        )
    )


def _currency() -> ColumnElement[bool]:
    return LedgerAccount.currency == bindparam("currency", type_=String)


def _before(name: str) -> ColumnElement[bool]:
    return JournalEntry.occurred_at < bindparam(name, type_=DateTime(timezone=True))


def _within() -> tuple[ColumnElement[bool], ...]:
    return (
        _currency(),
        JournalEntry.occurred_at >= bindparam("start", type_=DateTime(timezone=True)),
        _before("end"),
    )


def _lines(*which: ColumnElement[bool]) -> Any:
    """Each posting with its parts, as a table to sum up."""
    parts = [part.label(name) for name, part in zip(NAMES, _parts(), strict=True)]
    key = func.coalesce(Posting.booking_id, NONE).label("booking_id")
    return _of_host(key, *parts).where(*which).subquery()


def _summed(lines: Any) -> list[ColumnElement[Any]]:
    sums = [func.coalesce(func.sum(lines.c[name]), 0).cast(BIG).label(name) for name in NAMES]
    return [*sums, bindparam("currency", type_=String).label("currency")]


def _sums() -> Select[Any]:
    lines = _lines(*_within())
    return select(*_summed(lines))


def _by_booking(is_after: bool) -> Select[Any]:
    lines = _lines(*_within())
    key = lines.c.booking_id
    later = [key < bindparam("after", type_=Uuid)] if is_after else []
    return (
        select(*_summed(lines), key)
        .where(*later)
        .group_by(key)
        .order_by(key.desc())
        .limit(bindparam("first", type_=Integer))
    )


def _movements(*which: ColumnElement[bool]) -> Select[Any]:
    return (
        _of_host(
            *_parts(),
            LedgerAccount.currency,
            Posting.id,
            Posting.booking_id,
            JournalEntry.kind,
            JournalEntry.occurred_at,
            Property.title,
            Booking.check_in,
            Booking.check_out,
        )
        .outerjoin(Booking, Booking.id == Posting.booking_id)
        .outerjoin(Property, Property.id == Booking.property_id)
        .where(*which)
        .order_by(JournalEntry.occurred_at, Posting.id)
    )


def _unsettled() -> ColumnElement[bool]:
    settled = aliased(JournalEntry)
    return ~exists().where(
        settled.source == JournalEntry.source,
        settled.source_id == JournalEntry.source_id,
        rows.one_of(settled.kind, SETTLED),
        settled.occurred_at < bindparam("end", type_=DateTime(timezone=True)),
    )


_SUMS = Statement(Sums, _sums)
_FIRST = Statement(BookingSums, lambda: _by_booking(is_after=False))
_LATER = Statement(BookingSums, lambda: _by_booking(is_after=True))
_COUNT = Statement(
    int,
    lambda: _of_host(func.count(func.distinct(func.coalesce(Posting.booking_id, NONE)))).where(
        *_within()
    ),
)
_LINES = Statement(StatementLine, lambda: _movements(*_within()))
_LINES_OF = Statement(
    StatementLine, lambda: _movements(Posting.booking_id == bindparam("booking_id", type_=Uuid))
)
_OPENING = Statement(
    int,
    lambda: _of_host(func.coalesce(func.sum(_amount()), 0).cast(BIG)).where(
        _currency(), _before("start")
    ),
)
_IN_TRANSIT = Statement(
    int,
    lambda: _of_host(func.coalesce(func.sum(Posting.amount_minor), 0).cast(BIG)).where(
        _currency(), _before("end"), JournalEntry.kind == Kind.PAYOUT_RESERVED, _unsettled()
    ),
)


def _months() -> Select[Any]:
    local = func.timezone(bindparam("timezone", type_=Text), JournalEntry.occurred_at)
    month = func.to_char(local, "YYYY-MM").label("month")
    return (
        _of_host(month, LedgerAccount.currency)
        .group_by(literal_column("1"), LedgerAccount.currency)
        .order_by(literal_column("1").desc(), LedgerAccount.currency)
    )


_MONTHS = Statement(StatementMonth, _months)


async def months(reader: Reader, host_id: UUID, timezone: str) -> list[StatementMonth]:
    """The months in which what a host is owed has changed, in each currency; the last first."""
    return await _MONTHS.fetch(reader, host_id=host_id, timezone=timezone)


async def sums(reader: Reader, host_id: UUID, currency: str, period: Period) -> Sums:
    """What has changed in a period."""
    (found,) = await _SUMS.fetch(reader, **_values(host_id, currency, period))
    return found


async def balances(reader: Reader, host_id: UUID, currency: str, period: Period) -> Balances:
    """What was owed before a period, and what was under way at its end."""
    whose = {"host_id": host_id, "currency": currency}
    (opening,) = await _OPENING.fetch(reader, **whose, start=period.start)
    (in_transit,) = await _IN_TRANSIT.fetch(reader, **whose, end=period.end)
    return Balances(opening, in_transit)


async def by_booking(
    reader: Reader,
    host_id: UUID,
    currency: str,
    period: Period,
    first: int,
    after: UUID | None,
) -> list[BookingSums]:
    """What has changed in a period for each booking, the last made first."""
    values = _values(host_id, currency, period) | {"first": first}
    if after is None:
        return await _FIRST.fetch(reader, **values)
    return await _LATER.fetch(reader, **values, after=after)


async def count_bookings(reader: Reader, host_id: UUID, currency: str, period: Period) -> int:
    """How many bookings something has changed for."""
    (found,) = await _COUNT.fetch(reader, **_values(host_id, currency, period))
    return found


async def lines(
    reader: Reader, host_id: UUID, currency: str, period: Period
) -> list[StatementLine]:
    """Each movement of a period, oldest first."""
    return await _LINES.fetch(reader, **_values(host_id, currency, period))


async def lines_of(reader: Reader, host_id: UUID, booking_id: UUID) -> list[StatementLine]:
    """Each movement for one booking, oldest first."""
    return await _LINES_OF.fetch(reader, host_id=host_id, booking_id=booking_id)


def added(lines: Iterable[Sums], currency: str) -> Sums:
    """The sums of several, in one currency."""
    found = list(lines)
    return Sums(
        earnings_minor=sum(line.earnings_minor for line in found),
        fees_minor=sum(line.fees_minor for line in found),
        refunds_minor=sum(line.refunds_minor for line in found),
        adjustments_minor=sum(line.adjustments_minor for line in found),
        payouts_minor=sum(line.payouts_minor for line in found),
        currency=currency,
    )


def _values(host_id: UUID, currency: str, period: Period) -> dict[str, Any]:
    return {"host_id": host_id, "currency": currency, "start": period.start, "end": period.end}
