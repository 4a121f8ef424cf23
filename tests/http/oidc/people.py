"""What people do besides signing in through a provider, and what is known of them."""

from typing import Any

import httpx2
from litestar import Litestar
from sqlalchemy import select, text

from app.config import OidcProvider
from app.http.state import RUNTIME
from db.models import SignInEvent, User
from db.session import Database
from tests.http.visitors import Visitor
from tests.support.drain import drain
from tests.support.mailbox import Mailbox, code_in
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, KEY_ID, TEAM_ID, Provider

EMAIL = "ada@example.com"
PASSWORD = "gravel otter lamp"
LINKED = "You can now sign in with Acme"


def known(acme: Provider, apple: Provider) -> dict[str, OidcProvider]:
    assert apple.client_key is not None
    return {
        "acme": OidcProvider(
            name="Acme", issuer=acme.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
        ),
        "apple": OidcProvider(
            issuer=apple.issuer,
            client_id=CLIENT_ID,
            team_id=TEAM_ID,
            key_id=KEY_ID,
            private_key=apple.client_key.as_pem(private=True).decode(),
        ),
    }


def refused(answer: httpx2.Response, status: int, code: str) -> bool:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return True


async def register(visitor: Visitor, name: str = "ada", email: str = EMAIL) -> None:
    """An account with a password, whose address is a claim as yet."""
    body = {"email": email, "username": name, "password": PASSWORD}
    names = {"firstName": name.title(), "lastName": "Tester"}
    answer = await visitor.client.post("/auth/register", json=body | names)
    assert answer.status_code == 201, answer.text


async def verify(api: Litestar, visitor: Visitor, mailbox: Mailbox, email: str = EMAIL) -> None:
    await drain(api.state[RUNTIME])
    code = code_in(mailbox.to(email)[-1].text)
    answer = await visitor.client.post("/auth/verify-email", json={"token": code})
    assert answer.status_code == 204, answer.text


async def log_in(visitor: Visitor, login: str = "ada", password: str = PASSWORD) -> httpx2.Response:
    answer = await visitor.client.post("/auth/login", json={"login": login, "password": password})
    if answer.status_code == 200:
        visitor.token = answer.json()["accessToken"]
    return answer


async def users(db: Database) -> list[Any]:
    async with db.read() as connection:
        return list((await connection.execute(select(User).order_by(User.id))).all())


async def trail(db: Database) -> list[str]:
    async with db.read() as connection:
        found = await connection.execute(select(SignInEvent.kind).order_by(SignInEvent.id))
        return list(found.scalars())


async def someone_waits(db: Database) -> bool:
    """Whether a transaction in this database waits for another one."""
    async with db.read() as connection:
        found = await connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        )
        return bool(found.scalar_one())
