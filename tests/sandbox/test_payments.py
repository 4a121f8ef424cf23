"""PaymentIntents through the official library, over real HTTP."""

from typing import Any

import pytest
import stripe

from tests.sandbox.making import RETURN_URL, confirm, confirm_in_browser, open_intent, paid_intent
from tests.support.sandbox import Control, Http, Sandbox


async def test_automatic_capture(client: stripe.StripeClient) -> None:
    intent = await open_intent(client, metadata={"booking_id": "b1"}, transfer_group="g1")
    assert (intent.status, intent.amount_received) == ("requires_payment_method", 0)
    assert intent.client_secret is not None
    assert intent.client_secret.startswith(f"{intent.id}_secret_")

    paid = await confirm(client, intent, expand=["latest_charge.balance_transaction"])

    charge: Any = paid.latest_charge
    assert (paid.status, paid.amount_received) == ("succeeded", 10_000)
    assert (charge.captured, charge.amount_captured, charge.transfer_group) == (True, 10_000, "g1")
    assert charge.metadata.to_dict() == {"booking_id": "b1"}
    # 2.9 % and 30.
    entry = charge.balance_transaction
    assert (entry.amount, entry.fee, entry.net) == (10_000, 320, 9_680)
    assert entry.source == charge.id


@pytest.mark.parametrize("taken", [None, 4_000])
async def test_manual_capture(client: stripe.StripeClient, taken: int | None) -> None:
    held = await paid_intent(client, capture_method="manual")
    assert (held.status, held.amount_capturable, held.amount_received) == (
        "requires_capture",
        10_000,
        0,
    )

    params: Any = {"expand": ["latest_charge.balance_transaction"]}
    if taken:
        params["amount_to_capture"] = taken
    done = await client.v1.payment_intents.capture_async(held.id, params)

    charge: Any = done.latest_charge
    assert (done.status, done.amount, done.amount_capturable) == ("succeeded", 10_000, 0)
    assert done.amount_received == charge.amount_captured == (taken or 10_000)
    assert charge.balance_transaction.amount == (taken or 10_000)
    # Since 2025-03-31.basil what is let go is no refund.
    assert charge.amount_refunded == 0
    assert (await client.v1.refunds.list_async({"payment_intent": done.id})).data == []


async def test_capturing_more_than_is_held_is_refused(client: stripe.StripeClient) -> None:
    held = await paid_intent(client, capture_method="manual")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await client.v1.payment_intents.capture_async(held.id, {"amount_to_capture": 10_001})
    assert caught.value.code == "amount_too_large"


@pytest.mark.parametrize("manual", [False, True])
async def test_cancel(client: stripe.StripeClient, manual: bool) -> None:
    intent = await open_intent(client, capture_method="manual")
    if manual:
        intent = await confirm(client, intent)

    canceled = await client.v1.payment_intents.cancel_async(
        intent.id, {"cancellation_reason": "abandoned"}
    )

    assert (canceled.status, canceled.amount_capturable) == ("canceled", 0)
    assert canceled.cancellation_reason == "abandoned"
    assert canceled.canceled_at is not None
    assert (await client.v1.balance_transactions.list_async()).data == []


