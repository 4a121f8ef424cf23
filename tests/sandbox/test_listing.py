"""Lists, search and expand."""

from typing import Any

import pytest
import stripe

from tests.sandbox.making import confirm, open_intent, paid_intent
from tests.support.sandbox import Control


async def test_pages(client: stripe.StripeClient) -> None:
    made = [(await open_intent(client, amount=1_000 + place)).id for place in range(5)]
    first = await client.v1.payment_intents.list_async({"limit": 2})
    assert ([one.id for one in first.data], first.has_more) == ([made[4], made[3]], True)
    second = await client.v1.payment_intents.list_async(
        {"limit": 3, "starting_after": first.data[-1].id}
    )
    assert ([one.id for one in second.data], second.has_more) == (made[2::-1], False)
    back = await client.v1.payment_intents.list_async({"limit": 2, "ending_before": made[0]})
    assert ([one.id for one in back.data], back.has_more) == ([made[2], made[1]], True)
    every = [one.id async for one in first.auto_paging_iter()]
    assert every == made[::-1]


async def test_created(client: stripe.StripeClient, control: Control) -> None:
    old = await open_intent(client)
    await control.advance(1_000)
    new = await open_intent(client)
    later = await client.v1.payment_intents.list_async({"created": {"gte": old.created + 500}})
    assert [one.id for one in later.data] == [new.id]
    earlier = await client.v1.payment_intents.list_async({"created": {"lt": new.created}})
    assert [one.id for one in earlier.data] == [old.id]
    exact = await client.v1.payment_intents.list_async({"created": old.created})
    assert [one.id for one in exact.data] == [old.id]


async def test_filters(client: stripe.StripeClient) -> None:
    paid, other = await paid_intent(client), await paid_intent(client)
    await client.v1.refunds.create_async({"payment_intent": other.id})
    charges = await client.v1.charges.list_async({"payment_intent": paid.id})
    assert [charge.id for charge in charges.data] == [paid.latest_charge]
    refunds = await client.v1.refunds.list_async({"payment_intent": other.id})
    assert len(refunds.data) == 1
    events = await client.v1.events.list_async({"types": ["refund.created", "charge.refunded"]})
    assert {event.type for event in events.data} == {"refund.created", "charge.refunded"}
    event = await client.v1.events.retrieve_async(events.data[0].id)
    assert event.type == events.data[0].type


async def test_search(client: stripe.StripeClient) -> None:
    wanted = await paid_intent(client, metadata={"payment_id": "7"})
    await open_intent(client, metadata={"payment_id": "8"})
    search = client.v1.payment_intents.search_async
    found = await search({"query": "metadata['payment_id']:'7'"})
    assert [one.id for one in found.data] == [wanted.id]
    assert not (await search({"query": "metadata['payment_id']:'7' AND status:'canceled'"})).data
    assert len((await search({"query": "amount>=10000 AND currency:'eur'"})).data) == 2
    with pytest.raises(stripe.InvalidRequestError, match="unable to parse"):
        await search({"query": "drop table"})


async def test_expand(client: stripe.StripeClient) -> None:
    await paid_intent(client)
    listed = await client.v1.payment_intents.list_async(
        {"expand": ["data.latest_charge.balance_transaction", "data.payment_method"]}
    )
    intent: Any = listed.data[0]
    assert intent.latest_charge.balance_transaction.fee == 320
    assert intent.payment_method.card.last4 == "4242"
    for path in ("amount", "nonsense", "latest_charge.id", "a.b.c.d.e"):
        with pytest.raises(stripe.InvalidRequestError, match="expand"):
            await client.v1.payment_intents.retrieve_async(intent.id, {"expand": [path]})
    # Expanding never changes what is stored.
    plain = await client.v1.payment_intents.retrieve_async(intent.id)
    assert plain.latest_charge == intent.latest_charge.id


@pytest.mark.parametrize(
    "params",
    [{"limit": 0}, {"limit": 101}, {"starting_after": "pi_none"}, {"colour": "red"}],
)
async def test_bad_lists(client: stripe.StripeClient, params: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.payment_intents.list_async(params)


async def test_an_operation_that_is_not_there(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        await client.v1.customers.list_async()
    intent = await open_intent(client)
    with pytest.raises(stripe.InvalidRequestError, match="Stripe-Account"):
        await client.v1.payment_intents.retrieve_async(
            intent.id, options={"stripe_account": "acct_1"}
        )
    assert (await confirm(client, intent)).status == "succeeded"
