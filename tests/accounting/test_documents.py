"""Receipts, invoices and credit notes: each once, without a gap in the numbers, never changed."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from app.accounting import documents, rules
from app.accounting.rules import Content, Money
from db.enums import DocumentKind, LineItemKind, Side
from db.models import Document, HostDetails, Property, User
from db.session import Database
from tests.accounting import paying
from tests.accounting.paying import ISSUER
from tests.privacy.person import add
from tests.support import world
from tests.support.money import LINES, line

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
K = DocumentKind


def told(found: list[Document]) -> list[tuple[str, str, str, int]]:
    return [(each.number, each.kind, each.side, each.total_minor) for each in found]


def content(document: Document) -> Content:
    return msgspec.convert(document.content, Content)


@pytest.mark.parametrize(
    ("platform", "lines", "is_refund", "expected"),
    [
        (44_00, LINES, False, [(K.RECEIPT, 300_00), (K.INVOICE, 35_00), (K.INVOICE, 9_00)]),
        # Nobody is invoiced for nothing.
        (35_00, LINES, False, [(K.RECEIPT, 300_00), (K.INVOICE, 35_00)]),
        (9_00, LINES[:1], False, [(K.RECEIPT, 250_00), (K.INVOICE, 9_00)]),
        (
            44_00,
            LINES,
            True,
            [(K.REFUND_RECEIPT, -300_00), (K.CREDIT_NOTE, -35_00), (K.CREDIT_NOTE, -9_00)],
        ),
        (0, LINES[:1], True, [(K.REFUND_RECEIPT, -250_00)]),
        # What nobody knows the lines of.
        (44_00, (), True, [(K.REFUND_RECEIPT, -77_00)]),
    ],
)
def test_what_is_issued(
    platform: int, lines: Any, is_refund: bool, expected: list[tuple[DocumentKind, int]]
) -> None:
    amount = sum(each.amount_minor for each in lines) or 77_00
    money = Money(amount_minor=amount, platform_minor=platform, line_items=lines)
    found = rules.drafts(money, is_refund=is_refund)
    assert [(each.kind, each.total_minor) for each in found] == expected


def test_numbers_grow_beyond_their_digits() -> None:
    assert rules.number(K.CREDIT_NOTE, 2026, 7) == "C-2026-000007"
    assert rules.number(K.RECEIPT, 2026, 1_234_567) == "R-2026-1234567"


async def test_a_stay_is_paid_and_partly_given_back(db: Database) -> None:
    payment = await paying.paid(db, await paying.stay(db), AT)
    await paying.document(db, payment, AT)
    refund = await paying.given_back(db, payment, AT + timedelta(days=1))
    await paying.document_refund(db, refund, AT + timedelta(days=1))
    found = await paying.issued(db)
    assert told(found) == [
        ("C-2026-000001", "CREDIT_NOTE", "HOST", -4_50),
        ("I-2026-000001", "INVOICE", "GUEST", 35_00),
        ("I-2026-000002", "INVOICE", "HOST", 9_00),
        ("R-2026-000001", "RECEIPT", "GUEST", 300_00),
        ("R-2026-000002", "REFUND_RECEIPT", "GUEST", -132_50),
    ]
    credit, _, invoice, receipt, back = found
    assert (credit.corrects_id, back.corrects_id) == (invoice.id, receipt.id)
    assert (content(credit).corrects, content(back).corrects) == (invoice.number, receipt.number)
    assert {each.user_id for each in (receipt, back)} == {payment.guest_id}
    assert {each.user_id for each in (credit, invoice)} == {payment.host_id}
    assert content(receipt).line_items == LINES
    assert content(receipt).on_behalf_of == "Hedy"
    assert content(invoice).on_behalf_of is None


async def test_twice_is_once_and_takes_no_number(db: Database) -> None:
    payment = await paying.paid(db, await paying.stay(db), AT)
    refund = await paying.given_back(db, payment, AT)
    await asyncio.gather(
        *(paying.document(db, payment, AT) for _ in range(5)),
        *(paying.document_refund(db, refund, AT) for _ in range(5)),
    )
    before = told(await paying.issued(db))
    assert len(before) == 5
    await paying.document(db, payment, AT)
    await paying.document_refund(db, refund, AT)
    other = await paying.paid(db, await paying.stay(db), AT)
    await paying.document(db, other, AT)
    after = {each.number for each in await paying.issued(db)}
    assert after - {number for number, *_ in before} == {
        "R-2026-000003",
        "I-2026-000003",
        "I-2026-000004",
    }


async def test_a_refunds_task_that_overtakes_the_payments_issues_both(db: Database) -> None:
    payment = await paying.paid(db, await paying.stay(db), AT)
    await paying.document_refund(db, await paying.given_back(db, payment, AT), AT)
    await paying.document(db, payment, AT)
    assert len(await paying.issued(db)) == 5


async def test_two_hundred_at_once_leave_no_gap(db: Database) -> None:
    host_id = await world.add_host(db)
    place = await world.add_property(db, host_id)
    guest_id = await world.add_user(db)
    first = (AT + timedelta(days=30)).date()
    found = []
    for number in range(200):
        day = first + timedelta(days=3 * number)
        booking = await world.add_booking(db, place, guest_id, host_id, check_in=day)
        found.append(await paying.paid(db, booking, AT))
    broken = found[::20]
    # Some fail after they had their numbers, and are tried again.
    for payment in broken:
        await paying.document(db, payment, AT)

    async def fails(payment: Any) -> None:
        async def work(session: Any) -> None:
            other = msgspec.structs.replace(ISSUER)
            await documents.document_payment(session, other, payment.id, AT)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await db.run(work)

    rest = [each for each in found if each not in broken]
    # As many at once as there are connections.
    lines = asyncio.Semaphore(8)

    async def in_line(work: Any) -> None:
        async with lines:
            await work

    await asyncio.gather(
        *(
            in_line(paying.document(db, each, AT + timedelta(seconds=n)))
            for n, each in enumerate(rest)
        ),
        *(in_line(fails(each)) for each in rest[::10]),
    )
    issued = await paying.issued(db)
    numbers = Counter(each.number for each in issued)
    assert set(numbers.values()) == {1}
    assert sorted(numbers) == [
        *(f"I-2026-{serial:06}" for serial in range(1, 401)),
        *(f"R-2026-{serial:06}" for serial in range(1, 201)),
    ]
    # And later numbers were not issued earlier.
    for series in "IR":
        instants = [each.issued_at for each in issued if each.number[0] == series]
        assert instants == sorted(instants)


async def test_years_begin_by_the_issuers_clock(db: Database) -> None:
    """In Lisbon's summer it is an hour later than in UTC, in winter not; in Auckland, 13."""
    new_year = datetime(2026, 12, 31, 11, tzinfo=UTC)
    auckland = msgspec.structs.replace(ISSUER, timezone="Pacific/Auckland")
    for instant in (new_year - timedelta(seconds=1), new_year):
        payment = await paying.paid(db, await paying.stay(db), instant)
        await db.run(
            lambda session, key=payment.id, at=instant: documents.document_payment(  # type: ignore[misc]
                session, auckland, key, at
            )
        )
    receipts = [each.number for each in await paying.issued(db) if each.kind == K.RECEIPT]
    assert receipts == ["R-2026-000001", "R-2027-000001"]


