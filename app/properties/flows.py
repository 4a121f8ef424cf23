"""Invitations to help with a property: what stands between a request and its transaction."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from app.actor import Actor
from app.errors import NotFound
from app.identity import limits
from app.identity.client import Client
from app.identity.links import link_of
from app.identity.tokens import TokenKeys
from app.limits import Limiter
from app.properties import co_hosts
from app.properties.service import require_own
from db.enums import CoHostRight
from db.session import Database


async def invite_co_host(
    db: Database,
    limiter: Limiter,
    actor: Actor,
    property_id: UUID,
    email: str,
    rights: Collection[CoHostRight],
    client: Client,
    now: datetime,
) -> UUID:
    """As `co_hosts.invite`. Raises RateLimited, too: it mails whomever the caller names."""
    async with db.read() as connection:
        # Nobody else uses up what an address may get.
        await require_own(connection, actor, property_id)
    await limiter.take(limits.mail(email, client.address))
    return await db.run(
        lambda session: co_hosts.invite(session, actor, property_id, email, rights, now)
    )


async def accept_invitation(
    db: Database,
    limiter: Limiter,
    keys: TokenKeys,
    actor: Actor,
    code: str,
    client: Client,
    now: datetime,
) -> UUID:
    """As `co_hosts.accept`, by the code that was mailed. Raises RateLimited, too."""
    actor.require_user()
    await limiter.take(limits.mailed_code(client.address))
    co_host_id = link_of(keys, code, co_hosts.INVITATION)
    if co_host_id is None:
        raise NotFound("This invitation is not valid any more.")
    return await db.run(lambda session: co_hosts.accept(session, actor, co_host_id, now))
