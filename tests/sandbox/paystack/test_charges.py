"""Paying: what each card and phone asks for, and how it ends."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.sandbox.paystack.making import opened, paid, verified
from tests.support.paystack import (
    BANK_CARD,
    DECLINED,
    PHONE,
    PHONE_BY_HAND,
    VERVE,
    VISA,
    PaystackControl,
)


async def balance(api: httpx2.AsyncClient, currency: str = "GHS") -> int:
    lines = (await api.get("/balance")).json()["data"]
    return sum(line["balance"] for line in lines if line["currency"] == currency)


async def test_nothing_is_paid_at_first(api: httpx2.AsyncClient) -> None:
    made = await opened(api)
    assert made["reference"] == "stay-1"
    assert made["authorization_url"].endswith(f"/pay/{made['access_code']}")
    shown = await verified(api)
    assert (shown["status"], shown["paid_at"], shown["domain"]) == ("abandoned", None, "test")
    assert (shown["amount"], shown["currency"]) == (10_000, "GHS")
    assert shown["metadata"] == {"payment_id": "p1"}


async def test_card(api: httpx2.AsyncClient, bank: PaystackControl) -> None:
    shown = await paid(api, bank)
    assert (shown["status"], shown["channel"], shown["fees"]) == ("success", "card", 195)
    assert shown["authorization"]["last4"] == "4081"
    assert await balance(api) == 10_000 - 195


@pytest.mark.parametrize(
    ("card", "why"), [(DECLINED, "Declined"), ("4084080000670037", "Insufficient Funds")]
)
async def test_a_declined_card_leaves_the_page_open(
    api: httpx2.AsyncClient, bank: PaystackControl, card: str, why: str
) -> None:
    await opened(api)
    await bank.pay("stay-1", card=card)
    shown = await verified(api)
    assert (shown["status"], shown["gateway_response"]) == ("failed", why)
    await bank.pay("stay-1", card=VISA)
    assert (await verified(api))["status"] == "success"


async def submit(api: httpx2.AsyncClient, what: str, code: str) -> Any:
    answer = await api.post(f"/charge/submit_{what}", json={what: code, "reference": "stay-1"})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.mark.parametrize(
    ("pin", "otp", "status"),
    [("1234", "123456", "success"), ("1234", "000000", "failed"), ("9999", None, "failed")],
)
async def test_pin_and_otp(
    api: httpx2.AsyncClient, bank: PaystackControl, pin: str, otp: str | None, status: str
) -> None:
    await opened(api)
    assert (await bank.pay("stay-1", card=VERVE))["status"] == "send_pin"
    assert (await verified(api))["status"] == "ongoing"
    asked = await submit(api, "pin", pin)
    if otp is not None:
        assert asked["status"] == "send_otp"
        await submit(api, "otp", otp)
    assert (await verified(api))["status"] == status
    wrong = await api.post("/charge/submit_otp", json={"otp": "123456", "reference": "stay-1"})
    assert wrong.status_code == 400


@pytest.mark.parametrize(("passed", "status"), [(True, "success"), (False, "failed")])
async def test_the_bank_asks(
    api: httpx2.AsyncClient, bank: PaystackControl, passed: bool, status: str
) -> None:
    await opened(api)
    assert (await bank.pay("stay-1", card=BANK_CARD))["status"] == "open_url"
    await bank.answer_bank("stay-1", passed=passed)
    assert (await verified(api))["status"] == status


async def charge(api: httpx2.AsyncClient, phone: str, **more: Any) -> httpx2.Response:
    body = {
        "email": "ama@example.com",
        "amount": 10_000,
        "currency": "GHS",
        "reference": "stay-1",
        "mobile_money": {"phone": phone, "provider": "mtn"},
        **more,
    }
    return await api.post("/charge", json=body)


async def test_a_phone_that_approves(api: httpx2.AsyncClient, bank: PaystackControl) -> None:
    shown = (await charge(api, PHONE)).json()["data"]
    assert shown["status"] == "pay_offline"
    assert "phone" in shown["display_text"]
    assert (await verified(api))["status"] == "pending"
    await bank.settle()
    shown = await verified(api)
    assert (shown["status"], shown["channel"]) == ("success", "mobile_money")
    assert shown["authorization"]["bank"] == "MTN"
    assert (await api.get("/charge/stay-1")).json()["data"]["status"] == "success"


@pytest.mark.parametrize(
    ("phone", "why"),
    [
        ("0240000002", "Declined"),
        ("0240000003", "Insufficient Funds"),
        ("0240000004", "The prompt on the phone ran out"),
    ],
)
async def test_phones_that_do_not(
    api: httpx2.AsyncClient, bank: PaystackControl, phone: str, why: str
) -> None:
    await charge(api, phone)
    await bank.settle()
    shown = await verified(api)
    assert (shown["status"], shown["gateway_response"]) == ("failed", why)


async def test_a_prompt_that_nobody_answers_waits_three_minutes(
    api: httpx2.AsyncClient, bank: PaystackControl
) -> None:
    await charge(api, PHONE_BY_HAND)
    await bank.call("POST", "hold", {"held": False})
    await bank.advance(170)
    assert (await verified(api))["status"] == "pending"
    await bank.advance(10)
    async with asyncio.timeout(10):
        while (await verified(api))["status"] == "pending":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    shown = await verified(api)
    assert (shown["status"], shown["gateway_response"]) == (
        "failed",
        "The prompt on the phone ran out",
    )


async def test_a_prompt_that_was_answered_runs_out_no_more(
    api: httpx2.AsyncClient, bank: PaystackControl
) -> None:
    await charge(api, PHONE_BY_HAND)
    await bank.answer_phone("stay-1", approved=True)
    await bank.settle()
    assert (await verified(api))["status"] == "success"


@pytest.mark.parametrize("approved", [True, False])
async def test_a_phone_by_hand(
    api: httpx2.AsyncClient, bank: PaystackControl, approved: bool
) -> None:
    await charge(api, PHONE_BY_HAND)
    await bank.answer_phone("stay-1", approved=approved)
    assert (await verified(api))["status"] == ("success" if approved else "failed")


async def test_a_phone_that_asks_for_a_password_first(
    api: httpx2.AsyncClient, bank: PaystackControl
) -> None:
    assert (await charge(api, "0200000001")).json()["data"]["status"] == "send_otp"
    assert (await submit(api, "otp", "123456"))["status"] == "pay_offline"
    await bank.settle()
    assert (await verified(api))["status"] == "success"


async def test_a_card_is_charged_again(api: httpx2.AsyncClient, bank: PaystackControl) -> None:
    known = (await paid(api, bank))["authorization"]["authorization_code"]
    body = {"email": "ama@example.com", "amount": 700, "currency": "GHS"}
    answer = await api.post(
        "/transaction/charge_authorization", json={**body, "authorization_code": known}
    )
    assert answer.json()["data"]["status"] == "success"
    again = await api.post("/charge", json={**body, "authorization_code": known})
    assert again.json()["data"]["status"] == "success"
    unknown = await api.post("/charge", json={**body, "authorization_code": "AUTH_none"})
    assert unknown.status_code == 400


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"amount": 9}, 400, "invalid_amount"),
        ({"amount": -10_000}, 400, "invalid_amount"),
        ({"email": "nobody"}, 400, "invalid_email_address"),
        ({"currency": "EUR"}, 403, "unsupported_currency"),
        ({"reference": "a reference"}, 400, "invalid_reference"),
        ({"metadata": "{"}, 400, "invalid_metadata"),
        ({"channels": ["pigeon"]}, 400, "invalid_params"),
        ({"surprise": 1}, 400, "invalid_params"),
        ({"amount": "much"}, 400, "invalid_params"),
    ],
)
async def test_what_is_refused(
    paystack: Any, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"email": "a@example.com", "amount": 10_000, "currency": "GHS"}
    async with paystack.http() as http:
        answer = await http.post("/transaction/initialize", json={**body, **change})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["status"] is False


async def test_a_reference_is_used_once(api: httpx2.AsyncClient, bank: PaystackControl) -> None:
    await paid(api, bank)
    answer = await api.post(
        "/transaction/initialize",
        json={"email": "a@example.com", "amount": 10_000, "reference": "stay-1"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "duplicate_reference")
    assert len((await bank.state())["transactions"]) == 1


async def test_unknown_objects_and_keys(api: httpx2.AsyncClient, paystack: Any) -> None:
    for path in (
        "/transaction/verify/none",
        "/transaction/1",
        "/charge/none",
        "/refund/1",
        "/transferrecipient/RCP_none",
        "/transfer/TRF_none",
        "/transfer/verify/none",
        "/dispute/1",
    ):
        assert (await api.get(path)).status_code == 404, path
    for headers in ({"Authorization": "Bearer sk_test_other"}, {"Authorization": ""}):
        assert (await api.get("/balance", headers=headers)).status_code == 401
    async with paystack.http() as http:
        assert (await http.get("/plan")).status_code == 404
