"""Events, and how they are worded and signed on their way to the one address there is."""

import hashlib
import hmac

import msgspec

from app.sandbox import deliveries
from app.sandbox.state import Obj, State, new_id

CONFIGURED = "configured"


def configure(state: State) -> None:
    """The address named at the start. Webhooks are signed with the secret key itself."""
    if state.config.webhook_url is None:
        state.remove("endpoint_secret", CONFIGURED)
        return
    state.put(
        "endpoint_secret",
        {
            "id": CONFIGURED,
            "url": state.config.webhook_url,
            "secret": state.config.secret_key,
        },
    )


def emit(state: State, type_: str, data: Obj) -> None:
    """Record that something happened, and schedule its webhook.

    History that is being imported makes no events.
    """
    if state.past is not None:
        return
    # Ids and instants are ours: Paystack's events have neither.
    event: Obj = {
        "id": new_id("evt"),
        "type": type_,
        "created": state.now(),
        "body": {"event": type_, "data": msgspec.json.decode(msgspec.json.encode(data))},
    }
    state.put("event", event)
    for endpoint in list(state.table("endpoint_secret").values()):
        deliveries.schedule(state, event, endpoint)


def resend(state: State, event: Obj, times: int) -> int:
    """Send an event again; returns how many deliveries that is."""
    endpoints = list(state.table("endpoint_secret").values())
    for endpoint in endpoints * times:
        deliveries.deliver(state, event, endpoint)
    return len(endpoints) * times


def sign(secret: str, payload: bytes) -> str:
    """The `x-paystack-signature` header (paystack.com/docs/payments/webhooks)."""
    return hmac.new(secret.encode(), payload, hashlib.sha512).hexdigest()


def write(endpoint: Obj, event: Obj) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a webhook."""
    payload = msgspec.json.encode(event["body"])
    return payload, {
        "User-Agent": "Paystack/2.0",
        "x-paystack-signature": sign(endpoint["secret"], payload),
    }
