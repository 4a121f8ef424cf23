"""Accounts can be suspended, and what staff look at and do leaves an append-only trail."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

READS = (
    "'PERSON_READ', 'BOOKINGS_READ', 'SIGN_INS_READ', 'BOOKING_READ', 'PAYMENT_READ', "
    "'PROPERTY_READ', 'TRAIL_READ'"
)
CHANGES = (
    "'VERIFICATION_RESENT', 'SESSIONS_REVOKED', 'SUSPENDED', 'REINSTATED', 'ROLE_CHANGED', "
    "'BOOKING_CANCELLED'"
)
CHECKS = {
    "kind": f"kind IN ({READS}, {CHANGES})",
    "role": "role IN ('SUPPORT', 'ADMIN', 'SYSTEM')",
    "staff": "(staff_id IS NULL) = (role = 'SYSTEM')",
    "reason": f"reason IS NOT NULL OR kind IN ({READS})",
    "new_role": "(new_role IS NOT NULL) = (kind = 'ROLE_CHANGED')",
}


def upgrade() -> None:
    op.add_column("users", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "staff_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("new_role", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        *(
            sa.CheckConstraint(check, name=op.f(f"staff_actions_{name}_check"))
            for name, check in CHECKS.items()
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["users.id"], name=op.f(f"staff_actions_{column}_fkey")
            )
            for column in ("staff_id", "subject_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("staff_actions_pkey")),
    )
    for column in ("staff_id", "subject_id"):
        op.create_index(f"staff_actions_{column}_id_idx", "staff_actions", [column, "id"])
    op.execute(
        "CREATE TRIGGER staff_actions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON staff_actions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("staff_actions")
    op.drop_column("users", "suspended_at")
