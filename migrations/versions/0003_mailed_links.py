"""Links that are mailed; an e-mail address is unique among those who have verified it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("users_email_key", "users")
    op.create_index("users_email_idx", "users", ["email"])
    op.create_index(
        "users_verified_email_key",
        "users",
        ["email"],
        unique=True,
        postgresql_where=sa.text("email_verified_at IS NOT NULL"),
    )
    op.create_table(
        "account_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("email", postgresql.CITEXT(), nullable=False),
        sa.Column("new_email", postgresql.CITEXT(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('VERIFY_EMAIL', 'RESET_PASSWORD', 'LEAVE_EMAIL', 'TAKE_EMAIL')",
            name=op.f("account_links_purpose_check"),
        ),
        sa.CheckConstraint(
            "(new_email IS NOT NULL) = (purpose IN ('LEAVE_EMAIL', 'TAKE_EMAIL'))",
            name=op.f("account_links_new_email_check"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("account_links_user_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("account_links_pkey")),
    )
    op.create_index("account_links_user_id_idx", "account_links", ["user_id"])


def downgrade() -> None:
    op.drop_table("account_links")
    op.drop_index("users_verified_email_key", "users")
    op.drop_index("users_email_idx", "users")
    # Fails, and changes nothing, while two accounts claim one address.
    op.create_unique_constraint("users_email_key", "users", ["email"])
