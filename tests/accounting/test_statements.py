"""Hosts' statements: what the books say, told apart, and always adding up to them."""

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.accounting import statements, tables
from app.accounting.periods import Month, Period, month, period
from app.errors import Invalid
from app.ids import new_id
from app.ledger import queries as books
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.ledger.rules import Entry, Line
from db.enums import JournalEntryKind, LedgerAccountKind, PaymentProvider
from db.session import Database
from tests.accounting import paying
from tests.support import world

UTC_ZONE, LISBON = ZoneInfo("UTC"), ZoneInfo("Europe/Lisbon")
MAY = Month(2026, 5)
AT = datetime(2026, 5, 10, 12, tzinfo=UTC)
JUNE = datetime(2026, 6, 3, 12, tzinfo=UTC)
K = JournalEntryKind


def of(found: Month, zone: ZoneInfo = UTC_ZONE) -> Period:
    return period(found, found, zone)


async def post(db: Database, entry: Entry, at: datetime) -> None:
    async with db.transaction() as session:
        assert await ledger.post(session, entry, at)


async def pay_out(db: Database, host_id: UUID, items: dict[UUID, int], at: datetime) -> UUID:
    payout_id = new_id()
    await post(db, entries.payout_reserved(payout_id, host_id, "EUR", items), at)
    return payout_id


def shown(found: statements.Sums) -> tuple[int, ...]:
    return (
        found.earnings_minor,
        found.fees_minor,
        found.refunds_minor,
        found.adjustments_minor,
        found.payouts_minor,
    )


@pytest.fixture
async def host_id(db: Database) -> UUID:
    return await world.add_host(db)


async def test_two_months_of_a_host(db: Database, host_id: UUID) -> None:
    """Two stays are paid in May; one is refunded in part and paid out, the other in June."""
    first, second = await paying.stay(db, host_id), await paying.stay(db, host_id)
    payment = await paying.paid(db, first, AT)
    await paying.paid(db, second, AT + timedelta(hours=1))
    await paying.given_back(db, payment, AT + timedelta(days=1))
    rest = 241_00 - 120_50
    sent = await pay_out(db, host_id, {first: rest}, AT + timedelta(days=2))
    provider = PaymentProvider.STRIPE
    await post(db, entries.payout_sent(sent, provider, "EUR", rest), AT + timedelta(days=2))
    await pay_out(db, host_id, {second: 241_00}, datetime(2026, 5, 31, 23, 59, tzinfo=UTC))
    # Another host's, and another currency's.
    await paying.paid(db, await paying.stay(db), AT)
    await paying.paid(db, await paying.stay(db, host_id), AT, currency="USD")

    asked = (host_id, "EUR", of(MAY))
    found = await statements.sums(db, *asked)
    assert shown(found) == (500_00, -13_50, -125_00, 0, -(rest + 241_00))
    assert found.total_minor == 0
    balances = await statements.balances(db, *asked)
    assert (balances.opening_minor, balances.in_transit_minor) == (0, 241_00)
    by_booking = await statements.by_booking(db, *asked, 10, None)
    assert [(each.booking_id, *shown(each)) for each in by_booking] == [
        (second, 250_00, -9_00, 0, 0, -241_00),
        (first, 250_00, -4_50, -125_00, 0, -rest),
    ]
    assert await statements.count_bookings(db, *asked) == 2
    page = await statements.by_booking(db, *asked, 1, second)
    assert [each.booking_id for each in page] == [first]
    # In June the transfer comes back: what was owed at the end of May is owed again.
    june = (host_id, "EUR", of(MAY.next))
    assert shown(await statements.sums(db, *june)) == (0, 0, 0, 0, 0)
    months = await statements.months(db, host_id, "UTC")
    assert [(each.month, each.currency) for each in months] == [
        ("2026-05", "EUR"),
        ("2026-05", "USD"),
    ]


async def test_a_refund_after_the_payout_is_owed_in_the_next_month(
    db: Database, host_id: UUID
) -> None:
    booking = await paying.stay(db, host_id)
    payment = await paying.paid(db, booking, AT)
    await pay_out(db, host_id, {booking: 241_00}, AT)
    await paying.given_back(db, payment, JUNE)
    june = (host_id, "EUR", of(MAY.next))
    assert shown(await statements.sums(db, *june)) == (0, 4_50, -125_00, 0, 0)
    assert (await statements.balances(db, *june)).opening_minor == 0
    july = (host_id, "EUR", of(MAY.next.next))
    assert (await statements.balances(db, *july)).opening_minor == -120_50
    assert shown(await statements.sums(db, *july)) == (0, 0, 0, 0, 0)


async def test_what_it_has_no_column_for_is_an_adjustment(db: Database, host_id: UUID) -> None:
    """A lost dispute, and whatever kinds of entries there will be; with a booking or without."""
    booking = await paying.stay(db, host_id)
    payment = await paying.paid(db, booking, AT)
    lost = entries.dispute_lost(new_id(), booking, host_id, "EUR", payment.shares)
    await post(db, lost, AT)
    fee = Entry(
        kind=K.CANCELLATION_FEE,
        source="corrections",
        source_id=new_id(),
        currency="EUR",
        lines=(
            Line(LedgerAccountKind.HOST_PAYABLE, 30_00, host_id),
            Line(LedgerAccountKind.PLATFORM_REVENUE, -30_00),
        ),
    )
    await post(db, fee, AT)
    asked = (host_id, "EUR", of(MAY))
    assert shown(await statements.sums(db, *asked)) == (250_00, -9_00, 0, -271_00, 0)
    by_booking = await statements.by_booking(db, *asked, 10, None)
    assert [(each.booking_id, each.adjustments_minor) for each in by_booking] == [
        (booking, -241_00),
        (statements.NONE, -30_00),
    ]


