"""An append-only trail of sign-ins and of changes to how one signs in."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS = (
    "'SIGNED_IN', 'SIGN_IN_REFUSED', 'PASSWORD_REFUSED', 'SIGNED_OUT', 'SESSION_REVOKED', "
    "'REFRESH_REUSED', 'EMAIL_VERIFIED', 'PASSWORD_RESET', 'PASSWORD_CHANGED', "
    "'EMAIL_CHANGE_REQUESTED', 'EMAIL_CHANGED'"
)


def upgrade() -> None:
    op.create_table(
        "sign_in_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("sign_in_events_kind_check")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("sign_in_events_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_in_events_pkey")),
    )
    op.create_index("sign_in_events_user_id_id_idx", "sign_in_events", ["user_id", "id"])
    op.execute(
        "CREATE TRIGGER sign_in_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON sign_in_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("sign_in_events")
