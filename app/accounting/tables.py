"""Statements and reports as CSV (RFC 4180) in UTF-8; no spreadsheet takes a cell for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.accounting.reports import RevenueRow, TaxReportRow
from app.accounting.statements import StatementLine
from app.money import decimals

# With these a formula begins, to one program or another.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def sheet(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table with its heading."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return out.getvalue().encode()


def words(text: str | None) -> str:
    """A cell of what people have written: an apostrophe keeps it from being a formula."""
    text = text or ""
    return f"'{text}" if text.startswith(FORMULA) else text


def amount(minor: int, currency: str) -> str:
    """A cell with a number: `-1234.50`."""
    return str(Decimal(minor).scaleb(-decimals(currency)))


MOVEMENT = (
    *("date", "movement", "booking", "place", "check_in", "check_out", "currency"),
    *("earnings", "fees", "refunds", "adjustments", "payouts", "amount"),
)


def movements(lines: Iterable[StatementLine], zone: ZoneInfo) -> bytes:
    """A line for each movement."""
    return sheet(MOVEMENT, (_movement(line, zone) for line in lines))


def statement(
    opening_minor: int, lines: Sequence[StatementLine], currency: str, zone: ZoneInfo
) -> bytes:
    """The same with the balance after each, between those before and after all of them."""
    blank = ("",) * (len(MOVEMENT) - 2)
    rows = [("", "OPENING_BALANCE", *blank, amount(opening_minor, currency))]
    balance = opening_minor
    for line in lines:
        balance += line.total_minor
        rows.append((*_movement(line, zone), amount(balance, currency)))
    rows.append(("", "CLOSING_BALANCE", *blank, amount(balance, currency)))
    return sheet((*MOVEMENT, "balance"), rows)


def revenue(rows: Iterable[RevenueRow]) -> bytes:
    """What was earned, by month and currency."""
    return sheet(
        (
            *("month", "currency", "guest_fees", "host_fees", "other", "promotions"),
            *("provider_fees", "dispute_losses", "net"),
        ),
        (
            (
                row.month,
                row.currency,
                *(
                    amount(minor, row.currency)
                    for minor in (
                        row.guest_fees_minor,
                        row.host_fees_minor,
                        row.other_minor,
                        row.promotions_minor,
                        row.provider_fees_minor,
                        row.dispute_losses_minor,
                        row.net_minor,
                    )
                ),
            )
            for row in rows
        ),
    )


def taxes(rows: Iterable[TaxReportRow]) -> bytes:
    """What was taken for tax offices, by month, currency and tax."""
    return sheet(
        (
            *("month", "currency", "country", "region", "tax"),
            *("collected", "refunded", "lost", "net"),
        ),
        (
            (
                row.month,
                row.currency,
                *map(words, (row.country, row.region, row.name)),
                amount(row.collected_minor, row.currency),
                amount(row.refunded_minor, row.currency),
                amount(row.lost_minor, row.currency),
                amount(row.net_minor, row.currency),
            )
            for row in rows
        ),
    )


def _movement(line: StatementLine, zone: ZoneInfo) -> tuple[str, ...]:
    sums = (
        line.earnings_minor,
        line.fees_minor,
        line.refunds_minor,
        line.adjustments_minor,
        line.payouts_minor,
        line.total_minor,
    )
    return (
        line.occurred_at.astimezone(zone).isoformat(timespec="seconds"),
        line.kind,
        str(line.booking_id or ""),
        words(line.title),
        str(line.check_in or ""),
        str(line.check_out or ""),
        line.currency,
        *(amount(minor, line.currency) for minor in sums),
    )
