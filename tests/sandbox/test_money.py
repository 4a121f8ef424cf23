"""Refunds, connected accounts, transfers and the balance."""

from typing import Any

import pytest
import stripe

from tests.sandbox.making import confirm, host, open_intent, paid_intent
from tests.sandbox.receiver import Receiver
from tests.support.sandbox import Control


async def test_partial_refunds_until_nothing_is_left(client: stripe.StripeClient) -> None:
    paid = await paid_intent(client)
    first = await client.v1.refunds.create_async(
        {
            "payment_intent": paid.id,
            "amount": 3_000,
            "metadata": {"refund_id": "r1"},
            "reason": "requested_by_customer",
        }
    )
    assert (first.status, first.amount, first.charge) == ("succeeded", 3_000, paid.latest_charge)

    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded") as too_much:
        await client.v1.refunds.create_async({"payment_intent": paid.id, "amount": 7_001})
    assert too_much.value.param == "amount"

    rest = await client.v1.refunds.create_async(
        {"charge": str(paid.latest_charge), "expand": ["balance_transaction"]}
    )
    entry: Any = rest.balance_transaction
    assert (rest.amount, entry.amount, entry.fee, entry.type) == (7_000, -7_000, 0, "refund")
    with pytest.raises(stripe.InvalidRequestError) as again:
        await client.v1.refunds.create_async({"payment_intent": paid.id})
    assert again.value.code == "charge_already_refunded"

    charge = await client.v1.charges.retrieve_async(
        str(paid.latest_charge), {"expand": ["refunds"]}
    )
    assert (charge.amount_refunded, charge.refunded) == (10_000, True)
    assert charge.refunds is not None
    assert [refund.id for refund in charge.refunds.data] == [rest.id, first.id]
    # Stripe keeps its fee.
    balance = await client.v1.balance.retrieve_async()
    assert [(line.amount, line.currency) for line in balance.available] == [(-320, "eur")]


