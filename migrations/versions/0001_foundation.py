"""The foundation: every table of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# Trusted extensions: a database's owner may create them, no superuser is needed.
EXTENSIONS = ("citext", "pg_trgm")


def upgrade() -> None:
    for extension in EXTENSIONS:
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    op.create_table(
        "journal_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('CAPTURE', 'PROVIDER_FEE', 'REFUND_DUE', 'REFUND_SENT', 'REFUND_RETURNED', 'PAYOUT_RESERVED', 'PAYOUT_SENT', 'PAYOUT_RETURNED')",
            name=op.f("journal_entries_kind_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("journal_entries_pkey")),
        sa.UniqueConstraint(
            "source", "source_id", "kind", name=op.f("journal_entries_source_source_id_kind_key")
        ),
    )
    op.create_table(
        "outbox_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_messages_pkey")),
    )
    op.create_index(
        "outbox_messages_done_idx",
        "outbox_messages",
        ["done_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NOT NULL"),
    )
    op.create_index(
        "outbox_messages_due_idx",
        "outbox_messages",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "provider_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("provider IN ('STRIPE')", name=op.f("provider_events_provider_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("provider_events_pkey")),
        sa.UniqueConstraint(
            "provider", "event_id", name=op.f("provider_events_provider_event_id_key")
        ),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", postgresql.CITEXT(), nullable=False),
        sa.Column("username", postgresql.CITEXT(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("bio", sa.Text(), server_default="", nullable=False),
        sa.Column("picture_url", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), server_default="USER", nullable=False),
        sa.Column("is_host", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("host_since_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("role IN ('USER', 'SUPPORT', 'ADMIN')", name=op.f("users_role_check")),
        sa.CheckConstraint(
            "username::text ~ '^[A-Za-z0-9_.]{3,30}$'", name=op.f("users_username_check")
        ),
        sa.CheckConstraint(
            "is_host = (host_since_at IS NOT NULL)", name=op.f("users_host_since_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        sa.UniqueConstraint("email", name=op.f("users_email_key")),
        sa.UniqueConstraint("username", name=op.f("users_username_key")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "length(request_hash) = 32", name=op.f("idempotency_keys_request_hash_check")
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"],
            ["users.id"],
            name=op.f("idempotency_keys_actor_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("actor_id", "operation", "key", name=op.f("idempotency_keys_pkey")),
    )
    op.create_index(
        op.f("idempotency_keys_created_at_idx"), "idempotency_keys", ["created_at"], unique=False
    )
    op.create_table(
        "ledger_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('GUEST', 'HOST_PAYABLE')) = (owner_id IS NOT NULL)",
            name=op.f("ledger_accounts_owner_check"),
        ),
        sa.CheckConstraint(
            "kind IN ('PROVIDER_CLEARING', 'PROVIDER_FEES', 'GUEST', 'HOST_PAYABLE', 'PAYOUT_IN_TRANSIT', 'PLATFORM_REVENUE', 'TAX_PAYABLE')",
            name=op.f("ledger_accounts_kind_check"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("ledger_accounts_owner_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("ledger_accounts_pkey")),
        sa.UniqueConstraint("id", "currency", name=op.f("ledger_accounts_id_currency_key")),
        sa.UniqueConstraint(
            "kind",
            "owner_id",
            "currency",
            name=op.f("ledger_accounts_kind_owner_id_currency_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ledger_accounts_owner_id_idx"), "ledger_accounts", ["owner_id"], unique=False
    )
    op.create_table(
        "payout_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_account_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("provider IN ('STRIPE')", name=op.f("payout_accounts_provider_check")),
        sa.CheckConstraint(
            "status <> 'ACTIVE' OR provider_account_id IS NOT NULL",
            name=op.f("payout_accounts_active_account_check"),
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'ACTIVE', 'RESTRICTED')",
            name=op.f("payout_accounts_status_check"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("payout_accounts_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("payout_accounts_pkey")),
        sa.UniqueConstraint(
            "provider",
            "provider_account_id",
            name=op.f("payout_accounts_provider_provider_account_id_key"),
        ),
        sa.UniqueConstraint(
            "user_id", "provider", name=op.f("payout_accounts_user_id_provider_key")
        ),
    )
    op.create_table(
        "payouts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("provider_transfer_id", sa.Text(), nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'PAID') = (paid_at IS NOT NULL)", name=op.f("payouts_paid_check")
        ),
        sa.CheckConstraint("provider IN ('STRIPE')", name=op.f("payouts_provider_check")),
        sa.CheckConstraint(
            "status IN ('RESERVED', 'PAID', 'FAILED')", name=op.f("payouts_status_check")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("payouts_amount_check")),
        sa.ForeignKeyConstraint(["host_id"], ["users.id"], name=op.f("payouts_host_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("payouts_pkey")),
        sa.UniqueConstraint(
            "provider",
            "provider_transfer_id",
            name=op.f("payouts_provider_provider_transfer_id_key"),
        ),
    )
    op.create_index(op.f("payouts_host_id_id_idx"), "payouts", ["host_id", "id"], unique=False)
    op.create_index(
        "payouts_reserved_idx",
        "payouts",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status = 'RESERVED'"),
    )
    op.create_table(
        "properties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), server_default="DRAFT", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("postal_code", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), server_default="", nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("public_latitude", sa.Double(), nullable=False),
        sa.Column("public_longitude", sa.Double(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("check_in_time", sa.Time(), server_default=sa.text("'15:00'"), nullable=False),
        sa.Column("check_out_time", sa.Time(), server_default=sa.text("'11:00'"), nullable=False),
        sa.Column(
            "search_text",
            sa.Text(),
            sa.Computed("lower(title || ' ' || city)", persisted=True),
            nullable=False,
        ),
        sa.Column("max_guests", sa.SmallInteger(), nullable=False),
        sa.Column("bedrooms", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("beds", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("bathrooms", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("pets_allowed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("amenities", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("instant_book", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("cancellation_policy", sa.Text(), server_default="FLEXIBLE", nullable=False),
        sa.Column("min_nights", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("max_nights", sa.SmallInteger(), server_default="365", nullable=False),
        sa.Column("advance_notice_hours", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("preparation_days", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("booking_window_days", sa.SmallInteger(), server_default="365", nullable=False),
        sa.Column("check_in_weekdays", sa.SmallInteger(), server_default="127", nullable=False),
        sa.Column("check_out_weekdays", sa.SmallInteger(), server_default="127", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("base_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("weekend_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("cleaning_fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pet_fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("guests_included", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("extra_guest_fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("monthly_discount_bp", sa.Integer(), server_default="0", nullable=False),
        sa.Column("weekly_discount_bp", sa.Integer(), server_default="0", nullable=False),
        sa.Column("early_bird_days", sa.SmallInteger(), nullable=True),
        sa.Column("early_bird_discount_bp", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_minute_days", sa.SmallInteger(), nullable=True),
        sa.Column("last_minute_discount_bp", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rating_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("review_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "average_rating_milli",
            sa.Integer(),
            sa.Computed("rating_sum * 1000 / greatest(review_count, 1)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "recommendation",
            sa.Integer(),
            sa.Computed("(rating_sum * 1000 + 44000) / (review_count + 10)", persisted=True),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "cancellation_policy IN ('FLEXIBLE', 'MODERATE', 'LIMITED', 'FIRM', 'STRICT')",
            name=op.f("properties_cancellation_policy_check"),
        ),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'PUBLISHED', 'UNPUBLISHED', 'SUSPENDED')",
            name=op.f("properties_status_check"),
        ),
        sa.CheckConstraint(
            "type IN ('APARTMENT', 'HOUSE', 'CABIN', 'VILLA', 'LOFT', 'COTTAGE', 'BOAT', 'GUESTHOUSE')",
            name=op.f("properties_type_check"),
        ),
        sa.CheckConstraint(
            "advance_notice_hours BETWEEN 0 AND 720 AND preparation_days BETWEEN 0 AND 14 AND booking_window_days BETWEEN 1 AND 730",
            name=op.f("properties_booking_terms_check"),
        ),
        sa.CheckConstraint(
            "base_price_minor > 0 AND weekend_price_minor > 0 AND cleaning_fee_minor >= 0 AND pet_fee_minor >= 0 AND extra_guest_fee_minor >= 0",
            name=op.f("properties_prices_check"),
        ),
        sa.CheckConstraint(
            "bedrooms >= 0 AND beds >= 0 AND bathrooms >= 0", name=op.f("properties_rooms_check")
        ),
        sa.CheckConstraint(
            "check_in_weekdays BETWEEN 1 AND 127 AND check_out_weekdays BETWEEN 1 AND 127",
            name=op.f("properties_weekdays_check"),
        ),
        sa.CheckConstraint(
            "guests_included BETWEEN 1 AND max_guests",
            name=op.f("properties_guests_included_check"),
        ),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("properties_latitude_check")),
        sa.CheckConstraint(
            "longitude BETWEEN -180 AND 180", name=op.f("properties_longitude_check")
        ),
        sa.CheckConstraint("max_guests BETWEEN 1 AND 50", name=op.f("properties_max_guests_check")),
        sa.CheckConstraint(
            "min_nights BETWEEN 1 AND max_nights AND max_nights <= 365",
            name=op.f("properties_nights_check"),
        ),
        sa.CheckConstraint(
            "monthly_discount_bp BETWEEN 0 AND 9900 AND weekly_discount_bp BETWEEN 0 AND 9900 AND early_bird_discount_bp BETWEEN 0 AND 9900 AND last_minute_discount_bp BETWEEN 0 AND 9900",
            name=op.f("properties_discounts_check"),
        ),
        sa.CheckConstraint(
            "review_count >= 0 AND rating_sum >= review_count", name=op.f("properties_rating_check")
        ),
        sa.CheckConstraint(
            "timezone(timezone, timestamptz '2000-01-01 00:00Z') IS NOT NULL",
            name=op.f("properties_timezone_check"),
        ),
        sa.CheckConstraint(
            "status <> 'PUBLISHED' OR published_at IS NOT NULL",
            name=op.f("properties_published_at_check"),
        ),
        sa.ForeignKeyConstraint(["host_id"], ["users.id"], name=op.f("properties_host_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("properties_pkey")),
    )
    op.create_index(
        "properties_city_idx",
        "properties",
        [sa.literal_column("lower(city)"), "id"],
        unique=False,
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.create_index(
        op.f("properties_host_id_id_idx"), "properties", ["host_id", "id"], unique=False
    )
    op.create_index(
        "properties_map_idx",
        "properties",
        ["public_latitude", "public_longitude"],
        unique=False,
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.create_index(
        "properties_newest_idx",
        "properties",
        ["published_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.create_index(
        "properties_price_idx",
        "properties",
        ["base_price_minor", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.create_index(
        "properties_rating_idx",
        "properties",
        ["average_rating_milli", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.create_index(
        "properties_recommendation_idx",
        "properties",
        ["recommendation", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.create_index(
        "properties_text_idx",
        "properties",
        ["search_text"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.create_table(
        "sign_in_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "last_used_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("sign_in_sessions_user_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_in_sessions_pkey")),
    )
    op.create_index(
        op.f("sign_in_sessions_user_id_idx"), "sign_in_sessions", ["user_id"], unique=False
    )
    op.create_table(
        "bookings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("guest_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("check_in", sa.Date(), nullable=False),
        sa.Column("check_out", sa.Date(), nullable=False),
        sa.Column("check_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("check_out_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("adults", sa.SmallInteger(), nullable=False),
        sa.Column("children", sa.SmallInteger(), nullable=False),
        sa.Column("infants", sa.SmallInteger(), nullable=False),
        sa.Column("pets", sa.SmallInteger(), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("host_payout_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("line_items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("guest_fee_bp", sa.Integer(), nullable=False),
        sa.Column("host_fee_bp", sa.Integer(), nullable=False),
        sa.Column("cancellation_policy", sa.Text(), nullable=False),
        sa.Column("instant_book", sa.Boolean(), nullable=False),
        sa.Column("payment_method", sa.Text(), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.Column("cancellation_reason", sa.Text(), nullable=True),
        sa.Column("payout_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'CANCELLED') = (cancelled_by IS NOT NULL)",
            name=op.f("bookings_cancelled_check"),
        ),
        sa.CheckConstraint(
            "cancellation_policy IN ('FLEXIBLE', 'MODERATE', 'LIMITED', 'FIRM', 'STRICT')",
            name=op.f("bookings_cancellation_policy_check"),
        ),
        sa.CheckConstraint(
            "cancelled_by IN ('GUEST', 'HOST', 'ADMIN', 'SYSTEM')",
            name=op.f("bookings_cancelled_by_check"),
        ),
        sa.CheckConstraint(
            "payment_method IN ('CARD', 'MOBILE_MONEY', 'BANK_TRANSFER')",
            name=op.f("bookings_payment_method_check"),
        ),
        sa.CheckConstraint(
            "status IN ('PENDING_PAYMENT', 'PENDING_HOST', 'CONFIRMED', 'COMPLETED', 'CANCELLED', 'DECLINED', 'EXPIRED')",
            name=op.f("bookings_status_check"),
        ),
        sa.CheckConstraint(
            "adults >= 1 AND children >= 0 AND infants >= 0 AND pets >= 0 AND adults + children <= 50",
            name=op.f("bookings_guests_check"),
        ),
        sa.CheckConstraint(
            "check_out > check_in AND check_out - check_in <= 365",
            name=op.f("bookings_dates_check"),
        ),
        sa.CheckConstraint("check_out_at > check_in_at", name=op.f("bookings_instants_check")),
        sa.CheckConstraint("guest_id <> host_id", name=op.f("bookings_own_property_check")),
        sa.CheckConstraint(
            "host_payout_minor >= 0 AND tax_minor >= 0 AND total_minor > 0 AND host_payout_minor + tax_minor <= total_minor",
            name=op.f("bookings_amounts_check"),
        ),
        sa.ForeignKeyConstraint(["guest_id"], ["users.id"], name=op.f("bookings_guest_id_fkey")),
        sa.ForeignKeyConstraint(["host_id"], ["users.id"], name=op.f("bookings_host_id_fkey")),
        sa.ForeignKeyConstraint(
            ["property_id"], ["properties.id"], name=op.f("bookings_property_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bookings_pkey")),
    )
    op.create_index(
        "bookings_deadline_idx",
        "bookings",
        ["deadline_at"],
        unique=False,
        postgresql_where=sa.text("deadline_at IS NOT NULL"),
    )
    op.create_index(op.f("bookings_guest_id_id_idx"), "bookings", ["guest_id", "id"], unique=False)
    op.create_index(op.f("bookings_host_id_id_idx"), "bookings", ["host_id", "id"], unique=False)
    op.create_index(
        op.f("bookings_host_id_updated_at_idx"), "bookings", ["host_id", "updated_at"], unique=False
    )
    op.create_index(
        "bookings_payout_due_idx",
        "bookings",
        ["payout_due_at"],
        unique=False,
        postgresql_where=sa.text("payout_due_at IS NOT NULL"),
    )
    op.create_index(
        op.f("bookings_property_id_check_in_idx"),
        "bookings",
        ["property_id", "check_in"],
        unique=False,
    )
    op.create_table(
        "calendar_nights",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("min_nights", sa.SmallInteger(), nullable=True),
        sa.Column("closed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "min_nights BETWEEN 1 AND 365", name=op.f("calendar_nights_min_nights_check")
        ),
        sa.CheckConstraint("price_minor > 0", name=op.f("calendar_nights_price_check")),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["properties.id"],
            name=op.f("calendar_nights_property_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("property_id", "night", name=op.f("calendar_nights_pkey")),
    )
    op.create_table(
        "property_photos",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("caption", sa.Text(), server_default="", nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("property_photos_size_check")),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["properties.id"],
            name=op.f("property_photos_property_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("property_photos_pkey")),
        sa.UniqueConstraint(
            "property_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("property_photos_property_id_position_key"),
        ),
    )
    op.create_table(
        "property_taxes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("max_nights", sa.SmallInteger(), nullable=True),
        sa.Column(
            "long_stays_exempt", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.CheckConstraint(
            "(kind = 'PERCENTAGE') = (rate_bp IS NOT NULL) AND (kind = 'PER_GUEST_NIGHT') = (amount_minor IS NOT NULL)",
            name=op.f("property_taxes_rate_or_amount_check"),
        ),
        sa.CheckConstraint(
            "kind IN ('PERCENTAGE', 'PER_GUEST_NIGHT')", name=op.f("property_taxes_kind_check")
        ),
        sa.CheckConstraint(
            "rate_bp BETWEEN 0 AND 10000 AND amount_minor >= 0",
            name=op.f("property_taxes_bounds_check"),
        ),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["properties.id"],
            name=op.f("property_taxes_property_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("property_taxes_pkey")),
        sa.UniqueConstraint(
            "property_id", "name", name=op.f("property_taxes_property_id_name_key")
        ),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column(
            "issued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("length(token_hash) = 32", name=op.f("refresh_tokens_token_hash_check")),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sign_in_sessions.id"],
            name=op.f("refresh_tokens_session_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("refresh_tokens_pkey")),
    )
    op.create_index(
        op.f("refresh_tokens_session_id_idx"), "refresh_tokens", ["session_id"], unique=False
    )
    op.create_table(
        "booking_changes",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("previous_status", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "actor IN ('GUEST', 'HOST', 'ADMIN', 'SYSTEM')",
            name=op.f("booking_changes_actor_check"),
        ),
        sa.CheckConstraint(
            "previous_status IN ('PENDING_PAYMENT', 'PENDING_HOST', 'CONFIRMED', 'COMPLETED', 'CANCELLED', 'DECLINED', 'EXPIRED')",
            name=op.f("booking_changes_previous_status_check"),
        ),
        sa.CheckConstraint(
            "status IN ('PENDING_PAYMENT', 'PENDING_HOST', 'CONFIRMED', 'COMPLETED', 'CANCELLED', 'DECLINED', 'EXPIRED')",
            name=op.f("booking_changes_status_check"),
        ),
        sa.CheckConstraint(
            "(version = 1) = (previous_status IS NULL)", name=op.f("booking_changes_first_check")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("booking_changes_booking_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("booking_id", "version", name=op.f("booking_changes_pkey")),
    )
    op.create_table(
        "occupied_nights",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("hold_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'BLOCK') = (booking_id IS NULL)", name=op.f("occupied_nights_booking_check")
        ),
        sa.CheckConstraint(
            "(kind = 'HOLD') = (hold_expires_at IS NOT NULL)",
            name=op.f("occupied_nights_hold_check"),
        ),
        sa.CheckConstraint(
            "kind IN ('HOLD', 'BOOKING', 'BLOCK')", name=op.f("occupied_nights_kind_check")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("occupied_nights_booking_id_fkey"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["properties.id"],
            name=op.f("occupied_nights_property_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("property_id", "night", name=op.f("occupied_nights_pkey")),
    )
    op.create_index(
        op.f("occupied_nights_booking_id_idx"),
        "occupied_nights",
        ["booking_id"],
        unique=False,
        postgresql_where=sa.text("booking_id IS NOT NULL"),
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_payment_id", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("guest_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("host_minor", sa.BigInteger(), nullable=False),
        sa.Column("platform_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("manual_capture", sa.Boolean(), nullable=False),
        sa.Column("client_secret", sa.Text(), nullable=True),
        sa.Column("redirect_url", sa.Text(), nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("authorized_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "method IN ('CARD', 'MOBILE_MONEY', 'BANK_TRANSFER')",
            name=op.f("payments_method_check"),
        ),
        sa.CheckConstraint("provider IN ('STRIPE')", name=op.f("payments_provider_check")),
        sa.CheckConstraint(
            "status IN ('PENDING', 'AUTHORIZED', 'PAID', 'FAILED', 'CANCELLED', 'PARTIALLY_REFUNDED', 'REFUNDED', 'DISPUTED')",
            name=op.f("payments_status_check"),
        ),
        sa.CheckConstraint(
            "(captured_minor > 0) = (paid_at IS NOT NULL)", name=op.f("payments_paid_check")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("payments_amount_check")),
        sa.CheckConstraint(
            "captured_minor BETWEEN 0 AND amount_minor", name=op.f("payments_captured_check")
        ),
        sa.CheckConstraint(
            "host_minor + platform_minor + tax_minor = amount_minor",
            name=op.f("payments_parts_check"),
        ),
        sa.CheckConstraint(
            "host_minor >= 0 AND tax_minor >= 0", name=op.f("payments_part_signs_check")
        ),
        sa.CheckConstraint(
            "refunded_minor BETWEEN 0 AND captured_minor", name=op.f("payments_refunded_check")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("payments_booking_id_fkey")
        ),
        sa.ForeignKeyConstraint(["guest_id"], ["users.id"], name=op.f("payments_guest_id_fkey")),
        sa.ForeignKeyConstraint(["host_id"], ["users.id"], name=op.f("payments_host_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("payments_pkey")),
        sa.UniqueConstraint("booking_id", "attempt", name=op.f("payments_booking_id_attempt_key")),
        sa.UniqueConstraint(
            "provider",
            "provider_payment_id",
            name=op.f("payments_provider_provider_payment_id_key"),
        ),
    )
    op.create_index(op.f("payments_guest_id_idx"), "payments", ["guest_id"], unique=False)
    op.create_index(op.f("payments_host_id_idx"), "payments", ["host_id"], unique=False)
    op.create_index(
        "payments_live_key",
        "payments",
        ["booking_id"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('FAILED', 'CANCELLED')"),
    )
    op.create_index(
        "payments_unsettled_idx",
        "payments",
        ["updated_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('PENDING', 'AUTHORIZED')"),
    )
    op.create_table(
        "payout_items",
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("payout_items_amount_check")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("payout_items_booking_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["payouts.id"], name=op.f("payout_items_payout_id_fkey")
        ),
        sa.PrimaryKeyConstraint("payout_id", "booking_id", name=op.f("payout_items_pkey")),
    )
    op.create_index(
        op.f("payout_items_booking_id_idx"), "payout_items", ["booking_id"], unique=False
    )
    op.create_table(
        "postings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("postings_amount_check")),
        sa.ForeignKeyConstraint(
            ["account_id", "currency"],
            ["ledger_accounts.id", "ledger_accounts.currency"],
            name=op.f("postings_account_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("postings_booking_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["journal_entries.id"], name=op.f("postings_entry_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("postings_pkey")),
    )
    op.create_index(
        op.f("postings_account_id_booking_id_idx"),
        "postings",
        ["account_id", "booking_id"],
        unique=False,
    )
    op.create_index(op.f("postings_booking_id_idx"), "postings", ["booking_id"], unique=False)
    op.create_index(op.f("postings_entry_id_idx"), "postings", ["entry_id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "length(comment) BETWEEN 1 AND 5000", name=op.f("reviews_comment_check")
        ),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("reviews_rating_check")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("reviews_author_id_fkey")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("reviews_booking_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["property_id"], ["properties.id"], name=op.f("reviews_property_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("reviews_pkey")),
        sa.UniqueConstraint("booking_id", name=op.f("reviews_booking_id_key")),
    )
    op.create_index(op.f("reviews_author_id_idx"), "reviews", ["author_id"], unique=False)
    op.create_index(
        op.f("reviews_property_id_id_idx"), "reviews", ["property_id", "id"], unique=False
    )
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("host_minor", sa.BigInteger(), nullable=False),
        sa.Column("platform_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("provider_refund_id", sa.Text(), nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "reason IN ('CANCELLATION', 'LATE_PAYMENT')", name=op.f("refunds_reason_check")
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'SUCCEEDED', 'FAILED')", name=op.f("refunds_status_check")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("refunds_amount_check")),
        sa.CheckConstraint(
            "host_minor + platform_minor + tax_minor = amount_minor",
            name=op.f("refunds_parts_check"),
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("refunds_payment_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("refunds_pkey")),
        sa.UniqueConstraint("payment_id", "reason", name=op.f("refunds_payment_id_reason_key")),
        sa.UniqueConstraint("provider_refund_id", name=op.f("refunds_provider_refund_id_key")),
    )
    op.create_index(
        "refunds_pending_idx",
        "refunds",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status = 'PENDING'"),
    )


def downgrade() -> None:
    op.drop_index(
        "refunds_pending_idx", table_name="refunds", postgresql_where=sa.text("status = 'PENDING'")
    )
    op.drop_table("refunds")
    op.drop_index(op.f("reviews_property_id_id_idx"), table_name="reviews")
    op.drop_index(op.f("reviews_author_id_idx"), table_name="reviews")
    op.drop_table("reviews")
    op.drop_index(op.f("postings_entry_id_idx"), table_name="postings")
    op.drop_index(op.f("postings_booking_id_idx"), table_name="postings")
    op.drop_index(op.f("postings_account_id_booking_id_idx"), table_name="postings")
    op.drop_table("postings")
    op.drop_index(op.f("payout_items_booking_id_idx"), table_name="payout_items")
    op.drop_table("payout_items")
    op.drop_index(
        "payments_unsettled_idx",
        table_name="payments",
        postgresql_where=sa.text("status IN ('PENDING', 'AUTHORIZED')"),
    )
    op.drop_index(
        "payments_live_key",
        table_name="payments",
        postgresql_where=sa.text("status NOT IN ('FAILED', 'CANCELLED')"),
    )
    op.drop_index(op.f("payments_host_id_idx"), table_name="payments")
    op.drop_index(op.f("payments_guest_id_idx"), table_name="payments")
    op.drop_table("payments")
    op.drop_index(
        op.f("occupied_nights_booking_id_idx"),
        table_name="occupied_nights",
        postgresql_where=sa.text("booking_id IS NOT NULL"),
    )
    op.drop_table("occupied_nights")
    op.drop_table("booking_changes")
    op.drop_index(op.f("refresh_tokens_session_id_idx"), table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_table("property_taxes")
    op.drop_table("property_photos")
    op.drop_table("calendar_nights")
    op.drop_index(op.f("bookings_property_id_check_in_idx"), table_name="bookings")
    op.drop_index(
        "bookings_payout_due_idx",
        table_name="bookings",
        postgresql_where=sa.text("payout_due_at IS NOT NULL"),
    )
    op.drop_index(op.f("bookings_host_id_updated_at_idx"), table_name="bookings")
    op.drop_index(op.f("bookings_host_id_id_idx"), table_name="bookings")
    op.drop_index(op.f("bookings_guest_id_id_idx"), table_name="bookings")
    op.drop_index(
        "bookings_deadline_idx",
        table_name="bookings",
        postgresql_where=sa.text("deadline_at IS NOT NULL"),
    )
    op.drop_table("bookings")
    op.drop_index(op.f("sign_in_sessions_user_id_idx"), table_name="sign_in_sessions")
    op.drop_table("sign_in_sessions")
    op.drop_index(
        "properties_text_idx",
        table_name="properties",
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.drop_index(
        "properties_recommendation_idx",
        table_name="properties",
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.drop_index(
        "properties_rating_idx",
        table_name="properties",
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.drop_index(
        "properties_price_idx",
        table_name="properties",
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.drop_index(
        "properties_newest_idx",
        table_name="properties",
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.drop_index(
        "properties_map_idx",
        table_name="properties",
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.drop_index(op.f("properties_host_id_id_idx"), table_name="properties")
    op.drop_index(
        "properties_city_idx",
        table_name="properties",
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.drop_table("properties")
    op.drop_index(
        "payouts_reserved_idx",
        table_name="payouts",
        postgresql_where=sa.text("status = 'RESERVED'"),
    )
    op.drop_index(op.f("payouts_host_id_id_idx"), table_name="payouts")
    op.drop_table("payouts")
    op.drop_table("payout_accounts")
    op.drop_index(op.f("ledger_accounts_owner_id_idx"), table_name="ledger_accounts")
    op.drop_table("ledger_accounts")
    op.drop_index(op.f("idempotency_keys_created_at_idx"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("users")
    op.drop_table("provider_events")
    op.drop_index(
        "outbox_messages_due_idx",
        table_name="outbox_messages",
        postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_index(
        "outbox_messages_done_idx",
        table_name="outbox_messages",
        postgresql_where=sa.text("done_at IS NOT NULL"),
    )
    op.drop_table("outbox_messages")
    op.drop_table("journal_entries")
    for extension in reversed(EXTENSIONS):
        op.execute(f"DROP EXTENSION IF EXISTS {extension}")
