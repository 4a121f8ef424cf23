"""What signing in through a provider may say, and where it may lead. Pure."""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from app.errors import Invalid
from app.identity.rules import clean_name

MAX_RETURN_TO = 1_000
# RFC 7636.
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
# 32 bytes in base64url: a secret, or the SHA-256 of one.
_BYTES_32 = re.compile(r"[A-Za-z0-9_-]{43}")
# What may stand in an address after its origin. No backslash: browsers take it for a slash.
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*")
# Parameters of ours, which an address must not bring along.
_OURS = re.compile(r"[?&](code|error)=")


def check_return_to(text: str, origins: Iterable[str], app_urls: Sequence[str]) -> str:
    """Where to send somebody back to: a page of ours, or exactly an app's address. Raises Invalid.

    A page begins with one of the `origins`, and a slash: what follows cannot change the host.
    """
    if text in app_urls:
        return text
    for origin in origins:
        rest = text.removeprefix(origin)
        if rest != text and len(text) <= MAX_RETURN_TO and _PATH.fullmatch(rest):
            if _OURS.search(rest):
                break
            return text
    raise Invalid("This is not an address of ours to return to.", field="return_to")


def returned(return_to: str, **told: str) -> str:
    """The address with what its client is told."""
    return f"{return_to}{'&' if '?' in return_to else '?'}{urlencode(told)}"


def check_challenge(text: str) -> str:
    """The S256 challenge of a verifier that the client keeps. Raises Invalid."""
    if not _BYTES_32.fullmatch(text):
        raise Invalid("Expected BASE64URL(SHA256(code_verifier)).", field="code_challenge")
    return text


def answers(challenge: str, verifier: str) -> bool:
    """Whether `verifier` is what the challenge was made of (RFC 7636, S256)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(challenge, _base64url(hashlib.sha256(verifier.encode()).digest()))


def derived(browser: str, state: str, use: str) -> str:
    """A secret of one sign-in for one `use`: only the browser that began it leads to it.

    43 characters, fit to be a nonce or a PKCE verifier, none of which has to be stored.
    """
    return _base64url(hmac.digest(browser.encode(), f"{use}\n{state}".encode(), hashlib.sha256))


def is_secret(text: str) -> bool:
    """Whether it has the form of 32 random bytes."""
    return _BYTES_32.fullmatch(text) is not None


def secret_hash(secret: str) -> bytes:
    """What is stored of a state, a browser's secret, or a code: they are random."""
    return hashlib.sha256(secret.encode()).digest()


def fitting_name(text: str | None) -> str:
    """A name as the provider tells it, if people may be called so here; else empty."""
    try:
        return clean_name(text or "", "name")
    except Invalid:
        return ""


def username_base(first_name: str) -> str:
    """What a username can begin with.

    Usernames and first names are public; last names and addresses are not, so neither is in it.
    """
    plain = re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", first_name).lower())
    return plain[:20] if len(plain) >= 3 else "guest"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
