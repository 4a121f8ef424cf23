"""Alterations of bookings: what a price was made of, other dates and guests, and their payments."""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

STATUSES = ("OPEN", "AWAITING_PAYMENT", "ACCEPTED", "DECLINED", "WITHDRAWN", "EXPIRED")
TERMS = (
    *("weekend_price_minor", "cleaning_fee_minor", "pet_fee_minor", "guests_included"),
    *("extra_guest_fee_minor", "monthly_discount_bp", "weekly_discount_bp", "early_bird_days"),
    *("early_bird_discount_bp", "last_minute_days", "last_minute_discount_bp"),
)
# Bookings of before: the property's terms as they are now are the nearest there is; the nights'
# own prices are those of the agreed lines, in the order in which they first occurred.
FILL = f"""
UPDATE bookings SET
    price_terms = (
        SELECT jsonb_build_object(
            'currency', bookings.currency,
            'base_price_minor', coalesce(p.base_price_minor, 1),
            {", ".join(f"'{name}', p.{name}" for name in TERMS)},
            'taxes', coalesce((
                SELECT jsonb_agg(
                    jsonb_build_object(
                        'name', t.name, 'kind', t.kind, 'rate_bp', t.rate_bp,
                        'amount_minor', t.amount_minor, 'max_nights', t.max_nights,
                        'long_stays_exempt', t.long_stays_exempt
                    ) ORDER BY t.id
                ) FROM property_taxes t WHERE t.property_id = p.id
            ), '[]'),
            'guest_fee_bp', bookings.guest_fee_bp,
            'host_fee_bp', bookings.host_fee_bp
        ) FROM properties p WHERE p.id = bookings.property_id
    ),
    night_prices = (
        SELECT array_agg((line ->> 'unit_minor')::bigint ORDER BY place)
        FROM jsonb_array_elements(line_items) WITH ORDINALITY AS lines (line, place),
            generate_series(1, (line ->> 'quantity')::int)
        WHERE line ->> 'kind' = 'NIGHTS'
    )
"""  # noqa: S608 - the names above


def instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def minor(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def upgrade() -> None:
    op.add_column("bookings", sa.Column("price_terms", postgresql.JSONB(), nullable=True))
    op.add_column(
        "bookings", sa.Column("night_prices", postgresql.ARRAY(sa.BigInteger()), nullable=True)
    )
    op.execute(FILL)
    op.alter_column("bookings", "price_terms", nullable=False)
    op.alter_column("bookings", "night_prices", nullable=False)
    op.create_check_constraint(
        op.f("bookings_night_prices_check"),
        "bookings",
        "cardinality(night_prices) = check_out - check_in",
    )
    _create()
    op.add_column("booking_changes", sa.Column("alteration_id", sa.Uuid(), nullable=True))
    op.add_column("booking_changes", sa.Column("alteration_status", sa.Text(), nullable=True))
    listed = ", ".join(f"'{status}'" for status in STATUSES)
    op.create_check_constraint(
        op.f("booking_changes_alteration_status_check"),
        "booking_changes",
        f"alteration_status IN ({listed})",
    )
    op.create_check_constraint(
        op.f("booking_changes_alteration_check"),
        "booking_changes",
        "(alteration_id IS NULL) = (alteration_status IS NULL)",
    )
    for table in ("payments", "refunds"):
        op.add_column(table, sa.Column("alteration_id", sa.Uuid(), nullable=True))
    for table in ("booking_changes", "payments", "refunds"):
        op.create_foreign_key(
            op.f(f"{table}_alteration_id_fkey"),
            table,
            "booking_alterations",
            ["alteration_id"],
            ["id"],
        )
        op.create_index(
            op.f(f"{table}_alteration_id_idx"),
            table,
            ["alteration_id"],
            postgresql_where=sa.text("alteration_id IS NOT NULL"),
        )
    _live_payments("alteration_id IS NULL AND status NOT IN ('FAILED', 'CANCELLED')")
    op.create_index(
        "payments_alteration_live_key",
        "payments",
        ["alteration_id"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('FAILED', 'CANCELLED')"),
    )
    _part_signs(
        "alteration_id IS NOT NULL OR (host_minor >= 0 AND tax_minor >= 0 AND promotion_minor >= 0)"
    )
    op.drop_constraint(op.f("refunds_payment_id_reason_key"), "refunds")
    op.create_unique_constraint(
        op.f("refunds_payment_id_reason_alteration_id_key"),
        "refunds",
        ["payment_id", "reason", "alteration_id"],
        postgresql_nulls_not_distinct=True,
    )
    _allow("refunds", "reason", _allowed("refunds", "reason") | {"ALTERATION"})
    op.create_check_constraint(
        op.f("refunds_altered_check"),
        "refunds",
        "(reason = 'ALTERATION') = (alteration_id IS NOT NULL)",
    )
    _allow("journal_entries", "kind", _allowed("journal_entries", "kind") | {"ALTERATION"})


def downgrade() -> None:
    """Fails, and changes nothing, while money was moved by an alteration."""
    _allow("journal_entries", "kind", _allowed("journal_entries", "kind") - {"ALTERATION"})
    op.drop_constraint(op.f("refunds_altered_check"), "refunds")
    _allow("refunds", "reason", _allowed("refunds", "reason") - {"ALTERATION"})
    op.drop_constraint(op.f("refunds_payment_id_reason_alteration_id_key"), "refunds")
    op.create_unique_constraint(
        op.f("refunds_payment_id_reason_key"), "refunds", ["payment_id", "reason"]
    )
    _part_signs("host_minor >= 0 AND tax_minor >= 0 AND promotion_minor >= 0")
    op.drop_index("payments_alteration_live_key", "payments")
    _live_payments("status NOT IN ('FAILED', 'CANCELLED')")
    for table in ("booking_changes", "payments", "refunds"):
        op.drop_column(table, "alteration_id")
    op.drop_column("booking_changes", "alteration_status")
    op.drop_table("booking_alterations")
    op.drop_column("bookings", "night_prices")
    op.drop_column("bookings", "price_terms")


def _create() -> None:
    listed = ", ".join(f"'{status}'" for status in STATUSES)
    checks = {
        "status": f"status IN ({listed})",
        "proposed_by": "proposed_by IN ('GUEST', 'HOST')",
        "dates": "check_out > check_in AND check_out - check_in <= 365",
        "instants": "check_out_at > check_in_at",
        "guests": "adults >= 1 AND children >= 0 AND infants >= 0 AND pets >= 0"
        " AND adults + children <= 50",
        "amounts": "host_payout_minor >= 0 AND tax_minor >= 0 AND total_minor > 0"
        " AND promotion_minor >= 0"
        " AND host_payout_minor + tax_minor <= total_minor + promotion_minor",
        "night_prices": "cardinality(night_prices) = check_out - check_in",
        "settled": "(status IN ('OPEN', 'AWAITING_PAYMENT')) = (settled_at IS NULL)",
    }
    op.create_table(
        "booking_alterations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("check_in", sa.Date(), nullable=False),
        sa.Column("check_out", sa.Date(), nullable=False),
        instant("check_in_at"),
        instant("check_out_at"),
        *(
            sa.Column(name, sa.SmallInteger(), nullable=False)
            for name in ("adults", "children", "infants", "pets")
        ),
        sa.Column("previous", postgresql.JSONB(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        *minor("total_minor", "host_payout_minor", "tax_minor", "promotion_minor"),
        sa.Column("line_items", postgresql.JSONB(), nullable=False),
        sa.Column("night_prices", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        *minor("difference_minor", "host_difference_minor", "tax_difference_minor"),
        *minor("promotion_difference_minor"),
        instant("expires_at"),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        instant("settled_at", nullable=True),
        *(
            sa.CheckConstraint(condition, name=op.f(f"booking_alterations_{name}_check"))
            for name, condition in checks.items()
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("booking_alterations_booking_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("booking_alterations_pkey")),
    )
    op.create_index(
        op.f("booking_alterations_booking_id_id_idx"), "booking_alterations", ["booking_id", "id"]
    )
    op.create_index(
        "booking_alterations_live_key",
        "booking_alterations",
        ["booking_id"],
        unique=True,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(
        "booking_alterations_expires_idx",
        "booking_alterations",
        ["expires_at"],
        postgresql_where=sa.text("settled_at IS NULL"),
    )


def _live_payments(condition: str) -> None:
    op.drop_index("payments_live_key", "payments")
    op.create_index(
        "payments_live_key",
        "payments",
        ["booking_id"],
        unique=True,
        postgresql_where=sa.text(condition),
    )


def _part_signs(condition: str) -> None:
    op.drop_constraint(op.f("payments_part_signs_check"), "payments")
    op.create_check_constraint(op.f("payments_part_signs_check"), "payments", condition)


def _allowed(table: str, column: str) -> set[str]:
    """The values that a check lets through."""
    definition = op.get_bind().scalar(
        sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
        {"name": f"{table}_{column}_check"},
    )
    return set(re.findall(r"'([A-Z_]+)'", definition))


def _allow(table: str, column: str, values: set[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    op.drop_constraint(op.f(f"{table}_{column}_check"), table)
    op.create_check_constraint(op.f(f"{table}_{column}_check"), table, f"{column} IN ({listed})")
