"""Calendars exchanged with other sites: feeds, imports, and the nights that these block."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FAILURES = (
    "failure IN ('ADDRESS_REFUSED', 'UNREACHABLE', 'NOT_FOUND', 'REFUSED', 'TOO_LARGE',"
    " 'NOT_A_CALENDAR')"
)


def upgrade() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        _now("created_at"),
        _belongs_to("calendar_feeds", "property_id", "properties"),
        sa.PrimaryKeyConstraint("property_id", name=op.f("calendar_feeds_pkey")),
        sa.UniqueConstraint("token", name=op.f("calendar_feeds_token_key")),
    )
    op.create_table(
        "calendar_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        _now("created_at"),
        sa.CheckConstraint(FAILURES, name=op.f("calendar_imports_failure_check")),
        _belongs_to("calendar_imports", "property_id", "properties"),
        sa.PrimaryKeyConstraint("id", name=op.f("calendar_imports_pkey")),
        sa.UniqueConstraint(
            "property_id", "url", name=op.f("calendar_imports_property_id_url_key")
        ),
    )
    op.create_index("calendar_imports_due_at_idx", "calendar_imports", ["due_at"])
    op.create_table(
        "imported_stays",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("imported_stays_nights_check")),
        _belongs_to("imported_stays", "import_id", "calendar_imports"),
        sa.PrimaryKeyConstraint("import_id", "uid", "starts_on", name=op.f("imported_stays_pkey")),
    )
    op.create_table(
        "calendar_syncs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("added", sa.Integer(), server_default="0", nullable=False),
        sa.Column("removed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(FAILURES, name=op.f("calendar_syncs_failure_check")),
        _belongs_to("calendar_syncs", "import_id", "calendar_imports"),
        sa.PrimaryKeyConstraint("id", name=op.f("calendar_syncs_pkey")),
    )
    op.create_index("calendar_syncs_import_id_id_idx", "calendar_syncs", ["import_id", "id"])
    op.add_column("occupied_nights", sa.Column("import_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("occupied_nights_import_id_fkey"),
        "occupied_nights",
        "calendar_imports",
        ["import_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_check_constraint(
        op.f("occupied_nights_import_check"),
        "occupied_nights",
        "kind = 'BLOCK' OR import_id IS NULL",
    )
    op.create_index(
        "occupied_nights_import_id_idx",
        "occupied_nights",
        ["import_id"],
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_column("occupied_nights", "import_id")
    for table in ("calendar_syncs", "imported_stays", "calendar_imports", "calendar_feeds"):
        op.drop_table(table)


def _now(name: str) -> sa.Column[datetime]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _belongs_to(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{parent}.id"], name=op.f(f"{table}_{column}_fkey"), ondelete="CASCADE"
    )
