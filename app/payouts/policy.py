"""Who may read what about payouts, and have an account for them."""

from app.actor import Actor
from app.payouts.queries import PayoutAccountRow, PayoutRow


def may_see(row: PayoutRow | PayoutAccountRow, actor: Actor) -> bool:
    """Payout data are the host's own."""
    owner = row.host_id if isinstance(row, PayoutRow) else row.user_id
    return actor.user_id == owner
