"""The newcomer's first minutes: what `make run` prints, done as it says, books a stay."""

import asyncio
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.support.supervised import Session, gone

LOGIN = {"login": "guest@roost.example", "password": "roost-demo-2026"}


@pytest.fixture
def session(open_folder: Path) -> Iterator[Session]:
    session = Session(open_folder, {}, stand_ins=False)
    yield session
    session.end()


def pasted(text: str, kind: str) -> str:
    """The operation of that kind in the welcome text."""
    found = re.search(rf"^    ({kind} \{{.*?)\n\n", text, re.DOTALL | re.MULTILINE)
    assert found, text
    return found.group(1)


async def payload(socket: ClientConnection) -> Any:
    """The next result of the subscription, past pings and acknowledgements."""
    while True:
        message = json.loads(await socket.recv())
        if message["type"] == "next":
            return message["payload"]["data"]["bookingStatusChanged"]["booking"]


async def test_what_is_printed_books_a_stay_and_is_kept(session: Session) -> None:
    processes = session.started(seconds=120)
    text = session.text
    api, sandbox, mailbox = (
        f"http://localhost:{session.env[name]}" for name in ("PORT", "SANDBOX_PORT", "MAILBOX_PORT")
    )
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
        page = await client.get(f"{api}/graphql", headers={"Accept": "text/html"})
        assert page.status_code == httpx2.codes.OK
        signed_in = (await client.post(f"{api}/auth/login", json=LOGIN)).json()
        bearer = {"Authorization": f"Bearer {signed_in['accessToken']}"}

        async def execute(operation: str) -> Any:
            answer = await client.post(f"{api}/graphql", json={"query": operation}, headers=bearer)
            assert "errors" not in answer.json(), answer.text
            return answer.json()["data"]

        found = await execute(pasted(text, "query"))
        assert found["searchProperties"]["edges"]
        made = (await execute(pasted(text, "mutation")))["createBooking"]
        assert made["booking"]["status"] == "PENDING_PAYMENT", made
        page = await client.get(made["payment"]["redirectUrl"])
        assert page.status_code == httpx2.codes.OK

        watch = pasted(text, "subscription").replace("<booking's id>", made["booking"]["id"])
        address = f"{api.replace('http', 'ws')}/graphql"
        async with connect(address, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
            await socket.send(json.dumps({"type": "connection_init", "payload": bearer}))
            start = {"id": "1", "type": "subscribe", "payload": {"query": watch}}
            await socket.send(json.dumps(start))
            async with asyncio.timeout(30):
                assert (await payload(socket))["status"] == "PENDING_PAYMENT"
                await pay(client, sandbox, text, made["payment"]["clientSecret"])
                while (await payload(socket))["status"] != "CONFIRMED":
                    pass

        await arrived(client, mailbox, LOGIN["login"])
    assert session.send(signal.SIGINT) == 0
    assert gone(processes)

    session.started(seconds=60)
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
        kept = f'{{ booking(id: "{made["booking"]["id"]}") {{ status }} }}'
        answer = await client.post(f"{api}/graphql", json={"query": kept}, headers=bearer)
        assert answer.json()["data"] == {"booking": {"status": "CONFIRMED"}}
        await arrived(client, mailbox, LOGIN["login"])


async def pay(client: httpx2.AsyncClient, sandbox: str, text: str, client_secret: str) -> None:
    """The printed `curl`, as Stripe.js would send it."""
    key = re.search(r"-u (pk_test_\w+):", text)
    assert key
    intent = client_secret.partition("_secret_")[0]
    answer = await client.post(
        f"{sandbox}/v1/payment_intents/{intent}/confirm",
        data={"client_secret": client_secret, "payment_method": "pm_card_visa"},
        auth=(key.group(1), ""),
    )
    assert answer.json()["status"] == "succeeded", answer.text


async def arrived(client: httpx2.AsyncClient, mailbox: str, address: str) -> None:
    """Wait for the confirmation with its calendar invitation."""
    async with asyncio.timeout(30):
        while True:
            mails = (await client.get(f"{mailbox}/api/messages?to={address}")).json()
            if any(mail["attachments"] and mail["html"] and mail["text"] for mail in mails):
                return
            await asyncio.sleep(0.2)
