"""What people keep for later: wishlists, and what they looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wishlists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("share_token", sa.Text(), nullable=True),
        _now("created_at"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 60", name=op.f("wishlists_name_check")),
        _belongs_to("wishlists", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("wishlists_pkey")),
        sa.UniqueConstraint("share_token", name=op.f("wishlists_share_token_key")),
    )
    op.create_index("wishlists_user_id_id_idx", "wishlists", ["user_id", "id"])
    op.create_table(
        "wishlist_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wishlist_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("check_in", sa.Date(), nullable=True),
        sa.Column("check_out", sa.Date(), nullable=True),
        sa.Column("adults", sa.SmallInteger(), nullable=True),
        sa.Column("children", sa.SmallInteger(), nullable=True),
        sa.Column("infants", sa.SmallInteger(), nullable=True),
        sa.Column("pets", sa.SmallInteger(), nullable=True),
        _now("created_at"),
        sa.CheckConstraint("length(note) <= 1000", name=op.f("wishlist_items_note_check")),
        sa.CheckConstraint(
            "(check_in IS NULL) = (check_out IS NULL)", name=op.f("wishlist_items_dates_check")
        ),
        sa.CheckConstraint("check_out > check_in", name=op.f("wishlist_items_nights_check")),
        sa.CheckConstraint(
            "num_nulls(adults, children, infants, pets) IN (0, 4)",
            name=op.f("wishlist_items_guests_check"),
        ),
        _belongs_to("wishlist_items", "wishlist_id", "wishlists"),
        _belongs_to("wishlist_items", "user_id", "users"),
        _belongs_to("wishlist_items", "property_id", "properties"),
        sa.PrimaryKeyConstraint("id", name=op.f("wishlist_items_pkey")),
        sa.UniqueConstraint(
            "wishlist_id", "property_id", name=op.f("wishlist_items_wishlist_id_property_id_key")
        ),
    )
    op.create_index("wishlist_items_wishlist_id_id_idx", "wishlist_items", ["wishlist_id", "id"])
    op.create_index(
        "wishlist_items_user_id_property_id_idx", "wishlist_items", ["user_id", "property_id"]
    )
    op.create_index("wishlist_items_property_id_idx", "wishlist_items", ["property_id"])
    op.create_table(
        "viewed_properties",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=False),
        _belongs_to("viewed_properties", "user_id", "users"),
        _belongs_to("viewed_properties", "property_id", "properties"),
        sa.PrimaryKeyConstraint("user_id", "property_id", name=op.f("viewed_properties_pkey")),
    )
    op.create_index(
        "viewed_properties_user_id_viewed_at_idx", "viewed_properties", ["user_id", "viewed_at"]
    )
    op.create_index("viewed_properties_property_id_idx", "viewed_properties", ["property_id"])
    op.create_index("viewed_properties_viewed_at_idx", "viewed_properties", ["viewed_at"])
    op.create_table(
        "view_history_opt_outs",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        _now("created_at"),
        _belongs_to("view_history_opt_outs", "user_id", "users"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("view_history_opt_outs_pkey")),
    )


def downgrade() -> None:
    op.drop_table("view_history_opt_outs")
    op.drop_table("viewed_properties")
    op.drop_table("wishlist_items")
    op.drop_table("wishlists")


def _now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _belongs_to(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{parent}.id"], name=op.f(f"{table}_{column}_fkey"), ondelete="CASCADE"
    )
