"""What people say about themselves, and how they want to be spoken to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column("users", sa.Column("timezone", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("currency", sa.String(3), nullable=True))
    op.add_column("users", sa.Column("phone", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("users_phone_check"), "users", "phone ~ '^\\+[1-9][0-9]{1,14}$'"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("users_phone_check"), "users")
    for column in ("phone", "currency", "timezone", "languages"):
        op.drop_column("users", column)
