"""Who may read what about a person. Staff: see app.identity.staff."""

from uuid import UUID

from app.actor import Actor


def is_own(user_id: UUID | None, actor: Actor) -> bool:
    """Full name, e-mail, trips, drafts, payouts, sessions and trails are the person's own."""
    return user_id is not None and actor.user_id == user_id
