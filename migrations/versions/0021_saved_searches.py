"""Searches that people keep, and what they have found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(), nullable=False),
        sa.Column("asked", postgresql.JSONB(), nullable=False),
        sa.Column("email_alerts", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_since", sa.DateTime(timezone=True), nullable=True),
        _now("created_at"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 60", name=op.f("saved_searches_name_check")),
        sa.CheckConstraint(
            "email_alerts = (due_at IS NOT NULL)", name=op.f("saved_searches_due_check")
        ),
        _belongs_to("saved_searches", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("saved_searches_pkey")),
    )
    op.create_index("saved_searches_user_id_id_idx", "saved_searches", ["user_id", "id"])
    op.create_index(
        "saved_searches_due_at_idx",
        "saved_searches",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "saved_search_matches",
        sa.Column("saved_search_id", sa.Uuid(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        _now("found_at"),
        _belongs_to("saved_search_matches", "saved_search_id", "saved_searches"),
        _belongs_to("saved_search_matches", "property_id", "properties"),
        sa.PrimaryKeyConstraint(
            "saved_search_id", "property_id", name=op.f("saved_search_matches_pkey")
        ),
    )
    op.create_index("saved_search_matches_property_id_idx", "saved_search_matches", ["property_id"])


def downgrade() -> None:
    op.drop_table("saved_search_matches")
    op.drop_table("saved_searches")


def _now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _belongs_to(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{parent}.id"], name=op.f(f"{table}_{column}_fkey"), ondelete="CASCADE"
    )
