"""Taking an account back from who claimed its address first, inside the caller's transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import audit, factors, recovery, totp
from app.identity.client import Client
from app.identity.events import IdentityUnlinked
from app.outbox import emit
from db.enums import SignInEventKind as Kind
from db.models import Identity, Passkey


async def drop_ways_in(session: AsyncSession, user_id: UUID, client: Client, now: datetime) -> None:
    """Take away all that signs in to an account besides its password, and tell its owner.

    For when an address turns out to be somebody's: whoever claimed it until then may have been
    somebody else, and must neither come back nor keep its owner out. The caller holds the user's
    lock.
    """
    if await totp.remove(session, user_id):
        await factors.note(session, Kind.TOTP_DISABLED, user_id, client, now)
    passkeys = await session.execute(
        delete(Passkey).where(Passkey.user_id == user_id).returning(Passkey.id)
    )
    for _ in passkeys.all():
        await factors.note(session, Kind.PASSKEY_REMOVED, user_id, client, now)
    await recovery.remove(session, user_id)
    identities = await session.execute(
        delete(Identity)
        .where(Identity.user_id == user_id)
        .returning(Identity.id, Identity.provider)
    )
    for identity_id, provider in identities.all():
        await audit.record(session, Kind.IDENTITY_UNLINKED, user_id, client, now)
        await emit(
            session, IdentityUnlinked(user_id=user_id, provider=provider, identity_id=identity_id)
        )
