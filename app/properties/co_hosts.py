"""Co-hosts: who helps a host with a property, each function inside the caller's transaction.

Only the host invites, changes and removes them; whoever is one can leave. Lock order: user,
property, co-host.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.actor import Actor
from app.errors import Invalid, NotFound
from app.identity.accounts import require_verified
from app.identity.rules import clean_email
from app.ids import new_id
from app.outbox import emit
from app.properties.events import CoHostInvited, CoHostJoined
from app.properties.queries import is_active
from app.properties.service import own_for_update
from db.enums import CoHostRight
from db.models import CoHost, Property, User

# What the codes of invitations are for: see app.identity.links.
INVITATION = b"co-host"
# Invitations count, too.
MAX_CO_HOSTS = 10
LASTS = timedelta(days=7)
# Whoever invites the same address again sooner sends no other mail.
PAUSE = timedelta(minutes=1)


async def granted(
    connection: AsyncSession | AsyncConnection, user_id: UUID, property_id: UUID
) -> frozenset[str]:
    """The rights that somebody has as a co-host of a property; none for everybody else."""
    found = await connection.execute(
        select(CoHost.rights)
        .join(User, User.id == CoHost.user_id)
        .where(CoHost.property_id == property_id, CoHost.user_id == user_id, is_active())
    )
    return frozenset(found.scalar_one_or_none() or ())


async def invite(
    session: AsyncSession,
    actor: Actor,
    property_id: UUID,
    email: str,
    rights: Collection[CoHostRight],
    now: datetime,
) -> UUID:
    """Have somebody mailed an invitation to help with the caller's own property; returns its id.

    Who was invited already gets these rights instead. Raises NotFound, Invalid, EmailNotVerified.
    """
    own = await own_for_update(session, actor, property_id)
    await require_verified(session, own["host_id"])
    wanted, to = _checked(rights), clean_email(email).lower()
    if await session.scalar(select(User.email).where(User.id == own["host_id"])) == to:
        raise Invalid("This is your own address.", field="email")
    team = select(CoHost.id, CoHost.email, CoHost.invited_at).where(
        CoHost.property_id == property_id
    )
    known = (await session.execute(team)).all()
    earlier = next((each for each in known if each.email == to), None)
    if earlier is None and len(known) >= MAX_CO_HOSTS:
        raise Invalid(f"A place has at most {MAX_CO_HOSTS} co-hosts.", field="email")
    co_host_id: UUID = new_id() if earlier is None else earlier.id
    values = {"rights": wanted, "invited_at": now, "expires_at": now + LASTS}
    if earlier is None:
        values |= {"id": co_host_id, "property_id": property_id, "email": to}
        await session.execute(insert(CoHost).values(values))
    elif earlier.invited_at > now - PAUSE:
        await _set(session, co_host_id, rights=wanted)
        return co_host_id
    else:
        await _set(session, co_host_id, **values)
    await emit(session, CoHostInvited(co_host_id=co_host_id))
    return co_host_id


async def accept(session: AsyncSession, actor: Actor, co_host_id: UUID, now: datetime) -> UUID:
    """Make the caller, who has the mailed code, a co-host. Returns the property's id.

    The mail is the invitation, whatever address the caller's account has. Again is no other.
    Raises NotFound for one that is used, withdrawn or expired, Invalid, EmailNotVerified.
    """
    user_id = actor.require_user()
    await require_verified(session, user_id)
    found = await _locked(session, co_host_id)
    property_id = found.property_id
    if found.user_id == user_id:
        return property_id
    if found.expires_at is None or found.expires_at <= now:
        raise NotFound("This invitation is not valid any more.")
    if found.host_id == user_id:
        raise Invalid("This place is your own.", field="token")
    mine = delete(CoHost).where(CoHost.property_id == property_id, CoHost.user_id == user_id)
    # Invited twice, by two addresses: the later rights.
    await session.execute(mine)
    await _set(session, co_host_id, user_id=user_id, email=None, expires_at=None, accepted_at=now)
    await emit(session, CoHostJoined(co_host_id=co_host_id))
    return property_id


async def change(
    session: AsyncSession, actor: Actor, co_host_id: UUID, rights: Collection[CoHostRight]
) -> None:
    """Give a co-host of the caller's own property, or an invitation, other rights.

    Raises NotFound, Invalid.
    """
    await _of_own_property(session, actor, co_host_id)
    await _set(session, co_host_id, rights=_checked(rights))


async def remove(session: AsyncSession, actor: Actor, co_host_id: UUID) -> UUID:
    """Take all rights away from a co-host of the caller's own property, or withdraw an
    invitation. Returns the property's id. Raises NotFound."""
    property_id = await _of_own_property(session, actor, co_host_id)
    await session.execute(delete(CoHost).where(CoHost.id == co_host_id))
    return property_id


async def leave(session: AsyncSession, actor: Actor, property_id: UUID) -> None:
    """Give up the caller's part in somebody else's property. Raises NotFound."""
    left = await session.execute(
        delete(CoHost)
        .where(CoHost.property_id == property_id, CoHost.user_id == actor.require_user())
        .returning(CoHost.id)
    )
    if left.first() is None:
        raise NotFound("There is no such property.")


def _checked(rights: Collection[CoHostRight]) -> list[str]:
    if not rights:
        raise Invalid("Expected at least one right.", field="rights")
    # It has the others in it.
    return [CoHostRight.ALL] if CoHostRight.ALL in rights else sorted(set(rights))


async def _of_own_property(session: AsyncSession, actor: Actor, co_host_id: UUID) -> UUID:
    property_id = await session.scalar(select(CoHost.property_id).where(CoHost.id == co_host_id))
    if property_id is None:
        raise NotFound("There is no such co-host.")
    await own_for_update(session, actor, property_id)
    return property_id


class _Invitation(msgspec.Struct, frozen=True):
    """A locked row, used or not, and whose property it is for."""

    property_id: UUID
    user_id: UUID | None
    expires_at: datetime | None
    host_id: UUID


async def _locked(session: AsyncSession, co_host_id: UUID) -> _Invitation:
    """The invitation, after its property locked. Raises NotFound."""
    property_id = select(CoHost.property_id).where(CoHost.id == co_host_id).scalar_subquery()
    host_id = await session.scalar(
        select(Property.host_id).where(Property.id == property_id).with_for_update(key_share=True)
    )
    found = await session.execute(
        select(CoHost.property_id, CoHost.user_id, CoHost.expires_at)
        .where(CoHost.id == co_host_id)
        .with_for_update()
    )
    row = found.one_or_none()
    if host_id is None or row is None:
        raise NotFound("This invitation is not valid any more.")
    return _Invitation(row.property_id, row.user_id, row.expires_at, host_id)


async def _set(session: AsyncSession, co_host_id: UUID, **values: Any) -> None:
    await session.execute(update(CoHost).where(CoHost.id == co_host_id).values(**values))
