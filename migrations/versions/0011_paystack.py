"""Paystack: refunds that are claimed before they are made, and hosts paid per currency."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = ("payments", "provider_events", "payout_accounts", "payouts")


def providers(*names: str) -> None:
    listed = ", ".join(f"'{name}'" for name in names)
    for table in TABLES:
        op.drop_constraint(op.f(f"{table}_provider_check"), table)
        op.create_check_constraint(
            op.f(f"{table}_provider_check"), table, f"provider IN ({listed})"
        )


def upgrade() -> None:
    providers("STRIPE", "PAYSTACK")
    op.add_column("refunds", sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "payments_given_up_idx",
        "payments",
        ["void_requested_at"],
        postgresql_where=sa.text("status = 'CANCELLED'"),
    )
    op.add_column("payout_accounts", sa.Column("currency", sa.String(3), nullable=True))
    op.add_column("payout_accounts", sa.Column("label", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("payout_accounts_recipient_check"),
        "payout_accounts",
        "(currency IS NULL) = (label IS NULL)",
    )
    op.drop_constraint(op.f("payout_accounts_user_id_provider_key"), "payout_accounts")
    op.create_unique_constraint(
        op.f("payout_accounts_user_id_provider_currency_key"),
        "payout_accounts",
        ["user_id", "provider", "currency"],
        postgresql_nulls_not_distinct=True,
    )
    op.drop_constraint(op.f("payout_accounts_provider_provider_account_id_key"), "payout_accounts")
    op.create_index(
        "payout_accounts_provider_account_key",
        "payout_accounts",
        ["provider", "provider_account_id"],
        unique=True,
        postgresql_where=sa.text("currency IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("payout_accounts_provider_account_key", "payout_accounts")
    op.create_unique_constraint(
        op.f("payout_accounts_provider_provider_account_id_key"),
        "payout_accounts",
        ["provider", "provider_account_id"],
    )
    op.drop_constraint(op.f("payout_accounts_user_id_provider_currency_key"), "payout_accounts")
    op.create_unique_constraint(
        op.f("payout_accounts_user_id_provider_key"), "payout_accounts", ["user_id", "provider"]
    )
    op.drop_constraint(op.f("payout_accounts_recipient_check"), "payout_accounts")
    op.drop_column("payout_accounts", "label")
    op.drop_column("payout_accounts", "currency")
    op.drop_index("payments_given_up_idx", "payments")
    op.drop_column("refunds", "claimed_until")
    providers("STRIPE")
