"""Signing in through providers, by the real client, from one end to the other."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from litestar import Litestar
from sqlalchemy import func, select

from app import clock
from app.config import Settings
from app.http.state import RUNTIME
from app.identity.oidc import documents, providers
from db.models import OidcSignIn
from db.session import Database
from jobs.tasks.identity import forget_oidc_sign_ins
from tests.http.conftest import serving
from tests.http.oidc.people import EMAIL, known, log_in, refused, register, trail, users
from tests.http.visitors import APP, WEB, Visitor, told
from tests.support.drain import drain
from tests.support.mailbox import Mailbox
from tests.support.oidc import Fault, Person, Provider

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
