"""Sign-in sessions, each function inside the caller's transaction.

A sign-in session is one device, and the family of its refresh tokens: each is used once and
followed by the next. Whoever uses one again, later than a retry would or from elsewhere, has
stolen it or was stolen from, and the whole family ends.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app import pubsub
from app.actor import Actor, Role
from app.errors import NotFound, Unauthenticated
from app.identity import audit, challenges, tokens
from app.identity.client import Client
from app.identity.errors import AccountSuspended, SignInAgain
from app.identity.events import session_channel
from app.identity.tokens import TokenKeys
from app.ids import new_id
from db.enums import SignInEventKind
from db.models import RefreshToken, SignInSession, User
from db.rows import columns

# A client that lost the reply to its refresh asks again within this time.
RETRY_WINDOW = timedelta(seconds=10)
# What gives all of an account away wants a sign-in no older than this.
RECENT = timedelta(days=1)

LOGGED_OUT = "LOGGED_OUT"
REUSED = "REUSED"
PASSWORD_CHANGED = "PASSWORD_CHANGED"
REVOKED = "REVOKED"
DELETED = "DELETED"

# What the end of a session is in the audit trail.
ENDS = {
    LOGGED_OUT: SignInEventKind.SIGNED_OUT,
    REUSED: SignInEventKind.REFRESH_REUSED,
    PASSWORD_CHANGED: SignInEventKind.SESSION_REVOKED,
    REVOKED: SignInEventKind.SESSION_REVOKED,
    DELETED: SignInEventKind.SESSION_REVOKED,
}


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user as they see themselves."""

    id: UUID
    email: str
    username: str
    first_name: str
    last_name: str
    bio: str
    picture_url: str | None
    role: Role
    is_host: bool
    host_since_at: datetime | None
    email_verified_at: datetime | None
    created_at: datetime


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """What a client goes on with: `access_token` for `expires_in` seconds, then a refresh."""

    user: Account
    session_id: UUID
    access_token: str
    expires_in: int
    refresh_token: str


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who may be signing in, and the hash of their password; both None for nobody."""

    user_id: UUID | None = None
    password_hash: str | None = None


ACCOUNT = columns(User, Account)
NOBODY = Candidate()
# Of those who claim one address: its owner, or else the newest claims.
MOST_CLAIMS = 2


async def locked_account(
    session: AsyncSession, user_id: UUID | None, password_hash: str | None = None
) -> Account | None:
    """A user, locked against other changes of how they sign in; None when they have gone.

    With `password_hash`, None too when it is not (any more) the user's. Raises AccountSuspended.
    """
    found = await session.execute(
        select(*ACCOUNT, User.suspended_at)
        .where(User.id == user_id)
        .where(*([User.password_hash == password_hash] if password_hash is not None else []))
        .with_for_update(key_share=True)
    )
    row = found.first()
    if row is None:
        return None
    if row.suspended_at is not None:
        raise AccountSuspended
    return _account(row)


async def require_active(session: AsyncSession, user_id: UUID) -> None:
    """Raise AccountSuspended. The access tokens of who is suspended last some minutes more.

    Locked until the transaction ends: what a host does is done before they are suspended, or not.
    """
    suspended_at = await session.scalar(
        select(User.suspended_at).where(User.id == user_id).with_for_update(read=True)
    )
    if suspended_at is not None:
        raise AccountSuspended


async def open_session(
    session: AsyncSession, keys: TokenKeys, account: Account, client: Client, now: datetime
) -> SignedIn:
    """Sign a device in. Only app.identity.entry does, for a `locked_account` that proved enough."""
    session_id = new_id()
    await session.execute(
        insert(SignInSession).values(
            id=session_id,
            user_id=account.id,
            user_agent=client.user_agent,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(seconds=keys.refresh_token_seconds),
        )
    )
    token = tokens.new_token()
    await _store(session, token, session_id, now)
    await audit.record(session, SignInEventKind.SIGNED_IN, account.id, client, now, session_id)
    return _signed_in(keys, account, session_id, token, now)


async def refresh(
    session: AsyncSession, keys: TokenKeys, token: bytes, client: Client, now: datetime
) -> SignedIn | None:
    """Exchange a refresh token for its successor; None when the client must sign in again.

    A refusal may revoke the family, so the caller commits whatever the answer is.
    """
    family = await _family_for_update(session, token)
    if family is None or family.revoked_at is not None or family.expires_at <= now:
        return None
    if family.used_at is None:
        successor = tokens.successors(keys, token)[0]
        await _exchange(session, keys, token, successor, family.session_id, client, now)
    else:
        retried = now - family.used_at <= RETRY_WINDOW and family.used_by == client.fingerprint
        known = await _issued_successor(session, keys, token) if retried else None
        if known is None:
            await revoke(session, family.session_id, REUSED, client, now)
            return None
        successor = known
    return _signed_in(keys, _account(family), family.session_id, successor, now)


async def logout(
    session: AsyncSession,
    actor: Actor,
    refresh_token: bytes | None,
    client: Client,
    now: datetime,
) -> None:
    """End the session of the refresh token and of the access token; nothing if there is none."""
    ended = {actor.session_id} if actor.session_id is not None else set()
    if refresh_token is not None:
        found = await session.execute(
            select(RefreshToken.session_id).where(
                RefreshToken.token_hash == tokens.token_hash(refresh_token)
            )
        )
        ended |= set(found.scalars())
    # In one order everywhere, so that two of these cannot wait for each other.
    for session_id in sorted(ended):
        await revoke(session, session_id, LOGGED_OUT, client, now)


async def revoke(
    session: AsyncSession, session_id: UUID, reason: str, client: Client, now: datetime
) -> bool:
    """End a sign-in session: no more refreshes, and its live connections are told to close.

    Its access token lives on for some minutes. False when it had been revoked before.
    """
    revoked = await session.execute(
        update(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.revoked_at.is_(None))
        .values(revoked_at=now, revoked_reason=reason)
        .returning(SignInSession.user_id)
    )
    user_id = revoked.scalar_one_or_none()
    if user_id is None:
        return False
    await audit.record(session, ENDS[reason], user_id, client, now, session_id)
    pubsub.announce(session, session_channel(session_id), reason)
    return True


async def revoke_all(
    session: AsyncSession,
    user_id: UUID,
    reason: str,
    client: Client,
    now: datetime,
    *,
    but: UUID | None = None,
) -> int:
    """End every sign-in session of a user, or all `but` one. Returns how many there were.

    Those that wait for a second factor end as well.
    """
    await challenges.void(session, user_id)
    found = await session.execute(
        select(SignInSession.id)
        .where(SignInSession.user_id == user_id, SignInSession.revoked_at.is_(None))
        .where(*([SignInSession.id != but] if but is not None else []))
        # In one order everywhere, as in `logout`.
        .order_by(SignInSession.id)
    )
    ended = [
        await revoke(session, session_id, reason, client, now) for session_id in found.scalars()
    ]
    return sum(ended)


async def revoke_own(
    session: AsyncSession, actor: Actor, session_id: UUID, client: Client, now: datetime
) -> None:
    """End one of the caller's sessions, again or for the first time.

    Raises Unauthenticated, and NotFound for anybody else's session.
    """
    user_id = await require_open(session, actor, now)
    own = await session.execute(
        select(SignInSession.id).where(
            SignInSession.id == session_id, SignInSession.user_id == user_id
        )
    )
    if own.first() is None:
        raise NotFound("There is no such session.")
    await revoke(session, session_id, REVOKED, client, now)


async def revoke_all_own(
    session: AsyncSession, actor: Actor, client: Client, now: datetime, *, keep_current: bool
) -> int:
    """End all of the caller's sessions, or all others. Returns how many. Raises Unauthenticated."""
    user_id = await require_open(session, actor, now)
    kept = actor.session_id if keep_current else None
    return await revoke_all(session, user_id, REVOKED, client, now, but=kept)


