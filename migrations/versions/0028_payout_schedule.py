"""When held payouts are looked at, and when unheard transfers are asked about, again."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

DUE, RESERVED = "bookings_payout_due_idx", "payouts_reserved_idx"


def upgrade() -> None:
    when = sa.DateTime(timezone=True)
    op.add_column("bookings", sa.Column("payout_look_at", when, nullable=True))
    op.add_column("payouts", sa.Column("next_attempt_at", when, nullable=True))
    # Those that are under way are asked about at once.
    op.execute("UPDATE payouts SET next_attempt_at = created_at WHERE status = 'RESERVED'")
    _index(sa.text("greatest(payout_due_at, payout_look_at)"), "next_attempt_at")


def downgrade() -> None:
    _index("payout_due_at", "created_at")
    op.drop_column("payouts", "next_attempt_at")
    op.drop_column("bookings", "payout_look_at")


def _index(due: sa.TextClause | str, reserved: str) -> None:
    op.drop_index(DUE, "bookings")
    op.create_index(DUE, "bookings", [due], postgresql_where=sa.text("payout_due_at IS NOT NULL"))
    op.drop_index(RESERVED, "payouts")
    op.create_index(
        RESERVED, "payouts", [reserved], postgresql_where=sa.text("status = 'RESERVED'")
    )
