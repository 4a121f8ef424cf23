"""What staff may, and the trail of it, on a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.actor import ANONYMOUS, RIGHTS, Actor, Role
from app.config import Settings
from app.errors import DomainError, Forbidden, Invalid, NotFound
from app.identity import accounts, desk, flows, staff, tokens
from app.identity.client import Client
from app.identity.errors import AccountSuspended, RefreshRefused
from app.identity.passwords import hash_password
from app.identity.staff import Look
from app.ids import new_id
from app.limits import Limiter
from db.enums import StaffActionKind as Kind
from db.models import OutboxMessage, SignInSession, StaffAction, User
from db.session import Database
from tests.support.world import add_session, add_staff, add_user

PASSWORD = "gravel otter lamp"
CLIENT = Client(user_agent="tests", address="192.0.2.1")
LIMITER = Limiter("redis://127.0.0.1:9")
Change = Callable[[AsyncSession, Actor, UUID], Awaitable[None]]


async def do(db: Database, kind: Kind, actor: Actor, whom: UUID) -> None:
    await db.run(lambda session: CHANGES[kind](session, actor, whom))


def on_account(change: Callable[..., Awaitable[None]], *more: Any) -> Change:
    return lambda session, actor, whom: change(
        session, actor, whom, *more, "They asked.", clock.now()
    )


CHANGES: dict[Kind, Change] = {
    Kind.SESSIONS_REVOKED: on_account(desk.revoke_sessions),
    Kind.SUSPENDED: on_account(desk.suspend),
    Kind.REINSTATED: on_account(desk.reinstate),
    Kind.ROLE_CHANGED: on_account(desk.change_role, Role.SUPPORT),
}


async def lines(db: Database, subject: UUID | None) -> list[tuple[Any, ...]]:
    columns = (StaffAction.staff_id, StaffAction.role, StaffAction.kind, StaffAction.reason)
    async with db.read() as connection:
        found = await connection.execute(
            select(*columns).where(StaffAction.subject_id == subject).order_by(StaffAction.id)
        )
        return [tuple(row) for row in found]


async def all_lines(db: Database) -> int:
    async with db.read() as connection:
        return await connection.scalar(select(func.count()).select_from(StaffAction)) or 0


async def set_row(db: Database, user_id: UUID | None, **values: Any) -> None:
    async with db.transaction() as session:
        await session.execute(update(User).where(User.id == user_id).values(values))


async def state(db: Database, user_id: UUID) -> tuple[Any, ...]:
    """What staff can change of an account."""
    async with db.read() as connection:
        user = (
            await connection.execute(select(User.role, User.suspended_at).where(User.id == user_id))
        ).one()
        sessions = await connection.scalar(
            select(func.count()).where(
                SignInSession.user_id == user_id, SignInSession.revoked_at.is_(None)
            )
        )
        return user.role, user.suspended_at is not None, sessions


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("kind", list(CHANGES))
async def test_a_role_may_what_it_is_given_and_nothing_else(
    db: Database, role: Role, kind: Kind
) -> None:
    if role is Role.SYSTEM:
        actor = Actor(role=role)
    else:
        actor = await add_staff(db, role)
    whom = await add_user(db)
    await add_session(db, whom)
    before = await state(db, whom)
    may = kind in RIGHTS.get(role, ())
    try:
        await do(db, kind, actor, whom)
        assert may
        assert await lines(db, whom) == [(actor.user_id, role, kind, "They asked.")]
    except NotFound:
        assert not may
        assert (await state(db, whom), await all_lines(db)) == (before, 0)


def test_support_may_less_than_admins() -> None:
    assert RIGHTS[Role.ADMIN] == frozenset(Kind)
    assert RIGHTS[Role.ADMIN] - RIGHTS[Role.SUPPORT] == {
        Kind.TRAIL_READ,
        Kind.DEBTS_READ,
        Kind.BOOKS_READ,
        Kind.ROLE_CHANGED,
        Kind.BOOKING_CANCELLED,
        Kind.PROMOTIONS_READ,
        Kind.PROMOTION_CREATED,
        Kind.PROMOTION_ENDED,
        Kind.CANCELLATION_FEE_WAIVED,
        Kind.RECONCILIATION_READ,
        Kind.RECONCILIATION_STARTED,
        Kind.DIFFERENCE_BOOKED,
        Kind.PAYOUTS_RELEASED,
    }
    assert set(RIGHTS) == {Role.SUPPORT, Role.ADMIN}


async def demote(db: Database, actor: Actor) -> None:
    await set_row(db, actor.user_id, role="USER")


async def suspend(db: Database, actor: Actor) -> None:
    await set_row(db, actor.user_id, suspended_at=clock.now())


async def sign_out(db: Database, actor: Actor) -> None:
    async with db.transaction() as session:
        await session.execute(
            update(SignInSession)
            .where(SignInSession.id == actor.session_id)
            .values(revoked_at=clock.now())
        )


async def let_expire(db: Database, actor: Actor) -> None:
    async with db.transaction() as session:
        await session.execute(
            update(SignInSession)
            .where(SignInSession.id == actor.session_id)
            .values(expires_at=clock.now() - timedelta(seconds=1))
        )


@pytest.mark.parametrize("end", [demote, suspend, sign_out, let_expire])
async def test_who_is_staff_no_more_is_nobody_at_once_whatever_the_token_says(
    db: Database, end: Callable[[Database, Actor], Awaitable[None]]
) -> None:
    admin, whom = await add_staff(db, Role.ADMIN), await add_user(db)
    looked = Look(Kind.PERSON_READ, None, whom)
    assert await staff.look(db, admin, [looked], clock.now()) == {looked: True}
    await end(db, admin)
    written = await all_lines(db)
    assert await staff.look(db, admin, [looked], clock.now()) == {looked: False}
    for kind in CHANGES:
        with pytest.raises(NotFound):
            await do(db, kind, admin, whom)
    assert await all_lines(db) == written


async def test_a_token_without_a_session_is_nobody(db: Database) -> None:
    admin, whom = await add_staff(db, Role.ADMIN), await add_user(db)
    without = msgspec.structs.replace(admin, session_id=None)
    others = msgspec.structs.replace(admin, session_id=await add_session(db, whom))
    looked = Look(Kind.PERSON_READ, None, whom)
    for actor in (without, others, ANONYMOUS):
        assert await staff.look(db, actor, [looked], clock.now()) == {looked: False}


async def test_looks_leave_a_line_each(db: Database) -> None:
    support = await add_staff(db, Role.SUPPORT)
    guest, host, booking = await add_user(db), await add_user(db), new_id()
    looks = [
        Look(Kind.BOOKING_READ, booking, guest),
        Look(Kind.BOOKING_READ, booking, host),
        Look(Kind.TRAIL_READ, None, host),
    ]
    allowed = await staff.look(db, support, looks, clock.now())
    assert list(allowed.values()) == [True, True, False]
    for subject in (guest, host):
        assert await lines(db, subject) == [
            (support.user_id, Role.SUPPORT, Kind.BOOKING_READ, None)
        ]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1_001, "\x00"])
async def test_a_change_needs_a_reason(db: Database, reason: str) -> None:
    admin, whom = await add_staff(db, Role.ADMIN), await add_user(db)
    with pytest.raises(Invalid) as refused:
        await db.run(lambda session: desk.suspend(session, admin, whom, reason, clock.now()))
    assert refused.value.field == "reason"
    assert (await state(db, whom), await all_lines(db)) == (("USER", False, 0), 0)


async def test_nobody_acts_on_their_own_account_and_support_not_on_staff_s(db: Database) -> None:
    support, admin = await add_staff(db, Role.SUPPORT), await add_staff(db, Role.ADMIN)
    colleague = await add_staff(db, Role.SUPPORT)
    tried = [(admin, admin), (support, support), (support, colleague), (support, admin)]
    for actor, whom in tried:
        assert whom.user_id is not None
        before = await state(db, whom.user_id)
        for kind in RIGHTS[actor.role] & CHANGES.keys():
            with pytest.raises(Forbidden):
                await do(db, kind, actor, whom.user_id)
        assert await state(db, whom.user_id) == before
    assert await all_lines(db) == 0
    assert colleague.user_id is not None
    await do(db, Kind.SUSPENDED, admin, colleague.user_id)


async def test_a_line_is_gone_with_the_change_that_failed(db: Database) -> None:
    admin, whom = await add_staff(db, Role.ADMIN), await add_user(db)

    async def fail(session: AsyncSession) -> None:
        await desk.suspend(session, admin, whom, "They asked.", clock.now())
        raise LookupError

    with pytest.raises(LookupError):
        await db.run(fail)
    assert (await state(db, whom), await all_lines(db)) == (("USER", False, 0), 0)


async def test_two_admins_who_demote_each_other_leave_one(db: Database) -> None:
    """Each locks their own row and wants the other's: one of them comes too late."""
    for _ in range(5):
        pair = [await add_staff(db, Role.ADMIN) for _ in range(2)]

        async def take(by: Actor, whom: Actor) -> bool:
            assert whom.user_id is not None
            key = whom.user_id
            try:
                await db.run(
                    lambda session: desk.change_role(
                        session, by, key, Role.USER, "Enough.", clock.now()
                    )
                )
            except NotFound:
                return False
            return True

        done = await asyncio.gather(take(pair[0], pair[1]), take(pair[1], pair[0]))
        assert sorted(done) == [False, True]


