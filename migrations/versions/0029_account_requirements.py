"""What a provider still wants to know of a host, until when, and why it has stopped payouts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "payout_accounts",
        sa.Column("requirements", postgresql.JSONB(), server_default="[]", nullable=False),
    )
    op.add_column("payout_accounts", sa.Column("due_by", sa.DateTime(timezone=True)))
    op.add_column("payout_accounts", sa.Column("disabled_reason", sa.Text()))


def downgrade() -> None:
    for name in ("disabled_reason", "due_by", "requirements"):
        op.drop_column("payout_accounts", name)
