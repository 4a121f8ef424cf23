"""Daily exchange rates, by which prices are shown in other currencies."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exchange_rates",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("minor_per_euro", sa.Numeric(precision=28, scale=12), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "fetched_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("minor_per_euro > 0", name=op.f("exchange_rates_rate_check")),
        sa.PrimaryKeyConstraint("day", "currency", name=op.f("exchange_rates_pkey")),
    )


def downgrade() -> None:
    op.drop_table("exchange_rates")