async def test_a_suspended_account_is_out_and_stays_out(db: Database, settings: Settings) -> None:
    support = await add_staff(db, Role.SUPPORT)
    whom = await add_user(db, username="ada", password_hash=await hash_password(PASSWORD))
    keys = tokens.load_keys(settings)

    async def sign_in(password: str = PASSWORD) -> Any:
        return await flows.sign_in(db, LIMITER, keys, "ada", password, CLIENT, clock.now())

    signed_in = await sign_in()
    await do(db, Kind.SUSPENDED, support, whom)
    await do(db, Kind.SUSPENDED, support, whom)
    assert await state(db, whom) == ("USER", True, 0)
    with pytest.raises(RefreshRefused):
        await flows.refresh(db, keys, signed_in.refresh_token, CLIENT, clock.now())
    with pytest.raises(AccountSuspended):
        await sign_in()
    # Who does not know the password learns nothing of it.
    with pytest.raises(DomainError) as refused:
        await sign_in("gravel otter lump")
    assert refused.value.code == "SIGN_IN_REFUSED"
    async with db.transaction() as session:
        # With the access token that lasts some minutes more.
        with pytest.raises(AccountSuspended):
            await accounts.require_verified(session, whom)
    await do(db, Kind.REINSTATED, support, whom)
    assert (await sign_in()).user.id == whom


