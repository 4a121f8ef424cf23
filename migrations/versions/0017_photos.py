"""Photos that hosts send: uploads, and placeholders until they are fetched."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("property_photos", sa.Column("placeholder", sa.Text(), nullable=True))
    op.create_index(
        "property_photos_uploaded_idx",
        "property_photos",
        ["url"],
        postgresql_where=sa.text("url LIKE '/media/photos/%'"),
    )
    op.create_table(
        "property_photo_uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("caption", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status IN ('AWAITING_FILE', 'PROCESSING', 'READY', 'FAILED')",
            name=op.f("property_photo_uploads_status_check"),
        ),
        sa.CheckConstraint(
            "failure IN ('UNREADABLE', 'TOO_MANY_PIXELS', 'TOO_SMALL', 'WRONG_SIZE', 'MISSING')",
            name=op.f("property_photo_uploads_failure_check"),
        ),
        sa.CheckConstraint(
            "(status = 'FAILED') = (failure IS NOT NULL)",
            name=op.f("property_photo_uploads_failed_check"),
        ),
        sa.CheckConstraint("size > 0", name=op.f("property_photo_uploads_size_check")),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["properties.id"],
            name=op.f("property_photo_uploads_property_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("property_photo_uploads_pkey")),
    )
    op.create_index(
        "property_photo_uploads_property_id_idx", "property_photo_uploads", ["property_id"]
    )
    op.create_index("property_photo_uploads_forget_at_idx", "property_photo_uploads", ["forget_at"])


def downgrade() -> None:
    op.drop_table("property_photo_uploads")
    op.drop_index("property_photos_uploaded_idx", "property_photos")
    op.drop_column("property_photos", "placeholder")
