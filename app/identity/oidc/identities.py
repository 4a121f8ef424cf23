"""Which account a proven person signs in to, each function inside the caller's transaction.

Accounts are found by the provider's own id of the person. An e-mail address leads to an account
only when it is verified on both sides: a claim of it, there or here, may be anybody's.

Lock order: as in app.identity.accounts; identities come after their user.
"""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.errors import NotFound
from app.identity import accounts, audit, entry, service
from app.identity.client import Client
from app.identity.entry import SecondFactorRequired
from app.identity.events import EmailVerified, IdentityLinked, IdentityUnlinked
from app.identity.oidc import rules
from app.identity.oidc.attempts import Proof
from app.identity.oidc.errors import EmailMissing, IdentityTaken
from app.identity.service import SignedIn
from app.identity.tokens import TokenKeys
from app.ids import new_id
from app.outbox import emit
from db.enums import SignInEventKind as Kind
from db.models import Identity, User

# What two first sign-ins at once may both try to have. Who comes second finds it the next time.
RACES = {accounts.USERNAME, accounts.VERIFIED_EMAIL, "identities_provider_subject_key"}
# For people who told the provider no first name, or none that one can be called by.
NAMELESS = "Guest"
USERNAMES_TRIED = 8


async def sign_in(
    session: AsyncSession, keys: TokenKeys, proof: Proof, client: Client, now: datetime
) -> SignedIn | SecondFactorRequired | None:
    """Sign a device in, making the account if there is none; None when it has just gone.

    Raises EmailMissing, AccountSuspended. IntegrityError about one of RACES means: try again.
    """
    user_id = await _known(session, proof, now)
    if user_id is None:
        user_id = await _verified_owner(session, proof)
        if user_id is not None:
            await _add(session, user_id, proof, client, now)
    if user_id is None:
        user_id = await _register(session, proof, client, now)
    return await entry.begin(session, keys, user_id, client, now)


async def link(
    session: AsyncSession, actor: Actor, proof: Proof, client: Client, now: datetime
) -> UUID:
    """Let the caller sign in as the proven person, too; again changes nothing. Returns its id.

    Raises Unauthenticated, IdentityTaken, and IntegrityError as `sign_in`.
    """
    user_id = await service.require_open(session, actor, now)
    found = await session.execute(
        select(Identity.id, Identity.user_id).where(
            Identity.provider == proof.provider, Identity.subject == proof.subject
        )
    )
    row = found.first()
    if row is None:
        return await _add(session, user_id, proof, client, now, actor.session_id)
    if row.user_id != user_id:
        raise IdentityTaken
    return UUID(str(row.id))


async def unlink(
    session: AsyncSession, actor: Actor, identity_id: UUID, client: Client, now: datetime
) -> UUID:
    """Take one of the caller's identities away, and end all other sessions: one may be its.

    Returns the caller's id. Raises Unauthenticated, NotFound, LastSignInMethod.
    """
    user_id = await service.require_open(session, actor, now)
    # Whoever takes two away at once: one of the two waits here, and sees the other's.
    await session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    removed = await session.execute(
        delete(Identity)
        .where(Identity.id == identity_id, Identity.user_id == user_id)
        .returning(Identity.provider)
    )
    provider = removed.scalar_one_or_none()
    if provider is None:
        raise NotFound("There is no such identity.")
    await entry.require_way_in(session, user_id)
    await audit.record(session, Kind.IDENTITY_UNLINKED, user_id, client, now, actor.session_id)
    await service.revoke_all(session, user_id, service.REVOKED, client, now, but=actor.session_id)
    await emit(
        session, IdentityUnlinked(user_id=user_id, provider=provider, identity_id=identity_id)
    )
    return user_id


async def _known(session: AsyncSession, proof: Proof, now: datetime) -> UUID | None:
    """Whose identity it is, noting that it was used."""
    its = Identity.provider == proof.provider, Identity.subject == proof.subject
    # The user first, as whoever takes the identity away does.
    await session.execute(
        select(User.id)
        .join(Identity, Identity.user_id == User.id)
        .where(*its)
        .with_for_update(key_share=True, of=User)
    )
    used = await session.execute(
        update(Identity)
        .where(*its)
        .values(email=proof.email, last_used_at=now)
        .returning(Identity.user_id)
    )
    return used.scalar_one_or_none()


async def _verified_owner(session: AsyncSession, proof: Proof) -> UUID | None:
    """Whose address the provider vouches for, if we know it to be theirs."""
    if not proof.email_verified:
        return None
    found = await session.execute(
        select(User.id)
        .where(User.email == proof.email, User.email_verified_at.is_not(None))
        .with_for_update(key_share=True)
    )
    return found.scalar_one_or_none()


async def _register(session: AsyncSession, proof: Proof, client: Client, now: datetime) -> UUID:
    """Make an account. An address that the provider has not verified is a claim like any other."""
    if proof.email is None:
        raise EmailMissing
    user_id = new_id()
    await session.execute(
        insert(User).values(
            id=user_id,
            email=proof.email,
            email_verified_at=now if proof.email_verified else None,
            username=await _free_username(session, proof.first_name),
            first_name=proof.first_name or NAMELESS,
            last_name=proof.last_name,
            created_at=now,
        )
    )
    if proof.email_verified:
        await audit.record(session, Kind.EMAIL_VERIFIED, user_id, client, now)
        await emit(session, EmailVerified(user_id=user_id))
    else:
        await accounts.send_verification(session, user_id, now)
    await _insert(session, user_id, proof, client, now)
    return user_id


async def _add(
    session: AsyncSession,
    user_id: UUID,
    proof: Proof,
    client: Client,
    now: datetime,
    session_id: UUID | None = None,
) -> UUID:
    """Give an account another identity, and tell its owner."""
    identity_id = await _insert(session, user_id, proof, client, now, session_id)
    await emit(
        session,
        IdentityLinked(user_id=user_id, provider=proof.provider, identity_id=identity_id),
    )
    return identity_id


async def _insert(
    session: AsyncSession,
    user_id: UUID,
    proof: Proof,
    client: Client,
    now: datetime,
    session_id: UUID | None = None,
) -> UUID:
    identity_id = new_id()
    await session.execute(
        insert(Identity).values(
            id=identity_id,
            user_id=user_id,
            provider=proof.provider,
            subject=proof.subject,
            email=proof.email,
            created_at=now,
            last_used_at=now,
        )
    )
    await audit.record(session, Kind.IDENTITY_LINKED, user_id, client, now, session_id)
    return identity_id


async def _free_username(session: AsyncSession, first_name: str) -> str:
    """One that nobody has at the moment: the first name, or that and a number."""
    base = rules.username_base(first_name)
    wanted = [
        base,
        *(f"{base}{secrets.randbelow(900_000) + 1_000}" for _ in range(USERNAMES_TRIED)),
    ]
    found = await session.execute(select(User.username).where(User.username.in_(wanted)))
    taken = {name.lower() for name in found.scalars()}
    return next((name for name in wanted if name not in taken), f"{base}{secrets.randbits(30)}")
