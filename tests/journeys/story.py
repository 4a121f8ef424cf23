"""Whole stories over real HTTP and websockets: the processes, the people and what they do."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import httpx2

from db.session import Database
from tests.journeys import operations as op
from tests.journeys.reference import ComparedClient, Reference
from tests.pictures.test_squares import picture
from tests.support.books import assert_books_balance
from tests.support.client import Client
from tests.support.processes import Stack
from tests.support.sandbox import Control, Sandbox

CHECK_IN = date.today() + timedelta(days=40)  # noqa: DTZ011
CHECK_OUT = CHECK_IN + timedelta(days=3)
AREA = {"north": 38.9, "south": 38.5, "east": -8.9, "west": -9.4}
GUESTS = {"adults": 2}

LISTING = {
    "title": "Tiled flat in Alfama",
    "description": "Two quiet rooms above the river, with a balcony and a lemon tree.",
    "type": "APARTMENT",
    "location": {
        "address": "Rua dos Remédios 1",
        "postalCode": "1100-442",
        "city": "Lisbon",
        "region": "Lisboa",
        "country": "PT",
        "latitude": 38.7118,
        "longitude": -9.1272,
    },
    "pricePerNight": {"amount": 100_00, "currency": "EUR"},
    "cleaningFee": 30_00,
    "maxGuests": 4,
}

HEDY = {
    "kind": "INDIVIDUAL",
    "legalName": "Hedwig Kiesler",
    "country": "AT",
    "phone": "+43 1 5811811",
    "dateOfBirth": "1984-11-09",
}


class Story:
    """The processes, and the people of one story."""

    def __init__(self, stack: Stack, db: Database, reference: Reference) -> None:
        self.stack = stack
        self.db = db
        self.reference = reference
        self.clients: list[Client] = []
        self.control = Control(stack.sandbox.url, stack.settings.stripe_secret_key)

    async def person(self, name: str, url: str | None = None) -> Client:
        """Somebody with an account, who has followed the link in the mail."""
        client = ComparedClient(url or self.stack.api.url, self.reference)
        self.clients.append(client)
        await client.register(name)
        address = f"{name}@example.com"

        async def mailed() -> Any:
            return [mail for mail in await self.mails() if address in mail["to"]]

        await client.verify((await eventually(mailed))[0]["text"])
        return client

    async def host_with_listing(self, **changes: Any) -> tuple[Client, str]:
        host = await self.person("hedy")
        terms = await host.do(op.HOST_TERMS)
        became = await host.do(op.BECOME_HOST, input=HEDY | {"termsVersion": terms})
        assert became["__typename"] == "BecomeHostSuccess", became
        created = await host.do(op.CREATE_PROPERTY, input=LISTING | changes)
        assert created["__typename"] == "CreatePropertySuccess", created
        listing = created["property"]["id"]
        await send_photo(host, listing)
        published = await host.do(op.PUBLISH, id=listing)
        assert published["__typename"] == "PublishPropertySuccess", published
        return host, listing

    async def mails(self) -> list[dict[str, Any]]:
        async with httpx2.AsyncClient(trust_env=False) as http:
            listed = (await http.get(f"{self.stack.mailbox.url}/api/messages")).json()
            rows = listed if isinstance(listed, list) else listed["messages"]
            return [
                (await http.get(f"{self.stack.mailbox.url}/api/messages/{row['id']}")).json()
                for row in rows
            ]

    async def close(self) -> None:
        await self.control.close()
        for client in self.clients:
            await client.close()


async def send_photo(host: Client, listing: str) -> None:
    """A photo as a phone sends it, and made into what others see."""
    raw = picture(size=(600, 500))
    file = {"contentType": "image/jpeg", "size": len(raw)}
    begun = await host.do(op.CREATE_PHOTO_UPLOADS, propertyId=listing, files=[file])
    (request,) = begun["requests"]
    headers = {each["name"]: each["value"] for each in request["headers"]}
    answer = await host.http.request(
        request["method"], request["uploadUrl"], headers=headers, content=raw
    )
    assert answer.status_code == 204, answer.text
    upload = request["upload"]["id"]
    completed = await host.do(op.COMPLETE_PHOTO_UPLOADS, ids=[upload])
    assert completed["__typename"] == "CompletePhotoUploadsSuccess", completed

    async def ready() -> Any:
        return (await host.ask(op.PHOTO_UPLOAD, id=upload))["node"]["photo"]

    await eventually(ready)


async def eventually(check: Callable[[], Awaitable[Any]], seconds: float = 20.0) -> Any:
    """The first truthy answer of `check`; AssertionError when there is none in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await check()
        if found:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"it never came true: {found}"
        await asyncio.sleep(0.1)


async def book(
    guest: Client, listing: str, key: str = "k1", method: str = "CARD", **changes: Any
) -> Any:
    stay = {
        "propertyId": listing,
        "checkIn": CHECK_IN.isoformat(),
        "checkOut": CHECK_OUT.isoformat(),
        "guests": GUESTS,
    } | changes
    quote = await guest.do(op.QUOTE, input=stay)
    assert quote["__typename"] == "Quote", quote
    assert sum(item["amount"]["amount"] for item in quote["lineItems"]) == quote["total"]["amount"]
    booked = await guest.do(
        op.CREATE_BOOKING,
        input=stay
        | {"expectedTotal": quote["total"], "idempotencyKey": key, "paymentMethod": method},
    )
    assert booked["__typename"] == "CreateBookingSuccess", booked
    return booked


async def pay(story: Story, booked: Any, card: str = "pm_card_visa") -> None:
    """As Stripe.js does: the publishable key and the client secret, straight to the provider."""
    secret = booked["payment"]["clientSecret"]
    intent = secret.split("_secret_")[0]
    async with httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f"{story.stack.sandbox.url}/v1/payment_intents/{intent}/confirm",
            data={"client_secret": secret, "payment_method": card},
            headers={"authorization": f"Bearer {booked['payment']['publishableKey']}"},
        )
    assert answer.status_code == 200, answer.text


def search_for() -> dict[str, Any]:
    return {
        "area": AREA,
        "checkIn": CHECK_IN.isoformat(),
        "checkOut": CHECK_OUT.isoformat(),
        "guests": GUESTS,
    }


async def check_books(story: Story) -> None:
    sandbox = Sandbox()
    sandbox.port = story.stack.sandbox.port
    sandbox._control = story.control
    await assert_books_balance(story.db, sandbox)
