"""Comparing with payment providers: walks through their lists, and what was found different."""

import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# By table and check: what it says before the values, and the new ones.
NEW_VALUES = {
    ("staff_actions", "kind"): (
        "kind",
        {
            *("RECONCILIATION_READ", "RECONCILIATION_STARTED"),
            *("DIFFERENCE_BOOKED", "PAYOUTS_RELEASED"),
        },
    ),
    ("staff_actions", "reason"): ("reason IS NOT NULL OR kind", {"RECONCILIATION_READ"}),
    ("ledger_accounts", "kind"): ("kind", {"SUSPENSE", "PLATFORM_BANK"}),
    ("journal_entries", "kind"): (
        "kind",
        {"UNKNOWN_RECEIVED", "UNKNOWN_RETURNED", "BANK_TRANSFER"},
    ),
}
PROVIDERS = ("STRIPE", "PAYSTACK")
STEPS = (
    *("CHARGES", "REFUNDS", "TRANSFERS", "DISPUTES", "MOVEMENTS"),
    *("MISSING", "OPEN", "BALANCES", "DONE"),
)
SUBJECTS = ("CHARGE", "REFUND", "TRANSFER", "DISPUTE", "MOVEMENT", "BALANCE")
KINDS = (
    *("UNKNOWN_CHARGE", "UNKNOWN_REFUND", "UNKNOWN_TRANSFER", "UNKNOWN_DISPUTE"),
    *("UNKNOWN_MOVEMENT", "MISSING_AT_PROVIDER", "AMOUNT_DIFFERS", "STATUS_DIFFERS"),
    *("FEE_DIFFERS", "BALANCE_DRIFT"),
)
RESOLUTIONS = ("SETTLED", "RETURNED", "BOOKED", "AGREED")


def one_of(table: str, column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"{table}_{column}_check"))


def instant(name: str, *, nullable: bool = False, default: bool = False) -> sa.Column[Any]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=nullable,
        server_default=sa.func.now() if default else None,
    )


def upgrade() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        instant("since"),
        instant("until"),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("looked_at", sa.Integer(), server_default="0", nullable=False),
        instant("claimed_until", nullable=True),
        instant("started_at", default=True),
        instant("finished_at", nullable=True),
        one_of("reconciliations", "provider", PROVIDERS),
        one_of("reconciliations", "step", STEPS),
        sa.CheckConstraint("since < until", name=op.f("reconciliations_window_check")),
        sa.CheckConstraint(
            "(step = 'DONE') = (finished_at IS NOT NULL)",
            name=op.f("reconciliations_finished_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("reconciliations_pkey")),
    )
    op.create_index(
        "reconciliations_running_key",
        "reconciliations",
        ["provider"],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        op.f("reconciliations_provider_until_idx"), "reconciliations", ["provider", "until"]
    )
    op.create_table(
        "sightings",
        sa.Column("reconciliation_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        one_of("sightings", "subject", SUBJECTS),
        sa.ForeignKeyConstraint(
            ["reconciliation_id"],
            ["reconciliations.id"],
            name=op.f("sightings_reconciliation_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "reconciliation_id", "subject", "object_id", name=op.f("sightings_pkey")
        ),
    )
    op.create_table(
        "differences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("ours", sa.Text(), nullable=False),
        sa.Column("theirs", sa.Text(), nullable=False),
        sa.Column("ours_minor", sa.BigInteger(), nullable=False),
        sa.Column("theirs_minor", sa.BigInteger(), nullable=False),
        instant("first_seen_at"),
        instant("last_seen_at"),
        instant("resolved_at", nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        instant("released_at", nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.Column("return_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("provider_refund_id", sa.Text(), nullable=True),
        instant("claimed_until", nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        one_of("differences", "provider", PROVIDERS),
        one_of("differences", "subject", SUBJECTS),
        one_of("differences", "kind", KINDS),
        one_of("differences", "resolution", RESOLUTIONS),
        sa.CheckConstraint(
            "(resolution IS NULL) = (resolved_at IS NULL)",
            name=op.f("differences_resolved_check"),
        ),
        sa.CheckConstraint(
            "(released_at IS NULL) = (release_reason IS NULL)",
            name=op.f("differences_released_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("differences_pkey")),
    )
    op.create_index(
        "differences_open_key",
        "differences",
        ["provider", "subject", "key", "currency"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index(
        op.f("differences_provider_subject_key_idx"),
        "differences",
        ["provider", "subject", "key"],
    )
    for (table, name), (what, values) in NEW_VALUES.items():
        _allow(table, name, what, _allowed(table, name) | values)


def downgrade() -> None:
    """Fails, and changes nothing, while something was booked or noted because of a difference."""
    for (table, name), (what, values) in NEW_VALUES.items():
        _allow(table, name, what, _allowed(table, name) - values)
    op.drop_table("differences")
    op.drop_table("sightings")
    op.drop_table("reconciliations")


def _allowed(table: str, name: str) -> set[str]:
    """The values that a check lets through."""
    definition = op.get_bind().scalar(
        sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
        {"name": f"{table}_{name}_check"},
    )
    return set(re.findall(r"'([A-Z_]+)'", definition))


def _allow(table: str, name: str, what: str, values: set[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    op.drop_constraint(op.f(f"{table}_{name}_check"), table)
    op.create_check_constraint(op.f(f"{table}_{name}_check"), table, f"{what} IN ({listed})")
