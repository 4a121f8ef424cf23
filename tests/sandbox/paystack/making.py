"""What most of these tests start with."""

from typing import Any

import httpx2

from tests.support.paystack import PaystackControl

BACK = "https://shop.example/trips/1?from=pay"


async def opened(api: httpx2.AsyncClient, reference: str = "stay-1", **more: Any) -> Any:
    """A transaction of 100.00 GHS that nobody has paid yet: the data of the answer."""
    body = {
        "email": "ama@example.com",
        "amount": 10_000,
        "currency": "GHS",
        "reference": reference,
        "callback_url": BACK,
        "metadata": {"payment_id": "p1"},
        **more,
    }
    answer = await api.post("/transaction/initialize", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def verified(api: httpx2.AsyncClient, reference: str = "stay-1") -> Any:
    """How a transaction stands."""
    return (await api.get(f"/transaction/verify/{reference}")).json()["data"]


async def paid(
    api: httpx2.AsyncClient, bank: PaystackControl, reference: str = "stay-1", **more: Any
) -> Any:
    """A transaction that was paid by card."""
    await opened(api, reference, **more)
    await bank.pay(reference)
    return await verified(api, reference)


async def recipient(api: httpx2.AsyncClient, number: str = "0244000100", **more: Any) -> str:
    """A host's phone; returns the recipient's code."""
    body = {
        "type": "mobile_money",
        "name": "Kofi Boateng",
        "account_number": number,
        "bank_code": "MTN",
        "currency": "GHS",
        **more,
    }
    answer = await api.post("/transferrecipient", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["recipient_code"])


async def send(api: httpx2.AsyncClient, to: str, **more: Any) -> httpx2.Response:
    """A transfer of 50.00 GHS."""
    body = {
        "source": "balance",
        "amount": 5_000,
        "currency": "GHS",
        "recipient": to,
        "reference": "payout-0000000000000001",
        "reason": "Two nights",
        **more,
    }
    return await api.post("/transfer", json=body)
