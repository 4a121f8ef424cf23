"""The pay page, as a browser without JavaScript meets it."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.sandbox.paystack.making import opened, verified
from tests.support.paystack import (
    BANK_CARD,
    DECLINED,
    PHONE,
    PHONE_BY_HAND,
    VERVE,
    VISA,
    PaystackControl,
)


async def page(api: httpx2.AsyncClient, **more: Any) -> str:
    """The path of a fresh pay page."""
    return urlsplit(str((await opened(api, **more))["authorization_url"])).path


def gone_back(answer: httpx2.Response) -> bool:
    """Whether the payer was sent back, with the reference, as Paystack does."""
    if answer.status_code != 303:
        return False
    url = answer.headers["location"]
    assert url.startswith("https://shop.example/trips/1?from=pay&")
    assert parse_qs(urlsplit(url).query)["reference"] == ["stay-1"]
    return True


async def test_pay_by_card(api: httpx2.AsyncClient, browser: httpx2.AsyncClient) -> None:
    path = await page(api)
    shown = await browser.get(path)
    assert shown.status_code == 200
    assert "GHS 100.00" in shown.text
    assert f'value="{VISA}"' in shown.text
    assert gone_back(await browser.post(path, data={"action": "card", "card": VISA}))
    assert (await verified(api))["status"] == "success"
    again = await browser.get(path)
    assert "Paid" in again.text
    assert (await browser.post(path, data={"action": "card", "card": VISA})).status_code == 200


async def test_a_declined_card_may_be_replaced(
    api: httpx2.AsyncClient, browser: httpx2.AsyncClient
) -> None:
    path = await page(api)
    refused = await browser.post(path, data={"action": "card", "card": DECLINED})
    assert (refused.status_code, "Declined" in refused.text) == (402, True)
    assert gone_back(await browser.post(path, data={"action": "card", "card": VISA}))


async def test_pin_and_code(api: httpx2.AsyncClient, browser: httpx2.AsyncClient) -> None:
    path = await page(api)
    asked = await browser.post(path, data={"action": "card", "card": VERVE})
    assert "PIN" in asked.text
    asked = await browser.post(path, data={"action": "send_pin", "code": "1234"})
    assert "one-time password" in asked.text
    assert gone_back(await browser.post(path, data={"action": "send_otp", "code": "123456"}))


@pytest.mark.parametrize("passed", [True, False])
async def test_the_bank_asks(
    api: httpx2.AsyncClient, browser: httpx2.AsyncClient, passed: bool
) -> None:
    path = await page(api)
    await browser.post(path, data={"action": "card", "card": BANK_CARD})
    action = "authenticate" if passed else "refuse"
    assert gone_back(await browser.post(path, data={"action": action})) is passed
    assert (await verified(api))["status"] == ("success" if passed else "failed")


async def test_pay_by_phone(
    api: httpx2.AsyncClient, browser: httpx2.AsyncClient, bank: PaystackControl
) -> None:
    path = await page(api, channels=["mobile_money"])
    shown = (await browser.get(path)).text
    assert PHONE in shown
    assert VISA not in shown
    waiting = await browser.post(path, data={"action": "phone", "telco": "MTN", "phone": PHONE})
    assert 'http-equiv="refresh"' in waiting.text
    await bank.settle()
    assert "Paid" in (await browser.get(path)).text


@pytest.mark.parametrize("approved", [True, False])
async def test_a_phone_by_hand(
    api: httpx2.AsyncClient, browser: httpx2.AsyncClient, approved: bool
) -> None:
    path = await page(api)
    data = {"action": "phone", "telco": "VOD", "phone": PHONE_BY_HAND}
    waiting = await browser.post(path, data=data)
    assert 'http-equiv="refresh"' not in waiting.text
    action = "approve" if approved else "decline"
    assert gone_back(await browser.post(path, data={"action": action})) is approved
    assert (await verified(api))["status"] == ("success" if approved else "failed")


async def test_walking_away(api: httpx2.AsyncClient, browser: httpx2.AsyncClient) -> None:
    path = await page(api)
    assert gone_back(await browser.post(path, data={"action": "abandon"}))
    assert (await verified(api))["status"] == "abandoned"
    assert (await browser.get(path)).status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        {"action": "phone", "telco": "MTN", "phone": "no number"},
        {"action": "phone", "telco": "MPESA", "phone": PHONE},
        {"action": "send_pin", "code": "1234"},
        {"action": "approve"},
    ],
)
async def test_forms_out_of_place(
    api: httpx2.AsyncClient, browser: httpx2.AsyncClient, data: dict[str, str]
) -> None:
    path = await page(api)
    assert (await browser.post(path, data=data)).status_code == 402
    assert (await verified(api))["status"] == "abandoned"


async def test_unknown_pages_and_the_overview(
    api: httpx2.AsyncClient, browser: httpx2.AsyncClient
) -> None:
    assert (await browser.get("/pay/none")).status_code == 404
    await browser.post(await page(api), data={"action": "card", "card": VISA})
    await api.post("/refund", json={"transaction": "stay-1", "amount": 100})
    overview = (await browser.get("/")).text
    assert "stay-1" in overview
    assert "charge.success" in overview


async def test_nobody_is_sent_to_a_script(
    api: httpx2.AsyncClient, browser: httpx2.AsyncClient
) -> None:
    path = await page(api, callback_url="javascript:alert(1)")
    answer = await browser.post(path, data={"action": "card", "card": VISA})
    assert answer.status_code == 200
    assert "javascript" not in answer.text
