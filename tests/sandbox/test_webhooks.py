"""Events, and the webhooks that carry them: signed, repeated, and misbehaving on demand."""

from typing import Any

import pytest
import stripe

from tests.sandbox.making import confirm, headers, host, open_intent, paid_intent
from tests.sandbox.receiver import Receiver
from tests.support.sandbox import Control, Sandbox


async def test_signed_so_that_the_library_accepts_it(
    client: stripe.StripeClient, receiver: Receiver, stripe_sandbox: Sandbox
) -> None:
    intent = await open_intent(client, metadata={"booking_id": "b1"})
    await receiver.wait(1)
    got = receiver.received[0]
    event = client.construct_event(got.body, got.signature, stripe_sandbox.webhook_secret)
    assert (event.type, event.data.object["id"]) == ("payment_intent.created", intent.id)
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(got.body + b" ", got.signature, stripe_sandbox.webhook_secret)
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(got.body, got.signature, "whsec_other")
    request = got.event["request"]
    assert request["id"] == headers(intent)["Request-Id"]
    assert (await client.v1.events.retrieve_async(event.id)).type == event.type


@pytest.mark.parametrize(
    ("capture", "card", "types"),
    [
        ("automatic", "pm_card_visa", ["charge.succeeded", "payment_intent.succeeded"]),
        (
            "manual",
            "pm_card_visa",
            ["charge.succeeded", "payment_intent.amount_capturable_updated"],
        ),
        (
            "automatic",
            "pm_card_chargeDeclined",
            ["charge.failed", "payment_intent.payment_failed"],
        ),
        ("automatic", "pm_card_threeDSecureRequired", ["payment_intent.requires_action"]),
    ],
)
async def test_events_of_a_confirmation(
    client: stripe.StripeClient,
    control: Control,
    receiver: Receiver,
    capture: str,
    card: str,
    types: list[str],
) -> None:
    intent = await open_intent(client, capture_method=capture)
    if card == "pm_card_chargeDeclined":
        with pytest.raises(stripe.CardError):
            await confirm(client, intent, card)
    else:
        await confirm(client, intent, card)
    await control.delivered()
    assert sorted(receiver.types) == sorted(["payment_intent.created", *types])


async def test_events_of_everything_else(
    client: stripe.StripeClient, control: Control, receiver: Receiver
) -> None:
    held = await paid_intent(client, capture_method="manual")
    await client.v1.payment_intents.capture_async(held.id)
    refund = await client.v1.refunds.create_async({"payment_intent": held.id, "amount": 100})
    await client.v1.refunds.update_async(refund.id, {"metadata": {"a": "b"}})
    await client.v1.payment_intents.cancel_async((await open_intent(client)).id)
    account = await host(client)
    await control.onboard(account.id)
    transfer = await client.v1.transfers.create_async(
        {"amount": 100, "currency": "eur", "destination": account.id}
    )
    await client.v1.transfers.reversals.create_async(transfer.id)
    await control.delivered()
    assert set(receiver.types) >= {
        "charge.captured",
        "charge.refunded",
        "refund.created",
        "refund.updated",
        "payment_intent.canceled",
        "account.updated",
        "transfer.created",
        "transfer.reversed",
    }
    refunded = receiver.of("charge.refunded")[0]["data"]
    assert refunded["previous_attributes"] == {"amount_refunded": 0}
    assert refunded["object"]["amount_refunded"] == 100


async def test_an_event_shows_the_object_as_it_was(
    client: stripe.StripeClient, control: Control, receiver: Receiver
) -> None:
    await control.webhooks(paused=True)
    paid = await paid_intent(client)
    assert receiver.received == []
    await control.resume()
    await control.delivered()
    created = receiver.of("payment_intent.created")[0]["data"]["object"]
    assert (created["id"], created["status"]) == (paid.id, "requires_payment_method")


async def test_retries_until_it_is_accepted(
    client: stripe.StripeClient, control: Control, receiver: Receiver
) -> None:
    receiver.answers = [500, 302]
    intent = await open_intent(client)
    await control.delivered()
    assert [got.event["data"]["object"]["id"] for got in receiver.received] == [intent.id] * 3
    times = [got.at for got in receiver.received]
    assert times[1] - times[0] > 0.9
    assert times[2] - times[1] > 1.8
    event = (await client.v1.events.list_async()).data[0]
    assert event.pending_webhooks == 0


async def test_duplicates(
    client: stripe.StripeClient, control: Control, receiver: Receiver
) -> None:
    await control.webhooks(duplicate=10)
    await open_intent(client)
    await control.delivered()
    assert len({got.event["id"] for got in receiver.received}) == 1
    assert len(receiver.received) == 10


async def test_delay_and_drop(
    client: stripe.StripeClient, control: Control, receiver: Receiver
) -> None:
    await control.webhooks(delay_seconds=0.4, drop=["charge.*"])
    await paid_intent(client)
    assert receiver.received == []
    await control.delivered()
    assert sorted(receiver.types) == ["payment_intent.created", "payment_intent.succeeded"]


async def test_shuffled_after_a_pause(
    client: stripe.StripeClient, control: Control, receiver: Receiver
) -> None:
    await control.webhooks(paused=True)
    made = [(await open_intent(client)).id for _ in range(20)]
    await control.resume(shuffle=True)
    await control.delivered()
    order = [got.event["data"]["object"]["id"] for got in receiver.received]
    assert order != made
    assert sorted(order) == sorted(made)


async def test_shuffled_while_they_happen(
    client: stripe.StripeClient, control: Control, receiver: Receiver
) -> None:
    await control.webhooks(shuffle_seconds=0.5)
    made = [(await open_intent(client)).id for _ in range(20)]
    await control.delivered()
    assert [got.event["data"]["object"]["id"] for got in receiver.received] != made


async def test_resend(client: stripe.StripeClient, control: Control, receiver: Receiver) -> None:
    await open_intent(client)
    await control.delivered()
    await control.resend(receiver.received[0].event["id"], times=3)
    await control.delivered()
    assert len(receiver.received) == 4


async def test_endpoints(client: stripe.StripeClient, control: Control, receiver: Receiver) -> None:
    """Each has its own secret and gets only what it asked for."""
    endpoints = client.v1.webhook_endpoints
    made = await endpoints.create_async(
        {"url": receiver.url, "enabled_events": ["charge.succeeded"]}
    )
    assert made.secret is not None
    seen = await endpoints.retrieve_async(made.id)
    assert "secret" not in seen
    assert [one.id for one in (await endpoints.list_async()).data] == [made.id, "we_configured"]

    await paid_intent(client)
    await control.delivered()
    twice = [got for got in receiver.received if got.event["type"] == "charge.succeeded"]
    assert len(twice) == 2
    accepted = 0
    for got in twice:
        try:
            client.construct_event(got.body, got.signature, made.secret)
            accepted += 1
        except stripe.SignatureVerificationError:
            continue
    assert accepted == 1

    gone: Any = await endpoints.delete_async(made.id)
    assert gone.deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        await endpoints.retrieve_async(made.id)
