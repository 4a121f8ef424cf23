"""What providers hold and keep is an account for each of them, no longer one per currency.

Postings are never changed. An account whose postings all come from one provider becomes that
provider's. One that several have posted to stays with the one that was first, and an entry
CORRECTION moves what is the others' to accounts of their own, so that each account's balance is
right from here on, and the journal says how.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ENTRIES = (
    *("CAPTURE", "PROVIDER_FEE", "REFUND_DUE", "REFUND_SENT", "REFUND_RETURNED"),
    *("PAYOUT_RESERVED", "PAYOUT_SENT", "PAYOUT_RETURNED", "REFUND_WITHDRAWN"),
    *("DISPUTE_OPENED", "DISPUTE_WON", "DISPUTE_LOST"),
)
OLD_KEY = "ledger_accounts_kind_owner_id_currency_key"
NEW_KEY = "ledger_accounts_kind_owner_id_provider_currency_key"
# What each provider has on each account: an entry is of its payment, refund, payout or dispute.
SHARES = """
CREATE TEMPORARY TABLE provider_shares AS
SELECT account.id AS account_id, account.kind, account.currency,
       coalesce(payment.provider, refunded.provider, payout.provider, dispute.provider) AS provider,
       sum(posting.amount_minor)::bigint AS amount_minor, min(entry.occurred_at) AS since,
       gen_random_uuid() AS new_account_id, gen_random_uuid() AS entry_id
FROM ledger_accounts account
JOIN postings posting ON posting.account_id = account.id
JOIN journal_entries entry ON entry.id = posting.entry_id
LEFT JOIN payments payment ON entry.source = 'payments' AND payment.id = entry.source_id
LEFT JOIN refunds refund ON entry.source = 'refunds' AND refund.id = entry.source_id
LEFT JOIN payments refunded ON refunded.id = refund.payment_id
LEFT JOIN payouts payout ON entry.source = 'payouts' AND payout.id = entry.source_id
LEFT JOIN disputes dispute ON entry.source = 'disputes' AND dispute.id = entry.source_id
WHERE account.kind IN ('PROVIDER_CLEARING', 'PROVIDER_FEES')
GROUP BY 1, 2, 3, 4
"""
FIRST = """
UPDATE ledger_accounts account SET provider = share.provider
FROM (
    SELECT DISTINCT ON (account_id) account_id, provider FROM provider_shares
    ORDER BY account_id, since, provider
) share
WHERE share.account_id = account.id
"""
# Opened, and never posted to: whoever posts first opens it again.
UNUSED = """
DELETE FROM ledger_accounts
WHERE kind IN ('PROVIDER_CLEARING', 'PROVIDER_FEES') AND provider IS NULL
"""
# From here on, the shares of the others.
OTHERS = """
DELETE FROM provider_shares share USING ledger_accounts account
WHERE account.id = share.account_id AND account.provider = share.provider
"""
ACCOUNTS = """
INSERT INTO ledger_accounts (id, kind, currency, provider)
SELECT new_account_id, kind, currency, provider FROM provider_shares
"""
CORRECTIONS = """
INSERT INTO journal_entries (id, kind, source, source_id, occurred_at)
SELECT entry_id, 'CORRECTION', 'ledger_accounts', new_account_id, now() FROM provider_shares
WHERE amount_minor <> 0
"""
POSTINGS = """
INSERT INTO postings (id, entry_id, account_id, amount_minor, currency)
SELECT gen_random_uuid(), entry_id, side.account_id, side.amount_minor, currency
FROM provider_shares share,
     LATERAL (VALUES (new_account_id, share.amount_minor), (share.account_id, -share.amount_minor))
         AS side (account_id, amount_minor)
WHERE share.amount_minor <> 0
"""


def entry_kinds(*names: str) -> None:
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f("journal_entries_kind_check"), "journal_entries")
    op.create_check_constraint(
        op.f("journal_entries_kind_check"), "journal_entries", f"kind IN ({listed})"
    )


def upgrade() -> None:
    entry_kinds(*ENTRIES, "CORRECTION")
    op.drop_constraint(op.f(OLD_KEY), "ledger_accounts")
    op.add_column("ledger_accounts", sa.Column("provider", sa.Text(), nullable=True))
    for statement in (SHARES, FIRST, UNUSED, OTHERS, ACCOUNTS, CORRECTIONS, POSTINGS):
        op.execute(statement)
    op.execute("DROP TABLE provider_shares")
    # Each entry's sum is looked at now: what waits for the commit would hold up what follows.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute("SET CONSTRAINTS ALL DEFERRED")
    op.create_check_constraint(
        op.f("ledger_accounts_provider_check"),
        "ledger_accounts",
        "provider IN ('STRIPE', 'PAYSTACK')",
    )
    op.create_check_constraint(
        op.f("ledger_accounts_at_provider_check"),
        "ledger_accounts",
        "(kind IN ('PROVIDER_CLEARING', 'PROVIDER_FEES')) = (provider IS NOT NULL)",
    )
    op.create_unique_constraint(
        op.f(NEW_KEY),
        "ledger_accounts",
        ["kind", "owner_id", "provider", "currency"],
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    # Refused by the old key where two providers have accounts in one currency, and by the check
    # where an account was corrected: postings cannot be taken back.
    op.drop_constraint(op.f(NEW_KEY), "ledger_accounts")
    op.drop_column("ledger_accounts", "provider")
    op.create_unique_constraint(
        op.f(OLD_KEY),
        "ledger_accounts",
        ["kind", "owner_id", "currency"],
        postgresql_nulls_not_distinct=True,
    )
    entry_kinds(*ENTRIES)
