"""The ledger on a real PostgreSQL: balanced, append-only, each movement once."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.ids import new_id
from app.ledger import queries, rules, service
from db.enums import JournalEntryKind, LedgerAccountKind, PaymentProvider
from db.models import JournalEntry, LedgerAccount, Posting
from db.session import Database, constraint_name, sqlstate
from tests.support import world

Account = LedgerAccountKind
STRIPE = PaymentProvider.STRIPE
SHARES = rules.Shares(host_minor=241_00, platform_minor=44_00, tax_minor=15_00)


class Stay:
    """A booking and its people."""

    def __init__(self, guest_id: UUID, host_id: UUID, booking_id: UUID) -> None:
        self.guest_id, self.host_id, self.booking_id = guest_id, host_id, booking_id

    def capture(self, payment_id: UUID | None = None, currency: str = "EUR") -> rules.Entry:
        return rules.capture(
            payment_id or new_id(), self.booking_id, self.host_id, STRIPE, currency, SHARES
        )


@pytest.fixture
async def stay(db: Database) -> Stay:
    guest_id, host_id = await world.add_user(db), await world.add_host(db)
    property_id = await world.add_property(db, host_id)
    return Stay(guest_id, host_id, await world.add_booking(db, property_id, guest_id, host_id))


async def post(db: Database, entry: rules.Entry) -> bool:
    async with db.transaction() as session:
        return await service.post(session, entry, world.NOW)


async def balances(db: Database, stay: Stay, currency: str = "EUR") -> dict[str, int]:
    owners = {Account.HOST_PAYABLE: stay.host_id, Account.GUEST: stay.guest_id}
    async with db.read() as connection:
        found = {
            str(kind): await queries.balance(connection, kind, currency, owners.get(kind))
            for kind in Account
        }
    return {kind: amount for kind, amount in found.items() if amount}


async def test_a_stay_from_capture_to_payout(db: Database, stay: Stay) -> None:
    payment_id, refund_id, payout_id = new_id(), new_id(), new_id()
    booking, host, guest = stay.booking_id, stay.host_id, stay.guest_id
    assert await post(db, stay.capture(payment_id))
    assert await post(db, rules.provider_fee(payment_id, booking, STRIPE, "EUR", 9_00))
    assert await balances(db, stay) == {
        "PROVIDER_CLEARING": 291_00,
        "PROVIDER_FEES": 9_00,
        "HOST_PAYABLE": -241_00,
        "PLATFORM_REVENUE": -44_00,
        "TAX_PAYABLE": -15_00,
    }
    part = rules.Shares(host_minor=100_00, platform_minor=4_00, tax_minor=5_00)
    assert await post(db, rules.refund_due(refund_id, booking, guest, host, "EUR", part))
    assert (await balances(db, stay))["GUEST"] == -109_00
    assert await post(db, rules.refund_sent(refund_id, booking, guest, STRIPE, "EUR", 109_00))
    assert await post(db, rules.refund_returned(refund_id, booking, guest, STRIPE, "EUR", 109_00))
    assert (await balances(db, stay))["GUEST"] == -109_00
    async with db.read() as connection:
        owed = await queries.outstanding(connection, host, "EUR", [booking, new_id()])
    assert owed == {booking: 141_00}
    assert await post(db, rules.payout_reserved(payout_id, host, "EUR", owed))
    assert (await balances(db, stay))["PAYOUT_IN_TRANSIT"] == -141_00
    assert await post(db, rules.payout_sent(payout_id, STRIPE, "EUR", 141_00))
    assert await balances(db, stay) == {
        "PROVIDER_CLEARING": 150_00,
        "PROVIDER_FEES": 9_00,
        "GUEST": -109_00,
        "PLATFORM_REVENUE": -40_00,
        "TAX_PAYABLE": -10_00,
    }
    assert await post(
        db, rules.payout_returned(payout_id, host, STRIPE, "EUR", owed, was_sent=True)
    )
    assert (await balances(db, stay))["HOST_PAYABLE"] == -141_00
    async with db.read() as connection:
        assert await queries.verify(connection) == []


async def test_posting_twice_does_nothing(db: Database, stay: Stay) -> None:
    entry = stay.capture()
    assert await post(db, entry) is True
    before = await balances(db, stay)
    assert await post(db, entry) is False
    assert await balances(db, stay) == before


async def test_the_same_entry_at_once_is_posted_once(db: Database, stay: Stay) -> None:
    entry = stay.capture()
    done = await asyncio.gather(*(post(db, entry) for _ in range(8)))
    assert sorted(done) == [False] * 7 + [True]


async def test_accounts_opened_at_once_are_opened_once(db: Database, stay: Stay) -> None:
    done = await asyncio.gather(*(post(db, stay.capture()) for _ in range(8)))
    assert all(done)
    async with db.read() as connection:
        count = await connection.scalar(select(func.count()).select_from(LedgerAccount))
    assert count == 4
    assert (await balances(db, stay))["PROVIDER_CLEARING"] == 8 * SHARES.total_minor


async def test_currencies_do_not_mix(db: Database, stay: Stay) -> None:
    await post(db, stay.capture())
    await post(db, stay.capture(currency="USD"))
    assert (await balances(db, stay, "USD"))["HOST_PAYABLE"] == -241_00
    assert (await balances(db, stay, "EUR"))["HOST_PAYABLE"] == -241_00


async def test_providers_do_not_mix(db: Database, stay: Stay) -> None:
    await post(db, stay.capture())
    await post(db, rules.payout_sent(new_id(), PaymentProvider.PAYSTACK, "EUR", 100_00))
    async with db.read() as connection:
        held = {
            provider: await queries.balance(
                connection, Account.PROVIDER_CLEARING, "EUR", provider=provider
            )
            for provider in PaymentProvider
        }
    assert held == {STRIPE: SHARES.total_minor, PaymentProvider.PAYSTACK: -100_00}
    assert (await balances(db, stay))["PROVIDER_CLEARING"] == SHARES.total_minor - 100_00


async def test_money_at_no_provider_is_refused(db: Database) -> None:
    entry = rules.Entry(
        kind=JournalEntryKind.PAYOUT_SENT,
        source="payouts",
        source_id=new_id(),
        currency="EUR",
        lines=(
            rules.Line(Account.PAYOUT_IN_TRANSIT, 1),
            rules.Line(Account.PROVIDER_CLEARING, -1),
        ),
    )
    with pytest.raises(ValueError, match="names no provider"):
        await post(db, entry)


async def test_an_entry_that_does_not_add_up_is_refused(db: Database, stay: Stay) -> None:
    entry = rules.Entry(
        kind=JournalEntryKind.CAPTURE,
        source="payments",
        source_id=new_id(),
        currency="EUR",
        lines=(rules.Line(Account.PROVIDER_CLEARING, 1), rules.Line(Account.PROVIDER_FEES, -2)),
    )
    with pytest.raises(ValueError, match="does not balance"):
        await post(db, entry)


async def insert_by_hand(db: Database, amounts: list[tuple[str, int]]) -> None:
    """Postings past our own code: (currency, amount)."""
    async with db.transaction() as session:
        entry_id = new_id()
        await session.execute(
            text(
                "INSERT INTO journal_entries (id, kind, source, source_id, occurred_at)"
                " VALUES (:id, 'CAPTURE', 'payments', :id, now())"
            ),
            {"id": entry_id},
        )
        for currency, amount in amounts:
            account_id = new_id()
            await session.execute(
                text(
                    "INSERT INTO ledger_accounts (id, kind, provider, currency)"
                    " VALUES (:id, 'PROVIDER_CLEARING', 'STRIPE', :currency) ON CONFLICT DO NOTHING"
                ),
                {"id": account_id, "currency": currency},
            )
            await session.execute(
                text(
                    "INSERT INTO postings (id, entry_id, account_id, amount_minor, currency)"
                    " SELECT :id, :entry, id, :amount, currency FROM ledger_accounts"
                    " WHERE currency = :currency"
                ),
                {"id": new_id(), "entry": entry_id, "amount": amount, "currency": currency},
            )


@pytest.mark.parametrize(
    "amounts",
    [[("EUR", 100)], [("EUR", 100), ("EUR", -99)], [("EUR", 100), ("USD", -100)]],
)
async def test_postgresql_refuses_an_imbalance(
    db: Database, amounts: list[tuple[str, int]]
) -> None:
    with pytest.raises(DBAPIError) as caught:
        await insert_by_hand(db, amounts)
    assert sqlstate(caught.value) == "23514"
    assert constraint_name(caught.value) == "postings_balanced"
    await insert_by_hand(db, [("EUR", 100), ("EUR", -100)])


async def test_postgresql_refuses_to_add_to_an_entry_later(db: Database, stay: Stay) -> None:
    await post(db, stay.capture())
    with pytest.raises(DBAPIError) as caught:
        async with db.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO postings (id, entry_id, account_id, amount_minor, currency)"
                    " SELECT gen_random_uuid(), entry_id, account_id, 5, currency"
                    " FROM postings LIMIT 1"
                )
            )
    assert constraint_name(caught.value) == "postings_balanced"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE postings SET amount_minor = amount_minor * 2",
        "DELETE FROM postings",
        "TRUNCATE postings",
        "UPDATE journal_entries SET source_id = gen_random_uuid()",
        "DELETE FROM journal_entries",
        "TRUNCATE journal_entries CASCADE",
    ],
)
async def test_postgresql_refuses_any_change(db: Database, stay: Stay, statement: str) -> None:
    await post(db, stay.capture())
    with pytest.raises(DBAPIError) as caught:
        async with db.transaction() as session:
            await session.execute(text(statement))
    assert sqlstate(caught.value) == "23001"
    async with db.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(Posting)) == 4
        assert await connection.scalar(select(func.count()).select_from(JournalEntry)) == 1


async def test_the_lock_on_what_a_host_is_owed_holds_up_postings(db: Database, stay: Stay) -> None:
    await post(db, stay.capture())
    async with db.transaction() as session:
        await service.host_payable_for_update(session, stay.host_id, "EUR")
        refund = asyncio.create_task(
            post(
                db,
                rules.refund_due(
                    new_id(), stay.booking_id, stay.guest_id, stay.host_id, "EUR", SHARES
                ),
            )
        )
        await asyncio.sleep(0.2)
        assert not refund.done()
    assert await refund


@pytest.mark.parametrize("entry", ["capture", "refund_due", "payout_reserved"])
def test_entries_leave_out_what_is_nothing(entry: str) -> None:
    ids: dict[str, Any] = {name: new_id() for name in ("a", "b", "c", "d")}
    free = rules.Shares(host_minor=100, platform_minor=0, tax_minor=0)
    made = {
        "capture": rules.capture(ids["a"], ids["b"], ids["c"], STRIPE, "EUR", free),
        "refund_due": rules.refund_due(ids["a"], ids["b"], ids["c"], ids["d"], "EUR", free),
        "payout_reserved": rules.payout_reserved(ids["a"], ids["b"], "EUR", {ids["c"]: 100}),
    }[entry]
    assert len(made.lines) == 2
    assert sum(line.amount_minor for line in made.lines) == 0
