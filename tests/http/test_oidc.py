"""Signing in through providers, by the real client, from one end to the other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import msgspec
import pytest
from joserfc.jwk import ECKey
from litestar import Litestar
from sqlalchemy import func, insert, select, text, update

from app import clock
from app.config import OidcProvider, Settings
from app.http.state import KEYS, RUNTIME
from app.identity import tokens
from app.identity.client import Client
from app.identity.oidc import documents, identities, providers
from app.ids import new_id
from db.models import OidcSignIn, Passkey, SignInEvent, User
from db.session import Database
from jobs import tasks
from jobs.tasks.identity import forget_oidc_sign_ins
from schema import ids
from tests.http.conftest import client_of, serving
from tests.http.factors import Member, Watch, watch
from tests.http.visitors import APP, PAGE, WEB, Visitor, told
from tests.support.drain import drain
from tests.support.mailbox import Mailbox, code_in
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, KEY_ID, TEAM_ID, Fault, Person, Provider

__all__ = ["watch"]

EMAIL = "ada@example.com"
PASSWORD = "gravel otter lamp"
LINKED = "You can now sign in with Acme"
# What an answer or its ID token may be wrong about.
LIES = (
    Fault.WRONG_NONCE,
    Fault.NO_NONCE,
    Fault.WRONG_AUDIENCE,
    Fault.TWO_AUDIENCES,
    Fault.WRONG_PARTY,
    Fault.WRONG_ISSUER,
    Fault.EXPIRED,
    Fault.FROM_THE_FUTURE,
    Fault.OLD,
    Fault.UNSIGNED,
    Fault.SIGNED_WITH_SECRET,
    Fault.SIGNED_WITH_PUBLIC_KEY,
    Fault.BAD_SIGNATURE,
    Fault.UNKNOWN_KEY,
    Fault.NO_SUBJECT,
    Fault.WRONG_ANSWER_ISSUER,
)


@pytest.fixture(scope="session")
async def servers_away() -> AsyncIterator[tuple[Provider, Provider]]:
    """One that is known by settings alone, and one of Apple's kind, at another address."""
    acme, apple = Provider(), Provider(tells_issuer=True)
    apple.client_key = ECKey.generate_key("P-256")
    await asyncio.gather(acme.start(), apple.start())
    yield acme, apple
    await asyncio.gather(acme.stop(), apple.stop())


@pytest.fixture
def acme(servers_away: tuple[Provider, Provider]) -> Provider:
    servers_away[0].reset()
    return servers_away[0]


@pytest.fixture
def apple(servers_away: tuple[Provider, Provider]) -> Provider:
    servers_away[1].reset()
    return servers_away[1]


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


@pytest.fixture
async def api(
    settings: Settings, mailbox: Mailbox, acme: Provider, apple: Provider
) -> AsyncIterator[Litestar]:
    tasks.load()
    changed = msgspec.structs.replace(
        settings,
        smtp_url=mailbox.smtp_url,
        web_origins=(WEB,),
        app_return_urls=(APP,),
        oidc_providers=known(acme, apple),
    )
    async with serving(changed) as app:
        yield app


@pytest.fixture
def ada(api: Litestar) -> Visitor:
    return Visitor(api)


@pytest.fixture
def eve(api: Litestar) -> Visitor:
    return Visitor(api, address="198.51.100.7")


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


# The way through.


async def test_whom_one_can_sign_in_through(ada: Visitor) -> None:
    answer = await ada.client.get("/auth/oidc")
    assert answer.json() == [{"key": "acme", "name": "Acme"}, {"key": "apple", "name": "Apple"}]
    assert refused(await ada.start("google"), 404, "NOT_FOUND")


