"""A till whose provider is Paystack, over its sandbox, held against Paystack's description."""

import hashlib
import hmac
from typing import Any
from uuid import UUID

import msgspec

from app.config import Settings
from app.payments.paystack import PaystackProvider
from app.payments.provider import RecipientDetails
from app.payouts import recipients
from db.enums import PaymentMethod, PaymentProvider, PayoutAccountKind
from db.session import Database
from tests.support.described import watch
from tests.support.money import Till
from tests.support.paystack import BANK_CARD, DECLINED, PHONE, VISA, PaystackSandbox

PATHS = {"charges": "/transaction/initialize", "refunds": "/refund", "transfers": "/transfer"}


class PaystackTill(Till):
    """A database, Paystack, and the sandbox behind it, where nothing happens by itself."""

    currency = "GHS"
    sandbox: PaystackSandbox

    def __init__(self, db: Database, sandbox: PaystackSandbox, settings: Settings) -> None:
        super().__init__(db, sandbox, settings)
        self.settings = msgspec.structs.replace(
            settings, paystack_secret_key=sandbox.secret_key, paystack_api_base=sandbox.base_url
        )
        self.paystack = PaystackProvider(self.settings)
        watch(self.paystack.http.client)
        self.provider = self.paystack
        self.providers = {
            PaymentProvider.STRIPE: self.stripe,
            PaymentProvider.PAYSTACK: self.paystack,
        }

    async def reference(self, payment_id: UUID) -> str:
        return str((await self.payment(payment_id)).provider_payment_id)

    async def pay(self, payment_id: UUID, card: str = VISA) -> None:
        reference = await self.reference(payment_id)
        if self.method is PaymentMethod.MOBILE_MONEY:
            await self.sandbox.control.pay(reference, phone=PHONE)
            await self.sandbox.control.settle()
        else:
            await self.sandbox.control.pay(reference, card=card)

    async def decline(self, payment_id: UUID) -> None:
        await self.pay(payment_id, DECLINED)

    async def challenge(self, payment_id: UUID, *, passed: bool) -> None:
        await self.pay(payment_id, BANK_CARD)
        await self.sandbox.control.answer_bank(await self.reference(payment_id), passed=passed)

    async def dispute(self, payment_id: UUID, amount_minor: int | None = None) -> str:
        wanted = {
            "reference": await self.reference(payment_id),
            "amount": amount_minor,
            "reason": "I did not pay this",
        }
        return str((await self.sandbox.control.call("POST", "disputes", wanted))["id"])

    async def arrive(self) -> None:
        await self.sandbox.control.settle()

    async def found(self, kind: str) -> list[dict[str, Any]]:
        shown = await self.sandbox.control.state()
        found: list[dict[str, Any]] = shown["transactions" if kind == "charges" else kind]
        return found

    async def lose(self, kind: str, times: int = 1) -> None:
        await self.sandbox.control.fault(kind="drop", method="POST", path=PATHS[kind], times=times)

    async def host_account(
        self, host_id: UUID, *, complete: bool = True, number: str = "0244000100"
    ) -> str:
        await recipients.set_recipient(
            self.db,
            self.providers,
            host_id,
            RecipientDetails(
                kind=PayoutAccountKind.MOBILE_MONEY,
                currency=self.currency,
                name="Kofi Boateng",
                account_number=number,
                institution="MTN",
            ),
        )
        return number

    async def refusing_account(self, host_id: UUID) -> str:
        return await self.host_account(host_id, number="0244000009")

    async def outside(self, amount_minor: int = 77_00, **metadata: str) -> str:
        order = {
            "email": "stranger@example.com",
            "amount": amount_minor,
            "currency": self.currency,
            "metadata": metadata,
        }
        made = await self.paystack.http.do("/transaction/initialize", order)
        await self.sandbox.control.pay(made["reference"], card=VISA)
        return str(made["reference"])

    async def refund_by_hand(self, charge: str, amount_minor: int) -> str:
        order = {"transaction": charge, "amount": amount_minor, "currency": self.currency}
        return str((await self.paystack.http.do("/refund", order))["id"])

    async def events(self, *types: str) -> list[bytes]:
        shown = await self.sandbox.control.state()
        return [
            msgspec.json.encode(event["body"])
            for event in shown["events"]
            if not types or event["type"] in types
        ]

    def signed(self, raw: bytes) -> dict[str, str]:
        return {"x-paystack-signature": sign(raw, self.sandbox.secret_key)}


def sign(raw: bytes, key: str) -> str:
    """An `x-paystack-signature` header."""
    return hmac.new(key.encode(), raw, hashlib.sha512).hexdigest()
