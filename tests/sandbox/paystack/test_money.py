"""Money that goes back, and money that goes on: refunds, recipients, transfers, disputes."""

from typing import Any

import httpx2
import pytest

from tests.sandbox.paystack.making import paid, recipient, send, verified
from tests.sandbox.paystack.test_charges import balance
from tests.support.paystack import PaystackControl


async def refund(api: httpx2.AsyncClient, **more: Any) -> httpx2.Response:
    return await api.post("/refund", json={"transaction": "stay-1", **more})


async def test_a_refund_is_promised_then_there(
    api: httpx2.AsyncClient, bank: PaystackControl
) -> None:
    await paid(api, bank)
    made = (await refund(api, amount=4_000, merchant_note="refund r1")).json()["data"]
    assert (made["status"], made["amount"], made["merchant_note"]) == (
        "pending",
        4_000,
        "refund r1",
    )
    assert await balance(api) == 10_000 - 195 - 4_000
    await bank.settle()
    shown = (await api.get(f"/refund/{made['id']}")).json()["data"]
    assert (shown["status"], shown["transaction_reference"]) == ("processed", "stay-1")
    assert (await verified(api))["status"] == "success"
    rest = (await refund(api)).json()["data"]
    assert rest["amount"] == 6_000
    assert (await verified(api))["status"] == "reversed"
    for body in ({}, {"amount": 1}):
        assert (await refund(api, **body)).status_code == 400


async def test_a_refund_that_fails_comes_back(
    api: httpx2.AsyncClient, bank: PaystackControl
) -> None:
    await paid(api, bank)
    made = (await refund(api, merchant_note="sandbox:fail")).json()["data"]
    await bank.settle()
    assert (await api.get(f"/refund/{made['id']}")).json()["data"]["status"] == "failed"
    assert await balance(api) == 10_000 - 195
    assert (await verified(api))["status"] == "success"


@pytest.mark.parametrize("change", [{"amount": 10_001}, {"amount": 0}, {"currency": "KES"}])
async def test_refunds_that_cannot_be(
    api: httpx2.AsyncClient, bank: PaystackControl, change: dict[str, Any]
) -> None:
    await paid(api, bank)
    assert (await refund(api, **change)).status_code == 400


async def test_what_is_unpaid_has_nothing_to_refund(
    api: httpx2.AsyncClient, bank: PaystackControl
) -> None:
    await api.post(
        "/transaction/initialize",
        json={"email": "a@example.com", "amount": 10_000, "reference": "stay-1"},
    )
    assert (await refund(api)).status_code == 400


async def test_a_transfer_arrives(api: httpx2.AsyncClient, bank: PaystackControl) -> None:
    await bank.top_up(10_000, "GHS")
    to = await recipient(api)
    made = (await send(api, to)).json()["data"]
    assert (made["status"], made["reference"]) == ("pending", "payout-0000000000000001")
    assert await balance(api) == 10_000 - 5_000 - 100
    await bank.settle()
    shown = (await api.get("/transfer/verify/payout-0000000000000001")).json()["data"]
    assert (shown["status"], shown["recipient"]["recipient_code"]) == ("success", to)
    by_code = (await api.get(f"/transfer/{made['transfer_code']}")).json()["data"]
    assert by_code["fee_charged"] == 100
    again = await send(api, to)
    assert (again.status_code, again.json()["code"]) == (400, "duplicate_transfer_reference")
    assert await balance(api) == 10_000 - 5_000 - 100


@pytest.mark.parametrize(
    ("number", "status"), [("0244000002", "failed"), ("0244000003", "reversed")]
)
async def test_transfers_that_do_not_stay(
    api: httpx2.AsyncClient, bank: PaystackControl, number: str, status: str
) -> None:
    await bank.top_up(10_000, "GHS")
    await send(api, await recipient(api, number))
    await bank.settle()
    await bank.settle()
    shown = (await api.get("/transfer/verify/payout-0000000000000001")).json()["data"]
    assert shown["status"] == status
    assert await balance(api) == 10_000


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 10_000},
        {"amount": 0},
        {"currency": "KES"},
        {"reference": "short"},
        {"recipient": "RCP_none"},
    ],
)
async def test_transfers_that_cannot_be(
    api: httpx2.AsyncClient, bank: PaystackControl, change: dict[str, Any]
) -> None:
    await bank.top_up(10_000, "GHS")
    answer = await send(api, await recipient(api), **change)
    assert answer.status_code == 400
    assert await balance(api) == 10_000


