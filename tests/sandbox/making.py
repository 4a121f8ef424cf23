"""What most of these tests start with."""

from collections.abc import Mapping
from typing import Any

import stripe

RETURN_URL = "https://shop.example/back"


async def open_intent(client: stripe.StripeClient, **params: Any) -> stripe.PaymentIntent:
    """An intent for 100.00 EUR that nobody has paid yet."""
    values: Any = {
        "amount": 10_000,
        "currency": "eur",
        "capture_method": "automatic",
        "automatic_payment_methods": {"enabled": True},
        **params,
    }
    return await client.v1.payment_intents.create_async(values)


async def confirm(
    client: stripe.StripeClient,
    intent: stripe.PaymentIntent,
    card: str = "pm_card_visa",
    **params: Any,
) -> stripe.PaymentIntent:
    """Pay with a test card, from the server."""
    values: Any = {"payment_method": card, "return_url": RETURN_URL, **params}
    return await client.v1.payment_intents.confirm_async(intent.id, values)


def headers(answer: Any) -> Mapping[str, str]:
    """The headers with which an object or an error came."""
    response: Any = answer if isinstance(answer, stripe.StripeError) else answer.last_response
    came: Mapping[str, str] = response.headers
    return came


async def confirm_in_browser(
    browser: stripe.StripeClient,
    intent: stripe.PaymentIntent,
    card: str = "pm_card_visa",
    **params: Any,
) -> stripe.PaymentIntent:
    """Pay with a test card, as Stripe.js does."""
    values: Any = {"payment_method": card, "client_secret": intent.client_secret, **params}
    return await browser.v1.payment_intents.confirm_async(intent.id, values)


async def paid_intent(client: stripe.StripeClient, **params: Any) -> stripe.PaymentIntent:
    """An intent that is paid (or authorised, with `capture_method="manual"`)."""
    return await confirm(client, await open_intent(client, **params))


async def host(client: stripe.StripeClient) -> stripe.Account:
    """An Express account whose owner has told Stripe nothing yet."""
    return await client.v1.accounts.create_async(
        {
            "type": "express",
            "country": "PT",
            "email": "host@example.com",
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {"user_id": "u1"},
        }
    )
