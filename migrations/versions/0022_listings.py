"""What listings say of rooms, rules and arrivals, in more languages; sleeping and archived ones."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

STATUSES = ("DRAFT", "PUBLISHED", "UNPUBLISHED", "SUSPENDED")
ONE_OF = {
    "room_type": ("ENTIRE_PLACE", "PRIVATE_ROOM", "SHARED_ROOM"),
    "check_in_method": ("HOST", "BUILDING_STAFF", "KEY_BOX", "KEYPAD", "SMART_LOCK", "OTHER"),
}
COLUMNS: tuple[sa.Column[Any], ...] = (
    sa.Column("room_type", sa.Text(), server_default="ENTIRE_PLACE", nullable=False),
    sa.Column("language", sa.Text(), server_default="en", nullable=False),
    sa.Column("snoozed_until", sa.Date(), nullable=True),
    sa.Column("unit", sa.Text(), server_default="", nullable=False),
    sa.Column("smoking_allowed", sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column("parties_allowed", sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column("suitable_for_children", sa.Boolean(), server_default=sa.true(), nullable=False),
    sa.Column("quiet_from", sa.Time(), nullable=True),
    sa.Column("quiet_to", sa.Time(), nullable=True),
    sa.Column("additional_rules", sa.Text(), server_default="", nullable=False),
    sa.Column("check_in_method", sa.Text(), nullable=True),
)
CHECKS = {
    "snoozed_until": "CASE status WHEN 'SNOOZED' THEN snoozed_until IS NOT NULL"
    " WHEN 'SUSPENDED' THEN true ELSE snoozed_until IS NULL END",
    "quiet_hours": "num_nulls(quiet_from, quiet_to) IN (0, 2)",
}


def one_of(column: str, values: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(
        op.f(f"properties_{column}_check"), "properties", f"{column} IN ({listed})"
    )


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("properties", column._copy())
    op.drop_constraint(op.f("properties_status_check"), "properties")
    one_of("status", (*STATUSES, "SNOOZED", "ARCHIVED"))
    for name, values in ONE_OF.items():
        one_of(name, values)
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"properties_{name}_check"), "properties", condition)
    op.create_index(
        "properties_snoozed_idx",
        "properties",
        ["snoozed_until"],
        postgresql_where=sa.text("status = 'SNOOZED'"),
    )
    _of_property(
        "property_translations",
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        key=("property_id", "language"),
    )
    _of_property(
        "check_in_guides",
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("instructions", "access_code", "wifi_name", "wifi_password")
        ),
        key=("property_id",),
    )


def downgrade() -> None:
    """Fails, and changes nothing, while a property is asleep or archived."""
    op.drop_table("check_in_guides")
    op.drop_table("property_translations")
    op.drop_index("properties_snoozed_idx", "properties")
    for name in (*CHECKS, *ONE_OF, "status"):
        op.drop_constraint(op.f(f"properties_{name}_check"), "properties")
    one_of("status", STATUSES)
    for column in COLUMNS:
        op.drop_column("properties", column.name)


def _of_property(table: str, *columns: sa.Column[str], key: tuple[str, ...]) -> None:
    op.create_table(
        table,
        sa.Column("property_id", sa.Uuid(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["properties.id"],
            name=op.f(f"{table}_property_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"{table}_pkey")),
    )
