"""Addresses and passwords over HTTP, with the codes of the mails that really arrive."""

import re
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest
from litestar import Litestar
from sqlalchemy import select, text, update

from app import clock
from app.config import Settings
from app.http.state import RUNTIME
from app.identity import flows, passwords
from db.models import AccountLink, OutboxMessage, SignInSession, User
from db.session import Database
from jobs import tasks
from tests.http.conftest import client_of, serving
from tests.support.drain import drain
from tests.support.mailbox import Mailbox, code_in
from tests.support.redis import forget_limits
from tests.support.world import HOST_FACTS

PASSWORD = "gravel otter lamp"
OTHER_PASSWORD = "seven quiet herons"


@pytest.fixture
async def api(settings: Settings, mailbox: Mailbox) -> AsyncIterator[Litestar]:
    """An API whose mail arrives, once `sent` has done the worker's part."""
    tasks.load()
    async with serving(msgspec.structs.replace(settings, smtp_url=mailbox.smtp_url)) as app:
        yield app


class Person:
    """Somebody with a browser and a mailbox."""

    def __init__(self, api: Litestar, mailbox: Mailbox, name: str) -> None:
        self.api, self.mailbox, self.name = api, mailbox, name
        self.email = f"{name}@example.com"
        self.client = client_of(api)
        self.token = ""

    async def register(self, **changes: str) -> httpx2.Response:
        body = {
            "email": self.email,
            "username": self.name,
            "password": PASSWORD,
            "firstName": self.name.title(),
            "lastName": "Tester",
        }
        return await self.post("register", **(body | changes))

    async def post(self, path: str, **body: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        # An empty object and no body at all are different things.
        return await self.client.post(f"/auth/{path}", json=body or None, headers=headers)

    async def sign_in(self, login: str | None = None, password: str = PASSWORD) -> httpx2.Response:
        self.token = ""
        answer = await self.post("login", login=login or self.name, password=password)
        if answer.status_code == 200:
            self.token = answer.json()["accessToken"]
        return answer

    async def code(self, subject: str, address: str | None = None) -> str:
        """The code in the newest mail with that subject, after the worker has done its part."""
        await drain(self.api.state[RUNTIME], skip="payouts")
        mails = [m for m in self.mailbox.to(address or self.email) if m.subject == subject]
        assert mails, [(mail.to, mail.subject) for mail in self.mailbox.mails]
        return code_in(mails[-1].text)

    async def verified(self) -> "Person":
        assert (await self.register()).status_code == 201
        code = await self.code(VERIFY)
        assert (await self.post("verify-email", token=code)).status_code == 204
        assert (await self.sign_in(self.email)).status_code == 200
        return self

    async def ask(self, query: str) -> Any:
        answer = await self.client.post(
            "/graphql", json={"query": query}, headers={"authorization": f"Bearer {self.token}"}
        )
        return answer.json()


VERIFY = "Confirm your e-mail address"
RESET = "Set a new password"
LEAVE = "Your account is moving to another e-mail address"
TAKE = "Confirm your new e-mail address"
KNOWN = "You already have a Roost account"
BECOME_HOST = (
    f"mutation {{ becomeHost(input: {HOST_FACTS}) {{ __typename ... on Error {{ code }} }} }}"
)


@pytest.fixture
def ada(api: Litestar, mailbox: Mailbox) -> Person:
    return Person(api, mailbox, "ada")


@pytest.fixture
def eve(api: Litestar, mailbox: Mailbox) -> Person:
    return Person(api, mailbox, "eve")


def refused(answer: httpx2.Response, status: int, code: str) -> bool:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return True


async def test_an_address_is_verified_by_its_mail_once(ada: Person) -> None:
    await ada.register()
    await ada.sign_in()
    assert (await ada.ask("{ viewer { emailVerified } }"))["data"]["viewer"] == {
        "emailVerified": False
    }
    # Whoever claims an address signs in by it: verifying decides what they may do.
    assert (await ada.sign_in(ada.email)).json()["user"]["emailVerified"] is False
    code = await ada.code(VERIFY)
    assert (await ada.post("verify-email", token=code)).status_code == 204
    assert refused(await ada.post("verify-email", token=code), 400, "LINK_REFUSED")
    answer = await ada.sign_in(ada.email)
    assert answer.json()["user"]["emailVerified"] is True
    await drain(ada.api.state[RUNTIME])
    assert [mail.subject for mail in ada.mailbox.mails] == [VERIFY, "Welcome to Roost"]


async def test_who_is_not_verified_browses_but_neither_books_nor_hosts(ada: Person) -> None:
    await ada.register()
    await ada.sign_in()
    found = await ada.ask("{ searchProperties { edges { node { id } } } }")
    assert found["data"]["searchProperties"] == {"edges": []}
    host = await ada.ask(BECOME_HOST)
    assert host["data"]["becomeHost"] == {
        "__typename": "EmailNotVerifiedError",
        "code": "EMAIL_NOT_VERIFIED",
    }
    booked = await ada.ask(
        'mutation { createBooking(input: {propertyId: "UHJvcGVydHk6MDE5YWFhYWEtYWFhYS03YWFhLWFhY'
        'WEtYWFhYWFhYWFhYWFh", checkIn: "2027-01-01", checkOut: "2027-01-03", guests: {adults: 1},'
        ' expectedTotal: {amount: 1, currency: "EUR"}, idempotencyKey: "k"})'
        " { __typename ... on Error { code } } }"
    )
    assert booked["data"]["createBooking"]["code"] == "EMAIL_NOT_VERIFIED"
    await ada.post("verify-email", token=await ada.code(VERIFY))
    host = await ada.ask(BECOME_HOST)
    assert host["data"]["becomeHost"] == {"__typename": "BecomeHostSuccess"}


async def test_another_link_can_be_asked_for(ada: Person, db: Database) -> None:
    await ada.register()
    assert refused(await ada.post("resend-verification"), 401, "UNAUTHENTICATED")
    await ada.sign_in()
    first = await ada.code(VERIFY)
    assert (await ada.post("resend-verification")).status_code == 204
    second = await ada.code(VERIFY)
    assert first != second
    assert (await ada.post("verify-email", token=second)).status_code == 204
    assert (await ada.post("resend-verification")).status_code == 204
    await drain(ada.api.state[RUNTIME])
    assert [mail.subject for mail in ada.mailbox.mails].count(VERIFY) == 2


@pytest.mark.parametrize(
    ("subject", "path", "lasts"),
    [
        (VERIFY, "verify-email", timedelta(days=3)),
        (RESET, "reset-password", timedelta(hours=1)),
    ],
)
async def test_links_expire(ada: Person, subject: str, path: str, lasts: timedelta) -> None:
    await ada.register()
    await ada.post("forgot-password", email=ada.email)
    body = {"token": await ada.code(subject)}
    if path == "reset-password":
        body["password"] = OTHER_PASSWORD
    clock.freeze(clock.now() + lasts + timedelta(seconds=1))
    try:
        assert refused(await ada.post(path, **body), 400, "LINK_REFUSED")
    finally:
        clock.freeze(None)
    assert (await ada.post(path, **body)).status_code == 204


async def test_a_code_is_good_for_its_own_purpose_and_letter_for_letter(ada: Person) -> None:
    await ada.register()
    code = await ada.code(VERIFY)
    wrong = await ada.post("reset-password", token=code, password=OTHER_PASSWORD)
    assert refused(wrong, 400, "LINK_REFUSED")
    assert refused(await ada.post("confirm-email-change", token=code), 400, "LINK_REFUSED")
    for forged in (code[:-2] + "AA", code[:22] + "A" * 21, code[:-1], "", "ä" * 43, "=" * 43):
        assert refused(await ada.post("verify-email", token=forged), 400, "LINK_REFUSED"), forged
    assert (await ada.post("verify-email", token=code)).status_code == 204


async def test_codes_are_stored_nowhere(ada: Person, db: Database) -> None:
    await ada.register()
    code = await ada.code(VERIFY)
    async with db.read() as connection:
        for model in (AccountLink, OutboxMessage):
            rows = await connection.execute(text(f"SELECT t::text FROM {model.__tablename__} t"))
            assert not any(code in row for row in rows.scalars())


async def test_without_a_web_app_the_mail_s_link_leads_to_a_page_of_ours(ada: Person) -> None:
    await ada.register()
    code = await ada.code(VERIFY)
    link = f"http://localhost:8000/verify-email#token={code}"
    (mail,) = ada.mailbox.mails
    assert f'href="{link}"' in mail.html
    assert link in mail.text
    assert (await ada.client.get("/verify-email")).status_code == 200


async def test_with_a_web_app_the_mail_has_a_link_to_it(
    settings: Settings, mailbox: Mailbox
) -> None:
    tasks.load()
    settings = msgspec.structs.replace(
        settings, smtp_url=mailbox.smtp_url, web_origins=("https://roost.example",)
    )
    async with serving(settings) as app:
        ada = Person(app, mailbox, "ada")
        await ada.register()
        code = await ada.code(VERIFY)
        (mail,) = mailbox.mails
        # In the fragment: it reaches neither logs nor referrers.
        assert f'href="https://roost.example/verify-email#token={code}"' in mail.html
        assert re.search(rf"https://roost\.example/verify-email#token={code}", mail.text)


async def test_a_known_address_registers_like_an_unknown_one(ada: Person, eve: Person) -> None:
    """In words, in what follows, and in what stays: only the address's owner gets to know."""
    await ada.verified()
    known = await eve.register(email=ada.email, password=OTHER_PASSWORD)
    other = Person(eve.api, eve.mailbox, "mallory")
    unknown = await other.register(password=OTHER_PASSWORD)
    assert known.status_code == unknown.status_code == 201
    assert set(known.json()) == set(unknown.json())
    assert {k for k in known.headers if k != "x-request-id"} == {
        k for k in unknown.headers if k != "x-request-id"
    }
    for person, address in ((eve, ada.email), (other, other.email)):
        # The username is theirs now and signs them in, and so does the address.
        assert refused(
            await Person(eve.api, eve.mailbox, "x").register(username=person.name),
            409,
            "USERNAME_TAKEN",
        )
        for login in (person.name, address):
            signed_in = await person.sign_in(login, OTHER_PASSWORD)
            assert signed_in.json()["user"]["username"] == person.name
            assert signed_in.json()["user"]["email"] == address
            assert signed_in.json()["user"]["emailVerified"] is False
        assert (await person.post("resend-verification")).status_code == 204
        assert (await person.ask(BECOME_HOST))["data"]["becomeHost"]["code"] == (
            "EMAIL_NOT_VERIFIED"
        )
    await drain(eve.api.state[RUNTIME])
    assert [mail.subject for mail in ada.mailbox.to(ada.email)][2:] == [KNOWN, KNOWN]
    # The owner's own account is as it was, and no other password opens it.
    assert (await ada.sign_in(ada.email)).json()["user"]["username"] == ada.name
    assert refused(await ada.sign_in(ada.email, "neither of the two"), 401, "SIGN_IN_REFUSED")


async def test_signing_in_looks_at_as_many_passwords_for_any_address(
    ada: Person, eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.verified()
    await eve.register(email=ada.email, password=OTHER_PASSWORD)
    looked_at: list[str | None] = []

    async def verify(password: str, stored: str | None) -> tuple[bool, str | None]:
        looked_at.append(stored)
        return await passwords.verify_password(password, stored)

    monkeypatch.setattr(flows, "verify_password", verify)
    for password in (PASSWORD, OTHER_PASSWORD, "neither of the two"):
        for address in (ada.email, "nobody@example.com"):
            looked_at.clear()
            await ada.sign_in(address, password)
            assert len(looked_at) == 2


@pytest.mark.usefixtures("real_hashes")
@pytest.mark.alone
async def test_registering_and_forgetting_take_as_long_for_a_known_address(
    ada: Person, eve: Person, redis_url: str
) -> None:
    await ada.verified()

    async def seconds(path: str, number: int, known: bool) -> float:
        await forget_limits(redis_url)
        address = ada.email if known else f"nobody{number}@example.com"
        begun = time.perf_counter()
        if path == "register":
            answer = await eve.register(username=f"u{number}{known}", email=address)
        else:
            answer = await eve.post(path, email=address)
        assert answer.status_code in (201, 204)
        return time.perf_counter() - begun

    for path in ("register", "forgot-password"):
        pairs = [
            (await seconds(path, number, True), await seconds(path, number, False))
            for number in range(15)
        ]
        # The fastest of many: what the machine does besides only ever adds.
        known, unknown = min(p[0] for p in pairs), min(p[1] for p in pairs)
        # A hash takes 20 ms, a mail more.
        assert abs(known - unknown) < max(0.010, 0.5 * unknown), (path, known, unknown)


async def test_the_first_to_verify_an_address_has_it(ada: Person, eve: Person) -> None:
    await ada.register()
    await eve.register(email=ada.email)
    await drain(ada.api.state[RUNTIME])
    first, second = [code_in(mail.text) for mail in ada.mailbox.to(ada.email)]
    assert (await eve.post("verify-email", token=second)).status_code == 204
    assert refused(await ada.post("verify-email", token=first), 409, "EMAIL_TAKEN")
    assert (await eve.sign_in(ada.email)).json()["user"]["username"] == "eve"


async def test_a_forgotten_password_is_reset_and_every_session_ends(
    ada: Person, db: Database
) -> None:
    await ada.verified()
    answer = await ada.post("forgot-password", email="ADA@example.com")
    assert (answer.status_code, answer.content) == (204, b"")
    code = await ada.code(RESET)
    # A password that is refused does not use the link up.
    weak = await ada.post("reset-password", token=code, password="password123")
    assert weak.json()["errors"][0]["field"] == "password"
    done = await ada.post("reset-password", token=code, password=OTHER_PASSWORD)
    assert done.status_code == 204
    again = await ada.post("reset-password", token=code, password=PASSWORD)
    assert refused(again, 400, "LINK_REFUSED")
    assert refused(await ada.post("refresh"), 401, "REFRESH_REFUSED")
    assert refused(await ada.sign_in(password=PASSWORD), 401, "SIGN_IN_REFUSED")
    assert (await ada.sign_in(password=OTHER_PASSWORD)).status_code == 200
    async with db.read() as connection:
        reasons = await connection.execute(
            select(SignInSession.revoked_reason).order_by(SignInSession.id)
        )
    assert reasons.scalars().all() == ["PASSWORD_CHANGED", None]
    await drain(ada.api.state[RUNTIME])
    assert ada.mailbox.mails[-1].subject == "Your password was changed"


async def test_nobody_is_told_whether_there_is_an_account(ada: Person, eve: Person) -> None:
    await ada.verified()
    known = await eve.post("forgot-password", email=ada.email)
    unknown = await eve.post("forgot-password", email="nobody@example.com")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    await drain(ada.api.state[RUNTIME])
    assert ada.mailbox.to("nobody@example.com") == []


async def test_a_reset_takes_an_address_back_from_who_claimed_it_first(
    ada: Person, eve: Person
) -> None:
    """Somebody registered with Ada's address; she comes, resets the password, and has it."""
    await eve.register(email=ada.email)
    await eve.sign_in()
    await ada.post("forgot-password", email=ada.email)
    code = await ada.code(RESET)
    await ada.post("reset-password", token=code, password=OTHER_PASSWORD)
    assert refused(await eve.post("refresh"), 401, "REFRESH_REFUSED")
    assert refused(await eve.sign_in(), 401, "SIGN_IN_REFUSED")
    signed_in = await ada.sign_in(ada.email, OTHER_PASSWORD)
    assert signed_in.json()["user"]["emailVerified"] is True


async def test_a_changed_password_ends_the_other_sessions(ada: Person, api: Litestar) -> None:
    await ada.verified()
    elsewhere = Person(api, ada.mailbox, "ada")
    await elsewhere.sign_in()
    wrong = await ada.post("change-password", currentPassword="x", newPassword=OTHER_PASSWORD)
    assert refused(wrong, 403, "WRONG_PASSWORD")
    weak = await ada.post("change-password", currentPassword=PASSWORD, newPassword="ada" * 4)
    assert weak.json()["errors"][0]["field"] == "newPassword"
    done = await ada.post("change-password", currentPassword=PASSWORD, newPassword=OTHER_PASSWORD)
    assert done.status_code == 204
    assert (await ada.post("refresh")).status_code == 200
    assert refused(await elsewhere.post("refresh"), 401, "REFRESH_REFUSED")
    # Its access token lasts on, but changes nothing any more.
    late = await elsewhere.post(
        "change-password", currentPassword=OTHER_PASSWORD, newPassword=PASSWORD
    )
    assert refused(late, 401, "UNAUTHENTICATED")


async def test_an_address_changes_when_both_have_confirmed(ada: Person) -> None:
    await ada.verified()
    new = "ada.l@example.org"
    assert refused(await ada.post("change-email", password="x", email=new), 403, "WRONG_PASSWORD")
    assert (await ada.post("change-email", password=PASSWORD, email=new)).status_code == 204
    leave, take = await ada.code(LEAVE), await ada.code(TAKE, new)
    assert (await ada.post("confirm-email-change", token=take)).json() == {"state": "WAITING"}
    assert (await ada.ask("{ viewer { email } }"))["data"]["viewer"]["email"] == ada.email
    assert refused(await ada.post("confirm-email-change", token=take), 400, "LINK_REFUSED")
    assert (await ada.post("confirm-email-change", token=leave)).json() == {"state": "CHANGED"}
    assert (await ada.ask("{ viewer { email emailVerified } }"))["data"]["viewer"] == {
        "email": new,
        "emailVerified": True,
    }
    await drain(ada.api.state[RUNTIME])
    assert ada.mailbox.to(ada.email)[-1].subject == "Your e-mail address was changed"
    assert (await ada.sign_in(new)).status_code == 200
    assert refused(await ada.sign_in(ada.email), 401, "SIGN_IN_REFUSED")


async def test_a_newer_request_voids_the_links_of_the_one_before(ada: Person) -> None:
    await ada.verified()
    await ada.post("change-email", password=PASSWORD, email="one@example.org")
    leave = await ada.code(LEAVE)
    await ada.post("change-email", password=PASSWORD, email="two@example.org")
    assert refused(await ada.post("confirm-email-change", token=leave), 400, "LINK_REFUSED")
    await ada.post("confirm-email-change", token=await ada.code(LEAVE))
    done = await ada.post("confirm-email-change", token=await ada.code(TAKE, "two@example.org"))
    assert done.json() == {"state": "CHANGED"}


async def test_nobody_learns_of_an_account_by_moving_to_its_address(
    ada: Person, eve: Person
) -> None:
    await ada.verified()
    await eve.verified()
    known = await eve.post("change-email", password=PASSWORD, email=ada.email)
    assert (known.status_code, known.content) == (204, b"")
    done = await eve.post("confirm-email-change", token=await eve.code(LEAVE))
    assert done.json() == {"state": "WAITING"}
    assert ada.mailbox.to(ada.email)[-1].subject == KNOWN


async def test_an_address_with_a_typing_error_needs_no_word_from_it(ada: Person) -> None:
    await ada.register(email="aad@example.com")
    await ada.sign_in()
    await ada.post("change-email", password=PASSWORD, email=ada.email)
    done = await ada.post("confirm-email-change", token=await ada.code(TAKE))
    assert done.json() == {"state": "CHANGED"}
    assert (await ada.sign_in(ada.email)).json()["user"]["emailVerified"] is True


async def test_a_reset_link_to_an_address_of_before_is_void(ada: Person, db: Database) -> None:
    await ada.verified()
    await ada.post("forgot-password", email=ada.email)
    code = await ada.code(RESET)
    async with db.transaction() as session:
        await session.execute(update(User).values(email="new@example.org"))
    late = await ada.post("reset-password", token=code, password=OTHER_PASSWORD)
    assert refused(late, 400, "LINK_REFUSED")
