"""Events and their webhooks: signed with the secret key, repeated, and misbehaving on demand."""

import hashlib
import hmac

import httpx2

from tests.sandbox.paystack.making import opened, paid, recipient, send
from tests.sandbox.receiver import Receiver
from tests.support.described import check_answer
from tests.support.paystack import DECLINED, PaystackControl, PaystackSandbox


async def test_signed_with_the_secret_key(
    api: httpx2.AsyncClient,
    bank: PaystackControl,
    paystack: PaystackSandbox,
    paystack_hooks: Receiver,
) -> None:
    await paid(api, bank)
    await paystack_hooks.wait(1)
    got = paystack_hooks.received[0]
    expected = hmac.new(paystack.secret_key.encode(), got.body, hashlib.sha512).hexdigest()
    assert got.signature == expected
    assert (got.event["event"], got.event["data"]["reference"]) == ("charge.success", "stay-1")
    # The webhook carries what `verify` answers.
    shown = {"status": True, "message": "", "data": got.event["data"]}
    check_answer("GET", "/transaction/verify/stay-1", 200, shown)


async def test_which_events_there_are(
    api: httpx2.AsyncClient, bank: PaystackControl, paystack_hooks: Receiver
) -> None:
    await opened(api, "stay-0")
    await bank.pay("stay-0", card=DECLINED)
    await paid(api, bank)
    await bank.top_up(100_000, "GHS")
    await api.post("/refund", json={"transaction": "stay-1", "amount": 100})
    await api.post(
        "/refund",
        json={"transaction": "stay-1", "amount": 100, "merchant_note": "sandbox:fail"},
    )
    for place, number in enumerate(("0244000100", "0244000002", "0244000003")):
        to = await recipient(api, number)
        await send(api, to, reference=f"payout-000000000000000{place}")
    await bank.settle()
    await bank.settle()
    opened_dispute = await bank.dispute("stay-1")
    await bank.resolve(opened_dispute["id"], won=True)
    await bank.delivered()
    assert sorted(paystack_hooks.types) == [
        "charge.dispute.create",
        "charge.dispute.resolve",
        "charge.success",
        "refund.failed",
        "refund.pending",
        "refund.pending",
        "refund.processed",
        "transfer.failed",
        "transfer.reversed",
        "transfer.success",
        "transfer.success",
    ]
    (told,) = paystack_hooks.of("refund.processed")
    # No id: only the transaction's reference tells what it is about.
    assert told["data"]["transaction_reference"] == "stay-1"
    assert "id" not in told["data"]


async def test_told_again_until_it_is_taken(
    api: httpx2.AsyncClient, bank: PaystackControl, paystack_hooks: Receiver
) -> None:
    paystack_hooks.answers = [500, 503]
    await paid(api, bank)
    await paystack_hooks.wait(3)
    assert len({got.body for got in paystack_hooks.received}) == 1


async def test_bad_manners_on_demand(
    api: httpx2.AsyncClient, bank: PaystackControl, paystack_hooks: Receiver
) -> None:
    await bank.webhooks(duplicate=3)
    await paid(api, bank, "stay-1")
    await bank.delivered()
    assert len(paystack_hooks.received) == 3
    await bank.webhooks(drop=["charge.*"])
    await paid(api, bank, "stay-2")
    await bank.delivered()
    assert len(paystack_hooks.received) == 3
    await bank.webhooks(paused=True)
    await paid(api, bank, "stay-3")
    assert len(paystack_hooks.received) == 3
    await bank.resume()
    await paystack_hooks.wait(4)
    event = (await bank.state())["events"][-1]["id"]
    await bank.resend(event, times=2)
    await paystack_hooks.wait(6)
