"""What the tests of payments and payouts share: a provider, a booking to pay for, and tasks.

The provider is the real one, over the sandbox in its own process.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import stripe
from sqlalchemy import select, update

from app import clock
from app.config import Settings
from app.line_items import LineItem
from app.money import Money
from app.payments import flows, inbox, service
from app.payments.provider import Provider, Providers
from app.payments.rules import PaymentRecord
from app.payments.stripe import StripeProvider
from app.payouts import accounts
from app.payouts import flows as payouts
from db.enums import LineItemKind, PaymentMethod, PaymentProvider, PayoutAccountStatus
from db.models import Booking, OutboxMessage, PayoutAccount
from db.session import Database
from tests.support import world
from tests.support.sandbox import ControlError, Sandbox

TOTAL = 300_00
HOST, PLATFORM, TAX = 241_00, 44_00, 15_00


def line(kind: LineItemKind, amount: int, description: str = "") -> LineItem:
    """A line of a price."""
    return LineItem(
        kind=kind, description=description, quantity=1, unit_minor=amount, amount_minor=amount
    )


# Of the platform's share, 9.00 are the host's fee.
LINES = (
    line(LineItemKind.NIGHTS, 250_00, "2 nights"),
    line(LineItemKind.SERVICE_FEE, 35_00, "Service fee"),
    line(LineItemKind.TAX, TAX, "City tax"),
)


class Crash(Exception):
    """The process died here."""


class Crashing:
    """A provider whose calls of one name are carried out, and then the process dies."""

    def __init__(self, provider: Provider, method: str) -> None:
        self._provider = provider
        self._method = method

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._provider, name)
        if name != self._method:
            return found

        async def call(*args: Any, **named: Any) -> None:
            await found(*args, **named)
            raise Crash

        return call


class Till:
    """A database, a provider, and the sandbox behind it."""

    currency = "EUR"
    method = PaymentMethod.CARD

    def __init__(self, db: Database, sandbox: Sandbox, settings: Settings) -> None:
        self.db = db
        self.sandbox = sandbox
        self.settings = msgspec.structs.replace(settings, stripe_api_base=sandbox.base_url)
        self.stripe = StripeProvider(self.settings)
        self.provider: Provider = self.stripe
        self.providers: Providers = {PaymentProvider.STRIPE: self.stripe}

    def crashing(self, method: str) -> Providers:
        """The providers, whose process dies right after a call of this name was carried out."""
        broken: Any = Crashing(self.provider, method)
        return {**self.providers, self.provider.name: broken}

    async def close(self) -> None:
        """Let go of connections."""
        for provider in self.providers.values():
            await provider.close()

    async def book(self, *, host_id: UUID | None = None, **columns: Any) -> UUID:
        """A booking whose rows are there, and nothing of its money."""
        guest_id = await world.add_user(self.db)
        host_id = host_id or await world.add_host(self.db)
        property_id = await world.add_property(self.db, host_id)
        return await world.add_booking(
            self.db,
            property_id,
            guest_id,
            host_id,
            **({"status": "PENDING_PAYMENT", "currency": self.currency} | columns),
        )

    async def open(
        self,
        booking_id: UUID,
        *,
        manual: bool = False,
        attempt: int = 1,
        currency: str | None = None,
    ) -> UUID:
        """A payment that the provider does not know of yet."""
        async with self.db.transaction() as session:
            guest_id, host_id = (
                await session.execute(
                    select(Booking.guest_id, Booking.host_id).where(Booking.id == booking_id)
                )
            ).one()
            payment = await service.open_payment(
                session,
                booking_id=booking_id,
                guest_id=guest_id,
                host_id=host_id,
                attempt=attempt,
                provider=self.provider.name,
                method=self.method,
                amount=Money(TOTAL, currency or self.currency),
                host_minor=HOST,
                platform_minor=PLATFORM,
                tax_minor=TAX,
                line_items=LINES,
                manual_capture=manual,
                now=clock.now(),
            )
        return payment.id

    async def started(self, *, manual: bool = False, **booking: Any) -> UUID:
        """A payment that the guest can pay."""
        payment_id = await self.open(await self.book(**booking), manual=manual)
        await flows.start(self.db, self.providers, payment_id)
        return payment_id

    async def paid(self, **booking: Any) -> UUID:
        """A payment that was paid and settled."""
        payment_id = await self.started(**booking)
        await self.pay(payment_id)
        await flows.sync(self.db, self.providers, payment_id)
        return payment_id

    async def pay(self, payment_id: UUID, card: str = "pm_card_visa") -> None:
        """The guest confirms in their browser, as Stripe.js does."""
        payment = await self.payment(payment_id)
        assert payment.provider_payment_id is not None
        # The library's types are for the secret key's side of it.
        asked: Any = {"client_secret": payment.client_secret, "payment_method": card}
        await self.sandbox.browser().v1.payment_intents.confirm_async(
            payment.provider_payment_id, asked
        )

    async def decline(self, payment_id: UUID) -> None:
        """The guest tries a card that is refused."""
        with suppress(stripe.CardError):
            await self.pay(payment_id, "pm_card_visa_chargeDeclined")

    async def challenge(self, payment_id: UUID, *, passed: bool) -> None:
        """The guest's bank wants to know that it is them."""
        await self.pay(payment_id, "pm_card_authenticationRequired")
        payment = await self.payment(payment_id)
        with suppress(ControlError):
            await self.sandbox.control.challenge(str(payment.provider_payment_id), passed=passed)

    async def dispute(self, payment_id: UUID, amount_minor: int | None = None) -> str:
        """The guest's bank wants money back; returns the provider's id of the dispute."""
        charge = (await self.payment(payment_id)).provider_payment_id
        wanted = {"payment_intent": charge, "amount": amount_minor}
        return str((await self.sandbox.control.call("POST", "disputes", wanted))["id"])

    async def decide(self, dispute: str, *, won: bool) -> None:
        """The guest's bank has decided."""
        body = {"dispute": dispute, "won": won}
        await self.sandbox.control.call("POST", "disputes/resolve", body)

    async def arrive(self) -> None:
        """What is on its way at the provider arrives. Stripe's sandbox has nothing on its way."""

    async def found(self, kind: str) -> list[dict[str, Any]]:
        """What the provider has: `charges`, `refunds`, `transfers`."""
        shown = await self.sandbox.control.state()
        found: list[dict[str, Any]] = shown["payment_intents" if kind == "charges" else kind]
        return found

    async def lose(self, kind: str, times: int = 1) -> None:
        """The replies of the next calls that make a charge, refund or transfer are lost."""
        path = {"charges": "payment_intents"}.get(kind, kind)
        await self.sandbox.control.fault(
            kind="drop", method="POST", path=f"/v1/{path}", times=times
        )

    async def refusing_account(self, host_id: UUID) -> str:
        """A host's account that can receive nothing, though we believe that it can."""
        account_id = await self.host_account(host_id, complete=False)
        async with self.db.transaction() as session:
            await session.execute(
                update(PayoutAccount)
                .where(PayoutAccount.user_id == host_id)
                .values(status=PayoutAccountStatus.ACTIVE)
            )
        return account_id

    async def outside(self, amount_minor: int = 77_00, **metadata: str) -> str:
        """Somebody pays what we did not ask for; returns the provider's id of the charge."""
        made = await self.sandbox.client().v1.payment_intents.create_async(
            {
                "amount": amount_minor,
                "currency": self.currency.lower(),
                "confirm": True,
                "payment_method": "pm_card_visa",
                "metadata": metadata,
                "return_url": "https://example.com",
            }
        )
        return made.id

    async def refund_by_hand(self, charge: str, amount_minor: int) -> str:
        """Somebody gives money back in the provider's dashboard; returns its id of the refund."""
        made = await self.sandbox.client().v1.refunds.create_async(
            {"payment_intent": charge, "amount": amount_minor}
        )
        return made.id

    async def payment(self, payment_id: UUID) -> PaymentRecord:
        """The payment as it is now."""
        async with self.db.read() as connection:
            return await service.get(connection, payment_id)

    async def intents(self) -> list[dict[str, Any]]:
        """What the sandbox has."""
        found: list[dict[str, Any]] = (await self.sandbox.control.state())["payment_intents"]
        return found

    async def struck(self) -> None:
        """Wait until the fault that was set has met its request."""
        async with asyncio.timeout(10):
            while (await self.sandbox.control.call("GET", "faults"))["faults"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def host_account(self, host_id: UUID, *, complete: bool = True) -> str:
        """A host's account at the provider, completed by its owner."""
        account_id = await payouts.open_account(self.db, self.providers, host_id)
        if complete:
            await self.sandbox.control.onboard(account_id)
            await accounts.sync_account(self.db, self.stripe, account_id)
        return account_id

    async def due(self, booking_id: UUID) -> None:
        """The booking's payout is due."""
        async with self.db.transaction() as session:
            await session.execute(
                update(Booking)
                .where(Booking.id == booking_id)
                .values(payout_due_at=clock.now() - timedelta(minutes=1))
            )

    async def events(self, *types: str) -> list[bytes]:
        """The bodies of the webhooks that the sandbox would send, oldest first."""
        shown = await self.sandbox.control.state()
        return [
            msgspec.json.encode(event)
            for event in shown["events"]
            if not types or event["type"] in types
        ]

    async def receive(self, raw: bytes) -> None:
        """A webhook comes in, signed."""
        await inbox.receive(self.db, self.provider, raw, self.signed(raw))

    def signed(self, raw: bytes) -> dict[str, str]:
        """The header with which the provider signs a webhook."""
        return {"stripe-signature": sign(raw)}

    async def outbox(self, *tasks: str) -> list[OutboxMessage]:
        """The rows that wait for these tasks, those with a delay too."""
        async with self.db.transaction() as session:
            rows = await session.scalars(
                select(OutboxMessage)
                .where(OutboxMessage.task.in_(tasks), OutboxMessage.done_at.is_(None))
                .order_by(OutboxMessage.id)
            )
            return list(rows)

    async def work(self, providers: Providers | None = None) -> None:
        """Run every waiting task of payments and payouts, until there is none left."""
        while rows := await self.outbox(*TASKS):
            for row in rows:
                await TASKS[row.task](self, providers or self.providers, row.payload)
                async with self.db.transaction() as session:
                    await session.execute(
                        update(OutboxMessage)
                        .where(OutboxMessage.id == row.id)
                        .values(done_at=clock.now())
                    )


Run = Callable[[Till, Providers, dict[str, Any]], Awaitable[object]]
TASKS: dict[str, Run] = {
    "payments.start": lambda till, by, event: flows.heal_start(
        till.db, by, UUID(event["payment_id"])
    ),
    "payments.void": lambda till, by, event: flows.void(till.db, by, UUID(event["payment_id"])),
    "payments.refund": lambda till, by, event: flows.refund(till.db, by, UUID(event["refund_id"])),
    "payments.process_event": lambda till, by, event: inbox.process_event(
        till.db, by, UUID(event["event_id"])
    ),
    "payouts.send": lambda till, by, event: payouts.send(till.db, by, UUID(event["payout_id"])),
    "payouts.on_refund": lambda till, by, event: payouts.on_refund(
        till.db, till.settings, UUID(event["booking_id"])
    ),
    "payouts.on_dispute": lambda till, by, event: payouts.on_refund(
        till.db, till.settings, UUID(event["booking_id"])
    ),
    "payouts.process_event": lambda till, by, event: payouts.process_event(
        till.db, by, UUID(event["event_id"])
    ),
}


def sign(raw: bytes, secret: str = "whsec_test", at: int | None = None) -> str:
    """A `Stripe-Signature` header."""
    stamp = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256)
    return f"t={stamp},v1={mac.hexdigest()}"
