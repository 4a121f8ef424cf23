"""Disputes: what guests' banks take back, until it is decided and for good."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ACCOUNTS = (
    *("PROVIDER_CLEARING", "PROVIDER_FEES", "GUEST", "HOST_PAYABLE", "PAYOUT_IN_TRANSIT"),
    *("PLATFORM_REVENUE", "TAX_PAYABLE"),
)
ENTRIES = (
    *("CAPTURE", "PROVIDER_FEE", "REFUND_DUE", "REFUND_SENT", "REFUND_RETURNED"),
    *("PAYOUT_RESERVED", "PAYOUT_SENT", "PAYOUT_RETURNED"),
)


def kinds(table: str, *names: str) -> None:
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(f"{table}_kind_check"), table)
    op.create_check_constraint(op.f(f"{table}_kind_check"), table, f"kind IN ({listed})")


def upgrade() -> None:
    kinds("ledger_accounts", *ACCOUNTS, "DISPUTED_FUNDS")
    kinds(
        "journal_entries",
        *ENTRIES,
        *("REFUND_WITHDRAWN", "DISPUTE_OPENED", "DISPUTE_WON", "DISPUTE_LOST"),
    )
    op.create_table(
        "disputes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_dispute_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("withdrawn_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("disputes_amount_check")),
        sa.CheckConstraint(
            "withdrawn_minor IN (0, amount_minor)", name=op.f("disputes_withdrawn_check")
        ),
        sa.CheckConstraint(
            "(status IN ('WON', 'LOST')) = (settled_at IS NOT NULL)",
            name=op.f("disputes_settled_check"),
        ),
        sa.CheckConstraint(
            "provider IN ('STRIPE', 'PAYSTACK')", name=op.f("disputes_provider_check")
        ),
        sa.CheckConstraint(
            "status IN ('NEEDS_RESPONSE', 'UNDER_REVIEW', 'WON', 'LOST')",
            name=op.f("disputes_status_check"),
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("disputes_payment_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("disputes_pkey")),
        sa.UniqueConstraint(
            "provider",
            "provider_dispute_id",
            name=op.f("disputes_provider_provider_dispute_id_key"),
        ),
    )
    op.create_index(op.f("disputes_payment_id_idx"), "disputes", ["payment_id"])
    op.create_index(
        "disputes_open_idx",
        "disputes",
        ["updated_at"],
        postgresql_where=sa.text("status IN ('NEEDS_RESPONSE', 'UNDER_REVIEW')"),
    )


def downgrade() -> None:
    op.drop_table("disputes")
    kinds("journal_entries", *ENTRIES)
    kinds("ledger_accounts", *ACCOUNTS)