@pytest.mark.parametrize(
    ("state", "action"),
    [
        ("succeeded", "confirm"),
        ("succeeded", "capture"),
        ("succeeded", "cancel"),
        ("canceled", "confirm"),
        ("canceled", "cancel"),
        ("open", "capture"),
        ("open", "confirm"),
        ("succeeded", "update"),
    ],
)
async def test_the_wrong_state_is_an_error_that_shows_the_intent(
    client: stripe.StripeClient, state: str, action: str
) -> None:
    intents = client.v1.payment_intents
    intent = await (paid_intent(client) if state == "succeeded" else open_intent(client))
    if state == "canceled":
        await intents.cancel_async(intent.id)
    calls: dict[str, Any] = {
        "confirm": lambda: intents.confirm_async(intent.id, {"return_url": RETURN_URL}),
        "capture": lambda: intents.capture_async(intent.id),
        "cancel": lambda: intents.cancel_async(intent.id),
        "update": lambda: intents.update_async(intent.id, {"amount": 5_000}),
    }
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await calls[action]()
    assert (caught.value.http_status, caught.value.code) == (400, "payment_intent_unexpected_state")
    assert caught.value.error is not None
    shown: Any = caught.value.error.payment_intent
    assert (shown.id, shown.object) == (intent.id, "payment_intent")
    assert shown.amount == 10_000


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000009987", "card_declined", "lost_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error"),
        ("4000056655665564", "card_declined", "test_mode_live_card"),
    ],
)
async def test_a_declined_card(
    client: stripe.StripeClient, card: str, code: str, decline_code: str
) -> None:
    intent = await open_intent(client)
    params: Any = {"payment_method": card, "return_url": RETURN_URL}
    if card.isdigit():
        data = {"number": card, "exp_month": 12, "exp_year": 2040, "cvc": "123"}
        params = {
            "payment_method_data": {"type": "card", "card": data},
            "return_url": RETURN_URL,
        }
    with pytest.raises(stripe.CardError) as caught:
        await client.v1.payment_intents.confirm_async(intent.id, params)

    error: Any = caught.value.error
    assert (caught.value.http_status, error.code, error.decline_code) == (402, code, decline_code)
    after = await client.v1.payment_intents.retrieve_async(intent.id, {"expand": ["latest_charge"]})
    assert error.payment_intent.id == after.id
    assert (after.status, after.payment_method) == ("requires_payment_method", None)
    last: Any = after.last_payment_error
    charge: Any = after.latest_charge
    assert (last.code, last.decline_code, last.charge) == (code, decline_code, charge.id)
    assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, code)

    # The person tries another card.
    assert (await confirm(client, intent)).status == "succeeded"
    charges = await client.v1.charges.list_async({"payment_intent": intent.id})
    assert [charge.status for charge in charges.data] == ["succeeded", "failed"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "4242424242424242", "exp_month": 13}, "invalid_expiry_month"),
        ({"number": "4242424242424242", "exp_month": 1, "exp_year": 2020}, "invalid_expiry_year"),
    ],
)
async def test_card_data_that_no_card_has(
    client: stripe.StripeClient, data: dict[str, Any], code: str
) -> None:
    params: Any = {"type": "card", "card": data}
    with pytest.raises(stripe.CardError) as caught:
        await client.v1.payment_methods.create_async(params)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "card", ["pm_card_threeDSecure2Required", "pm_card_authenticationRequired"]
)
async def test_three_d_secure(client: stripe.StripeClient, control: Control, card: str) -> None:
    asked = await confirm(client, await open_intent(client), card)
    assert (asked.status, asked.latest_charge) == ("requires_action", None)
    action: Any = asked.next_action
    assert action.type == "redirect_to_url"
    assert action.redirect_to_url.return_url == RETURN_URL

    await control.challenge(asked.id)
    after = await client.v1.payment_intents.retrieve_async(asked.id, {"expand": ["latest_charge"]})

    assert (after.status, after.next_action) == ("succeeded", None)
    charge: Any = after.latest_charge
    assert charge.payment_method_details.card.three_d_secure.result == "authenticated"


async def test_failed_three_d_secure(client: stripe.StripeClient, control: Control) -> None:
    card = "pm_card_authenticationRequired"
    asked = await confirm(client, await open_intent(client), card)
    await control.challenge(asked.id, passed=False)

    after = await client.v1.payment_intents.retrieve_async(asked.id)

    assert (after.status, after.next_action) == ("requires_payment_method", None)
    error: Any = after.last_payment_error
    assert error.code == "payment_intent_authentication_failure"


async def test_nobody_there_to_be_asked(client: stripe.StripeClient) -> None:
    intent = await open_intent(client)
    with pytest.raises(stripe.CardError) as caught:
        await confirm(client, intent, "pm_card_authenticationRequired", off_session=True)
    assert caught.value.code == "authentication_required"


async def test_create_and_confirm_at_once(client: stripe.StripeClient) -> None:
    values = {"confirm": True, "payment_method": "pm_card_visa", "return_url": RETURN_URL}
    assert (await open_intent(client, **values)).status == "succeeded"
    with pytest.raises(stripe.CardError) as caught:
        await open_intent(client, **{**values, "payment_method": "pm_card_chargeDeclined"})
    assert caught.value.error is not None
    declined: Any = caught.value.error.payment_intent
    found = await client.v1.payment_intents.retrieve_async(declined.id)
    assert found.status == "requires_payment_method"