async def test_each_issuer_counts_for_itself(db: Database) -> None:
    for name in ("Old Company", "New Company"):
        payment = await paying.paid(db, await paying.stay(db), AT)
        issuer = msgspec.structs.replace(ISSUER, name=name)
        await db.run(
            lambda session, key=payment.id, by=issuer: documents.document_payment(  # type: ignore[misc]
                session, by, key, AT
            )
        )
    found = [(each.issuer, each.number) for each in await paying.issued(db)]
    assert ("Old Company", "R-2026-000001") in found
    assert ("New Company", "R-2026-000001") in found


async def test_nothing_is_issued_for_money_that_was_not_taken(db: Database) -> None:
    payment = await paying.paid(db, await paying.stay(db), AT, status="CANCELLED")
    await paying.document(db, payment, AT)
    assert await paying.issued(db) == []


async def test_it_says_what_was_so_when_it_was_issued(db: Database) -> None:
    payment = await paying.paid(db, await paying.stay(db), AT)
    await add(
        db,
        HostDetails,
        user_id=payment.host_id,
        kind="BUSINESS",
        legal_name="Lamarr Homes, Lda.",
        country="PT",
        registration_number="514 000 000",
        terms_version="1",
        agreed_at=AT,
    )
    await paying.document(db, payment, AT)
    async with db.transaction() as session:
        await session.execute(update(User).values(first_name="Other", last_name="Name"))
        await session.execute(update(Property).values(title="Another title"))
    by_side = {(each.kind, each.side): content(each) for each in await paying.issued(db)}
    receipt = by_side["RECEIPT", Side.GUEST]
    assert receipt.recipient.name == "Ada Lovelace"
    # Guests know a trader by its name.
    assert receipt.on_behalf_of == "Lamarr Homes, Lda."
    assert receipt.stay.title == "Tiled flat in Alfama"
    assert receipt.issuer.lines == (*ISSUER.address, ISSUER.tax_id)
    invoiced = by_side["INVOICE", Side.HOST].recipient
    assert (invoiced.name, invoiced.lines) == ("Lamarr Homes, Lda.", ("514 000 000", "Portugal"))


@pytest.mark.parametrize(
    "change", ["UPDATE documents SET total_minor = 1", "DELETE FROM documents"]
)
async def test_what_is_issued_stays(db: Database, change: str) -> None:
    payment = await paying.paid(db, await paying.stay(db), AT)
    await paying.document(db, payment, AT)
    with pytest.raises(DBAPIError, match="append-only"):
        async with db.transaction() as session:
            await session.execute(text(change))


async def test_a_payment_of_a_difference_has_documents_of_its_own(db: Database) -> None:
    """A stay that was made longer is paid for twice."""
    booking = await paying.stay(db)
    more = (line(LineItemKind.NIGHTS, 100_00, "1 night"), line(LineItemKind.SERVICE_FEE, 12_00))
    shares = {"host_minor": 97_00, "platform_minor": 15_00, "tax_minor": 0}
    await paying.document(db, await paying.paid(db, booking, AT), AT)
    async with db.transaction() as session:
        await session.execute(text("DROP INDEX IF EXISTS payments_live_key"))
    second = await paying.paid(
        db,
        booking,
        AT,
        attempt=2,
        amount_minor=112_00,
        captured_minor=112_00,
        line_items=more,
        **shares,
    )
    await paying.document(db, second, AT)
    totals = [each.total_minor for each in await paying.issued(db)]
    assert totals == [35_00, 9_00, 12_00, 3_00, 300_00, 112_00]
