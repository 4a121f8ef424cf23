"""Who people are to other providers, and their ways through those."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KINDS = (
    "'SIGNED_IN', 'SIGN_IN_REFUSED', 'PASSWORD_REFUSED', 'SIGNED_OUT', 'SESSION_REVOKED', "
    "'REFRESH_REUSED', 'EMAIL_VERIFIED', 'PASSWORD_RESET', 'PASSWORD_CHANGED', "
    "'EMAIL_CHANGE_REQUESTED', 'EMAIL_CHANGED', 'FACTOR_REFUSED', 'TOTP_ENABLED', "
    "'TOTP_DISABLED', 'PASSKEY_ADDED', 'PASSKEY_REMOVED', 'PASSKEY_SUSPECTED', "
    "'RECOVERY_CODES_MADE', 'RECOVERY_CODE_USED'"
)
NEW_KINDS = f"'IDENTITY_LINKED', 'IDENTITY_UNLINKED', {KINDS}"


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        _now("created_at"),
        _now("last_used_at"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("identities_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("identities_pkey")),
        sa.UniqueConstraint("provider", "subject", name=op.f("identities_provider_subject_key")),
    )
    op.create_index("identities_user_id_idx", "identities", ["user_id"])
    op.create_table(
        "oidc_sign_ins",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("return_to", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=False),
        _now("created_at"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("first_name", sa.Text(), server_default="", nullable=False),
        sa.Column("last_name", sa.Text(), server_default="", nullable=False),
        *(
            sa.CheckConstraint(f"length({name}) = 32", name=op.f(f"oidc_sign_ins_{name}_check"))
            for name in ("state_hash", "browser_hash", "code_hash")
        ),
        sa.CheckConstraint(
            "(code_hash IS NOT NULL) = (subject IS NOT NULL)",
            name=op.f("oidc_sign_ins_proven_check"),
        ),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("oidc_sign_ins_pkey")),
    )
    op.create_index("oidc_sign_ins_code_hash_idx", "oidc_sign_ins", ["code_hash"], unique=True)
    op.create_index("oidc_sign_ins_expires_at_idx", "oidc_sign_ins", ["expires_at"])
    _replace_kinds(NEW_KINDS)


def downgrade() -> None:
    # Fails, and changes nothing, once the trail has such lines: it is never shortened.
    _replace_kinds(KINDS)
    op.drop_table("oidc_sign_ins")
    op.drop_table("identities")


def _now(name: str) -> sa.Column[datetime]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _replace_kinds(kinds: str) -> None:
    name = op.f("sign_in_events_kind_check")
    op.drop_constraint(name, "sign_in_events")
    op.create_check_constraint(name, "sign_in_events", f"kind IN ({kinds})")
