"""Drafts that do not say yet what, where and for how much."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# What a draft may lack, and what it is called by default.
NULL = (
    "type",
    "latitude",
    "longitude",
    "public_latitude",
    "public_longitude",
    "timezone",
    "base_price_minor",
)
EMPTY = ("title", "city", "country")
CHECKS = {
    "complete": "published_at IS NULL OR (type IS NOT NULL AND latitude IS NOT NULL"
    " AND base_price_minor IS NOT NULL)",
    "location": "num_nulls(latitude, longitude, public_latitude, public_longitude, timezone)"
    " IN (0, 5)",
}


def upgrade() -> None:
    for column in NULL:
        op.alter_column("properties", column, nullable=True)
    for column in EMPTY:
        op.alter_column("properties", column, server_default="")
    op.alter_column("properties", "max_guests", server_default="2")
    _check_timezone("timezone IS NULL OR")
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"properties_{name}_check"), "properties", condition)


def downgrade() -> None:
    """Fails, and changes nothing, while there is a draft that lacks something."""
    for name in CHECKS:
        op.drop_constraint(op.f(f"properties_{name}_check"), "properties")
    _check_timezone()
    for column in (*EMPTY, "max_guests"):
        op.alter_column("properties", column, server_default=None)
    for column in NULL:
        op.alter_column("properties", column, nullable=False)


def _check_timezone(*unless: str) -> None:
    """An unknown zone is refused by an error of its own."""
    name = op.f("properties_timezone_check")
    known = "timezone(timezone, timestamptz '2000-01-01 00:00Z') IS NOT NULL"
    op.drop_constraint(name, "properties")
    op.create_check_constraint(name, "properties", " ".join((*unless, known)))
