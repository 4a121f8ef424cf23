"""What hosts are owed and have been paid, by month and by booking: each for the host alone."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias
from uuid import UUID

import msgspec
import strawberry

from app.accounting import statements
from app.accounting.documents import issuer_of
from app.accounting.downloads import BookingFile, StatementFile, address_of
from app.accounting.periods import Month, Period, month, period
from app.accounting.queries import DOCUMENTS_OF, DocumentRow
from app.accounting.statements import Balances, BookingSums, StatementLine, StatementMonth, Sums
from app.bookings.queries import BookingRow
from app.identity.policy import is_own
from app.identity.queries import UserRow
from app.money import Money as Amount
from schema.context import Info, absolute
from schema.documents import DocumentConnection, Kinds
from schema.money import Money
from schema.paging import (
    DEFAULT_PAGE,
    After,
    Connection,
    Edge,
    First,
    Page,
    connect,
    decode_cursor,
    encode_cursor,
    listed,
    require_first,
)
from schema.reading import reads
from schema.scalars import CurrencyCode

if TYPE_CHECKING:
    from schema.bookings.types import Booking

Booked: TypeAlias = Annotated["Booking", strawberry.lazy("schema.bookings.types")]
User_: TypeAlias = strawberry.Parent[UserRow]
THEIRS = "Null unless the viewer is this person."


class Asked(msgspec.Struct, frozen=True):
    """A host's statement that somebody may see."""

    host_id: UUID
    currency: str
    of: Month
    period: Period
    balances: Balances
    amounts: Sums

    @property
    def month(self) -> str:
        return str(self.of)

    @property
    def opening_balance(self) -> Amount:
        return Amount(self.balances.opening_minor, self.currency)

    @property
    def closing_balance(self) -> Amount:
        return Amount(self.balances.opening_minor + self.amounts.total_minor, self.currency)

    @property
    def in_transit(self) -> Amount:
        return Amount(self.balances.in_transit_minor, self.currency)


class OfBooking(msgspec.Struct, frozen=True):
    """Everything that a host has had of one booking."""

    host_id: UUID
    booking_id: UUID
    lines: list[StatementLine]
    currency: str

    @property
    def amounts(self) -> Sums:
        return statements.added(self.lines, self.currency)


@strawberry.type(description="What changes what a host is owed. Together they are `total`.")
class HostAmounts:
    earnings: Money = strawberry.field(description="The host's part of prices, before our fee.")
    fees: Money = strawberry.field(description="Our service fee: less than nothing.")
    refunds: Money = strawberry.field(description="What guests were given back: likewise.")
    adjustments: Money = strawberry.field(
        description="All else: what banks have taken back, fees for cancelling, corrections."
    )
    payouts: Money = strawberry.field(
        description="What was set aside to be sent: less than nothing; what came back, more."
    )
    total: Money = strawberry.field(description="By how much what the host is owed has changed.")


def line_amounts(line: strawberry.Parent[StatementLine]) -> Sums:
    return line


@strawberry.type(description="One movement of what a host is owed.")
class HostStatementLine:
    kind: str = strawberry.field(
        description="What has happened, by the books' own word: `CAPTURE`, `REFUND_DUE` …"
    )
    occurred_at: datetime = strawberry.field(description="When.")
    amounts = strawberry.field(
        resolver=line_amounts, graphql_type=HostAmounts, description="What it has changed."
    )


def sums_booking(
    row: strawberry.Parent[BookingSums], info: Info
) -> Awaitable[BookingRow | None] | None:
    if row.booking_id == statements.NONE:
        return None
    return info.context.loaders.bookings.load(row.booking_id)


def sums_amounts(row: strawberry.Parent[BookingSums]) -> Sums:
    return row


@strawberry.type(description="What has changed for one booking.")
class HostStatementBooking:
    booking = strawberry.field(
        resolver=sums_booking,
        graphql_type=Booked | None,
        description="The booking; null: what is about none.",
    )
    amounts = strawberry.field(
        resolver=sums_amounts, graphql_type=HostAmounts, description="What has changed."
    )


@strawberry.type(description="A booking's part of a statement in its place in the list.")
class HostStatementBookingEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: HostStatementBooking = strawberry.field(description="The part.")


@strawberry.type(description="One page of a statement's bookings, the last made first.")
class HostStatementBookingConnection(Page):
    edges: list[HostStatementBookingEdge] = strawberry.field(description="The parts, in order.")


