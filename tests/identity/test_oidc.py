"""Signing in through providers: settings, and the rules about where it leads."""

import base64
import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey

from app import config
from app.config import Environment, OidcProvider, Settings, SettingsError
from app.errors import Invalid
from app.identity.oidc import rules
from app.identity.oidc.registrations import provider_name, registrations
from app.main import create_app

WEB = "https://app.roost.example"
GOOGLE = {"client_id": "g", "client_secret": "s"}


def pem(key: ECKey | RSAKey) -> str:
    return key.as_pem(private=True).decode()


@pytest.fixture(scope="module")
def apple() -> dict[str, str]:
    key = pem(ECKey.generate_key("P-256"))
    return {"client_id": "a", "team_id": "T", "key_id": "K", "private_key": key}


def given_providers(settings: Settings, **named: Any) -> Settings:
    return msgspec.structs.replace(
        settings, oidc_providers=msgspec.convert(named, dict[str, OidcProvider])
    )


def test_google_and_apple_need_their_keys_alone(settings: Settings, apple: dict[str, str]) -> None:
    found = registrations(given_providers(settings, google=GOOGLE, apple=apple))
    google, other = found["google"], found["apple"]
    assert (google.name, google.issuer) == ("Google", "https://accounts.google.com")
    assert google.redirect_uri == "http://localhost:8000/auth/oidc/google/callback"
    assert (google.scope, google.by_form) == ("openid email profile", False)
    assert (other.name, other.issuer) == ("Apple", "https://appleid.apple.com")
    assert (other.scope, other.by_form) == ("openid name email", True)
    assert other.signing_key is not None


def test_settings_come_as_json_from_the_environment_or_a_file(tmp_path: Any) -> None:
    secrets = tmp_path / "oidc.json"
    secrets.write_text('{"google": {"client_id": "g", "client_secret": "s"}}')
    environ = {
        "DATABASE_URL": "postgresql://x",
        "REDIS_URL": "redis://x",
        "STRIPE_SECRET_KEY": "x",
        "STRIPE_WEBHOOK_SECRETS": "x",
        "AUTH_SIGNING_KEYS": "x",
    }
    found = config.load(environ | {"OIDC_PROVIDERS_FILE": str(secrets)})
    assert found.oidc_providers["google"].client_secret == "s"
    found = config.load(environ | {"APP_RETURN_URLS": "com.roost:/a, https://roost.example/b"})
    assert found.app_return_urls == ("com.roost:/a", "https://roost.example/b")
    for wrong in ("{", "[]", '{"google": {}}', '{"google": {"client_id": "g", "secret": "s"}}'):
        with pytest.raises(SettingsError, match=r"OIDC_PROVIDERS|settings"):
            config.load(environ | {"OIDC_PROVIDERS": wrong})


def test_what_cannot_work_stops_the_start(settings: Settings, apple: dict[str, str]) -> None:
    acme = GOOGLE | {"issuer": "https://id.acme.example"}
    for named in (
        {"acme": GOOGLE},
        {"acme": acme | {"issuer": "id.acme.example"}},
        {"acme": acme | {"issuer": "ftp://id.acme.example"}},
        {"acme": acme | {"issuer": "https://user@id.acme.example"}},
        {"acme": acme | {"client_secret": ""}},
        {"acme": acme | {"client_id": ""}},
        {"acme": acme | {"response_mode": "fragment"}},
        {"Acme": acme},
        {"../acme": acme},
        {"apple": apple | {"client_secret": "both"}},
        {"apple": apple | {"team_id": ""}},
        {"apple": apple | {"private_key": "no key"}},
        {"apple": apple | {"private_key": pem(RSAKey.generate_key(2048))}},
        {"apple": apple | {"private_key": pem(ECKey.generate_key("P-384"))}},
    ):
        with pytest.raises(SettingsError, match="OIDC_PROVIDERS"):
            create_app(given_providers(settings, **named))
    assert registrations(given_providers(settings, acme=acme))["acme"].name == "acme"


def test_plain_http_is_for_a_developers_machine(settings: Settings) -> None:
    local = given_providers(settings, acme=GOOGLE | {"issuer": "http://127.0.0.1:9"})
    assert registrations(local)["acme"].allows("http://127.0.0.1:9/token")
    production = msgspec.structs.replace(local, roost_env=Environment.PRODUCTION)
    with pytest.raises(SettingsError, match="https"):
        registrations(production)
    safe = given_providers(production, google=GOOGLE)
    assert not registrations(safe)["google"].allows("http://accounts.google.com/token")
    assert not registrations(safe)["google"].allows("https://[broken/token")


def test_a_provider_keeps_its_name_when_it_has_gone(settings: Settings) -> None:
    assert provider_name(settings, "google") == "Google"
    assert provider_name(settings, "acme") == "acme"


@given(st.text(max_size=60))
def test_whatever_is_asked_for_leads_to_a_page_of_ours(rest: str) -> None:
    try:
        found = rules.check_return_to(WEB + rest, (WEB,), ())
    except Invalid:
        return
    assert found.startswith(f"{WEB}/")
    assert found.isascii()
    assert not set(found) & set('\\\r\n\t #"<>')


def test_what_is_told_goes_into_the_query() -> None:
    assert rules.returned(f"{WEB}/a", code="x y") == f"{WEB}/a?code=x+y"
    assert rules.returned(f"{WEB}/a?b=c", error="d") == f"{WEB}/a?b=c&error=d"


def test_a_verifier_answers_its_own_challenge() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    # The example of RFC 7636, appendix B.
    assert rules.answers("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", verifier)
    assert not rules.answers("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", verifier[::-1])
    # Too short to be one, though its hash would fit.
    digest = hashlib.sha256(b"short").digest()
    assert not rules.answers(base64.urlsafe_b64encode(digest).decode()[:43], "short")


def test_secrets_of_one_browser_differ_by_state_and_use() -> None:
    made = {
        rules.derived(browser, state, use)
        for browser in "ab"
        for state in "cd"
        for use in ("nonce", "verifier")
    }
    assert len(made) == 8
    assert all(rules.is_secret(each) for each in made)


@pytest.mark.parametrize(
    ("name", "base"),
    [("Ada", "ada"), ("Zoë", "zoe"), ("李", "guest"), ("", "guest"), ("Jo-Ann B.", "joannb")],
)
def test_usernames_begin_with_the_first_name(name: str, base: str) -> None:
    assert rules.username_base(name) == base
    assert len(rules.username_base("x" * 100)) == 20
