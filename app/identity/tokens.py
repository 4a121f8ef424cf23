"""Access tokens, which need no database to verify, and the secrets of refresh tokens.

Access tokens are JWTs signed with Ed25519 (RFC 9864). The first of the settings' keys signs and
all of them verify, so that a key is rotated by putting its successor in front and dropping it
once the last token it signed has ended.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from app.actor import ANONYMOUS, Actor, Role
from app.config import Settings, SettingsError
from app.identity.errors import AccessTokenRefused

ALGORITHM = "Ed25519"
AUDIENCE = "roost"
# Clocks of our own machines may differ by this much.
LEEWAY = timedelta(seconds=30)
# No setting makes an access token, which cannot be taken back, last longer.
MAX_ACCESS_TOKEN_SECONDS = 600
TOKEN_BYTES = 32
REMEMBERED_TOKENS = 4_096
# Longer ones are not worth a look.
MAX_HEADER_LENGTH = 4_096


class TokenKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The settings' keys, parsed once per process by `load_keys`."""

    signing: OKPKey
    verifying: KeySet
    # What a token says. Remembered, since an app sends the same one for minutes and checking its
    # signature takes 0.2 ms; when it ends is looked at each time. Refusals are not remembered.
    claims_of: Callable[[str], "_Claims"]
    # One per signing key, in their order: what refresh tokens' successors are derived with.
    refresh_secrets: tuple[bytes, ...]
    # The same for mailed links.
    link_secrets: tuple[bytes, ...]
    # And for what is kept encrypted (app.identity.sealing).
    sealing_secrets: tuple[bytes, ...]
    issuer: str
    access_token_seconds: int
    refresh_token_seconds: int


class _Claims(msgspec.Struct, frozen=True):
    sub: UUID
    sid: UUID
    role: Role
    iat: int
    exp: int
    iss: str
    aud: str


def load_keys(settings: Settings) -> TokenKeys:
    """Parse the signing keys. Raises SettingsError when one is not an Ed25519 private key."""
    if not settings.auth_signing_keys:
        raise SettingsError("AUTH_SIGNING_KEYS holds no key")
    keys = [_import(pem) for pem in settings.auth_signing_keys]
    verifying = KeySet(list(keys))
    return TokenKeys(
        signing=keys[0],
        verifying=verifying,
        claims_of=lru_cache(REMEMBERED_TOKENS)(partial(_verified, verifying)),
        refresh_secrets=tuple(_derived(key, b"roost refresh tokens") for key in keys),
        link_secrets=tuple(_derived(key, b"roost mailed links") for key in keys),
        sealing_secrets=tuple(_derived(key, b"roost sealed secrets") for key in keys),
        issuer=settings.public_url,
        access_token_seconds=min(settings.access_token_seconds, MAX_ACCESS_TOKEN_SECONDS),
        refresh_token_seconds=settings.refresh_token_seconds,
    )


def issue_access_token(
    keys: TokenKeys, *, user_id: UUID, session_id: UUID, role: Role, now: datetime
) -> str:
    """A signed token by which `authenticate` recognises this user for some minutes."""
    issued = int(now.timestamp())
    claims = {
        "iss": keys.issuer,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "sid": str(session_id),
        "role": role.value,
        "iat": issued,
        "exp": issued + keys.access_token_seconds,
    }
    header = {"alg": ALGORITHM, "kid": keys.signing.kid}
    return jwt.encode(header, claims, keys.signing, algorithms=[ALGORITHM])


def authenticate(authorization: str | None, keys: TokenKeys, now: datetime) -> Actor:
    """Who sent this `Authorization` header; nobody in particular if there is none.

    Looks at nothing but the token, so a revoked session's actor is still recognised until the
    token ends. Raises AccessTokenRefused for anything that is not a valid bearer token: a client
    that thinks it is signed in must not silently be treated as a stranger.
    """
    if authorization is None:
        return ANONYMOUS
    if len(authorization) > MAX_HEADER_LENGTH:
        raise AccessTokenRefused
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise AccessTokenRefused("Authorization must be: Bearer, a space, and an access token.")
    claims = keys.claims_of(token.strip())
    if claims.iss != keys.issuer or claims.aud != AUDIENCE or claims.role is Role.SYSTEM:
        raise AccessTokenRefused
    expires_at = datetime.fromtimestamp(claims.exp, UTC)
    if expires_at <= now:
        raise AccessTokenRefused("The access token has expired.")
    if datetime.fromtimestamp(claims.iat, UTC) > now + LEEWAY:
        raise AccessTokenRefused
    return Actor(user_id=claims.sub, role=claims.role, session_id=claims.sid, expires_at=expires_at)


def jwks(keys: TokenKeys) -> dict[str, Any]:
    """The public keys, as a JSON Web Key Set (RFC 7517)."""
    return {
        "keys": [key.as_dict(private=False, alg=ALGORITHM, use="sig") for key in keys.verifying]
    }


def new_token() -> bytes:
    """A secret to hand out, of which only `token_hash` is stored: 32 random bytes."""
    return secrets.token_bytes(TOKEN_BYTES)


def successors(keys: TokenKeys, token: bytes) -> tuple[bytes, ...]:
    """The tokens that may follow `token`: the first is issued, others were under an older key.

    Derived rather than random because only hashes are stored: a client that lost the reply and
    asks again gets the same token again. Without the server's secret nobody can derive it.
    """
    return tuple(
        hmac.digest(secret, b"successor" + token, hashlib.sha256) for secret in keys.refresh_secrets
    )


def token_hash(token: bytes) -> bytes:
    """What is stored of a token. It is random, so a plain hash is enough."""
    return hashlib.sha256(token).digest()


def encode_token(token: bytes) -> str:
    """A token as clients see it: base64url without padding."""
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def decode_token(text: str) -> bytes | None:
    """The inverse; None for what cannot be one of our tokens."""
    try:
        token = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    # Only what was issued, letter for letter: one token has one form.
    return token if len(token) == TOKEN_BYTES and encode_token(token) == text else None


def _verified(keys: KeySet, token: str) -> _Claims:
    """What a token says whose signature is ours. Raises AccessTokenRefused."""
    try:
        decoded = jwt.decode(token, keys, algorithms=[ALGORITHM])
        return msgspec.convert(decoded.claims, _Claims)
    except (JoseError, ValueError) as error:
        raise AccessTokenRefused from error


def _import(pem: str) -> OKPKey:
    try:
        key = OKPKey.import_key(pem)
    except (JoseError, ValueError) as error:
        raise SettingsError("AUTH_SIGNING_KEYS: not a private key in PEM") from error
    if key.curve_name != "Ed25519" or not key.is_private:
        raise SettingsError("AUTH_SIGNING_KEYS: not an Ed25519 private key")
    key.ensure_kid()
    return key


def _derived(key: OKPKey, use: bytes) -> bytes:
    """A secret for one use, which tells nothing about the key or about another use's."""
    private: Any = key.private_key
    raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return hmac.digest(raw, use, hashlib.sha256)
