"""What hosts must tell, and whose guests wrote a review."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "host_details",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("registration_number", sa.Text(), nullable=True),
        sa.Column("terms_version", sa.Text(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('INDIVIDUAL', 'BUSINESS')", name=op.f("host_details_kind_check")
        ),
        sa.CheckConstraint(
            "(kind = 'INDIVIDUAL') = (born_on IS NOT NULL)"
            " AND (kind = 'BUSINESS') = (registration_number IS NOT NULL)",
            name=op.f("host_details_facts_check"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("host_details_user_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("host_details_pkey")),
    )
    op.add_column("reviews", sa.Column("host_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE reviews SET host_id = bookings.host_id FROM bookings"
        " WHERE bookings.id = reviews.booking_id"
    )
    op.alter_column("reviews", "host_id", nullable=False)
    op.create_foreign_key(op.f("reviews_host_id_fkey"), "reviews", "users", ["host_id"], ["id"])
    op.create_index("reviews_host_id_id_idx", "reviews", ["host_id", "id"])


def downgrade() -> None:
    op.drop_index("reviews_host_id_id_idx", "reviews")
    op.drop_constraint(op.f("reviews_host_id_fkey"), "reviews")
    op.drop_column("reviews", "host_id")
    op.drop_table("host_details")
