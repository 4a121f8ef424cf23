"""Becoming a host: what must be told, and that it is told once and can be told anew."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from app.actor import ANONYMOUS, Actor
from app.errors import Invalid, NotFound, Unauthenticated
from app.identity import accounts, hosting
from app.identity.errors import EmailNotVerified
from app.identity.hosting import TERMS_VERSION, HostFacts
from app.identity.profile import Changes
from app.ids import new_id
from db.enums import HostKind
from db.models import HostDetails, OutboxMessage, User
from db.session import Database
from tests.support.world import add_user

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PERSON = HostFacts(
    kind=HostKind.INDIVIDUAL,
    legal_name=" Hedwig Kiesler ",
    country="AT",
    phone="+43 1 5811811",
    born_on=date(1984, 11, 9),
    terms_version=TERMS_VERSION,
)
BUSINESS = msgspec.structs.replace(
    PERSON, kind=HostKind.BUSINESS, born_on=None, registration_number="FN 1234 a"
)


def test_facts_are_tidied() -> None:
    tidy = hosting.cleaned(PERSON, NOW)
    assert (tidy.legal_name, tidy.phone) == ("Hedwig Kiesler", "+4315811811")
    assert hosting.cleaned(BUSINESS, NOW).registration_number == "FN 1234 a"


@pytest.mark.parametrize(
    ("facts", "change", "field"),
    [
        (PERSON, {"legal_name": "  "}, "legalName"),
        (PERSON, {"legal_name": "x" * 201}, "legalName"),
        (PERSON, {"country": "XX"}, "country"),
        (PERSON, {"country": "at"}, "country"),
        (PERSON, {"phone": "112"}, "phone"),
        (PERSON, {"born_on": None}, "dateOfBirth"),
        (PERSON, {"born_on": date(2008, 6, 2)}, "dateOfBirth"),
        (PERSON, {"born_on": date(2027, 1, 1)}, "dateOfBirth"),
        (PERSON, {"born_on": date(1, 1, 1)}, "dateOfBirth"),
        (PERSON, {"registration_number": "1"}, "registrationNumber"),
        (PERSON, {"terms_version": "2020-01-01"}, "termsVersion"),
        (BUSINESS, {"born_on": date(1984, 11, 9)}, "dateOfBirth"),
        (BUSINESS, {"registration_number": None}, "registrationNumber"),
        (BUSINESS, {"registration_number": " "}, "registrationNumber"),
        (BUSINESS, {"registration_number": "1" * 51}, "registrationNumber"),
    ],
)
def test_facts_that_cannot_be_are_named(
    facts: HostFacts, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        hosting.cleaned(msgspec.structs.replace(facts, **change), NOW)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("born_on", "today", "is_of_age"),
    [
        (date(2008, 6, 1), datetime(2026, 6, 1, tzinfo=UTC), True),
        (date(2008, 6, 1), datetime(2026, 5, 31, 23, tzinfo=UTC), False),
        (date(2008, 2, 29), datetime(2026, 2, 28, tzinfo=UTC), False),
        (date(2008, 2, 29), datetime(2026, 3, 1, tzinfo=UTC), True),
    ],
)
def test_hosts_are_of_age(born_on: date, today: datetime, is_of_age: bool) -> None:
    facts = msgspec.structs.replace(PERSON, born_on=born_on)
    if is_of_age:
        assert hosting.cleaned(facts, today).born_on == born_on
    else:
        with pytest.raises(Invalid):
            hosting.cleaned(facts, today)


async def become(
    db: Database, actor: Actor, facts: HostFacts = PERSON, now: datetime = NOW
) -> None:
    await db.run(lambda session: hosting.become_host(session, actor, facts, now))


async def test_becoming_a_host_happens_once(db: Database) -> None:
    actor = Actor(user_id=await add_user(db))
    await asyncio.gather(*(become(db, actor) for _ in range(5)))
    async with db.read() as connection:
        user = (await connection.execute(select(User))).one()
        told = (await connection.execute(select(HostDetails))).one()
        tasks = (await connection.execute(select(OutboxMessage.task))).scalars().all()
    assert (user.is_host, user.host_since_at, user.phone) == (True, NOW, "+4315811811")
    assert (told.user_id, told.legal_name, told.agreed_at) == (user.id, "Hedwig Kiesler", NOW)
    assert tasks == ["payouts.open_account"]


async def test_what_was_told_can_be_replaced(db: Database) -> None:
    actor = Actor(user_id=await add_user(db))
    await become(db, actor)
    later = NOW + timedelta(days=1)
    await become(db, actor, BUSINESS, later)
    async with db.read() as connection:
        since = (await connection.execute(select(User.host_since_at))).scalar_one()
        told = (await connection.execute(select(HostDetails))).one()
    assert since == NOW
    assert (told.kind, told.born_on, told.agreed_at) == (HostKind.BUSINESS, None, later)


async def test_only_an_account_becomes_a_host(db: Database) -> None:
    with pytest.raises(Unauthenticated):
        await become(db, ANONYMOUS)
    with pytest.raises(NotFound):
        await become(db, Actor(user_id=new_id()))
    claimed = Actor(user_id=await add_user(db, email_verified_at=None))
    with pytest.raises(EmailNotVerified):
        await become(db, claimed)


async def test_a_host_keeps_a_phone_number(db: Database) -> None:
    actor = Actor(user_id=await add_user(db))

    async def change(phone: str | None) -> None:
        await db.run(lambda session: accounts.update_profile(session, actor, Changes(phone=phone)))

    await change("+351 912 345 678")
    await change(None)
    await become(db, actor)
    with pytest.raises(Invalid, match="phone number"):
        await change(None)
    await change("+351 912 345 678")
