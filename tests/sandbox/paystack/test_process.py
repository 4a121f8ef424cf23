"""Trouble on demand, what is kept, where it refuses to start, and the description itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.sandbox.paystack import server
from app.sandbox.paystack.routes import TABLE
from app.sandbox.state import Config
from tests.sandbox.paystack.making import opened, paid, recipient, send, verified
from tests.sandbox.receiver import Receiver
from tests.support.described import OPERATIONS, check_answer, check_request
from tests.support.paystack import PHONE_BY_HAND, PaystackControl, PaystackSandbox
from tests.support.sandbox import Control, ControlError

BODY: dict[str, Any] = {
    "email": "a@example.com",
    "amount": 10_000,
    "currency": "GHS",
    "reference": "stay-1",
}


@pytest.mark.parametrize(("when", "made"), [(None, 1), ("before", 0)])
async def test_a_lost_reply(
    api: httpx2.AsyncClient, bank: PaystackControl, when: str | None, made: int
) -> None:
    await bank.fault(kind="drop", path="/transaction/initialize", when=when)
    with pytest.raises(httpx2.TransportError):
        await api.post("/transaction/initialize", json=BODY)
    assert len((await bank.state())["transactions"]) == made
    again = await api.post("/transaction/initialize", json=BODY)
    assert again.status_code == (400 if made else 200)


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
async def test_errors_strike_as_often_as_told(
    api: httpx2.AsyncClient, bank: PaystackControl, status: int, when: str, made: int
) -> None:
    await bank.fault(kind="error", status=status, when=when, method="POST")
    assert (await api.post("/transaction/initialize", json=BODY)).status_code == status
    assert len((await bank.state())["transactions"]) == made
    assert (await api.get("/balance")).status_code == 200


async def test_a_hang_holds_up_nobody_else(api: httpx2.AsyncClient, bank: PaystackControl) -> None:
    await bank.fault(kind="hang", seconds=0.5, path="/balance")
    waiting = asyncio.create_task(api.get("/balance"))
    while (await bank.call("GET", "faults"))["faults"]:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await opened(api)
    assert not waiting.done()
    assert (await waiting).status_code == 200


async def test_control_calls_are_checked(bank: PaystackControl, paystack: PaystackSandbox) -> None:
    for method, name, body in (
        ("POST", "faults", {"kind": "explode"}),
        ("POST", "nonsense", {}),
        ("POST", "pay", {"reference": "none"}),
        ("POST", "phone", {"reference": "none"}),
    ):
        with pytest.raises(ControlError):
            await bank.call(method, name, body)
    stranger = Control(paystack.base_url, "sk_test_wrong")
    with pytest.raises(ControlError, match="401"):
        await stranger.reset()
    await stranger.close()


@pytest.fixture
async def kept(tmp_path: Path, paystack_hooks: Receiver) -> AsyncIterator[PaystackSandbox]:
    """A sandbox that keeps everything in a file."""
    paystack_hooks.reset()
    sandbox = PaystackSandbox(webhook_url=paystack_hooks.url, data=tmp_path / "new" / "p.sqlite")
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


async def test_kill_nine_loses_nothing(kept: PaystackSandbox, paystack_hooks: Receiver) -> None:
    control = kept.control
    await control.hold()
    await control.webhooks(paused=True)
    async with kept.http() as http:
        await paid(http, control)
        await opened(http, "stay-2")
        await control.pay("stay-2", phone=PHONE_BY_HAND)
        await http.post("/refund", json={"transaction": "stay-1", "amount": 100})
        await control.top_up(10_000, "GHS")
        await send(http, await recipient(http))
    before = await control.state()
    assert paystack_hooks.received == []

    kept.kill()
    await kept.start()

    # Nobody holds time any more: what was under way arrives now.
    await paystack_hooks.wait(4)
    after = await control.state()
    assert [row["id"] for row in after["transactions"]] == ["stay-1", "stay-2"]
    assert after["transactions"][1]["step"] == "pay_offline"
    assert after["refunds"][0]["status"] == "processed"
    assert after["transfers"][0]["status"] == "success"
    assert after["balance"] == before["balance"]
    async with kept.http() as http:
        await control.answer_phone("stay-2")
        assert (await verified(http, "stay-2"))["status"] == "success"
        # Numbers go on where they were.
        await opened(http, "stay-3")
        numbers = [row["number"] for row in (await control.state())["transactions"]]
        assert len(set(numbers)) == 3


@pytest.mark.parametrize("environment", ["production", None])
def test_never_in_production(environment: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROOST_ENV", raising=False)
    if environment:
        monkeypatch.setenv("ROOST_ENV", environment)
    with pytest.raises(SystemExit, match="does not run in production"):
        server.main(port=0)
    with pytest.raises(SystemExit, match="does not run in production"):
        server.create_app(Config())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"email=a@example.com&amount=10000&currency=GHS", 200),
        (b"{}", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b"x" * 2_000_000, 413),
        (b"&".join(b"a%d=1" % number for number in range(2_000)), 400),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
async def test_malformed_bodies(
    paystack: PaystackSandbox, body: bytes, status: int, kind: str
) -> None:
    async with paystack.http() as http:
        answer = await http.post(
            "/transaction/initialize", content=body, headers={"Content-Type": kind}
        )
    wanted = 400 if kind == "application/json" and status == 200 else status
    assert answer.status_code == wanted, answer.text


def test_every_operation_is_described() -> None:
    assert OPERATIONS.keys() == {f"{method} {path}" for method, path, _, _ in TABLE}


def test_the_comparison_can_fail() -> None:
    known = b'"email": "a", "amount": 1'
    for body in (b'{"amount": 1}', b'{"email": "a", "amount": "1"}', b'{%s, "x": 1}' % known):
        with pytest.raises(AssertionError, match="initialize"):
            check_request("POST", "/transaction/initialize", b"", body)
    with pytest.raises(AssertionError, match="no parameter"):
        check_request("GET", "/balance", b"odd=1", b"")
    with pytest.raises(AssertionError, match="describes no"):
        check_request("GET", "/plan", b"", b"")
    good = {"status": True, "message": "ok", "data": [{"currency": "GHS", "balance": 1}]}
    check_answer("GET", "/balance", 200, good)
    wrong: tuple[Any, ...] = ([{"currency": "GHS"}], [{"currency": "GHS", "balance": "1"}], {})
    for data in wrong:
        with pytest.raises(AssertionError, match="balance"):
            check_answer("GET", "/balance", 200, {**good, "data": data})
