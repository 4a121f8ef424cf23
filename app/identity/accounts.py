"""Accounts from registration on, each function inside the caller's transaction.

Lock order: mailed link, user, sign-in session.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Row, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.actor import Actor
from app.errors import Invalid, NotFound
from app.identity import audit, claims, links, service
from app.identity.client import Client
from app.identity.errors import (
    AccountSuspended,
    DeletionPending,
    EmailNotVerified,
    EmailTaken,
    LinkRefused,
    UsernameTaken,
)
from app.identity.events import (
    EmailChanged,
    EmailVerified,
    LinkIssued,
    PasswordChanged,
    PasswordForgotten,
)
from app.identity.profile import Changes, cleaned
from app.identity.tokens import TokenKeys
from app.ids import new_id
from app.outbox import emit
from db.enums import LinkPurpose
from db.enums import SignInEventKind as Kind
from db.models import AccountLink, User
from db.session import constraint_name

VERIFIED_EMAIL = "users_verified_email_key"
USERNAME = "users_username_key"


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody registers with, cleaned by the rules; the password is hashed already."""

    email: str
    username: str
    password_hash: str
    first_name: str
    last_name: str


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A mailed link that was followed in time, once."""

    id: UUID
    user_id: UUID
    email: str
    new_email: str | None


async def register(session: AsyncSession, new: NewAccount, now: datetime) -> None:
    """Make an account whose address waits to be verified. Raises UsernameTaken.

    Does the same whether or not the address is somebody's already: what is mailed, and to whom,
    is found out when it is sent (app.notifications).
    """
    user_id = new_id()
    try:
        await session.execute(
            insert(User).values(id=user_id, created_at=now, **msgspec.structs.asdict(new))
        )
    except IntegrityError as error:
        if constraint_name(error) == USERNAME:
            raise UsernameTaken from error
        raise
    await _issue(session, user_id, LinkPurpose.VERIFY_EMAIL, new.email, now)


async def send_verification(session: AsyncSession, user_id: UUID, now: datetime) -> None:
    """Mail somebody another link to verify their address with; nothing once it is verified."""
    found = await session.execute(
        select(User.email).where(User.id == user_id, User.email_verified_at.is_(None))
    )
    if (email := found.scalar_one_or_none()) is not None:
        await _issue(session, user_id, LinkPurpose.VERIFY_EMAIL, email, now)


async def verify_email(
    session: AsyncSession, keys: TokenKeys, code: str, client: Client, now: datetime
) -> None:
    """Follow the link of a new account. Raises LinkRefused, EmailTaken."""
    link = await _follow(session, keys, code, {LinkPurpose.VERIFY_EMAIL}, now)
    if await _mark_verified(session, link, now):
        await audit.record(session, Kind.EMAIL_VERIFIED, link.user_id, client, now)
        await emit(session, EmailVerified(user_id=link.user_id))


async def forget_password(session: AsyncSession, email: str) -> None:
    """Somebody wants to set another password: a task finds out whether there is an account.

    So the request does the same, for as long, whether there is one or not.
    """
    await emit(session, PasswordForgotten(email=email, link_id=new_id()))


async def answer_forgotten_password(
    session: AsyncSession, email: str, link_id: UUID, now: datetime
) -> None:
    """Mail a link to whom the address belongs, or else to the newest account that claims it."""
    found = await session.execute(
        select(User.id, User.email)
        .where(User.email == email, User.erased_at.is_(None))
        .order_by(User.email_verified_at.is_(None), User.id.desc())
        .limit(1)
    )
    known = await session.execute(select(AccountLink.id).where(AccountLink.id == link_id))
    user = found.first()
    if user is not None and known.first() is None:
        purpose = LinkPurpose.RESET_PASSWORD
        await _issue(session, user.id, purpose, user.email, now, link_id=link_id)


async def owner_of_reset(
    connection: AsyncConnection, keys: TokenKeys, code: str, now: datetime
) -> Row[str, str, str, str]:
    """Whose password the link resets: username, address, first and last name.

    Raises LinkRefused. Following it decides; this look spares the hashing for a wrong one.
    """
    found = await connection.execute(
        select(User.username, User.email, User.first_name, User.last_name)
        .join(AccountLink, AccountLink.user_id == User.id)
        .where(
            AccountLink.id == links.link_of(keys, code),
            AccountLink.purpose == LinkPurpose.RESET_PASSWORD,
            AccountLink.used_at.is_(None),
            AccountLink.expires_at > now,
        )
    )
    owner = found.first()
    if owner is None:
        raise LinkRefused
    return owner


async def reset_password(
    session: AsyncSession,
    keys: TokenKeys,
    code: str,
    password_hash: str,
    client: Client,
    now: datetime,
) -> None:
    """Set another password by a mailed link, and end every session. Raises LinkRefused, EmailTaken.

    Whoever follows it reads the address's mail, so the address counts as verified, too.
    """
    link = await _follow(session, keys, code, {LinkPurpose.RESET_PASSWORD}, now)
    await session.execute(
        update(User).where(User.id == link.user_id).values(password_hash=password_hash)
    )
    if await _mark_verified(session, link, now):
        # Until now the address was a claim.
        await claims.drop_ways_in(session, link.user_id, client, now)
    await _drop_links(session, link.user_id, LinkPurpose.RESET_PASSWORD)
    await audit.record(session, Kind.PASSWORD_RESET, link.user_id, client, now)
    await service.revoke_all(session, link.user_id, service.PASSWORD_CHANGED, client, now)
    await emit(session, PasswordChanged(user_id=link.user_id, change_id=link.id))


async def change_password(
    session: AsyncSession,
    actor: Actor,
    verified_hash: str,
    new_hash: str,
    client: Client,
    now: datetime,
) -> bool:
    """Replace the password that was just verified, and end all other sessions.

    False when it has been replaced since. Raises Unauthenticated.
    """
    user_id = await service.require_open(session, actor, now)
    changed = await session.execute(
        update(User)
        .where(User.id == user_id, User.password_hash == verified_hash)
        .values(password_hash=new_hash)
        .returning(User.id)
    )
    if changed.first() is None:
        return False
    await _drop_links(session, user_id, LinkPurpose.RESET_PASSWORD)
    reason = service.PASSWORD_CHANGED
    await audit.record(session, Kind.PASSWORD_CHANGED, user_id, client, now, actor.session_id)
    await service.revoke_all(session, user_id, reason, client, now, but=actor.session_id)
    await emit(session, PasswordChanged(user_id=user_id, change_id=new_id()))
    return True


async def request_email_change(
    session: AsyncSession, actor: Actor, new_email: str, client: Client, now: datetime
) -> None:
    """Mail a link to the old address and one to the new; an earlier request's are void.

    An old address that was never verified has no say. Raises Unauthenticated.
    """
    user_id = await service.require_open(session, actor, now)
    user = (
        await session.execute(
            select(User.email, User.email_verified_at)
            .where(User.id == user_id)
            .with_for_update(key_share=True)
        )
    ).one()
    await _drop_links(session, user_id, LinkPurpose.LEAVE_EMAIL, LinkPurpose.TAKE_EMAIL)
    if user.email_verified_at is not None:
        await _issue(session, user_id, LinkPurpose.LEAVE_EMAIL, user.email, now, new_email)
    await _issue(session, user_id, LinkPurpose.TAKE_EMAIL, new_email, now, new_email)
    kind = Kind.EMAIL_CHANGE_REQUESTED
    await audit.record(session, kind, user_id, client, now, actor.session_id)


async def confirm_email_change(
    session: AsyncSession, keys: TokenKeys, code: str, client: Client, now: datetime
) -> bool:
    """Follow one of the two links; True when it was the last that was waited for.

    Raises LinkRefused, EmailTaken.
    """
    link = await _follow(
        session, keys, code, {LinkPurpose.LEAVE_EMAIL, LinkPurpose.TAKE_EMAIL}, now
    )
    user = (
        await session.execute(
            # Who follows both at once: one of the two waits here, and sees the other's.
            select(User.email).where(User.id == link.user_id).with_for_update(key_share=True)
        )
    ).one()
    waiting = await session.execute(
        select(AccountLink.id).where(
            AccountLink.user_id == link.user_id,
            AccountLink.new_email.is_not(None),
            AccountLink.used_at.is_(None),
        )
    )
    if waiting.first() is not None:
        return False
    values = {"email": link.new_email, "email_verified_at": now}
    await _set_email(session, link.user_id, values)
    await audit.record(session, Kind.EMAIL_CHANGED, link.user_id, client, now)
    # Links that were mailed to the address of before.
    await _drop_links(session, link.user_id, LinkPurpose.VERIFY_EMAIL, LinkPurpose.RESET_PASSWORD)
    await emit(session, EmailChanged(user_id=link.user_id, old_email=user.email, change_id=link.id))
    return True


async def update_profile(session: AsyncSession, actor: Actor, changes: Changes) -> UUID:
    """Change what the caller says about themselves. Returns their id.

    A host keeps a phone number. Raises Invalid, Unauthenticated, and NotFound when the account
    has gone.
    """
    user_id, values = actor.require_user(), cleaned(changes)
    if "phone" in values and values["phone"] is None:
        await _require_guest(session, user_id)
    changed = await session.execute(
        # Its own id is no change, but lets a change of nothing be a statement, too.
        update(User).where(User.id == user_id).values({"id": user_id, **values}).returning(User.id)
    )
    if changed.first() is None:
        raise NotFound("This account no longer exists.")
    return user_id


async def _require_guest(session: AsyncSession, user_id: UUID) -> None:
    """Raise Invalid when the user is a host, who must be reached by phone (app.identity.hosting).

    Locked until the commit, so that nobody becomes one meanwhile.
    """
    found = await session.execute(
        select(User.is_host).where(User.id == user_id).with_for_update(key_share=True)
    )
    if found.scalar_one_or_none():
        raise Invalid("A host needs a phone number.", field="phone")


async def require_verified(connection: AsyncSession | AsyncConnection, user_id: UUID) -> None:
    """Whether somebody may commit themselves to others: as a guest, or as a host.

    The access tokens of who is suspended last some minutes: too long to book or to host with.
    Raises EmailNotVerified, AccountSuspended, DeletionPending, and NotFound when the account has
    gone.
    """
    found = (
        await connection.execute(
            select(User.email_verified_at, User.suspended_at, User.deletion_scheduled_at).where(
                User.id == user_id
            )
        )
    ).first()
    if found is None:
        raise NotFound("This account no longer exists.")
    if found.suspended_at is not None:
        raise AccountSuspended
    if found.email_verified_at is None:
        raise EmailNotVerified
    if found.deletion_scheduled_at is not None:
        raise DeletionPending


async def _issue(
    session: AsyncSession,
    user_id: UUID,
    purpose: LinkPurpose,
    email: str,
    now: datetime,
    new_email: str | None = None,
    *,
    link_id: UUID | None = None,
) -> None:
    link_id = link_id or new_id()
    await session.execute(
        insert(AccountLink).values(
            id=link_id,
            user_id=user_id,
            purpose=purpose,
            email=email,
            new_email=new_email,
            created_at=now,
            expires_at=now + links.LIFETIMES[purpose],
        )
    )
    await emit(session, LinkIssued(link_id=link_id))


async def _follow(
    session: AsyncSession, keys: TokenKeys, code: str, purposes: set[LinkPurpose], now: datetime
) -> Link:
    """Use a link up. Raises LinkRefused."""
    link_id = links.link_of(keys, code)
    if link_id is None:
        raise LinkRefused
    followed = await session.execute(
        update(AccountLink)
        .where(
            AccountLink.id == link_id,
            AccountLink.purpose.in_(purposes),
            AccountLink.used_at.is_(None),
            AccountLink.expires_at > now,
            # What the address was when it was mailed; a new one has nothing to be compared to.
            exists().where(
                User.id == AccountLink.user_id,
                or_(
                    User.email == AccountLink.email,
                    AccountLink.purpose == LinkPurpose.TAKE_EMAIL,
                ),
            ),
        )
        .values(used_at=now)
        .returning(AccountLink.id, AccountLink.user_id, AccountLink.email, AccountLink.new_email)
    )
    row = followed.first()
    if row is None:
        raise LinkRefused
    return msgspec.convert(row, Link, from_attributes=True)


async def _mark_verified(session: AsyncSession, link: Link, now: datetime) -> bool:
    """Note that the link's address is its user's; False if that was known."""
    unverified = await session.execute(
        select(User.id)
        .where(User.id == link.user_id, User.email_verified_at.is_(None))
        .with_for_update(key_share=True)
    )
    if unverified.first() is None:
        return False
    await _set_email(session, link.user_id, {"email_verified_at": now})
    # An address that is somebody's has a say in a change, which was begun without asking it.
    await _drop_links(session, link.user_id, LinkPurpose.TAKE_EMAIL)
    return True


async def _set_email(session: AsyncSession, user_id: UUID, values: Mapping[str, object]) -> None:
    try:
        await session.execute(update(User).where(User.id == user_id).values(values))
    except IntegrityError as error:
        if constraint_name(error) == VERIFIED_EMAIL:
            raise EmailTaken from error
        raise


async def _drop_links(session: AsyncSession, user_id: UUID, *purposes: LinkPurpose) -> None:
    await session.execute(
        delete(AccountLink).where(AccountLink.user_id == user_id, AccountLink.purpose.in_(purposes))
    )
