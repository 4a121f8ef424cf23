"""Who may read what about a property, and who acts for its host. Source: section 8 of the domain
rules.

Besides the host, the host's side are co-hosts, each with rights. ALL is everything but the money,
the co-hosts and deleting the place: those stay the host's own.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, literal, or_, select

from app.actor import Actor
from app.properties.queries import PropertyRow
from app.properties.rules import status_now
from db.enums import CoHostRight, PropertyStatus
from db.models import CoHost, Property


def is_public(row: PropertyRow, now: datetime) -> bool:
    """Published properties are everybody's to see."""
    status = status_now(row.status, row.snoozed_until, row.timezone, now)
    return status is PropertyStatus.PUBLISHED


def is_host(row: PropertyRow, actor: Actor) -> bool:
    """The property's own host."""
    return actor.user_id == row.host_id


def includes(rights: Collection[str], right: CoHostRight) -> bool:
    """Whether a co-host with these rights has that one."""
    return right in rights or CoHostRight.ALL in rights


def may(row: PropertyRow, actor: Actor, right: CoHostRight, rights: Collection[str]) -> bool:
    """Whether the caller, who has these rights as a co-host, may do what needs that one."""
    return is_host(row, actor) or includes(rights, right)


def may_see(
    row: PropertyRow,
    actor: Actor,
    now: datetime,
    *,
    has_booking: bool,
    rights: Collection[str] = (),
) -> bool:
    """An unpublished property stays visible to the host's side and to who has booked it.

    And to staff, who leave a line (app.identity.staff).
    """
    return is_public(row, now) or is_host(row, actor) or has_booking or bool(rights)


def may_see_exactly(
    row: PropertyRow, actor: Actor, *, is_staying: bool, rights: Collection[str] = ()
) -> bool:
    """Address and true point: the host, co-hosts for everything, and guests of a confirmed
    booking until it ends."""
    return is_staying or may(row, actor, CoHostRight.ALL, rights)


def acts_for(user_id: UUID, right: CoHostRight) -> ColumnElement[bool]:
    """The same as `may`, of the rows of `properties`, in SQL."""
    rights = literal([right, CoHostRight.ALL], ARRAY(Text))
    co_host = select(CoHost.id).where(
        CoHost.property_id == Property.id,
        CoHost.user_id == user_id,
        CoHost.rights.op("&&")(rights),
    )
    return or_(Property.host_id == user_id, co_host.exists())
