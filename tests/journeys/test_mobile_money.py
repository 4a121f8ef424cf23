"""A stay in Ghana, paid by phone, from the booking to the host's phone; on real processes."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from sqlalchemy import text

from app.config import Settings
from app.runtime import open_runtime
from db.session import Database
from tests.journeys import operations as op
from tests.journeys.reference import Reference
from tests.journeys.story import Story, book, eventually
from tests.support.books import assert_books_balance
from tests.support.paystack import PHONE, PaystackSandbox
from tests.support.processes import Stack

ACCRA = {
    "title": "Courtyard room in Osu",
    "location": {
        "address": "Oxford Street 12",
        "postalCode": "GA-05",
        "city": "Accra",
        "region": "Greater Accra",
        "country": "GH",
        "latitude": 5.5571,
        "longitude": -0.1827,
    },
    "pricePerNight": {"amount": 1_100_00, "currency": "GHS"},
    "timezone": "Africa/Accra",
}
SET_RECIPIENT = """mutation ($input: SetPayoutRecipientInput!) { setPayoutRecipient(input: $input) {
  __typename ... on SetPayoutRecipientSuccess { payoutAccount { label status } } } }"""
HOSTS_PHONE = {
    "currency": "GHS",
    "kind": "MOBILE_MONEY",
    "institutionCode": "MTN",
    "accountNumber": "0244000100",
    "accountName": "Kofi Boateng",
}


@pytest.fixture
async def ghana(settings: Settings, tmp_path: Path, db: Database) -> AsyncIterator[Story]:
    """All the processes, with Paystack's sandbox beside Stripe's."""
    settings = msgspec.structs.replace(settings, paystack_secret_key="sk_test_paystack")
    stack = Stack(settings, tmp_path)
    try:
        await stack.start("sandbox", "paystack", "mailbox", "api", "worker")
        async with open_runtime(stack.settings) as runtime:
            story = Story(stack, db, Reference(stack.settings, runtime))
            yield story
            await story.close()
    finally:
        stack.stop()


async def pay_by_phone(redirect_url: str) -> None:
    """As the guest's browser does: the page, its form, and the phone, which approves by itself."""
    async with httpx2.AsyncClient(trust_env=False) as browser:
        shown = await browser.get(redirect_url)
        assert shown.status_code == 200
        telcos = re.findall(r'name="telco" value="(\w+)"', shown.text)
        assert telcos[0] == "MTN"
        # Only what was chosen in the app.
        assert 'name="card"' not in shown.text
        form = {"action": "phone", "telco": "MTN", "phone": PHONE}
        assert (await browser.post(redirect_url, data=form)).status_code == 200


async def test_a_stay_is_paid_by_phone_and_so_is_its_host(ghana: Story) -> None:
    host, listing = await ghana.host_with_listing(**ACCRA)
    named = await host.do(SET_RECIPIENT, input=HOSTS_PHONE)
    assert named["payoutAccount"] == {"label": "MTN ···· 0100", "status": "ACTIVE"}
    guest = await ghana.person("ada")
    booked = await book(guest, listing, method="MOBILE_MONEY")
    booking = booked["booking"]["id"]
    assert booked["booking"]["status"] == "PENDING_PAYMENT"
    async with guest.subscribe(op.WATCH, id=booking) as watching:
        await pay_by_phone(booked["payment"]["redirectUrl"])
        # The webhook tells, the worker asks, and the guest's app hears of it.
        await watching.until("CONFIRMED")
        async with ghana.db.transaction() as session:
            await session.execute(
                text(
                    "UPDATE bookings SET check_in = check_in - 50, check_out = check_out - 50,"
                    " check_in_at = check_in_at - interval '50 days',"
                    " check_out_at = check_out_at - interval '50 days',"
                    " deadline_at = deadline_at - interval '50 days',"
                    " payout_due_at = payout_due_at - interval '50 days'"
                )
            )
        await watching.until("COMPLETED")

    async def paid_out() -> Any:
        edges = (await host.do(op.PAYOUTS))["payouts"]["edges"]
        return [edge["node"] for edge in edges if edge["node"]["status"] == "PAID"]

    (payout,) = await eventually(paid_out)
    # Nights and cleaning less 3 %.
    assert payout["amount"] == {"amount": (3_300_00 + 30_00) * 97 // 100, "currency": "GHS"}
    paystack = PaystackSandbox()
    paystack.port = ghana.stack.paystack.port
    paystack._control = paystack.make_control()
    await assert_books_balance(ghana.db, paystack)
    (transfer,) = (await paystack.control.state())["transfers"]
    assert (transfer["amount"], transfer["status"]) == (payout["amount"]["amount"], "success")
    await paystack.control.close()