async def test_what_can_not_be_refunded(client: stripe.StripeClient) -> None:
    unpaid = await open_intent(client)
    held = await paid_intent(client, capture_method="manual")
    for intent in (unpaid, held):
        with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
            await client.v1.refunds.create_async({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        await client.v1.refunds.create_async({"payment_intent": "pi_none"})
    assert unknown.value.code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError, match="payment_intent or charge"):
        await client.v1.refunds.create_async({"amount": 1})


async def test_a_partly_captured_charge_refunds_what_was_captured(
    client: stripe.StripeClient,
) -> None:
    held = await paid_intent(client, capture_method="manual")
    await client.v1.payment_intents.capture_async(held.id, {"amount_to_capture": 4_000})
    refund = await client.v1.refunds.create_async({"payment_intent": held.id})
    assert refund.amount == 4_000


async def test_onboarding(
    client: stripe.StripeClient, control: Control, receiver: Receiver
) -> None:
    account = await host(client)
    assert account.charges_enabled is account.payouts_enabled is account.details_submitted is False
    assert account.capabilities is not None
    assert account.capabilities.transfers == "inactive"
    assert account.default_currency == "eur"
    requirements: Any = account.requirements
    assert requirements.currently_due

    await control.onboard(account.id)

    done = await client.v1.accounts.retrieve_async(account.id)
    assert done.charges_enabled is done.payouts_enabled is done.details_submitted is True
    assert done.capabilities is not None
    assert done.capabilities.transfers == "active"
    await control.delivered()
    event = receiver.of("account.updated")[-1]
    assert event["account"] == account.id
    assert event["data"]["object"]["payouts_enabled"] is True
    assert event["data"]["previous_attributes"]["payouts_enabled"] is False


async def test_more_is_wanted_of_an_account(
    client: stripe.StripeClient, control: Control, receiver: Receiver
) -> None:
    account = await host(client)
    await control.onboard(account.id)
    # A date to come stops nothing.
    await control.require(account.id, currently_due=["individual.phone"], deadline=2_000_000_000)
    shown = await client.v1.accounts.retrieve_async(account.id)
    requirements: Any = shown.requirements
    assert requirements.currently_due == ["individual.phone"]
    assert requirements.current_deadline == 2_000_000_000
    assert shown.payouts_enabled is True
    await control.require(account.id, past_due=["individual.phone"], errors={"x": "Blurred."})
    shown = await client.v1.accounts.retrieve_async(account.id)
    requirements = shown.requirements
    assert requirements.disabled_reason == "requirements.past_due"
    assert requirements.past_due == requirements.currently_due == ["individual.phone"]
    assert requirements.errors[0].reason == "Blurred."
    assert (shown.payouts_enabled, shown.details_submitted) == (False, True)
    assert shown.capabilities is not None
    assert shown.capabilities.transfers == "inactive"
    await control.onboard(account.id)
    assert (await client.v1.accounts.retrieve_async(account.id)).payouts_enabled is True
    await control.delivered()
    told = [one["data"]["object"]["payouts_enabled"] for one in receiver.of("account.updated")]
    assert sorted(told) == [False, True, True, True]


async def test_transfer_and_reversals(client: stripe.StripeClient, control: Control) -> None:
    paid = await paid_intent(client, transfer_group="booking_1")
    account = await host(client)
    wanted: Any = {
        "amount": 8_000,
        "currency": "eur",
        "destination": account.id,
        "transfer_group": "booking_1",
        "metadata": {"payout_id": "p1"},
    }
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.transfers.create_async(wanted)
    assert refused.value.code == "insufficient_capabilities_for_transfer"

    await control.onboard(account.id)
    transfer = await client.v1.transfers.create_async(wanted)
    assert (transfer.amount, transfer.destination, transfer.reversed) == (8_000, account.id, False)
    balance = await client.v1.balance.retrieve_async()
    assert balance.available[0].amount == 10_000 - 320 - 8_000

    reversals = client.v1.transfers.reversals
    first = await reversals.create_async(transfer.id, {"amount": 3_000})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unreversed"):
        await reversals.create_async(transfer.id, {"amount": 5_001})
    rest = await reversals.create_async(transfer.id)
    assert (first.amount, rest.amount, rest.transfer) == (3_000, 5_000, transfer.id)
    with pytest.raises(stripe.InvalidRequestError, match="already fully reversed"):
        await reversals.create_async(transfer.id)

    after = await client.v1.transfers.retrieve_async(transfer.id)
    assert (after.amount_reversed, after.reversed) == (8_000, True)
    assert [made.id for made in after.reversals.data] == [rest.id, first.id]
    listed = await reversals.list_async(transfer.id)
    assert [made.id for made in listed.data] == [rest.id, first.id]
    found = await client.v1.transfers.list_async({"transfer_group": "booking_1"})
    assert [made.id for made in found.data] == [transfer.id]
    assert paid.transfer_group == "booking_1"


async def test_transfers_that_are_refused(client: stripe.StripeClient, control: Control) -> None:
    account = await host(client)
    await control.onboard(account.id)
    wanted: Any = {"amount": 100, "currency": "eur", "destination": account.id}
    with pytest.raises(stripe.InvalidRequestError) as poor:
        await client.v1.transfers.create_async(wanted)
    assert poor.value.code == "balance_insufficient"
    await control.top_up(100, "eur")
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        wanted["destination"] = "acct_none"
        await client.v1.transfers.create_async(wanted)
    assert (unknown.value.code, unknown.value.param) == ("resource_missing", "destination")
    wanted["destination"] = account.id
    assert (await client.v1.transfers.create_async(wanted)).amount == 100


async def test_a_transfer_from_one_charge(client: stripe.StripeClient, control: Control) -> None:
    account = await host(client)
    await control.onboard(account.id)
    await control.top_up(50_000, "eur")
    paid = await paid_intent(client, transfer_group="g")
    wanted: Any = {"amount": 6_000, "currency": "eur", "destination": account.id}
    wanted["source_transaction"] = paid.latest_charge
    assert (await client.v1.transfers.create_async(wanted)).transfer_group == "g"
    with pytest.raises(stripe.InvalidRequestError, match="must not exceed"):
        await client.v1.transfers.create_async(wanted)


async def test_the_books_add_up(client: stripe.StripeClient, control: Control) -> None:
    """The balance is the sum of the balance transactions, in each currency."""
    account = await host(client)
    await control.onboard(account.id)
    for currency in ("eur", "jpy"):
        paid = await paid_intent(client, currency=currency)
        await client.v1.refunds.create_async({"payment_intent": paid.id, "amount": 2_500})
        transfer = await client.v1.transfers.create_async(
            {"amount": 5_000, "currency": currency, "destination": account.id}
        )
        await client.v1.transfers.reversals.create_async(transfer.id, {"amount": 1_000})
    balance = await client.v1.balance.retrieve_async()
    entries = await client.v1.balance_transactions.list_async({"limit": 100})
    for line in balance.available:
        mine = [entry for entry in entries.data if entry.currency == line.currency]
        assert sum(entry.net for entry in mine) == line.amount == 10_000 - 320 - 2_500 - 4_000
        assert all(entry.net == entry.amount - entry.fee for entry in mine)
    assert len(entries.data) == 8


async def test_account_links_need_an_account_of_ours(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await client.v1.account_links.create_async(
            {
                "account": "acct_none",
                "type": "account_onboarding",
                "refresh_url": "https://shop.example/again",
                "return_url": "https://shop.example/done",
            }
        )
    assert caught.value.code == "resource_missing"


async def test_retrying_after_a_decline_takes_money_once(client: stripe.StripeClient) -> None:
    intent = await open_intent(client)
    with pytest.raises(stripe.CardError):
        await confirm(client, intent, "pm_card_chargeDeclined")
    await confirm(client, intent)
    entries = await client.v1.balance_transactions.list_async({"type": "charge"})
    assert [entry.amount for entry in entries.data] == [10_000]