async def test_it_always_adds_up_to_the_ledger(db: Database, host_id: UUID) -> None:
    """The months' sums, the bookings' sums, the lines and the balances: one and the same money."""
    for number in range(6):
        booking = await paying.stay(db, host_id)
        at = AT + timedelta(days=17 * number)
        payment = await paying.paid(db, booking, at)
        if number % 2:
            await paying.given_back(db, payment, at + timedelta(days=9))
        if number % 3 == 0:
            await pay_out(db, host_id, {booking: 100_00 + number}, at + timedelta(days=12))
    balance, asked = 0, MAY
    for _ in range(6):
        whose = (host_id, "EUR", of(asked, LISBON))
        assert (await statements.balances(db, *whose)).opening_minor == balance
        changed = await statements.sums(db, *whose)
        by_booking = await statements.by_booking(db, *whose, 50, None)
        assert statements.added(by_booking, "EUR") == changed
        assert statements.added(await statements.lines(db, *whose), "EUR") == changed
        balance += changed.total_minor
        asked = asked.next
    async with db.read() as connection:
        owed = await books.balance(connection, LedgerAccountKind.HOST_PAYABLE, "EUR", host_id)
    assert balance == -owed != 0


async def test_months_are_the_issuers(db: Database, host_id: UUID) -> None:
    """Half an hour before midnight in UTC it is June in Lisbon's summer."""
    await paying.paid(db, await paying.stay(db, host_id), datetime(2026, 5, 31, 23, 30, tzinfo=UTC))
    for zone, expected in ((UTC_ZONE, 250_00), (LISBON, 0)):
        found = await statements.sums(db, host_id, "EUR", of(MAY, zone))
        assert found.earnings_minor == expected
    (only,) = await statements.months(db, host_id, "Europe/Lisbon")
    assert only.month == "2026-06"


async def test_the_file_has_a_line_for_each_movement(db: Database, host_id: UUID) -> None:
    booking = await paying.stay(db, host_id)
    async with db.transaction() as session:
        await session.execute(text("UPDATE properties SET title = '=1+1, \"quoted\"\nSea'"))
    payment = await paying.paid(db, booking, AT)
    await paying.given_back(db, payment, AT + timedelta(days=1))
    lines = await statements.lines(db, host_id, "EUR", of(MAY))
    made = tables.statement(10_00, lines, "EUR", LISBON)
    assert made.count(b"\r\n") == 5
    rows = list(csv.DictReader(io.StringIO(made.decode(), newline="")))
    assert [row["movement"] for row in rows] == [
        *("OPENING_BALANCE", "CAPTURE", "REFUND_DUE", "CLOSING_BALANCE"),
    ]
    assert [row["balance"] for row in rows] == ["10.00", "251.00", "130.50", "130.50"]
    assert rows[1]["place"].startswith('\'=1+1, "quoted"')
    assert rows[1]["date"] == "2026-05-10T13:00:00+01:00"
    assert (rows[2]["refunds"], rows[2]["fees"], rows[2]["amount"]) == (
        "-125.00",
        "4.50",
        "-120.50",
    )
    of_booking = tables.movements(await statements.lines_of(db, host_id, booking), LISBON)
    assert len(list(csv.reader(io.StringIO(of_booking.decode(), newline="")))) == 3
    assert await statements.lines_of(db, await world.add_host(db), booking) == []


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        ("Sea", "Sea"),
        (None, ""),
        ("1-2", "1-2"),
    ],
)
def test_no_cell_is_a_formula(cell: str | None, expected: str) -> None:
    assert tables.words(cell) == expected


@given(st.text(max_size=20))
def test_any_text_comes_back_from_the_file(cell: str) -> None:
    cell = cell.replace("\r", "\n").replace("\x00", "")
    made = tables.sheet(("a",), [(tables.words(cell),)])
    (row,) = list(csv.reader(io.StringIO(made.decode(), newline="")))[1:] or [[""]]
    assert (row or [""])[0].removeprefix("'") == cell.removeprefix("'")


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [(-1, "EUR", "-0.01"), (1_234, "JPY", "1234"), (12_345, "KWD", "12.345"), (0, "EUR", "0.00")],
)
def test_numbers_have_their_currencys_decimals(minor: int, currency: str, expected: str) -> None:
    assert tables.amount(minor, currency) == expected


@pytest.mark.parametrize("wrong", ["2026-13", "2026-00", "26-01", "2026-1", "2026", "", "1999-12"])
def test_what_is_no_month(wrong: str) -> None:
    with pytest.raises(Invalid):
        month(wrong, "month")


@pytest.mark.parametrize(
    ("first", "last"), [("2026-02", "2026-01"), ("2026-01", "2027-01"), ("2025-12", "2026-12")]
)
def test_periods_have_bounds(first: str, last: str) -> None:
    with pytest.raises(Invalid):
        period(month(first, "from"), month(last, "to"), UTC_ZONE)


def test_a_month_begins_and_ends_by_its_clock() -> None:
    """March in Lisbon is an hour shorter; a year is as long as can be asked for."""
    march = of(Month(2026, 3), LISBON)
    length = march.end.astimezone(UTC) - march.start.astimezone(UTC)
    assert length == timedelta(days=31) - timedelta(hours=1)
    assert Month(2026, 12).next == Month(2027, 1)
    period(month("2026-01", "from"), month("2026-12", "to"), UTC_ZONE)
