"""Stripe's webhooks: the signature, and what they are about."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from app.payments.errors import InvalidWebhook
from app.payments.provider import Subject, Webhook

# Older or newer than this is a replay, or a wrong clock (docs.stripe.com/webhooks).
WINDOW_SECONDS = 300
SCHEME = "v1"
STAMP = re.compile(r"[0-9]{1,12}")
_SUBJECTS = {
    "payment_intent": Subject.CHARGE,
    "charge": Subject.CHARGE,
    "refund": Subject.REFUND,
    "account": Subject.ACCOUNT,
    "transfer": Subject.TRANSFER,
    "dispute": Subject.DISPUTE,
}


class _Object(msgspec.Struct):
    object: str
    id: str = ""
    # A charge's own.
    payment_intent: str | None = None


class _Data(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    id: str
    type: str
    livemode: bool
    data: _Data


def verify(raw: bytes, header: str, secrets: Sequence[str], now: datetime) -> None:
    """Check a body against its `Stripe-Signature` header. Raises InvalidWebhook.

    Any of the secrets will do, so that one can be rotated without losing webhooks.
    """
    parts = [part.split("=", 1) for part in header.split(",") if "=" in part]
    stamps = [value for name, value in parts if name.strip() == "t"]
    given = [value.strip().encode() for name, value in parts if name.strip() == SCHEME]
    # Thirty digits are no time, and an integer of ten thousand is work.
    if len(stamps) != 1 or not (
        stamps[0].isascii() and stamps[0].isdigit() and len(stamps[0]) < 13
    ):
        raise InvalidWebhook("The Stripe-Signature header is missing or malformed.")
    if abs(now.timestamp() - int(stamps[0])) > WINDOW_SECONDS:
        raise InvalidWebhook("The webhook's signature is too old.")
    signed = stamps[0].encode() + b"." + raw
    expected = [
        hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets
    ]
    matches = [hmac.compare_digest(mine, theirs) for mine in expected for theirs in given]
    if not any(matches):
        raise InvalidWebhook("The webhook's signature does not match.")


def read(raw: bytes, *, live: bool) -> Webhook:
    """What a webhook is about. Raises InvalidWebhook for another mode or a malformed body."""
    try:
        event = msgspec.json.decode(raw, type=_Event)
    except msgspec.DecodeError as error:
        raise InvalidWebhook("The webhook is not an event.") from error
    if event.livemode is not live:
        raise InvalidWebhook("The webhook is from the other mode: test instead of live, or live.")
    shown = event.data.object
    subject = _SUBJECTS.get(shown.object, Subject.OTHER)
    object_id = shown.payment_intent if shown.object == "charge" else shown.id
    if not object_id:
        subject = Subject.OTHER
    return Webhook(event_id=event.id, type=event.type, subject=subject, object_id=object_id or "")
