"""Idempotency keys as Stripe documents them."""

import asyncio
from typing import Any

import httpx2
import pytest
import stripe

from tests.sandbox.making import RETURN_URL, headers, open_intent
from tests.support.sandbox import Control, Sandbox

WANTED: Any = {"amount": 10_000, "currency": "eur"}
OTHER: Any = {"amount": 9_999, "currency": "eur"}
KEY: Any = {"idempotency_key": "charge:b1:1"}


async def intents(client: stripe.StripeClient) -> int:
    return len((await client.v1.payment_intents.list_async({"limit": 100})).data)


async def test_the_same_request_again_is_replayed(client: stripe.StripeClient) -> None:
    first = await client.v1.payment_intents.create_async(WANTED, options=KEY)
    again = await client.v1.payment_intents.create_async(WANTED, options=KEY)
    assert again.to_dict() == first.to_dict()
    first_headers, replayed = headers(first), headers(again)
    assert "Idempotent-Replayed" not in first_headers
    assert replayed["Idempotent-Replayed"] == "true"
    assert replayed["Original-Request"] == first_headers["Request-Id"]
    assert replayed["Idempotency-Key"] == first_headers["Idempotency-Key"] == "charge:b1:1"
    assert await intents(client) == 1


async def test_other_parameters_under_the_same_key(client: stripe.StripeClient) -> None:
    created = await client.v1.payment_intents.create_async(WANTED, options=KEY)
    with pytest.raises(stripe.IdempotencyError, match="same parameters") as caught:
        await client.v1.payment_intents.create_async(OTHER, options=KEY)
    assert caught.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        await client.v1.payment_intents.cancel_async(created.id, options=KEY)
    assert await intents(client) == 1


async def test_a_failure_is_replayed_too(client: stripe.StripeClient) -> None:
    intent = await open_intent(client)
    declined: Any = {"payment_method": "pm_card_chargeDeclined", "return_url": RETURN_URL}
    errors = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as caught:
            await client.v1.payment_intents.confirm_async(intent.id, declined, options=KEY)
        errors.append(caught.value)
    assert errors[0].http_body == errors[1].http_body
    assert headers(errors[1])["Idempotent-Replayed"] == "true"
    assert len((await client.v1.charges.list_async()).data) == 1


async def test_a_request_that_never_began_keeps_nothing(client: stripe.StripeClient) -> None:
    wrong: Any = {"amount": 1, "currency": "eur"}
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.payment_intents.create_async(wrong, options=KEY)
    assert (await client.v1.payment_intents.create_async(WANTED, options=KEY)).amount == 10_000


async def test_in_flight(client: stripe.StripeClient, control: Control) -> None:
    await control.fault(kind="hang", method="POST", path="/v1/payment_intents", seconds=0.5)
    first = asyncio.create_task(client.v1.payment_intents.create_async(WANTED, options=KEY))
    await asyncio.sleep(0.2)
    with pytest.raises(stripe.APIError) as caught:
        await client.v1.payment_intents.create_async(WANTED, options=KEY)
    assert caught.value.http_status == 409
    assert "idempotency_key_in_use" in str(caught.value.http_body)
    assert (await first).status == "requires_payment_method"
    assert await intents(client) == 1


async def test_a_hundred_at_once_make_one(client: stripe.StripeClient) -> None:
    answers = await asyncio.gather(
        *(client.v1.payment_intents.create_async(WANTED, options=KEY) for _ in range(100)),
        return_exceptions=True,
    )
    made = {answer.id for answer in answers if isinstance(answer, stripe.PaymentIntent)}
    others = [answer for answer in answers if isinstance(answer, BaseException)]
    assert len(made) == 1
    assert all(isinstance(error, stripe.APIError) for error in others)
    assert await intents(client) == 1


async def test_keys_are_forgotten_after_a_day(
    client: stripe.StripeClient, control: Control
) -> None:
    first = await client.v1.payment_intents.create_async(WANTED, options=KEY)
    await control.advance(24 * 3600 - 5)
    assert (await client.v1.payment_intents.create_async(WANTED, options=KEY)).id == first.id
    await control.advance(10)
    assert (await client.v1.payment_intents.create_async(WANTED, options=KEY)).id != first.id


async def test_keys_are_forgotten_when_told(client: stripe.StripeClient, control: Control) -> None:
    first = await client.v1.payment_intents.create_async(WANTED, options=KEY)
    assert await control.forget_keys("another") == 0
    assert await control.forget_keys("charge:b1:1") == 1
    assert (await client.v1.payment_intents.create_async(WANTED, options=KEY)).id != first.id


async def test_a_key_that_is_too_long(stripe_sandbox: Sandbox) -> None:
    sent = {
        "Authorization": f"Bearer {stripe_sandbox.secret_key}",
        "Idempotency-Key": "x" * 256,
    }
    async with httpx2.AsyncClient(base_url=stripe_sandbox.base_url) as http:
        answer = await http.post("/v1/payment_intents", headers=sent, data=WANTED)
    assert answer.status_code == 400
