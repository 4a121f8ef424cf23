"""Signing in through providers: what somebody else might try."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec

from app import clock
from app.config import Settings
from db.session import Database
from tests.http.conftest import client_of, serving
from tests.http.oidc.people import known, refused, users
from tests.http.visitors import APP, PAGE, WEB, Visitor, told
from tests.support.oidc import Provider


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
