"""Keys that tests sign with."""

from functools import cache

from app.dev.secrets import new_signing_key


@cache
def signing_key() -> str:
    """An Ed25519 private key in PEM, the same for the whole run."""
    return new_signing_key()