async def require_open(session: AsyncSession, actor: Actor, now: datetime) -> UUID:
    """The caller's user id. Raises Unauthenticated when their session has ended meanwhile.

    An access token outlives its session by some minutes: too long to change an account with it.
    """
    user_id = actor.require_user()
    found = await session.execute(
        select(SignInSession.id).where(
            SignInSession.id == actor.session_id,
            SignInSession.user_id == user_id,
            SignInSession.revoked_at.is_(None),
            SignInSession.expires_at > now,
        )
    )
    if found.first() is None:
        raise Unauthenticated
    return user_id


async def require_recent(session: AsyncSession, actor: Actor, now: datetime) -> UUID:
    """The caller's user id. Raises Unauthenticated, and SignInAgain when that was long ago."""
    user_id = await require_open(session, actor, now)
    began = await session.scalar(
        select(SignInSession.created_at).where(SignInSession.id == actor.session_id)
    )
    if began is None or began <= now - RECENT:
        raise SignInAgain
    return user_id


async def _family_for_update(
    session: AsyncSession, token: bytes
) -> Row[*tuple[object, ...]] | None:
    """The token, its session and its user; token and session locked against other refreshes."""
    found = await session.execute(
        select(
            *ACCOUNT,
            RefreshToken.session_id,
            RefreshToken.used_at,
            RefreshToken.used_by,
            SignInSession.expires_at,
            SignInSession.revoked_at,
        )
        .join(SignInSession, SignInSession.id == RefreshToken.session_id)
        .join(User, User.id == SignInSession.user_id)
        .where(RefreshToken.token_hash == tokens.token_hash(token))
        .with_for_update(of=(SignInSession, RefreshToken))
    )
    return found.first()


