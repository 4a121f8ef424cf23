"""Whether an ID token proves who somebody is (OpenID Connect Core 1.0, 3.1.3.7). Pure."""

import hmac
from collections.abc import Collection
from datetime import datetime

import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from app.identity.oidc.errors import ProofRefused

# Signatures by the provider's private key alone: neither `none` nor a secret that two know.
ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA", "Ed25519"})
# Their clock and ours.
LEEWAY_SECONDS = 60
# It was made for this sign-in, a moment ago.
MAX_AGE_SECONDS = 600
MAX_SUBJECT = 255
MAX_TOKEN = 16 * 1024


class KeyUnknown(Exception):
    """No key of the set has the token's key id: the provider may have rotated its keys."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a provider vouches for, in its words."""

    subject: str
    email: str | None = None
    email_verified: bool = False
    first_name: str = ""
    last_name: str = ""


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str
    azp: str | None = None
    email: str | None = None
    # Apple writes booleans as text, at times.
    email_verified: bool | str | None = None
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None


def person_of(
    token: str,
    keys: KeySet,
    *,
    algorithms: Collection[str],
    issuer: str,
    client_id: str,
    nonce: str,
    now: datetime,
) -> Person:
    """The person, if the token is the issuer's, for us, for this sign-in, and for now.

    Raises KeyUnknown, and ProofRefused with the reason.
    """
    claims = _signed(token, keys, algorithms)
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    instant = now.timestamp()
    wrong = {
        "issuer": claims.iss != issuer,
        "audience": client_id not in audience,
        # Somebody else's token that names us, too.
        "authorized party": (claims.azp or client_id) != client_id
        or (len(audience) > 1 and claims.azp is None),
        "expired": claims.exp <= instant - LEEWAY_SECONDS,
        "issued at": not -LEEWAY_SECONDS <= instant - claims.iat <= MAX_AGE_SECONDS,
        "nonce": not hmac.compare_digest(claims.nonce.encode(), nonce.encode()),
        "subject": not 1 <= len(claims.sub) <= MAX_SUBJECT or "\0" in claims.sub,
    }
    if any(wrong.values()):
        raise ProofRefused(", ".join(name for name, is_so in wrong.items() if is_so))
    first, _, last = (claims.name or "").partition(" ")
    return Person(
        subject=claims.sub,
        email=claims.email,
        # Only a plain yes is one.
        email_verified=claims.email_verified in (True, "true"),
        first_name=claims.given_name or first,
        last_name=claims.family_name or ("" if claims.given_name else last),
    )


def _signed(token: str, keys: KeySet, algorithms: Collection[str]) -> _Claims:
    if len(token) > MAX_TOKEN:
        raise ProofRefused("longer than any ID token")
    # Headers beyond the registered ones are the provider's own business; `crit` is refused.
    registry = JWSRegistry(
        algorithms=sorted(ALGORITHMS.intersection(algorithms)), strict_check_header=False
    )
    try:
        decoded = jwt.decode(token, keys, registry=registry)
        return msgspec.convert(decoded.claims, _Claims)
    except InvalidKeyIdError as error:
        raise KeyUnknown from error
    except (JoseError, msgspec.ValidationError, ValueError) as error:
        # Not its message, which may hold what the token says.
        raise ProofRefused(type(error).__name__) from error
