"""What hosts owe for cancelling confirmed stays, and how many they have cancelled."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

NEW_VALUES = {
    "journal_entries": {"CANCELLATION_FEE", "CANCELLATION_FEE_WAIVED"},
    "staff_actions": {"CANCELLATION_FEE_WAIVED"},
}


def upgrade() -> None:
    op.create_table(
        "host_cancellations",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("fee_minor >= 0", name=op.f("host_cancellations_fee_check")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("host_cancellations_booking_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["users.id"], name=op.f("host_cancellations_host_id_fkey")
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("host_cancellations_pkey")),
    )
    op.create_index(
        "host_cancellations_host_id_cancelled_at_idx",
        "host_cancellations",
        ["host_id", "cancelled_at"],
    )
    # What hosts cancelled before there was a fee counts, and costs nothing.
    op.execute(
        "INSERT INTO host_cancellations (booking_id, host_id, currency, fee_minor, cancelled_at)"
        " SELECT id, host_id, currency, 0, cancelled_at FROM bookings"
        " WHERE cancelled_by = 'HOST' AND confirmed_at IS NOT NULL AND cancelled_at IS NOT NULL"
    )
    for table, values in NEW_VALUES.items():
        _allow(table, _allowed(table) | values)


def downgrade() -> None:
    """Fails, and changes nothing, while a fee is in the books."""
    for table, values in NEW_VALUES.items():
        _allow(table, _allowed(table) - values)
    op.drop_table("host_cancellations")


def _allowed(table: str) -> set[str]:
    """The kinds that a table's check lets through."""
    definition = op.get_bind().scalar(
        sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
        {"name": f"{table}_kind_check"},
    )
    return set(re.findall(r"'([A-Z_]+)'", definition))


def _allow(table: str, values: set[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    name = op.f(f"{table}_kind_check")
    op.drop_constraint(name, table)
    op.create_check_constraint(name, table, f"kind IN ({listed})")
