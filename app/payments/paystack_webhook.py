"""Paystack's webhooks: the signature, and what they are about (paystack.com/docs/webhooks)."""

import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from app.payments.errors import InvalidWebhook
from app.payments.provider import Subject, Webhook

_SUBJECTS = {"charge": Subject.CHARGE, "refund": Subject.REFUNDS, "transfer": Subject.TRANSFER}
_DISPUTES = "charge.dispute."


class _Data(msgspec.Struct):
    domain: str
    id: int = 0
    reference: str = ""
    transaction_reference: str = ""


class _Event(msgspec.Struct):
    event: str
    data: _Data


def verify(raw: bytes, signature: str, keys: Sequence[str]) -> None:
    """Check a body against its `x-paystack-signature` header. Raises InvalidWebhook.

    Any of the secret keys will do, so that one can be rotated without losing webhooks. There is no
    time in it to tell a replay by; a replay is a webhook that came before, and does nothing.
    """
    given = signature.strip().encode()
    matches = [
        hmac.compare_digest(hmac.new(key.encode(), raw, hashlib.sha512).hexdigest().encode(), given)
        for key in keys
    ]
    if not any(matches):
        raise InvalidWebhook("The webhook's signature is missing or does not match.")


def read(raw: bytes, *, live: bool) -> Webhook:
    """What a webhook is about. Raises InvalidWebhook for another mode or a malformed body."""
    try:
        event = msgspec.json.decode(raw, type=_Event)
    except msgspec.DecodeError as error:
        raise InvalidWebhook("The webhook is not an event.") from error
    if (event.data.domain == "live") is not live:
        raise InvalidWebhook("The webhook is from the other mode: test instead of live, or live.")
    subject = _SUBJECTS.get(event.event.partition(".")[0], Subject.OTHER)
    object_id = event.data.reference or event.data.transaction_reference
    if event.event.startswith(_DISPUTES):
        subject, object_id = Subject.DISPUTE, str(event.data.id or "")
    if not object_id:
        subject = Subject.OTHER
    # Events have no id of their own: the same words again are the same event. Two that happen to
    # be worded alike (equal parts of one refund) count as one, and a sweep asks about the rest.
    digest = hashlib.sha256(raw).hexdigest()
    return Webhook(event_id=digest, type=event.event, subject=subject, object_id=object_id)
