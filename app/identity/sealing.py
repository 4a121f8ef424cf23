"""Secrets that have to be read again, kept encrypted: AES-256-GCM, by keys of ours.

The keys are derived from the settings' signing keys. The first seals, all open; a sealed secret
begins with the mark of its key, so that those of an older one are found and sealed anew
(`identity.renew_seals`) before that key is dropped from the settings.
"""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.identity.tokens import TokenKeys

MARK_BYTES = 8
NONCE_BYTES = 12


def seal(keys: TokenKeys, secret: bytes, owner: bytes) -> bytes:
    """`secret` encrypted by the first key. It opens for the same `owner` only."""
    key, nonce = keys.sealing_secrets[0], os.urandom(NONCE_BYTES)
    return mark_of(key) + nonce + AESGCM(key).encrypt(nonce, secret, owner)


def unseal(keys: TokenKeys, sealed: bytes, owner: bytes) -> bytes | None:
    """The inverse; None when its key is none of ours any more, or it was tampered with."""
    mark, nonce = sealed[:MARK_BYTES], sealed[MARK_BYTES : MARK_BYTES + NONCE_BYTES]
    for key in keys.sealing_secrets:
        if mark_of(key) == mark:
            try:
                return AESGCM(key).decrypt(nonce, sealed[MARK_BYTES + NONCE_BYTES :], owner)
            except (InvalidTag, ValueError):
                return None
    return None


def mark_of(key: bytes) -> bytes:
    """What everything begins with that this key has sealed."""
    return hashlib.sha256(b"mark" + key).digest()[:MARK_BYTES]