async def _exchange(
    session: AsyncSession,
    keys: TokenKeys,
    token: bytes,
    successor: bytes,
    session_id: UUID,
    client: Client,
    now: datetime,
) -> None:
    await session.execute(
        update(RefreshToken)
        .where(RefreshToken.token_hash == tokens.token_hash(token))
        .values(used_at=now, used_by=client.fingerprint)
    )
    await _store(session, successor, session_id, now)
    await session.execute(
        update(SignInSession)
        .where(SignInSession.id == session_id)
        .values(last_used_at=now, expires_at=now + timedelta(seconds=keys.refresh_token_seconds))
    )


async def _issued_successor(session: AsyncSession, keys: TokenKeys, token: bytes) -> bytes | None:
    """The successor that was handed out, whichever signing key was the first at the time."""
    candidates = {tokens.token_hash(each): each for each in tokens.successors(keys, token)}
    found = await session.execute(
        select(RefreshToken.token_hash).where(RefreshToken.token_hash.in_(candidates))
    )
    issued = found.scalar_one_or_none()
    return None if issued is None else candidates[issued]


async def _store(session: AsyncSession, token: bytes, session_id: UUID, now: datetime) -> None:
    await session.execute(
        insert(RefreshToken).values(
            token_hash=tokens.token_hash(token), session_id=session_id, issued_at=now
        )
    )


def _account(row: Row[*tuple[object, ...]]) -> Account:
    return msgspec.convert(row, Account, from_attributes=True)


def _signed_in(
    keys: TokenKeys, user: Account, session_id: UUID, token: bytes, now: datetime
) -> SignedIn:
    return SignedIn(
        user=user,
        session_id=session_id,
        access_token=tokens.issue_access_token(
            keys, user_id=user.id, session_id=session_id, role=user.role, now=now
        ),
        expires_in=keys.access_token_seconds,
        refresh_token=tokens.encode_token(token),
    )


async def who_signs_in(connection: AsyncConnection, login: str | None) -> list[Candidate]:
    """The accounts that sign in by this username or e-mail address, the likeliest first.

    An address is its verified owner's, and whoever claims it without having verified it signs in
    by it, too: if only owners did, signing in would tell whether a claimed address has one. As
    many candidates for any address, at least one for anything; some may be nobody.
    """
    count, which = 1, User.username == login
    if login is not None and "@" in login:
        count, which = MOST_CLAIMS, User.email == login
    found = await connection.execute(
        select(User.id, User.password_hash)
        .where(which)
        .order_by(User.email_verified_at.is_(None), User.id.desc())
        .limit(count)
    )
    candidates = [Candidate(*row) for row in found]
    return candidates + [NOBODY] * (count - len(candidates))