async def test_the_mail_is_sent_again_to_who_has_not_confirmed(db: Database) -> None:
    support = await add_staff(db, Role.SUPPORT)
    unverified, verified = await add_user(db, email_verified_at=None), await add_user(db)
    for whom in (unverified, verified):
        await desk.resend_verification(db, LIMITER, support, whom, "Lost it.", CLIENT, clock.now())
    async with db.read() as connection:
        tasks = list((await connection.execute(select(OutboxMessage.task))).scalars())
    assert tasks == ["notifications.send_link"]
    with pytest.raises(NotFound):
        await desk.resend_verification(
            db, LIMITER, ANONYMOUS, unverified, "Me.", CLIENT, clock.now()
        )


async def test_whoever_runs_the_servers_makes_the_first_admin(db: Database) -> None:
    whom = await add_user(db, email="ada@example.com")
    await add_user(db, email="ada@example.com", email_verified_at=None)
    await add_user(db, email="eve@example.com", email_verified_at=None)
    await add_session(db, whom)
    now, why = clock.now(), "The first."
    granted = await db.run(
        lambda session: desk.grant(session, "Ada@example.com", Role.ADMIN, why, now)
    )
    assert granted == whom
    assert await state(db, whom) == ("ADMIN", False, 0)
    assert await lines(db, whom) == [(None, "SYSTEM", Kind.ROLE_CHANGED, why)]
    with pytest.raises(NotFound):
        await db.run(lambda session: desk.grant(session, "eve@example.com", Role.ADMIN, why, now))


async def test_lines_are_only_ever_added(db: Database) -> None:
    admin, whom = await add_staff(db, Role.ADMIN), await add_user(db)
    await staff.look(db, admin, [Look(Kind.PERSON_READ, None, whom)], clock.now())
    for statement in (update(StaffAction).values(reason="No."), delete(StaffAction)):
        with pytest.raises(DBAPIError, match="append-only"):
            async with db.transaction() as session:
                await session.execute(statement)
