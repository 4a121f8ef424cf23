"""The process: what it keeps, how it starts, and where it refuses to."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import stripe

from app.sandbox.state import Config
from app.sandbox.stripe import server
from tests.sandbox.making import host, open_intent, paid_intent
from tests.sandbox.receiver import Receiver
from tests.support.sandbox import ROOT, Sandbox


@pytest.fixture
async def kept(tmp_path: Path, hook_receiver: Receiver) -> AsyncIterator[Sandbox]:
    """A sandbox that keeps everything in a file."""
    hook_receiver.reset()
    sandbox = Sandbox(webhook_url=hook_receiver.url, data=tmp_path / "new folder" / "stripe.sqlite")
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


async def test_kill_nine_loses_nothing(kept: Sandbox, hook_receiver: Receiver) -> None:
    await kept.control.webhooks(paused=True)
    client = kept.client()
    key: Any = {"idempotency_key": "k1"}
    first = await client.v1.payment_intents.create_async(
        {"amount": 10_000, "currency": "eur"}, options=key
    )
    paid = await paid_intent(client)
    await client.v1.refunds.create_async({"payment_intent": paid.id, "amount": 100})
    account = await host(client)
    await kept.control.onboard(account.id)
    before = await kept.control.state()
    assert hook_receiver.received == []

    kept.kill()
    await kept.start()

    # Nobody is paused any more: what was held back is sent now.
    await kept.control.delivered()
    after = await kept.control.state()
    for kind in ("payment_intents", "charges", "refunds", "accounts", "balance_transactions"):
        assert after[kind] == before[kind], kind
    assert after["balance"] == before["balance"]
    assert len(hook_receiver.received) == len(before["events"])
    again = await client.v1.payment_intents.create_async(
        {"amount": 10_000, "currency": "eur"}, options=key
    )
    assert again.id == first.id


async def test_a_reset_is_kept_too(kept: Sandbox) -> None:
    client = kept.client()
    await paid_intent(client)
    await kept.control.reset()
    remaining = await open_intent(client)
    kept.kill()
    await kept.start()
    listed = await client.v1.payment_intents.list_async()
    assert [intent.id for intent in listed.data] == [remaining.id]
    assert (await client.v1.charges.list_async()).data == []


async def test_it_starts_and_stops_quickly(kept: Sandbox) -> None:
    kept.terminate()
    began = time.monotonic()
    await kept.start()
    # Generous: the machine may be busy.
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("environment", ["production", None])
def test_never_in_production(environment: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROOST_ENV", raising=False)
    if environment:
        monkeypatch.setenv("ROOST_ENV", environment)
    with pytest.raises(SystemExit, match="does not run in production"):
        server.main(port=0)
    with pytest.raises(SystemExit, match="does not run in production"):
        server.create_app(Config())


def test_a_port_in_use_is_said_in_one_line(sandbox_process: Sandbox) -> None:
    command = [sys.executable, "-m", "app.sandbox.stripe", "--port", str(sandbox_process.port)]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"ROOST_ENV": "test"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 1
    assert str(sandbox_process.port) in ended.stderr
    assert ended.stderr.count("\n") == 1


async def test_browsers_of_any_origin_may_confirm(stripe_sandbox: Sandbox) -> None:
    headers = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    async with httpx2.AsyncClient(base_url=stripe_sandbox.base_url) as http:
        asked = await http.request("OPTIONS", "/v1/payment_intents/pi_1/confirm", headers=headers)
        assert asked.headers["access-control-allow-origin"] == "*"
        answer = await http.get("/v1/payment_intents/pi_1", headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "*")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"amount=100000&currency=eur", 200),
        (b"amount=1&amount[x]=2", 400),
        (b"amount[" + b"x][" * 50 + b"]=1", 400),
        (b"\xff\xfe=\xff&amount=%ff", 400),
        (b"{}", 400),
        (b"metadata=x&amount=1000&currency=eur", 400),
        (b"amount=1000&currency=eur&metadata[" + b"k" * 41 + b"]=1", 400),
        (b"x" * 2_000_000, 413),
        (b"&".join(b"a%d=1" % number for number in range(2_000)), 400),
    ],
)
async def test_malformed_bodies(stripe_sandbox: Sandbox, body: bytes, status: int) -> None:
    headers = {"Authorization": f"Bearer {stripe_sandbox.secret_key}"}
    async with httpx2.AsyncClient(base_url=stripe_sandbox.base_url) as http:
        answer = await http.post("/v1/payment_intents", content=body, headers=headers)
    assert answer.status_code == status, answer.text


async def test_import(
    client: stripe.StripeClient, stripe_sandbox: Sandbox, hook_receiver: Receiver
) -> None:
    """History comes in as if it had happened then, silently, and only once."""
    control = stripe_sandbox.control
    history: Any = {
        "accounts": [
            {"id": "acct_1", "email": "h@example.com", "country": "PT", "created": 1_700_000_000}
        ],
        "payment_intents": [
            {
                "id": f"pi_{number}",
                "amount": 10_000,
                "currency": "eur",
                "created": 1_700_000_000 + number,
                "paid": 1_700_000_100 + number,
                "capture_method": "manual",
                "refund_amount": 2_000 if number == 0 else 0,
                "metadata": {"booking_id": str(number)},
                "transfer_group": f"booking_{number}",
            }
            for number in range(500)
        ],
        "transfers": [
            {
                "id": "tr_1",
                "amount": 7_000,
                "currency": "eur",
                "destination": "acct_1",
                "created": 1_700_100_000,
                "metadata": {"payout_id": "p"},
            }
        ],
    }
    made = await control.load(**history)
    intent = made["payment_intents"][0]
    assert (intent["id"], intent["status"], intent["created"]) == ("pi_0", "succeeded", 1.7e9)
    assert intent["latest_charge"]["created"] == 1_700_000_100
    assert intent["latest_charge"]["amount_refunded"] == 2_000
    transfer = await client.v1.transfers.retrieve_async("tr_1")
    assert (transfer.amount, transfer.created) == (7_000, 1_700_100_000)
    account = await client.v1.accounts.retrieve_async("acct_1")
    assert account.payouts_enabled is True
    balance = await client.v1.balance.retrieve_async()
    assert balance.available[0].amount == 500 * (10_000 - 320) - 2_000 - 7_000

    again = await control.load(**history)
    assert again["payment_intents"] == made["payment_intents"]
    assert (await client.v1.balance.retrieve_async()).available[0].amount == (
        balance.available[0].amount
    )
    assert (await client.v1.events.list_async()).data == []
    assert hook_receiver.received == []
