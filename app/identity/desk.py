"""What staff do to accounts. Each change leaves a line in the trail, in its own transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import RIGHTS, Actor, Role
from app.errors import Forbidden, Invalid, NotFound
from app.identity import accounts, limits, service, staff
from app.identity.client import Client
from app.limits import Limiter
from db.enums import StaffActionKind as Kind
from db.models import User
from db.session import Database

GIVEN = (Role.USER, Role.SUPPORT, Role.ADMIN)


async def resend_verification(
    db: Database,
    limiter: Limiter,
    actor: Actor,
    user_id: UUID,
    reason: str,
    client: Client,
    now: datetime,
) -> None:
    """Mail somebody another link to verify their address with; nothing once it is verified.

    Raises NotFound, Forbidden, Invalid, RateLimited.
    """
    if not actor.may(Kind.VERIFICATION_RESENT):
        raise NotFound("There is no such account.")
    await limiter.take(limits.mail(str(user_id), client.address))

    async def work(session: AsyncSession) -> None:
        await _begin(session, actor, Kind.VERIFICATION_RESENT, user_id, reason, now)
        await accounts.send_verification(session, user_id, now)

    await db.run(work)


async def revoke_sessions(
    session: AsyncSession, actor: Actor, user_id: UUID, reason: str, now: datetime
) -> None:
    """Sign somebody out everywhere. Raises NotFound, Forbidden, Invalid."""
    await _begin(session, actor, Kind.SESSIONS_REVOKED, user_id, reason, now)
    await _sign_out(session, user_id, now)


async def suspend(
    session: AsyncSession, actor: Actor, user_id: UUID, reason: str, now: datetime
) -> None:
    """Sign somebody out everywhere, and let them sign in no more. Again changes nothing.

    Raises NotFound, Forbidden, Invalid.
    """
    await _begin(session, actor, Kind.SUSPENDED, user_id, reason, now)
    await session.execute(
        update(User).where(User.id == user_id, User.suspended_at.is_(None)).values(suspended_at=now)
    )
    await _sign_out(session, user_id, now)


async def reinstate(
    session: AsyncSession, actor: Actor, user_id: UUID, reason: str, now: datetime
) -> None:
    """Let somebody sign in again. Raises NotFound, Forbidden, Invalid."""
    await _begin(session, actor, Kind.REINSTATED, user_id, reason, now)
    await session.execute(update(User).where(User.id == user_id).values(suspended_at=None))


async def change_role(
    session: AsyncSession, actor: Actor, user_id: UUID, role: Role, reason: str, now: datetime
) -> None:
    """Make somebody staff of this role, or nobody special. Raises NotFound, Forbidden, Invalid."""
    if role not in GIVEN:
        raise Invalid("Nobody is given this role.", field="role")
    await _begin(session, actor, Kind.ROLE_CHANGED, user_id, reason, now, role)
    await _set_role(session, user_id, role, now)


async def grant(session: AsyncSession, email: str, role: Role, reason: str, now: datetime) -> UUID:
    """The same by whoever runs the servers: how the first admin is made.

    Returns whose account it is. Raises NotFound unless the address is somebody's, verified.
    """
    found = await session.execute(
        select(User.id)
        .where(User.email == email, User.email_verified_at.is_not(None))
        .with_for_update(key_share=True)
    )
    user_id = found.scalar_one_or_none()
    if user_id is None:
        raise NotFound(f"No account has the verified address {email}.")
    await staff.note_operator(session, user_id, role, reason, now)
    await _set_role(session, user_id, role, now)
    return user_id


async def _begin(
    session: AsyncSession,
    actor: Actor,
    kind: Kind,
    user_id: UUID,
    reason: str,
    now: datetime,
    new_role: Role | None = None,
) -> None:
    """Lock the account, and write down what is about to be done to it.

    Nobody acts on their own account, and only who changes roles acts on that of other staff.
    """
    if not actor.may(kind):
        raise NotFound("There is no such account.")
    found = await session.execute(
        select(User.role).where(User.id == user_id).with_for_update(key_share=True)
    )
    theirs = found.scalar_one_or_none()
    if theirs is None:
        raise NotFound("There is no such account.")
    role = await staff.act(session, actor, kind, user_id, reason=reason, now=now, new_role=new_role)
    if user_id == actor.user_id:
        raise Forbidden("This is your own account: ask a colleague.")
    if Role(theirs) is not Role.USER and Kind.ROLE_CHANGED not in RIGHTS[role]:
        raise Forbidden("This is a colleague's account: ask an admin.")


async def _set_role(session: AsyncSession, user_id: UUID, role: Role, now: datetime) -> None:
    """Signs them out, so that their next access tokens say what they are, and sockets close."""
    await session.execute(update(User).where(User.id == user_id).values(role=role))
    await _sign_out(session, user_id, now)


async def _sign_out(session: AsyncSession, user_id: UUID, now: datetime) -> None:
    # Not the address or the program of the member of staff: the person reads this line.
    await service.revoke_all(session, user_id, service.REVOKED, Client(), now)
