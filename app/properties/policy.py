"""Who may read what about a property. Source: section 8 of the domain rules."""

from app.actor import Actor
from app.properties.queries import PropertyRow
from db.enums import PropertyStatus


def is_public(row: PropertyRow) -> bool:
    """Published properties are everybody's to see."""
    return row.status == PropertyStatus.PUBLISHED


def is_host(row: PropertyRow, actor: Actor) -> bool:
    """The property's own host."""
    return actor.user_id == row.host_id


def may_see(row: PropertyRow, actor: Actor, *, has_booking: bool) -> bool:
    """An unpublished property stays visible to its host and to who has booked it.

    And to staff, who leave a line (app.identity.staff).
    """
    return is_public(row) or is_host(row, actor) or has_booking


def may_see_exactly(row: PropertyRow, actor: Actor, *, is_staying: bool) -> bool:
    """Address and true point: the host, and guests of a confirmed booking until it ends."""
    return is_host(row, actor) or is_staying
