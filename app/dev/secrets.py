"""Secrets of a development machine, made once and kept in the checkout's ignored folder."""

import secrets
import sys
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class DevSecrets(msgspec.Struct, frozen=True):
    """What a production deployment gets from its own vault."""

    auth_signing_key: str
    stripe_secret_key: str
    stripe_publishable_key: str
    stripe_webhook_secret: str
    paystack_secret_key: str


def new_signing_key() -> str:
    """A fresh Ed25519 private key, in PEM."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def load_or_make(path: Path) -> DevSecrets:
    """The secrets in `path`, made on the first call. Raises OSError."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        kept = {}
    # What a newer version wants beside what was made before is added.
    made = {
        "auth_signing_key": new_signing_key(),
        "stripe_secret_key": f"sk_test_{secrets.token_hex(16)}",
        "stripe_publishable_key": f"pk_test_{secrets.token_hex(16)}",
        "stripe_webhook_secret": f"whsec_{secrets.token_hex(24)}",
        "paystack_secret_key": f"sk_test_{secrets.token_hex(16)}",
    } | kept
    if made != kept:
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(made)))
        fresh.rename(path)
    return msgspec.convert(made, DevSecrets)


def main(path: Path) -> None:
    """Write a signing key to `path` unless there is one: `python -m app.dev.secrets <path>`."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(new_signing_key())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
