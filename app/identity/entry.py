"""The one way in. Whatever somebody proves first, a second factor that they have is asked for.

Each function runs inside the caller's transaction. Lock order: user, then what is theirs.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import challenges, factors, passkeys, service
from app.identity.challenges import Issued
from app.identity.client import Client
from app.identity.errors import ChallengeRefused, LastSignInMethod
from app.identity.factors import Answer, ByPasskey, Factors
from app.identity.passkeys import Descriptor, Party
from app.identity.service import SignedIn
from app.identity.tokens import TokenKeys
from db.enums import ChallengePurpose
from db.models import Identity, Passkey, User


class SecondFactorRequired(msgspec.Struct, frozen=True):
    """The first factor was right. `finish` takes the challenge and one of what they have."""

    challenge: Issued
    held: Factors
    passkeys: Sequence[Descriptor]


async def begin(
    session: AsyncSession,
    keys: TokenKeys,
    user_id: UUID,
    client: Client,
    now: datetime,
    *,
    password_hash: str | None = None,
    better_hash: str | None = None,
) -> SignedIn | SecondFactorRequired | None:
    """Sign somebody in who has proven one factor: by their password, or to another provider.

    None when the account has gone, or `password_hash`, which was verified, is not the user's any
    more: changing it ended all sessions, and must not miss this one. `better_hash` replaces a hash
    that was made with weaker parameters.
    """
    account = await service.locked_account(session, user_id, password_hash)
    if account is None:
        return None
    if better_hash is not None:
        await session.execute(
            update(User).where(User.id == user_id).values(password_hash=better_hash)
        )
    held = await factors.held_by(session, user_id)
    if not held.any:
        return await service.open_session(session, keys, account, client, now)
    challenge = await challenges.issue(
        session, ChallengePurpose.SECOND_FACTOR, user_id, client.fingerprint, now
    )
    theirs = await passkeys.descriptors(session, user_id) if held.passkeys else ()
    return SecondFactorRequired(challenge, held, theirs)


async def finish(
    session: AsyncSession,
    keys: TokenKeys,
    party: Party,
    user_id: UUID,
    secret: bytes,
    answer: Answer,
    client: Client,
    now: datetime,
) -> SignedIn | None:
    """Sign somebody in who had to prove a second factor, too.

    None for a wrong answer, which is noted, so the caller commits. Raises ChallengeRefused.
    """
    purpose, holder = ChallengePurpose.SECOND_FACTOR, client.fingerprint
    account = await service.locked_account(session, user_id)
    owner = await challenges.owner_of(session, secret, purpose, holder, now)
    if account is None or owner != user_id:
        raise ChallengeRefused
    if not await factors.meet(session, keys, party, user_id, secret, answer, client, now):
        return None
    if not await challenges.use(session, secret, purpose, holder, now):
        raise ChallengeRefused
    return await service.open_session(session, keys, account, client, now)


async def by_passkey(
    session: AsyncSession,
    keys: TokenKeys,
    party: Party,
    user_id: UUID,
    secret: bytes,
    answer: ByPasskey,
    client: Client,
    now: datetime,
) -> SignedIn | None:
    """Sign somebody in by a passkey alone: the device, and the finger, face or PIN it asked for.

    None when it is not right, which is noted and uses the challenge up, so the caller commits.
    Raises ChallengeRefused.
    """
    purpose, holder = ChallengePurpose.PASSKEY_SIGN_IN, client.fingerprint
    account = await service.locked_account(session, user_id)
    if not await challenges.use(session, secret, purpose, holder, now):
        raise ChallengeRefused
    if account is None:
        return None
    if not await factors.meet(session, keys, party, user_id, secret, answer, client, now):
        return None
    return await service.open_session(session, keys, account, client, now)


async def require_way_in(session: AsyncSession, user_id: UUID) -> None:
    """Raise LastSignInMethod when nothing is left that signs in to the account by itself.

    To be asked after something was taken away, under the user's lock. A code of an app, or a
    recovery code, is never enough alone.
    """
    left = await session.execute(
        select(
            or_(
                exists().where(User.id == user_id, User.password_hash.is_not(None)),
                exists().where(Passkey.user_id == user_id),
                exists().where(Identity.user_id == user_id),
            )
        )
    )
    if not left.scalar_one():
        raise LastSignInMethod
