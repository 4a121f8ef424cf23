"""What happens to what people keep, and what follows."""

from uuid import UUID

from app.outbox import Event


class NewMatchesFound(Event, frozen=True, kw_only=True):
    """A saved search has found places that it had not found before."""

    tasks = ("notifications.new_matches",)
    saved_search_id: UUID
    # Of this look: the mail is known by it.
    look_id: UUID
    # The newest of them.
    property_ids: tuple[UUID, ...]
    count: int