async def test_a_transfer_may_wait_for_a_password(
    api: httpx2.AsyncClient, bank: PaystackControl
) -> None:
    await bank.ask_for_otp()
    await bank.top_up(10_000, "GHS")
    made = (await send(api, await recipient(api))).json()["data"]
    assert made["status"] == "otp"
    for otp, status in (("000000", 400), ("123456", 200), ("123456", 400)):
        body = {"transfer_code": made["transfer_code"], "otp": otp}
        assert (await api.post("/transfer/finalize_transfer", json=body)).status_code == status
    await bank.settle()
    shown = (await api.get(f"/transfer/{made['transfer_code']}")).json()["data"]
    assert shown["status"] == "success"


async def test_recipients(api: httpx2.AsyncClient, bank: PaystackControl) -> None:
    code = await recipient(api)
    assert await recipient(api) == code
    shown = (await api.get(f"/transferrecipient/{code}")).json()["data"]
    assert shown["details"]["bank_name"] == "MTN"
    changed = await api.put(f"/transferrecipient/{code}", json={"name": "Kofi B."})
    assert changed.json()["data"]["name"] == "Kofi B."
    assert (await api.delete(f"/transferrecipient/{code}")).status_code == 200
    assert (await api.get(f"/transferrecipient/{code}")).json()["data"]["active"] is False
    await bank.top_up(10_000, "GHS")
    assert (await send(api, code)).status_code == 400
    assert await recipient(api) != code
    for change in ({"bank_code": "XYZ"}, {"account_number": "many"}):
        body = {"type": "mobile_money", "name": "x", "account_number": "0244000100"}
        answer = await api.post("/transferrecipient", json={**body, "bank_code": "MTN", **change})
        assert answer.status_code == 400


async def test_banks(api: httpx2.AsyncClient) -> None:
    phones = await api.get("/bank", params={"currency": "GHS", "type": "mobile_money"})
    assert [bank["code"] for bank in phones.json()["data"]] == ["MTN", "ATL", "VOD"]
    assert (await api.get("/bank", params={"country": "kenya"})).json()["data"]


@pytest.mark.parametrize("won", [True, False])
async def test_disputes(api: httpx2.AsyncClient, bank: PaystackControl, won: bool) -> None:
    shown = await paid(api, bank)
    before = await balance(api)
    opened = await bank.dispute("stay-1")
    listed = (await api.get("/dispute", params={"transaction": shown["id"]})).json()["data"]
    assert [row["id"] for row in listed] == [opened["id"]]
    assert (await api.get(f"/dispute/{opened['id']}")).json()["data"]["resolvedAt"] is None
    await bank.resolve(opened["id"], won=won)
    decided = (await api.get(f"/dispute/{opened['id']}")).json()["data"]
    assert decided["resolution"] == ("declined" if won else "merchant-accepted")
    assert await balance(api) == (before if won else before - 10_000)


async def test_lists_come_in_pages_newest_first(
    api: httpx2.AsyncClient, bank: PaystackControl
) -> None:
    await bank.top_up(100_000, "GHS")
    to = await recipient(api)
    for number in range(5):
        await paid(api, bank, f"stay-{number}")
        await api.post("/refund", json={"transaction": f"stay-{number}", "amount": 100})
        await send(api, to, reference=f"payout-000000000000000{number}")
        await bank.dispute(f"stay-{number}")
    lists = {"/transaction": "per_page", "/refund": "perPage", "/transfer": "per_page"}
    for path, size in {**lists, "/dispute": "perPage"}.items():
        seen: list[int] = []
        for page in (1, 2, 3):
            answer = (await api.get(path, params={size: 2, "page": page})).json()
            assert (answer["meta"]["total"], answer["meta"]["pageCount"]) == (5, 3), path
            seen += [row["id"] for row in answer["data"]]
        assert seen == sorted(set(seen), reverse=True), path
        assert len(seen) == 5
        later = (await api.get(path, params={"from": "2100-01-01T00:00:00.000Z"})).json()
        assert later["data"] == []
    only = (await api.get("/transaction", params={"status": "failed"})).json()
    assert only["data"] == []
    assert (await api.get("/transferrecipient")).json()["meta"]["total"] == 1
