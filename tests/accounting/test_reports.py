"""The platform's reports: sums of the books by month, in each currency."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.accounting import reports, tables
from app.accounting.periods import Month, period
from app.accounting.reports import RevenueRow, TaxReportRow
from app.ids import new_id
from app.ledger import queries as books
from app.ledger import rules as entries
from app.ledger import service as ledger
from db.enums import LedgerAccountKind, LineItemKind, PaymentProvider
from db.session import Database
from tests.accounting import paying
from tests.support.money import line

AT = datetime(2026, 5, 10, 12, tzinfo=UTC)
JUNE = datetime(2026, 6, 3, 12, tzinfo=UTC)
BOTH = period(Month(2026, 5), Month(2026, 6), ZoneInfo("UTC"))
STRIPE = PaymentProvider.STRIPE


async def post(db: Database, entry: entries.Entry, at: datetime) -> None:
    async with db.transaction() as session:
        assert await ledger.post(session, entry, at)


async def trade(db: Database) -> None:
    """In May two stays, of one a part is given back; in June a bank takes one's price back."""
    first, second = await paying.stay(db), await paying.stay(db)
    payment = await paying.paid(db, first, AT)
    await paying.given_back(db, payment, AT + timedelta(days=1))
    disputed = await paying.paid(db, second, AT)
    await post(db, entries.provider_fee(payment.id, first, STRIPE, "EUR", 9_00), AT)
    shares = disputed.shares
    lost = entries.dispute_lost(new_id(), second, disputed.host_id, "EUR", shares)
    await post(db, lost, JUNE)
    # With a code of ours, in yen.
    cheaper = (
        line(LineItemKind.NIGHTS, 20_000),
        line(LineItemKind.PLATFORM_PROMOTION, -1_000),
        line(LineItemKind.SERVICE_FEE, 2_400),
        line(LineItemKind.TAX, 500, "Hotel tax"),
    )
    await paying.paid(
        db,
        await paying.stay(db),
        JUNE,
        currency="JPY",
        amount_minor=21_900,
        captured_minor=21_900,
        host_minor=19_400,
        platform_minor=3_000,
        tax_minor=500,
        promotion_minor=1_000,
        line_items=cheaper,
        country="JP",
        region="",
    )


async def test_revenue_by_month_and_currency(db: Database) -> None:
    await trade(db)
    found = await reports.revenue(db, BOTH)
    assert found == [
        RevenueRow("2026-05", "EUR", 70_00, 13_50, 0, 0, -9_00, 0),
        RevenueRow("2026-06", "EUR", 0, 0, 0, 0, 0, -44_00),
        RevenueRow("2026-06", "JPY", 2_400, 600, 0, -1_000, 0, 0),
    ]
    # Nothing else is on these accounts.
    async with db.read() as connection:
        kinds = LedgerAccountKind.PLATFORM_REVENUE, LedgerAccountKind.PROMOTIONS
        owed = sum([await books.balance(connection, kind, "EUR") for kind in kinds])
    assert sum(row.net_minor for row in found if row.currency == "EUR") == -owed - 9_00
    assert tables.revenue(found).decode().splitlines()[1] == (
        "2026-05,EUR,70.00,13.50,0.00,0.00,-9.00,0.00,74.50"
    )


async def test_taxes_by_month_currency_and_name(db: Database) -> None:
    await trade(db)
    found = await reports.taxes(db, BOTH)
    lisbon = ("PT", "Lisbon", "City tax")
    assert found == [
        TaxReportRow("2026-05", "EUR", *lisbon, 30_00, -7_50, 0),
        TaxReportRow("2026-06", "EUR", *lisbon, 0, 0, -15_00),
        TaxReportRow("2026-06", "JPY", "JP", "", "Hotel tax", 500, 0, 0),
    ]
    async with db.read() as connection:
        owed = await books.balance(connection, LedgerAccountKind.TAX_PAYABLE, "EUR")
    assert sum(row.net_minor for row in found if row.currency == "EUR") == -owed
    assert tables.taxes(found).decode().splitlines()[3] == ("2026-06,JPY,JP,,Hotel tax,500,0,0,500")
