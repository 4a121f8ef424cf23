"""Admins look at what hosts owe."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

KIND = "DEBTS_READ"
# By check: what it says before the kinds. A look needs no reason.
CHECKS = {"kind": "kind", "reason": "reason IS NOT NULL OR kind"}


def upgrade() -> None:
    for name in CHECKS:
        _allow(name, _allowed(name) | {KIND})


def downgrade() -> None:
    """Fails, and changes nothing, once an admin has looked."""
    for name in CHECKS:
        _allow(name, _allowed(name) - {KIND})


def _allowed(name: str) -> set[str]:
    """The kinds that a check lets through."""
    definition = op.get_bind().scalar(
        sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
        {"name": f"staff_actions_{name}_check"},
    )
    return set(re.findall(r"'([A-Z_]+)'", definition))


def _allow(name: str, kinds: set[str]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in sorted(kinds))
    check = op.f(f"staff_actions_{name}_check")
    op.drop_constraint(check, "staff_actions")
    op.create_check_constraint(check, "staff_actions", f"{CHECKS[name]} IN ({listed})")
