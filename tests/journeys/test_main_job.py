"""The product's main job, over real HTTP and websockets against separate processes.

Two API processes: webhooks go to one, the live subscriptions hang on the other.
"""

import base64
from typing import Any

from sqlalchemy import text

from tests.journeys import operations as op
from tests.journeys.story import Story, book, check_books, eventually, pay, search_for
from tests.support.client import Client


async def test_a_guest_books_a_stay_pays_and_watches_it_confirmed(story: Story) -> None:
    elsewhere = await story.stack.another_api()
    _, listing = await story.host_with_listing()
    guest = await story.person("ada", elsewhere.url)

    found = await guest.do(op.SEARCH, filter=search_for())
    (edge,) = found["edges"]
    assert edge["node"]["id"] == listing
    total = edge["quote"]["total"]
    # 3 nights, cleaning, 12 % service fee.
    assert total == {"amount": (300_00 + 30_00) * 112 // 100, "currency": "EUR"}

    booked = await book(guest, listing)
    booking = booked["booking"]
    assert booking["status"] == "PENDING_PAYMENT"
    assert booking["totalPrice"] == total
    host_elsewhere = Client(elsewhere.url)
    story.clients.append(host_elsewhere)
    await host_elsewhere.sign_in("hedy")
    async with (
        guest.subscribe(op.WATCH, id=booking["id"]) as watching,
        host_elsewhere.subscribe(op.WATCH_HOST) as hosting,
    ):
        first = await watching.until("PENDING_PAYMENT")
        assert first["version"] == 1
        await pay(story, booked)
        pushed = await watching.until("CONFIRMED")
        assert (pushed["version"], pushed["previousStatus"]) == (2, "PENDING_PAYMENT")
        told = await hosting.until("CONFIRMED")
        assert told["booking"]["id"] == booking["id"]

    seen = await guest.do(op.BOOKING, id=booking["id"])
    assert seen["payment"]["status"] == "PAID"
    assert seen["nights"] == 3
    assert [step["status"] for step in seen["history"]] == ["PENDING_PAYMENT", "CONFIRMED"]
    assert seen["property"]["location"] == {"address": "Rua dos Remédios 1", "isExact": True}
    assert seen["cancellationPreview"]["refund"]["amount"] == total["amount"]
    found = await guest.do(op.SEARCH, filter=search_for())
    assert found["edges"] == []

    async def both_mails() -> Any:
        confirmed = [mail for mail in await story.mails() if mail["attachments"]]
        return confirmed if len(confirmed) == 2 else None

    mails = await eventually(both_mails)
    assert {address for mail in mails for address in mail["to"]} == {
        "ada@example.com",
        "hedy@example.com",
    }
    for mail in mails:
        assert mail["html"]
        assert mail["text"]
        (invitation,) = mail["attachments"]
        assert b"METHOD:REQUEST" in base64.b64decode(invitation["content"])
    await check_books(story)
    # And graphql-core would have answered the same.
    compared = dict(story.reference.compared)
    assert compared.pop(op.PHOTO_UPLOAD) > 0
    assert compared == {op.HOST_TERMS: 1, op.SEARCH: 2, op.QUOTE: 1, op.BOOKING: 1}


async def test_a_request_is_answered_by_the_host(story: Story) -> None:
    host, listing = await story.host_with_listing(instantBook=False)
    guest = await story.person("ada")
    booked = await book(guest, listing)
    async with host.subscribe(op.WATCH_HOST) as hosting:
        await pay(story, booked)
        asked = await hosting.until("PENDING_HOST")
        accepted = await host.do(op.ACCEPT, id=asked["booking"]["id"])
        assert accepted["booking"]["status"] == "CONFIRMED"
        await hosting.until("CONFIRMED")
    # Declining it now is too late; the answer says why.
    refused = await host.do(op.DECLINE, id=booked["booking"]["id"])
    assert refused["code"] == "TRANSITION_NOT_ALLOWED"
    # The guest cancels, with everything back: it was confirmed today.
    cancelled = await guest.do(op.CANCEL, id=booked["booking"]["id"])
    assert cancelled["booking"]["status"] == "CANCELLED"
    assert cancelled["refund"]["amount"] == booked["booking"]["totalPrice"]["amount"]

    async def refunded() -> bool:
        seen = await guest.do(op.BOOKING, id=booked["booking"]["id"])
        return bool(seen["payment"]["status"] == "REFUNDED")

    await eventually(refunded)
    await check_books(story)


async def test_a_stay_ends_is_reviewed_and_paid_out(story: Story) -> None:
    host, listing = await story.host_with_listing()
    guest = await story.person("ada")
    booked = await book(guest, listing)
    booking = booked["booking"]["id"]
    async with guest.subscribe(op.WATCH, id=booking) as watching:
        await pay(story, booked)
        await watching.until("CONFIRMED")
        early = await guest.do(op.REVIEW, id=booking)
        assert early["code"] == "REVIEW_NOT_ALLOWED"
        # The host completes the account at the provider; the stay passes.
        state = await story.control.state()
        (account,) = state["accounts"]
        await story.control.onboard(account["id"])
        async with story.db.transaction() as session:
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
    reviewed = await guest.do(op.REVIEW, id=booking)
    assert reviewed["review"]["property"] == {"averageRating": 5.0, "reviewCount": 1}
    again = await guest.do(op.REVIEW, id=booking)
    assert again["code"] == "REVIEW_NOT_ALLOWED"

    async def paid_out() -> Any:
        edges = (await host.do(op.PAYOUTS))["payouts"]["edges"]
        return [edge["node"] for edge in edges if edge["node"]["status"] == "PAID"]

    (payout,) = await eventually(paid_out)
    # Nights and cleaning less 3 %.
    assert payout["amount"] == {"amount": 330_00 * 97 // 100, "currency": "EUR"}
    await check_books(story)