async def test_a_first_sign_in_makes_an_account(
    ada: Visitor, api: Litestar, acme: Provider, mailbox: Mailbox, db: Database
) -> None:
    acme.person = Person("42", EMAIL, given_name="Ada", family_name="Lovelace")
    signed_in = await ada.sign_in()
    user = signed_in["user"]
    assert set(signed_in) == {"accessToken", "expiresIn", "refreshToken", "user"}
    assert (user["email"], user["emailVerified"], user["username"]) == (EMAIL, True, "ada")
    assert (user["firstName"], user["lastName"]) == ("Ada", "Lovelace")
    # As after a login: the cookie goes on, and so does the access token.
    assert (await ada.client.post("/auth/refresh")).status_code == 200
    assert (await ada.ask("{ viewer { username hasPassword } }"))["viewer"] == {
        "username": "ada",
        "hasPassword": False,
    }
    (identity,) = await ada.identities()
    assert (identity["provider"], identity["email"]) == ("acme", EMAIL)
    assert await trail(db) == ["EMAIL_VERIFIED", "IDENTITY_LINKED", "SIGNED_IN"]
    await drain(api.state[RUNTIME])
    assert [mail.subject for mail in mailbox.mails] == ["Welcome to Roost"]
    # Discovery and keys are remembered.
    again = await ada.sign_in()
    assert again["user"]["id"] == user["id"]
    assert acme.asked == ["discovery", "token", "jwks", "token"]


async def test_the_provider_is_asked_as_the_standards_have_it(ada: Visitor) -> None:
    answer = await ada.start()
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["redirect_uri"] == ["http://localhost:8000/auth/oidc/acme/callback"]
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert {len(query[name][0]) for name in ("state", "nonce", "code_challenge")} == {43}
    assert "response_mode" not in query
    cookie = answer.headers["set-cookie"].lower()
    for part in ("roost_oidc_acme=", "httponly", "samesite=lax", "path=/;", "max-age=600"):
        assert part in cookie + ";", part
    assert answer.headers["cache-control"] == "no-store"
    other = parse_qs(urlsplit(await ada.leave()).query)
    for name in ("state", "nonce", "code_challenge"):
        assert other[name] != query[name], name


async def test_apple_answers_by_a_form_and_signs_its_secret(
    ada: Visitor, apple: Provider, db: Database
) -> None:
    apple.person = Person(
        "001", "x7@privaterelay.appleid.com", "true", given_name="Ada", family_name="King"
    )
    assert "scope=openid+name+email" in (await ada.leave("apple")).replace("%20", "+")
    # The name is in the form, the first time only, and not in the ID token.
    in_form = apple.person
    sent = await ada.visit(await ada.leave("apple"))
    assert "user" in sent.json()["fields"]
    apple.person = in_form
    outcome = told(await ada.come_back(sent))
    user = (await ada.exchange(outcome["code"])).json()["user"]
    assert (user["firstName"], user["lastName"], user["emailVerified"]) == ("Ada", "King", True)
    assert (await ada.sign_in("apple"))["user"]["id"] == user["id"]
    assert len(await users(db)) == 1


async def test_secrets_go_where_the_provider_wants_them(
    ada: Visitor, acme: Provider, db: Database
) -> None:
    acme.auth_methods = ["client_secret_basic", "client_secret_post"]
    await ada.sign_in()
    assert len(await users(db)) == 1


async def test_an_app_comes_back_to_its_own_address(ada: Visitor) -> None:
    outcome = await ada.returned(return_to=APP)
    assert set(outcome) == {"code"}
    assert (await ada.exchange(outcome["code"])).status_code == 200


async def test_nothing_depends_on_redis(
    settings: Settings, acme: Provider, apple: Provider
) -> None:
    alone = msgspec.structs.replace(
        settings,
        redis_url="redis://127.0.0.1:9",
        web_origins=(WEB,),
        oidc_providers=known(acme, apple),
    )
    async with serving(alone) as app:
        await Visitor(app).sign_in()


async def test_what_nobody_finishes_is_forgotten(
    ada: Visitor, acme: Provider, api: Litestar, db: Database
) -> None:
    await ada.leave()
    later = await ada.returned()
    clock.freeze(clock.now() + timedelta(minutes=3))
    try:
        assert refused(await ada.exchange(later["code"]), 400, "CODE_REFUSED")
        await forget_oidc_sign_ins(api.state[RUNTIME])
        async with db.read() as connection:
            left = select(func.count()).select_from(OidcSignIn)
            assert (await connection.execute(left)).scalar_one() == 1
        clock.freeze(clock.now() + timedelta(minutes=8))
        await forget_oidc_sign_ins(api.state[RUNTIME])
        async with db.read() as connection:
            assert (await connection.execute(left)).scalar_one() == 0
    finally:
        clock.freeze(None)


# What goes wrong at the provider.


