"""Receipts, invoices and credit notes, and the counters that number them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document_counters",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("last > 0", name=op.f("document_counters_last_check")),
        sa.PrimaryKeyConstraint("issuer", "series", "year", name=op.f("document_counters_pkey")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('RECEIPT', 'REFUND_RECEIPT', 'INVOICE', 'CREDIT_NOTE')",
            name=op.f("documents_kind_check"),
        ),
        sa.CheckConstraint("side IN ('GUEST', 'HOST')", name=op.f("documents_side_check")),
        sa.CheckConstraint(
            "side = 'GUEST' OR kind IN ('INVOICE', 'CREDIT_NOTE')",
            name=op.f("documents_receipts_check"),
        ),
        sa.CheckConstraint(
            "(refund_id IS NOT NULL) = (kind IN ('REFUND_RECEIPT', 'CREDIT_NOTE'))",
            name=op.f("documents_refund_check"),
        ),
        sa.CheckConstraint(
            "CASE WHEN refund_id IS NULL THEN total_minor > 0 ELSE total_minor < 0 END",
            name=op.f("documents_total_check"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [f"{one}_id"], [f"{many}.id"], name=op.f(f"documents_{one}_id_fkey")
            )
            for one, many in (
                ("user", "users"),
                ("booking", "bookings"),
                ("payment", "payments"),
                ("refund", "refunds"),
                ("corrects", "documents"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("documents_pkey")),
        sa.UniqueConstraint("issuer", "number", name=op.f("documents_issuer_number_key")),
        sa.UniqueConstraint(
            "payment_id",
            "refund_id",
            "kind",
            "side",
            name=op.f("documents_payment_id_refund_id_kind_side_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("documents_user_id_id_idx"), "documents", ["user_id", "id"])
    for column in ("booking_id", "refund_id", "corrects_id"):
        op.create_index(op.f(f"documents_{column}_idx"), "documents", [column])
    op.execute(
        "CREATE TRIGGER documents_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON documents"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("documents")
    op.drop_table("document_counters")
