"""The codes in mailed links: derived from the link's id and a key of ours, never stored.

A code is the id and a MAC of it. What a link may do, until when, and whether it has been used is
its row's to say; the MAC keeps everybody from trying ids.
"""

import base64
import hashlib
import hmac
from datetime import timedelta
from uuid import UUID

from app.identity.tokens import TokenKeys
from db.enums import LinkPurpose

ID_BYTES = 16
MAC_BYTES = 16

LIFETIMES = {
    LinkPurpose.VERIFY_EMAIL: timedelta(days=3),
    LinkPurpose.RESET_PASSWORD: timedelta(hours=1),
    LinkPurpose.LEAVE_EMAIL: timedelta(days=1),
    LinkPurpose.TAKE_EMAIL: timedelta(days=1),
}
# What a code is for: links of accounts, exports and saved searches have tables of their own.
ACCOUNT = b""
EXPORT = b"export"
SEARCH = b"search"


def code_of(keys: TokenKeys, link_id: UUID, use: bytes = ACCOUNT) -> str:
    """What is mailed: 43 characters of base64url. The same however often it is made."""
    code = link_id.bytes + _mac(keys.link_secrets[0], link_id, use)
    return base64.urlsafe_b64encode(code).rstrip(b"=").decode()


def link_of(keys: TokenKeys, code: str, use: bytes = ACCOUNT) -> UUID | None:
    """The link's id; None for what was never mailed. Any of the keys may have made it."""
    try:
        raw = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if len(raw) != ID_BYTES + MAC_BYTES:
        return None
    link_id = UUID(bytes=raw[:ID_BYTES])
    # Every key is tried, and each comparison takes the same time.
    genuine = [
        hmac.compare_digest(raw[ID_BYTES:], _mac(secret, link_id, use))
        for secret in keys.link_secrets
    ]
    return link_id if any(genuine) else None


def _mac(secret: bytes, link_id: UUID, use: bytes) -> bytes:
    return hmac.digest(secret, use + link_id.bytes, hashlib.sha256)[:MAC_BYTES]