async def test_server_side_confirmation_wants_a_return_url(client: stripe.StripeClient) -> None:
    intent = await open_intent(client)
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": "pm_card_visa"})
    never = await open_intent(
        client, automatic_payment_methods={"enabled": True, "allow_redirects": "never"}
    )
    done = await client.v1.payment_intents.confirm_async(
        never.id, {"payment_method": "pm_card_visa"}
    )
    assert done.status == "succeeded"


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 29, "currency": "gbp"}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"amount": -5}, "parameter_invalid_integer", "amount"),
        ({"amount": "12.50"}, "parameter_invalid_integer", "amount"),
        ({"currency": "EUR"}, None, "currency"),
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ({"surprise": "1"}, "parameter_unknown", "surprise"),
        ({"capture_method": "later"}, None, "capture_method"),
        ({"payment_method": "pm_card_none"}, "resource_missing", "payment_method"),
        ({"return_url": RETURN_URL}, None, "return_url"),
    ],
)
async def test_bad_parameters(
    client: stripe.StripeClient, params: dict[str, Any], code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await open_intent(client, **params)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert (await client.v1.payment_intents.list_async()).data == []


async def test_currency_without_decimals(client: stripe.StripeClient) -> None:
    paid = await paid_intent(client, amount=1_200, currency="jpy")
    assert (paid.amount_received, paid.currency) == (1_200, "jpy")


async def test_update(client: stripe.StripeClient) -> None:
    intent = await open_intent(client, metadata={"a": "1", "b": "2"})
    changed = await client.v1.payment_intents.update_async(
        intent.id, {"amount": 7_000, "metadata": {"a": "", "c": "3"}, "description": "Two nights"}
    )
    assert (changed.amount, changed.description) == (7_000, "Two nights")
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}


async def test_unknown_intent(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await client.v1.payment_intents.retrieve_async("pi_none")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


async def test_the_browser_pays_with_the_publishable_key(
    client: stripe.StripeClient, browser: stripe.StripeClient
) -> None:
    intent = await open_intent(client, metadata={"booking_id": "b1"}, transfer_group="g")
    secret: Any = {"client_secret": intent.client_secret}

    seen = await browser.v1.payment_intents.retrieve_async(intent.id, secret)
    assert "metadata" not in seen
    assert "transfer_group" not in seen
    assert (seen.amount, seen.status) == (10_000, "requires_payment_method")

    with pytest.raises(stripe.CardError) as declined:
        await confirm_in_browser(browser, intent, "pm_card_chargeDeclined")
    assert declined.value.error is not None
    shown: Any = declined.value.error.payment_intent
    assert "metadata" not in shown
    # Stripe.js sees to redirects itself: no return_url needed.
    paid = await confirm_in_browser(browser, intent)
    assert paid.status == "succeeded"
    assert "latest_charge" not in paid


async def test_what_the_publishable_key_may_not(
    client: stripe.StripeClient, browser: stripe.StripeClient
) -> None:
    intent = await open_intent(client)
    with pytest.raises(stripe.PermissionError) as forbidden:
        await browser.v1.payment_intents.cancel_async(intent.id)
    assert "secret_key_required" in str(forbidden.value.http_body)
    with pytest.raises(stripe.InvalidRequestError) as no_secret:
        await browser.v1.payment_intents.retrieve_async(intent.id)
    assert no_secret.value.param == "client_secret"
    with pytest.raises(stripe.InvalidRequestError) as wrong_secret:
        await confirm_in_browser(browser, intent, client_secret="nonsense")
    assert wrong_secret.value.code == "payment_intent_invalid_parameter"


async def test_an_unknown_key(stripe_sandbox: Sandbox) -> None:
    http = Http(timeout=5)
    wrong = stripe.StripeClient(
        "sk_test_somebody_elses", base_addresses={"api": stripe_sandbox.base_url}, http_client=http
    )
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        await wrong.v1.balance.retrieve_async()
    await http.close_async()
