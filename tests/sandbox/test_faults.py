"""Replies that hang, get lost or are errors."""

import asyncio
from typing import Any

import pytest
import stripe

from tests.sandbox.making import headers, open_intent
from tests.support.sandbox import Control, ControlError, Sandbox

WANTED: Any = {"amount": 10_000, "currency": "eur"}
KEY: Any = {"idempotency_key": "charge:b1:1"}
CREATE: Any = {"method": "POST", "path": "/v1/payment_intents"}


async def test_a_dropped_reply_leaves_the_work_done(
    client: stripe.StripeClient, control: Control
) -> None:
    await control.fault(kind="drop", **CREATE)
    with pytest.raises(stripe.APIConnectionError):
        await client.v1.payment_intents.create_async(WANTED, options=KEY)
    listed = (await client.v1.payment_intents.list_async()).data
    assert len(listed) == 1
    again = await client.v1.payment_intents.create_async(WANTED, options=KEY)
    assert again.id == listed[0].id
    assert headers(again)["Idempotent-Replayed"] == "true"


async def test_a_dropped_request_does_nothing(
    client: stripe.StripeClient, control: Control
) -> None:
    await control.fault(kind="drop", when="before", **CREATE)
    with pytest.raises(stripe.APIConnectionError):
        await client.v1.payment_intents.create_async(WANTED, options=KEY)
    assert not (await client.v1.payment_intents.list_async()).data


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_client_that_does_not_wait(
    stripe_sandbox: Sandbox, control: Control, when: str
) -> None:
    await control.fault(kind="hang", when=when, seconds=0.6, **CREATE)
    hasty = stripe_sandbox.client(timeout=0.2)
    with pytest.raises(stripe.APIConnectionError):
        await hasty.v1.payment_intents.create_async(WANTED, options=KEY)
    await asyncio.sleep(0.6)
    patient = stripe_sandbox.client()
    listed = (await patient.v1.payment_intents.list_async()).data
    assert len(listed) == 1
    again = await patient.v1.payment_intents.create_async(WANTED, options=KEY)
    assert again.id == listed[0].id


async def test_a_hang_holds_up_nobody_else(client: stripe.StripeClient, control: Control) -> None:
    await control.fault(kind="hang", seconds=2.0, **CREATE)
    waiting = asyncio.create_task(client.v1.payment_intents.create_async(WANTED))
    await asyncio.sleep(0.1)
    await open_intent(client)
    assert not waiting.done()
    await waiting


async def test_errors_strike_as_often_as_told(
    client: stripe.StripeClient, control: Control
) -> None:
    await control.fault(kind="error", status=500, times=2, **CREATE)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            await client.v1.payment_intents.create_async(WANTED, options=KEY)
        assert caught.value.http_status == 500
    assert not (await client.v1.payment_intents.list_async()).data
    # It never began: the same key does the work now.
    await client.v1.payment_intents.create_async(WANTED, options=KEY)


async def test_an_error_after_the_work_is_replayed(
    client: stripe.StripeClient, control: Control
) -> None:
    await control.fault(kind="error", status=500, when="after", **CREATE)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            await client.v1.payment_intents.create_async(WANTED, options=KEY)
        assert headers(caught.value)["Stripe-Should-Retry"] == "false"
    assert len((await client.v1.payment_intents.list_async()).data) == 1


async def test_too_many_requests(client: stripe.StripeClient, control: Control) -> None:
    await control.fault(kind="error", status=429, path="/v1/balance", method="GET")
    with pytest.raises(stripe.RateLimitError):
        await client.v1.balance.retrieve_async()
    await client.v1.balance.retrieve_async()


async def test_a_fault_waits_for_what_it_is_meant_for(
    client: stripe.StripeClient, control: Control
) -> None:
    await control.fault(kind="error", path="/v1/payment_intents/*/cancel", method="POST")
    intent = await open_intent(client)
    await control.clear_faults()
    assert (await client.v1.payment_intents.cancel_async(intent.id)).status == "canceled"


async def test_the_library_retries_over_a_lost_reply(
    stripe_sandbox: Sandbox, control: Control
) -> None:
    """With `max_network_retries` the library repeats the request under one key."""
    await control.fault(kind="drop", **CREATE)
    client = stripe_sandbox.client(max_network_retries=2)
    await client.v1.payment_intents.create_async(WANTED)
    assert len((await client.v1.payment_intents.list_async()).data) == 1


async def test_control_calls_are_checked(control: Control, stripe_sandbox: Sandbox) -> None:
    for method, name, body in (
        ("POST", "faults", {"kind": "explode"}),
        ("POST", "nonsense", {}),
        ("POST", "accounts/onboard", {"account": "acct_none"}),
    ):
        with pytest.raises(ControlError):
            await control.call(method, name, body)
    stranger = Control(stripe_sandbox.base_url, "sk_test_wrong")
    with pytest.raises(ControlError, match="401"):
        await stranger.reset()
    await stranger.close()
