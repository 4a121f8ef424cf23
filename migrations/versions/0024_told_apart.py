"""Payments and refunds say what they are for, and postings whose fee and which tax they are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_taxes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("ledger_taxes_pkey")),
        sa.UniqueConstraint(
            "country", "region", "name", name=op.f("ledger_taxes_country_region_name_key")
        ),
    )
    op.add_column("postings", sa.Column("service_fee", sa.Text(), nullable=True))
    op.add_column("postings", sa.Column("tax_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("postings_tax_id_fkey"), "postings", "ledger_taxes", ["tax_id"], ["id"]
    )
    op.create_index(
        "postings_tax_id_idx",
        "postings",
        ["tax_id"],
        postgresql_where=sa.text("tax_id IS NOT NULL"),
    )
    op.create_check_constraint(
        op.f("postings_service_fee_check"), "postings", "service_fee IN ('GUEST', 'HOST')"
    )
    op.create_index(op.f("journal_entries_occurred_at_idx"), "journal_entries", ["occurred_at"])
    for table in ("payments", "refunds"):
        op.add_column(
            table,
            sa.Column("line_items", postgresql.JSONB(), server_default="[]", nullable=False),
        )
    for column in ("country", "region"):
        op.add_column("payments", sa.Column(column, sa.Text(), server_default="", nullable=False))
    # Every payment so far was for the whole of its booking; of refunds, those of everything say
    # what they were for.
    op.execute(
        "UPDATE payments SET line_items = bookings.line_items, country = properties.country,"
        " region = properties.region FROM bookings"
        " JOIN properties ON properties.id = bookings.property_id"
        " WHERE bookings.id = payments.booking_id"
        " AND payments.amount_minor = bookings.total_minor"
    )
    op.execute(
        "UPDATE refunds SET line_items = payments.line_items FROM payments"
        " WHERE payments.id = refunds.payment_id AND refunds.amount_minor = payments.amount_minor"
    )


def downgrade() -> None:
    for column in ("region", "country"):
        op.drop_column("payments", column)
    for table in ("refunds", "payments"):
        op.drop_column(table, "line_items")
    op.drop_index(op.f("journal_entries_occurred_at_idx"), "journal_entries")
    op.drop_column("postings", "tax_id")
    op.drop_column("postings", "service_fee")
    op.drop_table("ledger_taxes")
