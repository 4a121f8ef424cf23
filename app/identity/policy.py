"""Who may read what about a person."""

from uuid import UUID

from app.actor import Actor


def is_own(user_id: UUID, actor: Actor) -> bool:
    """Full name, e-mail, trips, properties' drafts and payouts are the person's own."""
    return actor.user_id == user_id


def may_audit(user_id: UUID, actor: Actor) -> bool:
    """The trail of an account's sign-ins: the person's own, and staff's to look into."""
    return is_own(user_id, actor) or actor.is_staff
