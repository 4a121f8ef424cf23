"""People who help hosts, and their invitations."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "co_hosts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("rights", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("invited_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", instant, nullable=True),
        sa.Column("accepted_at", instant, nullable=True),
        sa.CheckConstraint(
            "rights <@ ARRAY['CALENDAR', 'MESSAGES', 'ALL'] AND cardinality(rights) > 0",
            name=op.f("co_hosts_rights_check"),
        ),
        sa.CheckConstraint(
            "num_nulls(user_id, accepted_at) IN (0, 2)"
            " AND (user_id IS NULL) = (email IS NOT NULL)"
            " AND (user_id IS NULL) = (expires_at IS NOT NULL)",
            name=op.f("co_hosts_accepted_check"),
        ),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["properties.id"],
            name=op.f("co_hosts_property_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("co_hosts_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("co_hosts_pkey")),
        sa.UniqueConstraint(
            "property_id", "user_id", name=op.f("co_hosts_property_id_user_id_key")
        ),
        sa.UniqueConstraint("property_id", "email", name=op.f("co_hosts_property_id_email_key")),
    )
    op.create_index("co_hosts_user_id_idx", "co_hosts", ["user_id"])
    op.create_index("co_hosts_expires_at_idx", "co_hosts", ["expires_at"])


def downgrade() -> None:
    op.drop_table("co_hosts")
