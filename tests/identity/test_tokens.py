"""Access tokens that need no database, and refresh tokens that need a secret."""

import base64
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from app.actor import ANONYMOUS, Role
from app.config import Settings, SettingsError
from app.dev.secrets import new_signing_key
from app.identity import tokens
from app.identity.errors import AccessTokenRefused
from app.identity.tokens import TokenKeys
from app.ids import new_id

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
USER, SESSION = new_id(), new_id()


@pytest.fixture(scope="module")
def pems() -> tuple[str, str]:
    return new_signing_key(), new_signing_key()


def keys_of(settings: Settings, *pems: str) -> TokenKeys:
    return tokens.load_keys(msgspec.structs.replace(settings, auth_signing_keys=pems))


def issue(keys: TokenKeys, now: datetime = NOW) -> str:
    return tokens.issue_access_token(
        keys, user_id=USER, session_id=SESSION, role=Role.SUPPORT, now=now
    )


def test_a_token_tells_who_asks_and_until_when(settings: Settings) -> None:
    keys = tokens.load_keys(settings)
    actor = tokens.authenticate(f"Bearer {issue(keys)}", keys, NOW)
    assert (actor.user_id, actor.session_id, actor.role) == (USER, SESSION, Role.SUPPORT)
    assert actor.expires_at == NOW + timedelta(seconds=600)


def test_without_a_header_nobody_asks(settings: Settings) -> None:
    assert tokens.authenticate(None, tokens.load_keys(settings), NOW) is ANONYMOUS


def test_a_token_ends(settings: Settings) -> None:
    keys = tokens.load_keys(settings)
    header = f"bearer {issue(keys)}"
    tokens.authenticate(header, keys, NOW + timedelta(seconds=599))
    with pytest.raises(AccessTokenRefused, match="expired"):
        tokens.authenticate(header, keys, NOW + timedelta(seconds=600))


def test_no_setting_makes_a_token_outlast_ten_minutes(settings: Settings) -> None:
    keys = tokens.load_keys(msgspec.structs.replace(settings, access_token_seconds=86_400))
    actor = tokens.authenticate(f"Bearer {issue(keys)}", keys, NOW)
    assert actor.expires_at == NOW + timedelta(minutes=10)


def test_a_token_from_the_future_is_refused(settings: Settings) -> None:
    keys = tokens.load_keys(settings)
    with pytest.raises(AccessTokenRefused):
        tokens.authenticate(f"Bearer {issue(keys, NOW + timedelta(minutes=5))}", keys, NOW)


def test_keys_rotate(settings: Settings, pems: tuple[str, str]) -> None:
    old, new = pems
    before, during, after = (
        keys_of(settings, old),
        keys_of(settings, new, old),
        keys_of(settings, new),
    )
    header = f"Bearer {issue(before)}"
    assert tokens.authenticate(header, during, NOW).user_id == USER
    assert tokens.authenticate(f"Bearer {issue(during)}", after, NOW).user_id == USER
    with pytest.raises(AccessTokenRefused):
        tokens.authenticate(header, after, NOW)


def test_public_keys_hold_nothing_private(settings: Settings, pems: tuple[str, str]) -> None:
    published = tokens.jwks(keys_of(settings, *pems))["keys"]
    assert len(published) == 2
    for key in published:
        assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}


def forged(settings: Settings, keys: TokenKeys, pems: tuple[str, str]) -> list[str]:
    """Tokens that somebody without our key, or with our public key only, can make."""
    good = issue(keys)
    header, claims, signature = good.split(".")
    other_claims = base64.urlsafe_b64encode(b'{"sub":"x"}').rstrip(b"=").decode()
    public = keys.signing.as_dict(private=False)["x"]
    hmac_key = OctKey.import_key(base64.urlsafe_b64decode(str(public) + "="))
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    body = {"sub": str(USER), "sid": str(SESSION), "role": "ADMIN"}
    return [
        issue(keys_of(settings, pems[0])),
        f"{header}.{other_claims}.{signature}",
        f"{header}.{claims}.",
        f"{none}.{claims}.",
        f"{none}.{claims}.{signature}",
        jwt.encode({"alg": "HS256", "kid": keys.signing.kid}, body, hmac_key),
        good[:-4],
        good + "\x00",
        good + "é",
        "",
        "a.b.c",
        "." * 100,
        "a" * 100_000,
        good.upper(),
    ]


def test_forged_tokens_are_refused(settings: Settings, pems: tuple[str, str]) -> None:
    keys = tokens.load_keys(settings)
    for token in forged(settings, keys, pems):
        with pytest.raises(AccessTokenRefused):
            tokens.authenticate(f"Bearer {token}", keys, NOW)


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "https://elsewhere.example"),
        ("aud", "another-api"),
        ("role", "SYSTEM"),
        ("role", "ROOT"),
        ("sub", "nobody"),
        ("sub", None),
        ("sid", ""),
        ("exp", "tomorrow"),
        ("exp", None),
    ],
)
def test_claims_are_checked(settings: Settings, claim: str, value: object) -> None:
    keys = tokens.load_keys(settings)
    stamp = int(NOW.timestamp())
    claims: dict[str, object] = {
        "iss": keys.issuer,
        "aud": tokens.AUDIENCE,
        "sub": str(USER),
        "sid": str(SESSION),
        "role": "USER",
        "iat": stamp,
        "exp": stamp + 60,
    }
    header = {"alg": tokens.ALGORITHM, "kid": keys.signing.kid}

    def signed(body: dict[str, object]) -> str:
        return "Bearer " + jwt.encode(header, body, keys.signing, algorithms=[tokens.ALGORITHM])

    assert tokens.authenticate(signed(claims), keys, NOW).user_id == USER
    with pytest.raises(AccessTokenRefused):
        tokens.authenticate(signed(claims | {claim: value}), keys, NOW)


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi", "Bearer  ", "Token x", "x" * 99])
def test_other_headers_are_refused(settings: Settings, header: str) -> None:
    with pytest.raises(AccessTokenRefused):
        tokens.authenticate(header, tokens.load_keys(settings), NOW)


@pytest.mark.parametrize("pem", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA"])
def test_a_bad_key_stops_the_start(settings: Settings, pem: str) -> None:
    with pytest.raises(SettingsError, match="AUTH_SIGNING_KEYS"):
        keys_of(settings, pem)


def test_no_key_stops_the_start(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="AUTH_SIGNING_KEYS"):
        keys_of(settings)


def test_a_successor_needs_the_servers_secret(settings: Settings, pems: tuple[str, str]) -> None:
    token = tokens.new_token()
    one, two = (keys_of(settings, pem) for pem in pems)
    assert tokens.successors(one, token) == tokens.successors(one, token)
    assert tokens.successors(one, token) != tokens.successors(two, token)
    assert tokens.successors(one, token)[0] in tokens.successors(keys_of(settings, *pems), token)


def test_refresh_tokens_survive_their_text_form() -> None:
    token = tokens.new_token()
    text = tokens.encode_token(token)
    assert len(text) == 43
    assert tokens.decode_token(text) == token
    for other in (
        "",
        "=",
        text + "A",
        text[:-1],
        "é" * 43,
        text[:-1] + "+",
        " " + text,
        "A" * 9999,
    ):
        assert tokens.decode_token(other) is None
