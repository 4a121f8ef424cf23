"""How Stripe words and signs a webhook."""

import hashlib
import hmac
import time

import msgspec

from app.sandbox.state import Obj


def sign(secret: str, payload: bytes, timestamp: int) -> str:
    """The `Stripe-Signature` header (docs.stripe.com/webhooks#verify-manually)."""
    signed = f"{timestamp}.".encode() + payload
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def write(endpoint: Obj, event: Obj) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a webhook."""
    # Pretty-printed, as Stripe's: a receiver that signs re-encoded JSON is found out.
    payload = msgspec.json.format(msgspec.json.encode(event), indent=2)
    return payload, {
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": sign(endpoint["secret"], payload, int(time.time())),
    }
