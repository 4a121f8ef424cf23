"""The pages that people see, as a browser without JavaScript meets them."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import stripe

from tests.sandbox.making import confirm, host, open_intent, paid_intent
from tests.support.sandbox import Control, Sandbox

BACK = "https://shop.example/trips/1?from=pay"


@pytest.fixture
async def http(stripe_sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=stripe_sandbox.base_url, trust_env=False) as client:
        yield client


def form(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: unescape(value) for name, value in hidden}


def result(answer: httpx2.Response) -> dict[str, str]:
    """The parameters with which the person was sent back."""
    assert answer.status_code == 303, answer.text
    url = answer.headers["location"]
    assert url.startswith("https://shop.example/trips/1?from=pay&")
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def open_page(http: httpx2.AsyncClient, intent: stripe.PaymentIntent) -> httpx2.Response:
    params = {"client_secret": str(intent.client_secret), "return_url": BACK}
    return await http.get(f"/pay/{intent.id}", params=params)


async def press(
    http: httpx2.AsyncClient, intent: stripe.PaymentIntent, card: str, action: str = "pay"
) -> httpx2.Response:
    page = await open_page(http, intent)
    assert page.status_code == 200
    assert f'value="{card}"' in page.text
    return await http.post(
        f"/pay/{intent.id}", data={**form(page.text), "card": card, "action": action}
    )


@pytest.mark.parametrize(
    ("capture", "status"), [("automatic", "succeeded"), ("manual", "requires_capture")]
)
async def test_pay(
    client: stripe.StripeClient, http: httpx2.AsyncClient, capture: str, status: str
) -> None:
    intent = await open_intent(client, capture_method=capture, amount=123_456)
    assert "EUR 1,234.56" in (await open_page(http, intent)).text
    sent_back = result(await press(http, intent, "pm_card_visa"))
    assert sent_back["redirect_status"] == "succeeded"
    assert sent_back["payment_intent"] == intent.id
    assert sent_back["payment_intent_client_secret"] == intent.client_secret
    assert (await client.v1.payment_intents.retrieve_async(intent.id)).status == status
    again = await open_page(http, intent)
    assert again.status_code == 200
    assert "<form" not in again.text


async def test_a_decline_is_explained_and_can_be_tried_again(
    client: stripe.StripeClient, http: httpx2.AsyncClient
) -> None:
    intent = await open_intent(client)
    page = await press(http, intent, "pm_card_visa_chargeDeclinedInsufficientFunds")
    assert page.status_code == 402
    assert "Your card has insufficient funds." in unescape(page.text)
    assert form(page.text)["return_url"] == BACK
    assert result(await press(http, intent, "pm_card_visa"))["redirect_status"] == "succeeded"


async def test_abandon(client: stripe.StripeClient, http: httpx2.AsyncClient) -> None:
    intent = await open_intent(client)
    left = await press(http, intent, "pm_card_visa", "abandon")
    assert result(left)["redirect_status"] == "abandoned"
    after = await client.v1.payment_intents.retrieve_async(intent.id)
    assert after.status == "requires_payment_method"


@pytest.mark.parametrize(
    ("action", "outcome", "status"),
    [
        ("complete", "succeeded", "succeeded"),
        ("fail", "failed", "requires_payment_method"),
    ],
)
async def test_three_d_secure(
    client: stripe.StripeClient,
    http: httpx2.AsyncClient,
    action: str,
    outcome: str,
    status: str,
) -> None:
    intent = await open_intent(client)
    asked = await press(http, intent, "pm_card_threeDSecure2Required")
    assert asked.status_code == 303
    url = asked.headers["location"]
    assert "/3ds/" in url
    # Who comes back to the payment is asked again.
    assert (await open_page(http, intent)).headers["location"] == url
    assert "Complete authentication" in (await http.get(url)).text
    sent_back = result(await http.post(url, data={"action": action}))
    assert sent_back["redirect_status"] == outcome
    assert (await client.v1.payment_intents.retrieve_async(intent.id)).status == status
    # The question was answered; pressing "back" does not answer it again.
    late = await http.post(url, data={"action": "complete"})
    assert (late.status_code, "<form" in late.text) == (200, False)
    assert (await client.v1.payment_intents.retrieve_async(intent.id)).status == status


async def test_three_d_secure_without_a_way_back(
    client: stripe.StripeClient, http: httpx2.AsyncClient, stripe_sandbox: Sandbox
) -> None:
    intent = await open_intent(client)
    browser = stripe_sandbox.browser()
    params: Any = {
        "client_secret": intent.client_secret,
        "payment_method": "pm_card_threeDSecure2Required",
    }
    asked: Any = await browser.v1.payment_intents.confirm_async(intent.id, params)
    url = asked.next_action.redirect_to_url.url
    failed = await http.post(url, data={"action": "fail"})
    assert failed.status_code == 200
    assert "unable to authenticate" in failed.text
    again = await browser.v1.payment_intents.confirm_async(intent.id, params)
    action: Any = again.next_action
    done = await http.post(action.redirect_to_url.url, data={"action": "complete"})
    assert "Paid" in done.text


@pytest.mark.parametrize("secret", ["", "?client_secret=wrong", "?client_secret=%00"])
async def test_only_who_knows_the_secret_sees_a_payment(
    client: stripe.StripeClient, http: httpx2.AsyncClient, secret: str
) -> None:
    intent = await open_intent(client, description="Two nights in Lisbon")
    for path in (intent.id, "pi_none"):
        page = await http.get(f"/pay/{path}{secret}")
        assert page.status_code == 404
        assert "No such payment" in page.text
        assert "Lisbon" not in page.text
    posted = await http.post(f"/pay/{intent.id}", data={"card": "pm_card_visa", "action": "pay"})
    assert posted.status_code == 404
    assert (await client.v1.payment_intents.retrieve_async(intent.id)).latest_charge is None


async def test_everything_is_escaped(client: stripe.StripeClient, http: httpx2.AsyncClient) -> None:
    intent = await open_intent(client, description='"><script>alert(1)</script>')
    page = await http.get(
        f"/pay/{intent.id}",
        params={
            "client_secret": str(intent.client_secret),
            "return_url": 'https://x.example/"><script>alert(2)</script>',
        },
    )
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    account = await client.v1.accounts.create_async({"type": "express", "email": "<b>@x.example"})
    assert "<b>" not in (await http.get(await onboarding_url(client, account.id))).text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://", "no url", "\n"]
)
async def test_nobody_is_sent_to_an_unsafe_address(
    client: stripe.StripeClient, http: httpx2.AsyncClient, url: str
) -> None:
    intent = await open_intent(client)
    values = {"client_secret": str(intent.client_secret), "return_url": url}
    assert "return_url" not in form((await http.get(f"/pay/{intent.id}", params=values)).text)
    paid = await http.post(
        f"/pay/{intent.id}", data={**values, "card": "pm_card_visa", "action": "pay"}
    )
    assert (paid.status_code, "Paid" in paid.text) == (200, True)


async def test_a_canceled_payment_can_not_be_paid(
    client: stripe.StripeClient, http: httpx2.AsyncClient
) -> None:
    intent = await open_intent(client)
    values = {"client_secret": str(intent.client_secret), "card": "pm_card_visa", "action": "pay"}
    await client.v1.payment_intents.cancel_async(intent.id)
    page = await http.post(f"/pay/{intent.id}", data=values)
    assert "Cancelled" in page.text


async def onboarding_url(client: stripe.StripeClient, account: str) -> str:
    link = await client.v1.account_links.create_async(
        {
            "account": account,
            "type": "account_onboarding",
            "refresh_url": "https://shop.example/again",
            "return_url": "https://shop.example/done",
        }
    )
    return link.url


async def test_onboarding(client: stripe.StripeClient, http: httpx2.AsyncClient) -> None:
    account = await host(client)
    later = await onboarding_url(client, account.id)
    answer = await http.post(later, data={"action": "later"})
    assert answer.headers["location"] == "https://shop.example/done"
    assert (await client.v1.accounts.retrieve_async(account.id)).details_submitted is False

    url = await onboarding_url(client, account.id)
    page = await http.get(url)
    assert "host@example.com" in page.text
    answer = await http.post(url, data={"action": "complete"})
    assert answer.headers["location"] == "https://shop.example/done"
    assert (await client.v1.accounts.retrieve_async(account.id)).payouts_enabled is True
    # A link works once.
    assert (await http.get(url)).headers["location"] == "https://shop.example/again"


async def test_onboarding_that_leaves_something_out(
    client: stripe.StripeClient, http: httpx2.AsyncClient
) -> None:
    account = await host(client)
    url = await onboarding_url(client, account.id)
    await http.post(url, data={"action": "partly"})
    shown = await client.v1.accounts.retrieve_async(account.id)
    assert (shown.details_submitted, shown.payouts_enabled) == (True, False)
    again = await onboarding_url(client, account.id)
    assert "individual.verification.document" in (await http.get(again)).text
    await http.post(again, data={"action": "complete"})
    assert (await client.v1.accounts.retrieve_async(account.id)).payouts_enabled is True


async def test_an_onboarding_link_expires(
    client: stripe.StripeClient, http: httpx2.AsyncClient, control: Control
) -> None:
    account = await host(client)
    url = await onboarding_url(client, account.id)
    await control.advance(301)
    answer = await http.post(url, data={"action": "complete"})
    assert answer.headers["location"] == "https://shop.example/again"
    assert (await client.v1.accounts.retrieve_async(account.id)).details_submitted is False
    assert (await http.get("/onboarding/link_none")).status_code == 404


async def test_the_overview_tells_no_secrets(
    client: stripe.StripeClient, http: httpx2.AsyncClient, control: Control
) -> None:
    assert "Nothing yet" in (await http.get("/")).text
    paid = await paid_intent(client)
    await client.v1.refunds.create_async({"payment_intent": paid.id, "amount": 100})
    await confirm(client, await open_intent(client), "pm_card_authenticationRequired")
    await control.top_up(100, "eur")
    account = await host(client)
    await control.onboard(account.id)
    await client.v1.transfers.create_async(
        {"amount": 100, "currency": "eur", "destination": account.id}
    )
    await control.delivered()
    page = (await http.get("/")).text
    assert paid.id in page
    assert "payment_intent.succeeded" in page
    assert "_secret_" not in page
