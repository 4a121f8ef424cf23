"""What is old is forgotten, what is not stays, and each statement is a short one."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.dialects import postgresql

from app import clock
from app.config import Settings
from app.ids import new_id
from app.privacy import erasure, retention
from app.storage.opening import open_storage
from db.models import (
    AccountLink,
    CoHost,
    DataExport,
    IdempotencyKey,
    OutboxMessage,
    ProviderEvent,
    RefreshToken,
    SignInEvent,
    SignInSession,
    User,
    ViewedProperty,
)
from db.session import Database
from tests.privacy.person import add
from tests.support.statements import counted
from tests.support.world import add_host, add_property, add_user

DAY = timedelta(days=1)
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


async def count(db: Database, model: Any, *where: Any) -> int:
    async with db.read() as connection:
        found = await connection.scalar(select(func.count()).select_from(model).where(*where))
    return found or 0


async def fill(db: Database) -> None:
    """Of each kind one row that is old, and one that is just not."""
    now, user, host = clock.now(), await add_user(db), await add_host(db)
    for age in (1, -1):
        old = now - age * timedelta(hours=1)
        await add(
            db,
            AccountLink,
            id=new_id(),
            user_id=user,
            purpose="RESET_PASSWORD",
            email="a@example.com",
            expires_at=old - 7 * DAY,
        )
        place = await add_property(db, user)
        for email, expires_at in (("a@b.example", old - 7 * DAY), ("c@d.example", now)):
            await add(
                db,
                CoHost,
                id=new_id(),
                property_id=place,
                email=email,
                rights=["ALL"],
                expires_at=expires_at,
            )
        for ends in ({"expires_at": old - 90 * DAY}, {"revoked_at": old - 90 * DAY}):
            await add(
                db,
                SignInSession,
                id=new_id(),
                user_id=user,
                **({"expires_at": now + DAY} | ends),
            )
        lasting = new_id()
        await add(db, SignInSession, id=lasting, user_id=user, expires_at=now + DAY)
        await add(
            db,
            RefreshToken,
            token_hash=bytes([age + 1]) * 32,
            session_id=lasting,
            used_at=old - 90 * DAY,
        )
        await add(
            db,
            IdempotencyKey,
            actor_id=user,
            operation="createBooking",
            key=str(age),
            request_hash=b"h" * 32,
            subject_id=user,
            created_at=old - 30 * DAY,
        )
        for processed_at in (old, None):
            await add(
                db,
                ProviderEvent,
                id=new_id(),
                provider="STRIPE",
                event_id=str(new_id()),
                type="charge.updated",
                body=b"",
                received_at=old - 30 * DAY,
                processed_at=processed_at,
            )
        await add(
            db,
            OutboxMessage,
            id=new_id(),
            event="E",
            task="t",
            payload={},
            dead_at=old - 90 * DAY,
        )
        await add(
            db,
            ViewedProperty,
            user_id=user,
            property_id=await add_property(db, host),
            viewed_at=old - 180 * DAY,
        )
        await add(db, DataExport, id=new_id(), user_id=user, expires_at=old)
        await add(
            db,
            SignInEvent,
            id=new_id(),
            user_id=user,
            kind="SIGNED_IN",
            address="192.0.2.1",
            occurred_at=old - 365 * DAY,
        )
        await add_user(db, email_verified_at=None, created_at=old - 30 * DAY)


FORGOTTEN = {
    "links": 1,
    "invitations": 1,
    "sessions": 2,
    "refresh tokens": 1,
    "idempotency keys": 1,
    "webhooks": 1,
    "dead messages": 1,
    "viewed places": 1,
    "exports": 1,
    "sign-in traces": 1,
    "unverified accounts": 1,
}


async def test_what_is_old_goes_and_the_rest_stays(db: Database, settings: Settings) -> None:
    await fill(db)
    assert await retention.forget(db, settings, clock.now()) == FORGOTTEN
    # A webhook that nobody has understood yet stays, however old it is.
    left = {
        AccountLink: 1,
        CoHost: 3,
        SignInSession: 4,
        RefreshToken: 1,
        IdempotencyKey: 1,
        ProviderEvent: 3,
        OutboxMessage: 1,
        DataExport: 1,
        SignInEvent: 2,
    }
    assert {model: await count(db, model) for model in left} == left
    assert await count(db, SignInEvent, SignInEvent.address == "") == 1
    assert set((await retention.forget(db, settings, clock.now())).values()) == {0}


async def test_accounts_that_nobody_proved_to_be_theirs(db: Database, settings: Settings) -> None:
    long_ago = clock.now() - 40 * DAY
    unproven = {"email_verified_at": None, "created_at": long_ago}
    unused = await add_user(db, **unproven)
    used = await add_user(db, **unproven)
    await add(db, SignInSession, id=new_id(), user_id=used, expires_at=clock.now() + DAY)
    await add_host(db, **unproven)
    await add_user(db, **(unproven | {"role": "SUPPORT"}))
    await add_user(db, created_at=long_ago)
    await retention.forget(db, settings, clock.now())
    await erasure.erase_due(db, open_storage(settings), clock.now())
    async with db.read() as connection:
        erased = await connection.execute(select(User.id).where(User.erased_at.is_not(None)))
    assert erased.scalars().all() == [unused]
    # Nobody hears of it: the address may be anybody's.
    assert await count(db, OutboxMessage) == 0


async def test_much_goes_in_short_transactions_and_passes_by_what_is_held(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    user = await add_user(db)
    for _ in range(5):
        await add(db, DataExport, id=new_id(), user_id=user, expires_at=clock.now() - DAY)
    async with db.transaction() as session:
        await session.execute(select(DataExport.id).limit(1).with_for_update())
        with counted(db) as statements:
            found = await retention.forget(db, settings, clock.now())
    assert found["exports"] == 4
    deletes = [each for each in statements if each.startswith("DELETE FROM data_exports")]
    assert len(deletes) == 3
    assert (await retention.forget(db, settings, clock.now()))["exports"] == 1


async def test_every_rule_reads_an_index(db: Database, settings: Settings) -> None:
    """However large its table is: an empty one is made to look as if reading it cost much."""
    async with db.transaction() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        for rule in retention.RULES:
            found = select(*rule.model.__table__.primary_key).where(rule.old(settings, clock.now()))
            sql = found.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True})
            plan = "\n".join((await session.execute(text(f"EXPLAIN {sql}"))).scalars())
            assert "Seq Scan" not in plan, (rule.name, plan)
            assert "Index Cond" in plan, (rule.name, plan)
