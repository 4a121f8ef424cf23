"""The platform's own figures, for admins. Each look leaves a line in the trail."""

from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
import strawberry

from app.accounting import reports
from app.accounting.documents import issuer_of
from app.accounting.downloads import Report, ReportFile, address_of
from app.accounting.periods import LONGEST, Month, month, period
from app.accounting.reports import RevenueRow, TaxReportRow
from db.enums import StaffActionKind
from schema.context import Info, absolute
from schema.money import Money
from schema.scalars import CurrencyCode

From: TypeAlias = Annotated[
    str, strawberry.argument(name="from", description="The first month: `2026-01`.")
]
To: TypeAlias = Annotated[
    str,
    strawberry.argument(name="to", description=f"The last month; {LONGEST} months at most in all."),
]


class Told(msgspec.Struct, frozen=True):
    """A report that somebody may see."""

    kind: Report
    first: Month
    last: Month
    user_id: UUID
    session_id: UUID
    rows: list[RevenueRow] | list[TaxReportRow]


def csv_url(told: strawberry.Parent[Told], info: Info) -> str:
    file = ReportFile(told.kind, told.first, told.last, told.user_id, told.session_id)
    return absolute(address_of(info.context.keys, file, info.context.now), info)


CSV = "The same as CSV, without a token, for a quarter of an hour; and while one is an admin."


@strawberry.type(
    description="A month in a currency. What is earned is more than nothing, what is paid less."
)
class RevenueReportRow:
    month: str = strawberry.field(description="Which: `2026-11`.")
    currency: CurrencyCode = strawberry.field(description="In which currency.")
    guest_fees: Money = strawberry.field(description="Guests' service fees, less what went back.")
    host_fees: Money = strawberry.field(description="Hosts' service fees, likewise.")
    other: Money = strawberry.field(description="What else was earned, or is not told apart.")
    promotions: Money = strawberry.field(description="What we have paid of guests' prices.")
    provider_fees: Money = strawberry.field(description="What payment providers have kept.")
    dispute_losses: Money = strawberry.field(description="Our part of what banks took back.")
    net: Money = strawberry.field(description="All together.")


@strawberry.type(description="What the platform has earned and paid, by the issuer's months.")
class RevenueReport:
    rows: list[RevenueReportRow] = strawberry.field(description="By month and currency.")
    csv_url = strawberry.field(resolver=csv_url, description=CSV)


@strawberry.type(description="A tax in a month and a currency.")
class TaxReportEntry:
    month: str = strawberry.field(description="Which: `2026-11`.")
    currency: CurrencyCode = strawberry.field(description="In which currency.")
    country: str | None = strawberry.field(
        description="Where it is due (ISO 3166); null: nobody knows any more."
    )
    region: str | None = strawberry.field(description="Where in the country.")
    name: str | None = strawberry.field(description="What the host calls it.")
    collected: Money = strawberry.field(description="What was taken.")
    refunded: Money = strawberry.field(description="What went back: less than nothing.")
    lost: Money = strawberry.field(description="What banks took back: likewise.")
    net: Money = strawberry.field(description="What is left for the authorities.")


@strawberry.type(description="Taxes that were taken with prices, by the issuer's months.")
class TaxReport:
    rows: list[TaxReportEntry] = strawberry.field(description="By month, currency and tax.")
    csv_url = strawberry.field(resolver=csv_url, description=CSV)


async def _told(info: Info, kind: Report, first: str, last: str) -> Told | None:
    context = info.context
    actor = context.actor
    if not actor.may(StaffActionKind.BOOKS_READ):
        return None
    since, until = month(first, "from"), month(last, "to")
    asked = period(since, until, issuer_of(context.runtime.settings).zone)
    if actor.session_id is None or not await context.look(StaffActionKind.BOOKS_READ, None):
        return None
    db = context.runtime.db
    rows: list[RevenueRow] | list[TaxReportRow]
    if kind is Report.REVENUE:
        rows = await reports.revenue(db, asked)
    else:
        rows = await reports.taxes(db, asked)
    return Told(kind, since, until, actor.require_user(), actor.session_id, rows)


async def staff_revenue(info: Info, first: From, last: To) -> Told | None:
    return await _told(info, Report.REVENUE, first, last)


async def staff_taxes(info: Info, first: From, last: To) -> Told | None:
    return await _told(info, Report.TAXES, first, last)


@strawberry.type
class ReportQueries:
    staff_revenue = strawberry.field(
        resolver=staff_revenue,
        graphql_type=RevenueReport | None,
        description="What the platform has earned. Null unless the viewer is an admin.",
    )
    staff_taxes = strawberry.field(
        resolver=staff_taxes,
        graphql_type=TaxReport | None,
        description="Which taxes were taken with prices. Null unless the viewer is an admin.",
    )
