"""The ledger's accounts at providers, as they were and as the migration makes them."""

import asyncio
from pathlib import Path
from uuid import UUID

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.ids import new_id
from db.session import Database
from migrations import runner
from tests.support.postgres import Databases

MIGRATION = "accounts_per_provider"


def before_and_at() -> tuple[str, str]:
    """The revisions before the migration and of it, whatever number it has."""
    scripts = ScriptDirectory.from_config(runner.configuration("postgresql://"))
    found = next(one for one in scripts.walk_revisions() if Path(one.path).stem.endswith(MIGRATION))
    assert isinstance(found.down_revision, str)
    return found.down_revision, found.revision


async def payment(session: AsyncSession, provider: str, currency: str) -> UUID:
    payment_id = new_id()
    await session.execute(
        text(
            "INSERT INTO payments (id, booking_id, attempt, provider, method, status, amount_minor,"
            " currency, guest_id, host_id, host_minor, platform_minor, tax_minor, manual_capture)"
            " VALUES (:id, :id, 1, :provider, 'CARD', 'PENDING', 1, :currency, :id, :id, 1, 0, 0,"
            " false)"
        ),
        {"id": payment_id, "provider": provider, "currency": currency},
    )
    return payment_id


async def refund(session: AsyncSession, payment_id: UUID) -> UUID:
    refund_id = new_id()
    await session.execute(
        text(
            "INSERT INTO refunds (id, payment_id, reason, status, amount_minor, host_minor,"
            " platform_minor, tax_minor)"
            " VALUES (:id, :payment, 'CANCELLATION', 'PENDING', 1, 1, 0, 0)"
        ),
        {"id": refund_id, "payment": payment_id},
    )
    return refund_id


async def entry(
    session: AsyncSession, source: str, source_id: UUID, currency: str, amount: int
) -> None:
    """So much on the currency's clearing account, and as much less on the revenue's."""
    entry_id = new_id()
    await session.execute(
        text(
            "INSERT INTO journal_entries (id, kind, source, source_id, occurred_at)"
            " VALUES (:id, 'CAPTURE', :source, :source_id, clock_timestamp())"
        ),
        {"id": entry_id, "source": source, "source_id": source_id},
    )
    for kind, part in (("PROVIDER_CLEARING", amount), ("PLATFORM_REVENUE", -amount)):
        await session.execute(
            text(
                "INSERT INTO ledger_accounts (id, kind, currency) VALUES (:id, :kind, :currency)"
                " ON CONFLICT DO NOTHING"
            ),
            {"id": new_id(), "kind": kind, "currency": currency},
        )
        await session.execute(
            text(
                "INSERT INTO postings (id, entry_id, account_id, amount_minor, currency)"
                " SELECT :id, :entry, id, :amount, currency FROM ledger_accounts"
                " WHERE kind = :kind AND currency = :currency"
            ),
            {"id": new_id(), "entry": entry_id, "amount": part, "kind": kind, "currency": currency},
        )


async def test_money_is_told_apart_by_provider_and_no_posting_is_touched(
    databases: Databases,
) -> None:
    url = await databases.empty()
    before, at = before_and_at()
    await asyncio.to_thread(runner.upgrade, url, before)
    db = Database(url)
    async with db.transaction() as session:
        # The rows that these ones belong to say nothing here.
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        euros = await payment(session, "STRIPE", "EUR")
        await entry(session, "payments", euros, "EUR", 300)
        await entry(session, "refunds", await refund(session, euros), "EUR", -100)
        for provider, amount in (("STRIPE", 500), ("PAYSTACK", 70), ("PAYSTACK", 8)):
            await entry(session, "payments", await payment(session, provider, "GHS"), "GHS", amount)
        shillings = await payment(session, "PAYSTACK", "KES")
        await entry(session, "payments", shillings, "KES", 40)
        await session.execute(
            text(
                "INSERT INTO ledger_accounts (id, kind, currency)"
                " VALUES (gen_random_uuid(), 'PROVIDER_FEES', 'JPY')"
            )
        )
    old = "SELECT id, entry_id, account_id, amount_minor, currency FROM postings ORDER BY id"
    async with db.read() as connection:
        postings = {tuple(row) for row in await connection.execute(text(old))}
    await asyncio.to_thread(runner.upgrade, url, at)
    async with db.read() as connection:
        assert postings <= {tuple(row) for row in await connection.execute(text(old))}
        balances = await connection.execute(
            text(
                "SELECT provider, currency, sum(amount_minor)::int FROM ledger_accounts account"
                " JOIN postings USING (currency) WHERE account_id = account.id"
                " AND kind = 'PROVIDER_CLEARING' GROUP BY 1, 2"
            )
        )
        assert {tuple(row) for row in balances} == {
            ("STRIPE", "EUR", 200),
            ("STRIPE", "GHS", 500),
            ("PAYSTACK", "GHS", 78),
            ("PAYSTACK", "KES", 40),
        }
        corrections = await connection.execute(
            text("SELECT count(*) FROM journal_entries WHERE kind = 'CORRECTION'")
        )
        assert corrections.scalar_one() == 1
        unused = await connection.execute(
            text("SELECT count(*) FROM ledger_accounts WHERE currency = 'JPY'")
        )
        assert unused.scalar_one() == 0
        imbalances = await connection.execute(
            text("SELECT entry_id FROM postings GROUP BY entry_id HAVING sum(amount_minor) <> 0")
        )
        assert imbalances.all() == []
    await db.close()
    await databases.drop(url)
