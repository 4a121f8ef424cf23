"""Webhooks over HTTP: the raw body and its signature, and an answer before anything is done."""

import hashlib
import hmac
import time

import httpx2
import msgspec
import pytest
from sqlalchemy import func, select

from app.config import Settings
from db.models import ProviderEvent
from db.session import Database
from tests.http.conftest import client_of, serving

EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "payment_intent.succeeded",
    "livemode": False,
    "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
}


def signed(raw: bytes, secret: str = "whsec_test") -> dict[str, str]:
    """The header that Stripe would send with this body now."""
    stamp = str(int(time.time()))
    digest = hmac.digest(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hex()
    return {"stripe-signature": f"t={stamp},v1={digest}", "content-type": "application/json"}


async def stored(db: Database) -> int:
    async with db.read() as connection:
        found = await connection.execute(select(func.count()).select_from(ProviderEvent))
        return found.scalar_one()


async def test_an_event_is_stored_once(client: httpx2.AsyncClient, db: Database) -> None:
    # As it was signed, byte for byte, blanks and all.
    raw = msgspec.json.format(msgspec.json.encode(EVENT), indent=3)
    for _ in range(3):
        answer = await client.post("/webhooks/stripe", content=raw, headers=signed(raw))
        assert answer.status_code == 200, answer.text
    assert await stored(db) == 1
    async with db.read() as connection:
        assert (await connection.execute(select(ProviderEvent.body))).scalar_one() == raw


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"stripe-signature": ""},
        {"stripe-signature": "t=1,v1=00"},
        signed(b"another body"),
        signed(msgspec.json.encode(EVENT), secret="whsec_other"),
    ],
)
async def test_a_bad_signature_is_refused(
    client: httpx2.AsyncClient, db: Database, headers: dict[str, str]
) -> None:
    answer = await client.post(
        "/webhooks/stripe", content=msgspec.json.encode(EVENT), headers=headers
    )
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert await stored(db) == 0


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"\xff", b"[" * 100_000, b'{"id": 1}'])
async def test_a_signed_body_that_is_no_event_is_refused(
    client: httpx2.AsyncClient, db: Database, raw: bytes
) -> None:
    answer = await client.post("/webhooks/stripe", content=raw, headers=signed(raw))
    assert answer.status_code == 400
    assert await stored(db) == 0


async def test_a_body_has_an_end(client: httpx2.AsyncClient) -> None:
    raw = b" " * (256 * 1024 + 1)
    answer = await client.post("/webhooks/stripe", content=raw, headers=signed(raw))
    assert answer.status_code == 413


PAYSTACK = {"event": "charge.success", "data": {"domain": "test", "reference": "r1"}}


async def test_paystacks_webhooks_want_paystack(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/webhooks/paystack", content=msgspec.json.encode(PAYSTACK))
    assert answer.status_code == 400


async def test_paystacks_webhooks(settings: Settings, db: Database) -> None:
    settings = msgspec.structs.replace(settings, paystack_secret_key="sk_test_new")
    settings = msgspec.structs.replace(settings, paystack_previous_keys=("sk_test_old",))
    raw = msgspec.json.encode(PAYSTACK)
    async with serving(settings) as app, client_of(app) as client:
        for key, status in (("sk_test_new", 200), ("sk_test_old", 200), ("sk_test_other", 400)):
            digest = hmac.digest(key.encode(), raw, hashlib.sha512).hex()
            headers = {"x-paystack-signature": digest}
            answer = await client.post("/webhooks/paystack", content=raw, headers=headers)
            assert answer.status_code == status, answer.text
    # The same words, whoever signed them: one event.
    assert await stored(db) == 1