async def test_a_change_of_mind_is_told(ada: Visitor, acme: Provider, apple: Provider) -> None:
    acme.fault = apple.fault = Fault.DENIED
    assert await ada.returned() == {"error": "access_denied"}
    assert await ada.returned("apple") == {"error": "access_denied"}
    assert acme.asked == ["discovery"]


async def test_while_a_provider_is_away_other_ways_are_open(
    ada: Visitor, acme: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "DEADLINE_SECONDS", 0.3)
    acme.fault = Fault.BROKEN
    for _ in range(3):
        answer = await ada.start()
        assert refused(answer, 503, "PROVIDER_UNAVAILABLE")
        assert answer.headers["retry-after"]
        assert "secret" not in answer.text
    # It is left alone for a while, rather than waited for by everybody in turn.
    assert len(acme.asked) == 0
    await register(ada)
    assert (await log_in(ada)).status_code == 200
    monkeypatch.setattr(documents, "AWAY_SECONDS", 0.0)
    for fault in (Fault.SLOW, Fault.HUGE, Fault.NOT_JSON, Fault.REDIRECT, Fault.OTHER_DISCOVERY):
        acme.fault = fault
        assert refused(await ada.start(), 503, "PROVIDER_UNAVAILABLE"), fault
    acme.fault = Fault.NONE
    assert (await ada.start()).status_code == 303


async def test_a_provider_that_fails_on_the_way_is_told(
    ada: Visitor, acme: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "DEADLINE_SECONDS", 0.3)
    for fault, error in {
        Fault.OUTAGE: "temporarily_unavailable",
        Fault.BROKEN: "temporarily_unavailable",
        Fault.SLOW: "temporarily_unavailable",
        Fault.HUGE: "temporarily_unavailable",
        Fault.REDIRECT: "temporarily_unavailable",
        Fault.NOT_JSON: "sign_in_failed",
        Fault.NO_ID_TOKEN: "sign_in_failed",
    }.items():
        acme.fault = Fault.NONE
        url = await ada.leave()
        acme.fault = fault
        assert told(await ada.come_back(await ada.visit(url))) == {"error": error}, fault


async def test_a_token_that_proves_nothing_makes_nothing(
    ada: Visitor, acme: Provider, db: Database
) -> None:
    for fault in LIES:
        acme.fault = fault
        assert await ada.returned() == {"error": "sign_in_failed"}, fault
    assert await users(db) == []
    acme.fault = Fault.NONE
    await ada.sign_in()


async def test_who_says_who_answers_must_always_say_so(ada: Visitor, apple: Provider) -> None:
    apple.fault = Fault.NO_ANSWER_ISSUER
    assert await ada.returned("apple") == {"error": "sign_in_failed"}


