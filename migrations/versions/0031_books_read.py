"""Staff may look at the platform's books."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

NEW = {"kind": "kind", "reason": "reason IS NOT NULL OR kind"}


def upgrade() -> None:
    for name, what in NEW.items():
        _allow(name, what, _allowed(name) | {"BOOKS_READ"})


def downgrade() -> None:
    """Fails, and changes nothing, while there is a line about such a look."""
    for name, what in NEW.items():
        _allow(name, what, _allowed(name) - {"BOOKS_READ"})


def _allowed(name: str) -> set[str]:
    """The values that a check lets through."""
    definition = op.get_bind().scalar(
        sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
        {"name": f"staff_actions_{name}_check"},
    )
    return set(re.findall(r"'([A-Z_]+)'", definition))


def _allow(name: str, what: str, values: set[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    op.drop_constraint(op.f(f"staff_actions_{name}_check"), "staff_actions")
    op.create_check_constraint(
        op.f(f"staff_actions_{name}_check"), "staff_actions", f"{what} IN ({listed})"
    )
