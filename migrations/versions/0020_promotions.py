"""Codes that make stays cheaper, and what the platform pays of a price by them."""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# By table and check: what it says before the values, and the new ones.
NEW_VALUES = {
    ("staff_actions", "kind"): (
        "kind",
        {"PROMOTIONS_READ", "PROMOTION_CREATED", "PROMOTION_ENDED"},
    ),
    ("staff_actions", "reason"): ("reason IS NOT NULL OR kind", {"PROMOTIONS_READ"}),
    ("ledger_accounts", "kind"): ("kind", {"PROMOTIONS"}),
}
BEFORE = {
    ("payments", "parts"): "host_minor + platform_minor + tax_minor = amount_minor",
    ("payments", "part_signs"): "host_minor >= 0 AND tax_minor >= 0",
    ("refunds", "parts"): "host_minor + platform_minor + tax_minor = amount_minor",
    ("bookings", "amounts"): "host_payout_minor >= 0 AND tax_minor >= 0 AND total_minor > 0"
    " AND host_payout_minor + tax_minor <= total_minor",
}
AFTER = {
    ("payments", "parts"): "host_minor + platform_minor + tax_minor"
    " = amount_minor + promotion_minor",
    ("payments", "part_signs"): "host_minor >= 0 AND tax_minor >= 0 AND promotion_minor >= 0",
    (
        "refunds",
        "parts",
    ): "host_minor + platform_minor + tax_minor = amount_minor + promotion_minor",
    ("bookings", "amounts"): "host_payout_minor >= 0 AND tax_minor >= 0 AND total_minor > 0"
    " AND promotion_minor >= 0"
    " AND host_payout_minor + tax_minor <= total_minor + promotion_minor",
}


def upgrade() -> None:
    op.create_table(
        "promotions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("property_ids", postgresql.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("max_uses_per_guest", sa.Integer(), nullable=True),
        sa.Column("min_nights", sa.SmallInteger(), nullable=True),
        sa.Column("min_amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("stays_from", sa.Date(), nullable=True),
        sa.Column("stays_to", sa.Date(), nullable=True),
        sa.Column("bookings_from", sa.Date(), nullable=True),
        sa.Column("bookings_to", sa.Date(), nullable=True),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(rate_bp IS NULL) <> (amount_minor IS NULL)",
            name=op.f("promotions_rate_or_amount_check"),
        ),
        sa.CheckConstraint(
            "rate_bp BETWEEN 1 AND 9000 AND amount_minor > 0 AND min_amount_minor > 0",
            name=op.f("promotions_amounts_check"),
        ),
        sa.CheckConstraint(
            "currency IS NOT NULL OR (amount_minor IS NULL AND min_amount_minor IS NULL)",
            name=op.f("promotions_currency_check"),
        ),
        sa.CheckConstraint(
            "max_uses > 0 AND max_uses_per_guest > 0 AND uses >= 0",
            name=op.f("promotions_uses_check"),
        ),
        sa.CheckConstraint(
            "min_nights BETWEEN 1 AND 365", name=op.f("promotions_min_nights_check")
        ),
        sa.CheckConstraint(
            "stays_from < stays_to AND bookings_from < bookings_to",
            name=op.f("promotions_windows_check"),
        ),
        sa.ForeignKeyConstraint(["host_id"], ["users.id"], name=op.f("promotions_host_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("promotions_pkey")),
        sa.UniqueConstraint(
            "host_id",
            "code",
            name=op.f("promotions_host_id_code_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("promotions_host_id_id_idx", "promotions", ["host_id", "id"])
    for table in ("bookings", "payments", "refunds"):
        op.add_column(
            table,
            sa.Column("promotion_minor", sa.BigInteger(), server_default="0", nullable=False),
        )
    op.add_column("bookings", sa.Column("promotion_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("bookings_promotion_id_fkey"), "bookings", "promotions", ["promotion_id"], ["id"]
    )
    op.create_index(
        "bookings_promotion_id_guest_id_idx",
        "bookings",
        ["promotion_id", "guest_id"],
        postgresql_where=sa.text("promotion_id IS NOT NULL"),
    )
    _check(AFTER)
    for (table, name), (what, values) in NEW_VALUES.items():
        _allow(table, name, what, _allowed(table, name) | values)


def downgrade() -> None:
    """Fails, and changes nothing, while something was paid by a promotion or noted about one."""
    for (table, name), (what, values) in NEW_VALUES.items():
        _allow(table, name, what, _allowed(table, name) - values)
    _check(BEFORE)
    op.drop_column("bookings", "promotion_id")
    for table in ("bookings", "payments", "refunds"):
        op.drop_column(table, "promotion_minor")
    op.drop_table("promotions")


def _check(conditions: dict[tuple[str, str], str]) -> None:
    for (table, name), condition in conditions.items():
        op.drop_constraint(op.f(f"{table}_{name}_check"), table)
        op.create_check_constraint(op.f(f"{table}_{name}_check"), table, condition)


def _allowed(table: str, name: str) -> set[str]:
    """The values that a check lets through."""
    definition = op.get_bind().scalar(
        sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
        {"name": f"{table}_{name}_check"},
    )
    return set(re.findall(r"'([A-Z_]+)'", definition))


def _allow(table: str, name: str, what: str, values: set[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    _check({(table, name): f"{what} IN ({listed})"})
