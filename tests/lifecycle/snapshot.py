"""Our rows of bookings and money as they are at one instant, in one statement."""

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import text

from db.base import Base
from db.session import Database

HELD = {"PENDING_PAYMENT": "HOLD", "PENDING_HOST": "HOLD", "CONFIRMED": "BOOKING"}
OCCUPYING = HELD | {"COMPLETED": "BOOKING", "CANCELLED": "BOOKING"}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row, as far as it is looked at."""


class BookingRow(Row, frozen=True, kw_only=True):
    id: UUID
    property_id: UUID
    guest_id: UUID
    host_id: UUID
    status: str
    version: int
    check_in: date
    check_out: date
    check_out_at: datetime
    total_minor: int
    cancelled_by: str | None
    deadline_at: datetime | None
    accepted_at: datetime | None
    confirmed_at: datetime | None
    check_in_at: datetime
    cancelled_at: datetime | None

    @property
    def nights(self) -> list[date]:
        """Those that it has: all, or those that had begun when it was cancelled."""
        count = (self.check_out - self.check_in).days
        if self.status not in OCCUPYING:
            count = 0
        elif self.cancelled_at is not None:
            # The clocks of no place here are moved in these months.
            spent = (self.cancelled_at - self.check_in_at) // timedelta(days=1) + 1
            count = max(0, min(count, spent)) if self.confirmed_at is not None else 0
        return [self.check_in + timedelta(days=day) for day in range(count)]


class ChangeRow(Row, frozen=True, kw_only=True):
    booking_id: UUID
    version: int
    status: str
    previous_status: str | None
    actor: str
    actor_id: UUID | None
    reason: str | None
    occurred_at: datetime


class NightRow(Row, frozen=True, kw_only=True):
    property_id: UUID
    night: date
    kind: str
    booking_id: UUID | None


class PaymentRow(Row, frozen=True, kw_only=True):
    id: UUID
    booking_id: UUID
    provider: str
    provider_payment_id: str | None
    status: str
    amount_minor: int
    currency: str
    captured_minor: int
    refunded_minor: int


class RefundRow(Row, frozen=True, kw_only=True):
    id: UUID
    payment_id: UUID
    status: str
    amount_minor: int
    provider_refund_id: str | None
    failure_code: str | None


class PayoutRow(Row, frozen=True, kw_only=True):
    id: UUID
    provider: str
    currency: str
    status: str
    amount_minor: int
    provider_transfer_id: str | None


class DisputeRow(Row, frozen=True, kw_only=True):
    payment_id: UUID
    provider: str
    status: str
    currency: str
    withdrawn_minor: int


class AccountRow(Row, frozen=True, kw_only=True):
    """What the accounts of one kind, provider and currency hold together."""

    kind: str
    provider: str | None
    currency: str
    held: int


class Snapshot(Row, frozen=True, kw_only=True):
    """Our rows of bookings and money, the oldest first, and what stands in every table."""

    bookings: list[BookingRow]
    booking_changes: list[ChangeRow]
    occupied_nights: list[NightRow]
    payments: list[PaymentRow]
    refunds: list[RefundRow]
    payouts: list[PayoutRow]
    disputes: list[DisputeRow]
    accounts: list[AccountRow]
    # Entries whose postings do not add up to zero in a currency.
    unbalanced: list[UUID]
    # One number for all rows of each table: what a refusal leaves as it was.
    digest: dict[str, str | None]


ACCOUNTS = """
SELECT a.kind, a.provider, a.currency, sum(p.amount_minor)::bigint AS held FROM postings p
  JOIN ledger_accounts a ON a.id = p.account_id GROUP BY a.kind, a.provider, a.currency
"""
UNBALANCED = """
SELECT entry_id FROM postings GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0
"""


def _list(query: str) -> str:
    return f"(SELECT coalesce(json_agg(t), '[]') FROM ({query}) t)"


def _table(name: str, row: type[Row]) -> str:
    columns = ", ".join(row.__struct_fields__)
    order = "id" if "id" in row.__struct_fields__ else "1, 2"
    return f"'{name}', " + _list(f"SELECT {columns} FROM {name} ORDER BY {order}")


def _digest(name: str) -> str:
    return f"'{name}', (SELECT sum(hashtextextended(t::text, 0))::text FROM {name} t)"


# All of it in one statement: it is asked after every step.
SNAPSHOT = f"""
SELECT json_build_object(
  {
    ", ".join(
        _table(*each)
        for each in (
            ("bookings", BookingRow),
            ("booking_changes", ChangeRow),
            ("occupied_nights", NightRow),
            ("payments", PaymentRow),
            ("refunds", RefundRow),
            ("payouts", PayoutRow),
            ("disputes", DisputeRow),
        )
    )
},
  'accounts', {_list(ACCOUNTS)},
  'unbalanced', (SELECT coalesce(json_agg(entry_id), '[]') FROM ({UNBALANCED}) t),
  'digest', (SELECT json_object_agg(name, digest) FROM (VALUES {{digests}}) v (name, digest))
)::text
""".format(digests=", ".join(f"({_digest(name)})" for name in sorted(Base.metadata.tables)))


async def snapshot(db: Database) -> Snapshot:
    """As it is now."""
    async with db.read() as connection:
        found = await connection.scalar(text(SNAPSHOT))
    return msgspec.json.decode(found, type=Snapshot)