async def bookings(
    asked: strawberry.Parent[Asked],
    info: Info,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[BookingSums]:
    db, of = info.context.runtime.db, (asked.host_id, asked.currency, asked.period)
    size, start = require_first(first), None if after is None else decode_cursor(after)
    found = await statements.by_booking(db, *of, size + 1, start)
    return connect(
        [Edge(encode_cursor(row.booking_id), row) for row in found[:size]],
        has_next=len(found) > size,
        after=after,
        count=lambda: statements.count_bookings(db, *of),
    )


def month_csv_url(asked: strawberry.Parent[Asked], info: Info) -> str:
    file = StatementFile(asked.host_id, asked.currency, asked.of)
    return absolute(address_of(info.context.keys, file, info.context.now), info)


@strawberry.type(
    description="What a host was owed, earned and was paid in a month, as the books have it. "
    "Months are the issuer's."
)
class HostStatement:
    month: str = strawberry.field(description="Which: `2026-11`.")
    currency: CurrencyCode = strawberry.field(description="In which currency.")
    opening_balance: Money = strawberry.field(description="What the host was owed before it.")
    closing_balance: Money = strawberry.field(
        description="What they were owed after it: the opening balance and `amounts.total`. Less "
        "than nothing: taken off the next payouts.",
    )
    in_transit: Money = strawberry.field(
        description="Of what was paid out, how much was not known to be sent at its end.",
    )
    amounts: HostAmounts = strawberry.field(description="What has changed in it.")
    bookings = strawberry.field(
        resolver=bookings,
        graphql_type=HostStatementBookingConnection,
        description="The same for each booking.",
    )
    csv_url = strawberry.field(
        resolver=month_csv_url,
        description="Every movement as CSV, without a token, for a quarter of an hour.",
    )


@strawberry.type(description="A month in which something has changed in a currency.")
class HostStatementMonth:
    month: str = strawberry.field(description="Which: `2026-11`.")
    currency: CurrencyCode = strawberry.field(description="In which currency.")


def booking_csv_url(found: strawberry.Parent[OfBooking], info: Info) -> str:
    file = BookingFile(found.host_id, found.booking_id)
    return absolute(address_of(info.context.keys, file, info.context.now), info)


@strawberry.type(description="What a host has had of one booking; the total is still owed.")
class HostBookingStatement:
    amounts: HostAmounts = strawberry.field(description="All in all.")
    lines: list[HostStatementLine] = strawberry.field(description="Each movement, in order.")
    csv_url = strawberry.field(
        resolver=booking_csv_url,
        description="The same as CSV, without a token, for a quarter of an hour.",
    )


@reads("host_id", "currency")
async def statement_of(booking: strawberry.Parent[BookingRow], info: Info) -> OfBooking | None:
    if not is_own(booking.host_id, info.context.actor):
        return None
    lines = await statements.lines_of(info.context.runtime.db, booking.host_id, booking.id)
    return OfBooking(booking.host_id, booking.id, lines, booking.currency)


@reads("id")
async def own_documents(
    user: User_,
    info: Info,
    kind: Kinds = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[DocumentRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await listed(info, DOCUMENTS_OF, user.id, first, after, kind)


@reads("id")
async def own_statement(
    user: User_,
    info: Info,
    month_: Annotated[str, strawberry.argument(name="month", description="Which: `2026-11`.")],
    currency: Annotated[CurrencyCode, strawberry.argument(description="In which currency.")],
) -> Asked | None:
    if not is_own(user.id, info.context.actor):
        return None
    of = month(month_, "month")
    runtime = info.context.runtime
    asked = period(of, of, issuer_of(runtime.settings).zone)
    balances, sums = await asyncio.gather(
        statements.balances(runtime.db, user.id, currency, asked),
        statements.sums(runtime.db, user.id, currency, asked),
    )
    return Asked(user.id, currency, of, asked, balances, sums)


@reads("id")
async def own_months(user: User_, info: Info) -> list[StatementMonth] | None:
    if not is_own(user.id, info.context.actor):
        return None
    runtime = info.context.runtime
    return await statements.months(runtime.db, user.id, runtime.settings.issuer_timezone)


@strawberry.type
class Accounted:
    """The fields of `User` that are about what was written of their money."""

    documents = strawberry.field(
        resolver=own_documents,
        graphql_type=DocumentConnection | None,
        description=f"Their receipts, invoices and credit notes, newest first. {THEIRS}",
    )
    host_statement = strawberry.field(
        resolver=own_statement,
        graphql_type=HostStatement | None,
        description=f"What they were owed as a host, earned and were paid in a month. {THEIRS}",
    )
    host_statement_months = strawberry.field(
        resolver=own_months,
        graphql_type=list[HostStatementMonth] | None,
        description=f"Of which months there are statements, the last first. {THEIRS}",
    )
