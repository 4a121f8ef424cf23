"""Second factors: authenticator apps, recovery codes, passkeys, and challenges to be met."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = (
    "'SIGNED_IN', 'SIGN_IN_REFUSED', 'PASSWORD_REFUSED', 'SIGNED_OUT', 'SESSION_REVOKED', "
    "'REFRESH_REUSED', 'EMAIL_VERIFIED', 'PASSWORD_RESET', 'PASSWORD_CHANGED', "
    "'EMAIL_CHANGE_REQUESTED', 'EMAIL_CHANGED'"
)
MORE_KINDS = (
    "'FACTOR_REFUSED', 'TOTP_ENABLED', 'TOTP_DISABLED', 'PASSKEY_ADDED', 'PASSKEY_REMOVED', "
    "'PASSKEY_SUSPECTED', 'RECOVERY_CODES_MADE', 'RECOVERY_CODE_USED'"
)
PURPOSES = "'SECOND_FACTOR', 'PASSKEY_SIGN_IN', 'PASSKEY_REGISTRATION', 'PASSKEY_PROOF', 'PROOF'"


def of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], name=op.f(f"{table}_user_id_fkey"), ondelete="CASCADE"
    )


def created_at() -> sa.Column[object]:
    return sa.Column(
        "created_at",
        sa.DateTime(timezone=True),
        server_default=sa.text("now()"),
        nullable=False,
    )


def allow(kinds: str) -> None:
    op.drop_constraint(op.f("sign_in_events_kind_check"), "sign_in_events")
    op.create_check_constraint(
        op.f("sign_in_events_kind_check"), "sign_in_events", f"kind IN ({kinds})"
    )


def upgrade() -> None:
    allow(f"{KINDS}, {MORE_KINDS}")
    op.create_table(
        "totp_secrets",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        created_at(),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        of_user("totp_secrets"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("totp_secrets_pkey")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        created_at(),
        sa.CheckConstraint("length(code_hash) = 32", name=op.f("recovery_codes_code_hash_check")),
        of_user("recovery_codes"),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("recovery_codes_pkey")),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        created_at(),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "length(credential_id) BETWEEN 1 AND 1023", name=op.f("passkeys_credential_id_check")
        ),
        sa.CheckConstraint("sign_count >= 0", name=op.f("passkeys_sign_count_check")),
        of_user("passkeys"),
        sa.PrimaryKeyConstraint("id", name=op.f("passkeys_pkey")),
        sa.UniqueConstraint("credential_id", name=op.f("passkeys_credential_id_key")),
    )
    op.create_index("passkeys_user_id_idx", "passkeys", ["user_id"])
    op.create_table(
        "challenges",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=False),
        created_at(),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"purpose IN ({PURPOSES})", name=op.f("challenges_purpose_check")),
        sa.CheckConstraint(
            "(user_id IS NULL) = (purpose = 'PASSKEY_SIGN_IN')",
            name=op.f("challenges_user_id_check"),
        ),
        sa.CheckConstraint("length(token_hash) = 32", name=op.f("challenges_token_hash_check")),
        of_user("challenges"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("challenges_pkey")),
    )
    op.create_index("challenges_user_id_idx", "challenges", ["user_id"])
    op.create_index("challenges_expires_at_idx", "challenges", ["expires_at"])


def downgrade() -> None:
    for table in ("challenges", "passkeys", "recovery_codes", "totp_secrets"):
        op.drop_table(table)
    # Fails, and changes nothing, while the trail holds lines of the kinds that go.
    allow(KINDS)
