"""Signing in through providers: which account somebody gets."""

import asyncio

from litestar import Litestar
from sqlalchemy import select, update

from app import clock
from app.http.state import RUNTIME
from db.models import User
from db.session import Database
from tests.http.factors import Member, Watch, watch
from tests.http.visitors import Visitor
from tests.support.drain import drain
from tests.support.mailbox import Mailbox, code_in
from tests.support.oidc import Person, Provider

__all__ = ["watch"]
from tests.http.oidc.people import (
    EMAIL,
    LINKED,
    PASSWORD,
    log_in,
    refused,
    register,
    trail,
    users,
    verify,
)


async def test_an_address_verified_on_both_sides_links(
    ada: Visitor, api: Litestar, mailbox: Mailbox, db: Database
) -> None:
    await register(ada)
    await verify(api, ada, mailbox)
    user = (await log_in(ada)).json()["user"]
    assert (await ada.sign_in())["user"]["id"] == user["id"]
    assert "IDENTITY_LINKED" in await trail(db)
    await drain(api.state[RUNTIME])
    assert mailbox.to(EMAIL)[-1].subject == LINKED
    # Told once.
    await ada.sign_in()
    await drain(api.state[RUNTIME])
    assert [mail.subject for mail in mailbox.mails].count(LINKED) == 1


async def test_an_address_that_the_provider_has_not_verified_never_links(
    ada: Visitor, eve: Visitor, api: Litestar, acme: Provider, mailbox: Mailbox
) -> None:
    await register(ada)
    await verify(api, ada, mailbox)
    user = (await log_in(ada)).json()["user"]
    for number, verified in enumerate((False, None, "false", "yes")):
        acme.person = Person(f"eve {number}", EMAIL, verified, given_name="Eve")
        hers = (await eve.sign_in())["user"]
        assert hers["id"] != user["id"], verified
        assert (hers["email"], hers["emailVerified"]) == (EMAIL, False)
    await drain(api.state[RUNTIME])
    assert mailbox.to(EMAIL)[-1].subject == "You already have a Roost account"


async def test_whoever_registered_an_address_first_gets_nothing_of_its_owner(
    ada: Visitor, eve: Visitor, api: Litestar, mailbox: Mailbox, db: Database
) -> None:
    """Pre-hijacking: Eve has registered with Ada's address and waits for Ada to come."""
    await register(eve, "eve")
    hers = (await log_in(eve, "eve")).json()["user"]
    user = (await ada.sign_in())["user"]
    assert user["id"] != hers["id"]
    assert (user["email"], user["emailVerified"]) == (EMAIL, True)
    # Eve's claim is void, even if Ada follows its link by mistake.
    await drain(api.state[RUNTIME])
    async with db.read() as connection:
        claimed = select(User.email_verified_at).where(User.username == "eve")
        assert (await connection.execute(claimed)).scalar_one() is None
    assert (await log_in(eve, EMAIL)).json()["user"]["id"] == hers["id"]


async def test_a_reset_takes_an_address_back_from_who_claimed_it_through_a_provider(
    ada: Visitor, eve: Visitor, api: Litestar, acme: Provider, mailbox: Mailbox
) -> None:
    """Eve's provider told us Ada's address; Ada resets the password of what has her address."""
    acme.person = Person("eve", EMAIL, email_verified=False)
    hers = (await eve.sign_in())["user"]
    await ada.client.post("/auth/forgot-password", json={"email": EMAIL})
    await drain(api.state[RUNTIME])
    code = code_in(mailbox.to(EMAIL)[-1].text)
    body = {"token": code, "password": PASSWORD}
    assert (await ada.client.post("/auth/reset-password", json=body)).status_code == 204
    assert (await log_in(ada, EMAIL)).json()["user"]["id"] == hers["id"]
    assert (await eve.sign_in())["user"]["id"] != hers["id"]


async def test_a_providers_word_is_one_factor(
    api: Litestar, ada: Visitor, mailbox: Mailbox, watch: Watch, db: Database
) -> None:
    member = Member(api, mailbox, "ada")
    member.watch = watch
    await member.verified()
    await member.enable_totp()
    code = (await ada.returned())["code"]
    answer = await ada.exchange(code)
    assert answer.status_code == 202
    assert answer.json()["methods"] == ["TOTP", "RECOVERY_CODE"]
    assert "set-cookie" not in answer.headers
    assert "accessToken" not in answer.text
    body = {"challenge": answer.json()["challenge"], "totp": member.totp()}
    answer = await ada.client.post("/auth/second-factor", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["email"] == EMAIL


async def test_who_is_suspended_stays_out(ada: Visitor, db: Database) -> None:
    await ada.sign_in()
    async with db.transaction() as session:
        await session.execute(update(User).values(suspended_at=clock.now()))
    code = (await ada.returned())["code"]
    assert refused(await ada.exchange(code), 401, "ACCOUNT_SUSPENDED")


async def test_an_account_needs_an_address(ada: Visitor, acme: Provider, db: Database) -> None:
    for email in (None, "not an address", "a" * 300 + "@example.com"):
        acme.person = Person("42", email)
        code = (await ada.returned())["code"]
        assert refused(await ada.exchange(code), 400, "EMAIL_MISSING")
    assert await users(db) == []


async def test_names_that_nobody_can_have_are_not_taken(ada: Visitor, acme: Provider) -> None:
    acme.person = Person("42", EMAIL, given_name="https://eve.example", family_name="x" * 500)
    user = (await ada.sign_in())["user"]
    assert (user["firstName"], user["lastName"], user["username"]) == ("Guest", "", "guest")


async def test_a_username_is_made_of_what_is_public(ada: Visitor, acme: Provider) -> None:
    names = []
    for number, email in enumerate(("ada.lovelace@example.com", "ada.king@example.com")):
        acme.person = Person(str(number), email, name="Ada King")
        names.append((await ada.sign_in())["user"]["username"])
    assert names[0] == "ada"
    assert names[1].removeprefix("ada").isdecimal()


async def test_a_first_sign_in_twenty_times_at_once_makes_one_account(
    api: Litestar, acme: Provider, db: Database
) -> None:
    visitors = [Visitor(api) for _ in range(20)]
    codes = [(await visitor.returned())["code"] for visitor in visitors]
    answers = await asyncio.gather(
        *(visitor.exchange(code) for visitor, code in zip(visitors, codes, strict=True))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["user"]["id"] for answer in answers}) == 1
    assert len(await users(db)) == 1


async def test_people_of_one_name_and_address_at_once(
    api: Litestar, acme: Provider, apple: Provider, db: Database
) -> None:
    """The same address through two providers, and others of the same name: all get in."""
    visitors, codes = [], []
    for number in range(6):
        visitor = Visitor(api)
        acme.person = Person(f"{number}", f"a{number}@example.com", given_name="Ada")
        visitors.append(visitor)
        codes.append((await visitor.returned())["code"])
    apple.person = Person("0", "a0@example.com", given_name="Ada")
    visitors.append(Visitor(api))
    codes.append((await visitors[-1].returned("apple"))["code"])
    answers = await asyncio.gather(
        *(visitor.exchange(code) for visitor, code in zip(visitors, codes, strict=True))
    )
    assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers]
    assert answers[0].json()["user"]["id"] == answers[-1].json()["user"]["id"]
    assert len(await users(db)) == 6