async def test_keys_are_asked_for_again_when_they_rotate(
    ada: Visitor, acme: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.sign_in()
    acme.rotate()
    # Not each time that somebody brings an unknown key …
    assert await ada.returned() == {"error": "sign_in_failed"}
    # … but when they have not been for a while.
    monkeypatch.setattr(providers, "ROTATION_SECONDS", 0.0)
    await ada.sign_in()
    assert acme.asked.count("jwks") == 2


# Attacks.


async def test_a_state_is_good_for_one_return(ada: Visitor, acme: Provider) -> None:
    sent = await ada.visit(await ada.leave())
    assert "code" in told(await ada.come_back(sent))
    assert refused(await ada.come_back(sent), 400, "SIGN_IN_EXPIRED")
    assert acme.asked.count("token") == 1


async def test_a_state_is_good_in_the_browser_that_left(ada: Visitor, eve: Visitor) -> None:
    """Eve has Ada follow her own way back, to sign Ada in to Eve's account."""
    sent = await eve.visit(await eve.leave())
    assert refused(await ada.come_back(sent), 400, "SIGN_IN_EXPIRED")
    await ada.leave()
    assert refused(await ada.come_back(sent), 400, "SIGN_IN_EXPIRED")
    # Trying has not used it up.
    assert "code" in told(await eve.come_back(sent))


async def test_two_tabs_do_not_disturb_each_other(ada: Visitor) -> None:
    first, second = await ada.leave(), await ada.leave()
    for url in (first, second):
        assert "code" in told(await ada.come_back(await ada.visit(url)))


async def test_a_state_ends(ada: Visitor) -> None:
    sent = await ada.visit(await ada.leave())
    clock.freeze(clock.now() + timedelta(minutes=11))
    try:
        assert refused(await ada.come_back(sent), 400, "SIGN_IN_EXPIRED")
    finally:
        clock.freeze(None)


async def test_a_provider_cannot_answer_for_another(
    ada: Visitor, acme: Provider, apple: Provider
) -> None:
    """Mix-up: what Acme began comes back under Apple's address, and the other way round."""
    sent = await ada.visit(await ada.leave("acme"))
    # Even if the browser were the same to both.
    ada.client.cookies.set("roost_oidc_apple", ada.client.cookies["roost_oidc_acme"])
    query = urlsplit(sent.headers["location"]).query
    mixed = await ada.client.get(f"/auth/oidc/apple/callback?{query}")
    assert refused(mixed, 400, "SIGN_IN_EXPIRED")
    assert "token" not in acme.asked + apple.asked


async def test_a_code_of_another_sign_in_is_worth_nothing(
    ada: Visitor, eve: Visitor, acme: Provider, db: Database
) -> None:
    """Injection: Eve puts the code of Ada's stolen answer into a sign-in of her own."""
    stolen = parse_qs(urlsplit((await ada.visit(await ada.leave())).headers["location"]).query)
    own = parse_qs(urlsplit((await eve.visit(await eve.leave())).headers["location"]).query)
    answer = await eve.client.get(
        "/auth/oidc/acme/callback", params={"state": own["state"][0], "code": stolen["code"][0]}
    )
    assert told(answer) == {"error": "sign_in_failed"}
    assert await users(db) == []


async def test_a_return_code_is_good_once_and_for_its_app(ada: Visitor, eve: Visitor) -> None:
    code = (await ada.returned())["code"]
    assert refused(await eve.exchange(code), 400, "CODE_REFUSED")
    # Somebody has tried it: it is burnt.
    assert refused(await ada.exchange(code), 400, "CODE_REFUSED")
    code = (await ada.returned())["code"]
    assert (await ada.exchange(code)).status_code == 200
    assert refused(await ada.exchange(code), 400, "CODE_REFUSED")
    assert refused(await ada.exchange("nonsense", "x" * 43), 400, "CODE_REFUSED")
    assert refused(await ada.exchange("nonsense", "short"), 400, "CODE_REFUSED")


async def test_nobody_is_sent_elsewhere(ada: Visitor) -> None:
    for address in (
        "https://eve.example/",
        WEB,
        f"{WEB}.eve.example/",
        f"{WEB}@eve.example/",
        f"{WEB}:444/",
        f"{WEB}/\\eve.example",
        f"{WEB}/#fragment",
        f"{WEB}/?code=mine",
        f"{WEB}/a\nb",
        "//app.roost.example/",
        "/signed-in",
        "HTTPS://app.roost.example/",
        f"{APP}/more",
        f"{APP}?x=1",
        "javascript:alert(1)",
        "",
    ):
        answer = await ada.start(return_to=address)
        assert refused(answer, 400, "BAD_USER_INPUT"), address


async def test_pages_may_have_a_path_and_a_query(ada: Visitor) -> None:
    page = f"{WEB}/trips/42?tab=a%20b"
    answer = await ada.come_back(await ada.visit(await ada.leave(return_to=page)))
    assert answer.headers["location"].startswith(f"{page}&code=")


async def test_a_challenge_must_be_one(ada: Visitor) -> None:
    ask = {"return_to": PAGE, "code_challenge": "x" * 42}
    assert refused(await ada.client.get("/auth/oidc/acme/start", params=ask), 400, "BAD_USER_INPUT")


async def test_in_production_the_cookie_is_the_hosts_own(
    settings: Settings, acme: Provider, apple: Provider
) -> None:
    production = msgspec.structs.replace(
        settings, public_url="https://api.roost.example", oidc_providers=known(acme, apple)
    )
    async with serving(production) as app, client_of(app) as client:
        for provider, site in (("acme", "lax"), ("apple", "none")):
            answer = await client.get(
                f"/auth/oidc/{provider}/start",
                params={"return_to": "https://api.roost.example/x", "code_challenge": "x" * 43},
            )
            cookie = answer.headers["set-cookie"].lower()
            assert cookie.startswith(f"__host-roost_oidc_{provider}="), cookie
            assert f"samesite={site}" in cookie
            assert "; secure" in cookie
            assert "domain" not in cookie


# Which account.


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


# Adding and removing.


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
