"""Exports of people's data, deletion of accounts, and what may be forgotten of the trails."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NEW_VALUES = {
    ("sign_in_events", "kind"): {
        "DATA_EXPORT_REQUESTED",
        "DELETION_SCHEDULED",
        "DELETION_CANCELLED",
    },
}

# What of a line may be forgotten, and what it is afterwards.
FORGETTABLE = {
    "sign_in_events": '{"address": "", "user_agent": ""}',
    "booking_changes": '{"reason": null}',
    "staff_actions": '{"reason": ""}',
}


def upgrade() -> None:
    op.create_table(
        "data_exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(content IS NULL) = (ready_at IS NULL)", name=op.f("data_exports_ready_check")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("data_exports_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("data_exports_pkey")),
    )
    op.create_index("data_exports_user_id_id_idx", "data_exports", ["user_id", "id"])
    op.create_index("data_exports_expires_at_idx", "data_exports", ["expires_at"])
    for column in ("deletion_scheduled_at", "erased_at"):
        op.add_column("users", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    _index_what_gets_old()
    for (table, column), values in NEW_VALUES.items():
        _allow(table, column, _allowed(table, column) | values)
    # Says yes to one change only: the line as it was, with what may be forgotten taken out, in a
    # transaction that has said that it erases.
    op.execute(
        """
        CREATE FUNCTION refuse_change_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF current_setting('roost.erasing', true) = 'on'
                AND to_jsonb(NEW) = to_jsonb(OLD) || TG_ARGV[0]::jsonb
            THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table, forgotten in FORGETTABLE.items():
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_erasable BEFORE UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure('{forgotten}')"
        )


def downgrade() -> None:
    """Fails, and changes nothing, while a row has one of the new kinds."""
    for table in FORGETTABLE:
        op.execute(f"DROP TRIGGER {table}_erasable ON {table}")
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("DROP FUNCTION refuse_change_but_erasure()")
    for (table, column), values in NEW_VALUES.items():
        _allow(table, column, _allowed(table, column) - values)
    for table, index in (
        ("sign_in_events", "sign_in_events_traced_idx"),
        ("provider_events", "provider_events_received_at_idx"),
        ("outbox_messages", "outbox_messages_dead_idx"),
        ("refresh_tokens", "refresh_tokens_used_idx"),
        ("sign_in_sessions", "sign_in_sessions_ended_idx"),
        ("account_links", "account_links_expires_at_idx"),
        ("users", "users_unverified_idx"),
        ("users", "users_erasure_idx"),
    ):
        op.drop_index(index, table)
    for column in ("erased_at", "deletion_scheduled_at"):
        op.drop_column("users", column)
    op.drop_table("data_exports")


def _index_what_gets_old() -> None:
    op.create_index(
        "users_erasure_idx",
        "users",
        ["deletion_scheduled_at"],
        postgresql_where=sa.text("deletion_scheduled_at IS NOT NULL"),
    )
    op.create_index(
        "users_unverified_idx",
        "users",
        ["created_at"],
        postgresql_where=sa.text("email_verified_at IS NULL AND erased_at IS NULL"),
    )
    op.create_index("account_links_expires_at_idx", "account_links", ["expires_at"])
    op.create_index(
        "sign_in_sessions_ended_idx",
        "sign_in_sessions",
        [sa.text("least(expires_at, revoked_at)")],
    )
    op.create_index(
        "refresh_tokens_used_idx",
        "refresh_tokens",
        ["used_at"],
        postgresql_where=sa.text("used_at IS NOT NULL"),
    )
    op.create_index(
        "outbox_messages_dead_idx",
        "outbox_messages",
        ["dead_at"],
        postgresql_where=sa.text("dead_at IS NOT NULL"),
    )
    op.create_index("provider_events_received_at_idx", "provider_events", ["received_at"])
    op.create_index(
        "sign_in_events_traced_idx",
        "sign_in_events",
        ["occurred_at"],
        postgresql_where=sa.text("address <> '' OR user_agent <> ''"),
    )


def _allowed(table: str, column: str) -> set[str]:
    """The values that the column's check lets through."""
    definition = op.get_bind().scalar(
        sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
        {"name": f"{table}_{column}_check"},
    )
    return set(re.findall(r"'([A-Z_]+)'", definition))


def _allow(table: str, column: str, values: set[str]) -> None:
    name = f"{table}_{column}_check"
    op.drop_constraint(op.f(name), table)
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    op.create_check_constraint(op.f(name), table, f"{column} IN ({listed})")
