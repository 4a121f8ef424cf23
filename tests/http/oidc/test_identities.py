"""Signing in through providers: adding them to an account, and removing them."""

import asyncio

from litestar import Litestar
from sqlalchemy import insert, update

from app import clock
from app.http.state import KEYS, RUNTIME
from app.identity import tokens
from app.identity.client import Client
from app.identity.oidc import identities
from app.ids import new_id
from db.models import Passkey, User
from db.session import Database
from schema import ids
from tests.http.oidc.people import (
    EMAIL,
    LINKED,
    PASSWORD,
    log_in,
    refused,
    register,
    someone_waits,
    trail,
)
from tests.http.visitors import Visitor
from tests.support.drain import drain
from tests.support.mailbox import Mailbox, code_in
from tests.support.oidc import Person, Provider


async def test_a_way_to_sign_in_is_added_by_who_is_signed_in(
    ada: Visitor, api: Litestar, acme: Provider, mailbox: Mailbox
) -> None:
    await register(ada)
    user = (await log_in(ada)).json()["user"]
    # Neither the account's address nor a verified one: the person says that it is theirs.
    acme.person = Person("42", "work@example.org", email_verified=False)
    code = (await ada.returned())["code"]
    linked = await ada.link(code)
    assert linked["identity"]["provider"] == "acme"
    assert linked["identity"]["providerName"] == "Acme"
    assert linked["identity"]["email"] == "work@example.org"
    assert (await ada.link(code))["code"] == "CODE_REFUSED"
    # Again changes nothing.
    assert await ada.link((await ada.returned())["code"]) == linked
    await drain(api.state[RUNTIME])
    assert [mail.subject for mail in mailbox.to(EMAIL)].count(LINKED) == 1
    assert (await ada.sign_in())["user"]["id"] == user["id"]


async def test_somebody_elses_identity_is_not_taken(
    ada: Visitor, eve: Visitor, acme: Provider
) -> None:
    await ada.sign_in()
    await register(eve, "eve", "eve@example.com")
    await log_in(eve, "eve")
    assert (await eve.link((await eve.returned())["code"]))["code"] == "IDENTITY_TAKEN"
    # Ada's code in Eve's hands.
    assert (await eve.link((await ada.returned())["code"]))["code"] == "CODE_REFUSED"
    (identity,) = await ada.identities()
    assert (await eve.unlink(identity["id"]))["code"] == "NOT_FOUND"
    found = await eve.ask("query ($id: ID!) { node(id: $id) { id } }", id=identity["id"])
    assert found == {"node": None}


async def test_the_last_way_to_sign_in_stays(
    ada: Visitor, api: Litestar, mailbox: Mailbox, db: Database
) -> None:
    await ada.sign_in()
    (identity,) = await ada.identities()
    assert (await ada.unlink(identity["id"]))["code"] == "LAST_SIGN_IN_METHOD"
    assert len(await ada.identities()) == 1
    # A password makes it one of two ways.
    await ada.client.post("/auth/forgot-password", json={"email": EMAIL})
    await drain(api.state[RUNTIME])
    code = code_in(mailbox.to(EMAIL)[-1].text)
    body = {"token": code, "password": PASSWORD}
    assert (await ada.client.post("/auth/reset-password", json=body)).status_code == 204
    elsewhere = Visitor(api)
    await elsewhere.sign_in()
    await log_in(ada, EMAIL)
    done = await ada.unlink(identity["id"])
    assert done["user"] == {"hasPassword": True, "identities": []}
    # Whoever came in by it is out, and the address leads nowhere by itself but to its owner.
    late = await elsewhere.client.post("/auth/refresh")
    assert refused(late, 401, "REFRESH_REFUSED")
    assert (await ada.client.post("/auth/refresh")).status_code == 200
    await drain(api.state[RUNTIME])
    assert mailbox.to(EMAIL)[-1].subject == "You can no longer sign in with Acme"
    assert "IDENTITY_UNLINKED" in await trail(db)


async def test_a_passkey_is_a_way_to_sign_in(ada: Visitor, db: Database) -> None:
    user_id = (await ada.sign_in())["user"]["id"]
    (identity,) = await ada.identities()
    assert (await ada.unlink(identity["id"]))["code"] == "LAST_SIGN_IN_METHOD"
    async with db.transaction() as session:
        await session.execute(
            insert(Passkey).values(
                id=new_id(),
                user_id=ids.key_of("User", user_id),
                credential_id=b"c",
                public_key=b"k",
                sign_count=0,
                name="My phone",
            )
        )
    assert "user" in await ada.unlink(identity["id"])


async def test_of_two_that_go_at_once_one_stays(
    ada: Visitor, api: Litestar, apple: Provider, db: Database
) -> None:
    apple.person = Person("001", EMAIL)
    await ada.sign_in()
    await ada.sign_in("apple")
    one, other = [identity["id"] for identity in await ada.identities()]
    actor = tokens.authenticate(f"Bearer {ada.token}", api.state[KEYS], clock.now())
    async with db.transaction() as session:
        key = ids.key_of("Identity", one)
        assert key is not None
        await identities.unlink(session, actor, key, Client(), clock.now())
        later = asyncio.create_task(ada.unlink(other))
        async with asyncio.timeout(30):
            # PostgreSQL tells nobody that somebody waits.
            while not later.done() and not await someone_waits(db):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert (await later)["code"] == "LAST_SIGN_IN_METHOD"
    assert [identity["id"] for identity in await ada.identities()] == [other]


async def test_who_is_signed_out_adds_nothing(ada: Visitor, db: Database) -> None:
    await ada.sign_in()
    code = (await ada.returned())["code"]
    await ada.client.post("/auth/logout")
    answer = await ada.client.post(
        "/graphql",
        json={
            "query": "mutation ($input: LinkIdentityInput!)"
            " { linkIdentity(input: $input) { __typename } }",
            "variables": {"input": {"code": code, "codeVerifier": ada.verifier}},
        },
        headers={"authorization": f"Bearer {ada.token}"},
    )
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_address_that_moved_on_at_the_provider_is_only_shown(
    ada: Visitor, acme: Provider, db: Database
) -> None:
    user = (await ada.sign_in())["user"]
    acme.person = Person("ada", "new@example.org")
    assert (await ada.sign_in())["user"] == user
    (identity,) = await ada.identities()
    assert identity["email"] == "new@example.org"
    async with db.transaction() as session:
        await session.execute(update(User).values(email="elsewhere@example.org"))
    assert (await ada.sign_in())["user"]["id"] == user["id"]
