"""Paystack, or the payment sandbox that speaks like it: cards, mobile money, and transfers.

Nothing here can be repeated under a key. A transaction and a transfer carry a reference made from
our row's id, which Paystack takes once; a refund carries our id in its note, and is looked for
before it is made.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from app import clock
from app.config import Settings
from app.payments import paystack_webhook
from app.payments.errors import ProviderRefused, ProviderUnavailable
from app.payments.paystack_amounts import from_paystack, to_paystack
from app.payments.paystack_http import Missing, PaystackHttp
from app.payments.paystack_objects import (
    charge_of,
    dispute_of,
    id_in,
    movement_of,
    note,
    payout_reference,
    recipient_status,
    reference_of,
    refund_of,
    transfer_of,
)
from app.payments.provider import (
    Charge,
    ChargeRequest,
    ChargeState,
    Institution,
    Movement,
    Page,
    ProviderAccount,
    ProviderDispute,
    ProviderRefund,
    RecipientDetails,
    Transfer,
    Webhook,
)
from db.enums import PaymentMethod, PaymentProvider, PayoutAccountKind

T = TypeVar("T")

CHANNELS = {PaymentMethod.CARD: "card", PaymentMethod.MOBILE_MONEY: "mobile_money"}
# What a bank account is called in each country that has one here.
BANK_ACCOUNTS = {"GHS": "ghipss", "NGN": "nuban", "ZAR": "basa"}
BANK_KINDS = {**BANK_ACCOUNTS, "KES": "kepss"}
DUPLICATES = {"duplicate_reference", "duplicate_transfer_reference"}
# So many references of one payment are tried: more than its starts can ever have used up.
REFERENCES = 50
LOST_REPLIES = 3
PAGE = 100
CLOCK_SKEW = timedelta(minutes=10)
# The end of a list's window is part of it.
AN_INSTANT = timedelta(milliseconds=1)


class PaystackProvider:
    """The Provider (app.payments.provider) for Paystack."""

    name = PaymentProvider.PAYSTACK
    publishable_key = ""
    wants_email = True
    is_idempotent = False
    closes_charges = False

    def __init__(self, settings: Settings) -> None:
        self._keys = (settings.paystack_secret_key, *settings.paystack_previous_keys)
        self.live = settings.paystack_secret_key.startswith("sk_live_")
        self._return_url = settings.web_origins[0] if settings.web_origins else settings.public_url
        self.http = PaystackHttp(settings.paystack_secret_key, settings.paystack_api_base)

    async def create_charge(self, request: ChargeRequest, key: str) -> Charge:
        """Open a transaction, which the guest pays on Paystack's page.

        The page's address is told once. A transaction whose answer was lost is worth nothing, as
        nobody can ever reach it, and its reference is used up: the payment's next one is taken.
        """
        lost = 0
        for number in range(1, REFERENCES):
            reference = reference_of(request.payment_id, number)
            try:
                order = self._order(request, reference)
                made = await self.http.do("/transaction/initialize", order)
            except ProviderRefused as error:
                if error.code not in DUPLICATES:
                    raise
            except ProviderUnavailable:
                lost += 1
                if lost == LOST_REPLIES:
                    raise
                await asyncio.sleep(0.1 * 2**lost)
            else:
                return Charge(
                    provider_id=reference,
                    payment_id=request.payment_id,
                    booking_id=request.booking_id,
                    state=ChargeState.OPEN,
                    amount_minor=request.amount_minor,
                    currency=request.currency,
                    live=self.live,
                    created_at=clock.now(),
                    redirect_url=made["authorization_url"],
                )
        raise ProviderUnavailable(f"payment {request.payment_id} has used up its references")

    def _order(self, request: ChargeRequest, reference: str) -> dict[str, Any]:
        return {
            "email": request.email,
            "amount": to_paystack(request.amount_minor, request.currency),
            "currency": request.currency,
            "reference": reference,
            "channels": [CHANNELS[request.method]],
            "callback_url": self._return_url,
            "metadata": {
                "payment_id": str(request.payment_id),
                "booking_id": str(request.booking_id),
            },
        }

    async def retrieve_charge(self, provider_id: str) -> Charge:
        """The transaction as it is now."""
        try:
            return charge_of(await self._get(f"/transaction/verify/{provider_id}"))
        except Missing as error:
            raise ProviderUnavailable(f"Paystack has no {provider_id}") from error

    async def find_charge(self, payment_id: UUID) -> Charge | None:
        """A payment's transaction that was paid; the others nobody can reach, and they are none."""
        for number in range(1, REFERENCES):
            try:
                shown = await self._get(f"/transaction/verify/{reference_of(payment_id, number)}")
            except Missing:
                return None
            charge = charge_of(shown)
            if charge.state is not ChargeState.OPEN:
                return charge
        return None

    async def capture(self, charge_id: str, key: str) -> Charge:
        """Paystack authorises nothing in advance: the transaction as it is."""
        return await self.retrieve_charge(charge_id)

    async def void(self, charge_id: str) -> Charge:
        """Give up a transaction. Paystack cannot close it: shown as cancelled unless it is paid,
        or about to be, and if it is paid later, that counts (app.payments.rules.MOVES).
        """
        charge = await self.retrieve_charge(charge_id)
        if charge.state is ChargeState.OPEN:
            return msgspec.structs.replace(charge, state=ChargeState.CANCELLED)
        return charge

    async def refund(
        self, charge_id: str, refund_id: UUID, amount_minor: int, currency: str, key: str
    ) -> ProviderRefund:
        """Refund a part of a transaction."""
        return refund_of(
            await self.http.do(
                "/refund",
                {
                    "transaction": charge_id,
                    "amount": to_paystack(amount_minor, currency),
                    "currency": currency,
                    "merchant_note": note(refund_id),
                },
            )
        )

    async def retrieve_refund(self, provider_id: str) -> ProviderRefund:
        """The refund as it is now."""
        try:
            return refund_of(await self._get(f"/refund/{provider_id}"))
        except Missing as error:
            raise ProviderUnavailable(f"Paystack has no refund {provider_id}") from error

    async def find_refund(
        self, charge_id: str, refund_id: UUID, since: datetime
    ) -> ProviderRefund | None:
        """The refund whose note names ours, among those made since."""
        async for shown in self._refunds(since - CLOCK_SKEW):
            refund = refund_of(shown)
            if (refund.charge_id, refund.refund_id) == (charge_id, refund_id):
                return refund
        return None

    async def _refunds(self, since: datetime) -> AsyncIterator[dict[str, Any]]:
        page, count = 1, 1
        while page <= count:
            query: dict[str, str | int] = {"from": since.isoformat(), "perPage": PAGE, "page": page}
            reply = await self.http.ask("/refund", **query)
            for shown in reply.data:
                yield shown
            page, count = page + 1, reply.meta["pageCount"]

    async def retrieve_dispute(self, provider_id: str) -> ProviderDispute:
        """The dispute as it is now."""
        try:
            return dispute_of(await self._get(f"/dispute/{provider_id}"))
        except Missing as error:
            raise ProviderUnavailable(f"Paystack has no dispute {provider_id}") from error

    async def create_recipient(self, user_id: UUID, details: RecipientDetails) -> ProviderAccount:
        """Note where a host is paid; the same details again are the same recipient."""
        if details.kind is PayoutAccountKind.MOBILE_MONEY:
            kind: str | None = "mobile_money"
        else:
            kind = BANK_ACCOUNTS.get(details.currency)
        if kind is None:
            raise ProviderRefused(
                "bank_not_supported", f"Paystack knows no bank accounts in {details.currency}"
            )
        made = await self.http.do(
            "/transferrecipient",
            {
                "type": kind,
                "name": details.name,
                "account_number": details.account_number,
                "bank_code": details.institution,
                "currency": details.currency,
                "metadata": {"user_id": str(user_id)},
            },
        )
        return ProviderAccount(
            provider_id=made["recipient_code"],
            user_id=user_id,
            status=recipient_status(made),
            label=f"{made['details']['bank_name']} ···· {details.account_number[-4:]}",
        )

    async def institutions(self, currency: str, kind: PayoutAccountKind) -> list[Institution]:
        """The telcos, or the banks, that can be paid to in a currency."""
        phones = kind is PayoutAccountKind.MOBILE_MONEY
        wanted = "mobile_money" if phones else BANK_KINDS.get(currency)
        if wanted is None or (not phones and currency not in BANK_ACCOUNTS):
            return []
        reply = await self.http.ask("/bank", currency=currency, type=wanted, perPage=PAGE)
        return [
            Institution(code=bank["code"], name=bank["name"])
            for bank in reply.data
            if bank["active"] and bank["supports_transfer"]
        ]

    async def retrieve_account(self, provider_id: str) -> ProviderAccount:
        """The recipient as it is now."""
        try:
            shown = await self._get(f"/transferrecipient/{provider_id}")
        except Missing as error:
            raise ProviderUnavailable(f"Paystack has no recipient {provider_id}") from error
        return ProviderAccount(
            provider_id=shown["recipient_code"],
            user_id=id_in(shown.get("metadata"), "user_id"),
            status=recipient_status(shown),
        )

    async def transfer(
        self, account_id: str, payout_id: UUID, amount_minor: int, currency: str, key: str
    ) -> Transfer:
        """Transfer from our balance to a recipient; under way when this returns."""
        reference = payout_reference(payout_id)
        try:
            made = await self.http.do(
                "/transfer",
                {
                    "source": "balance",
                    "amount": to_paystack(amount_minor, currency),
                    "currency": currency,
                    "recipient": account_id,
                    "reference": reference,
                    "reason": "Your stays",
                },
            )
        except ProviderRefused as error:
            if error.code not in DUPLICATES:
                raise
            return await self.retrieve_transfer(reference)
        return transfer_of({**made, "recipient": {"recipient_code": account_id}}, None)

    async def retrieve_transfer(self, provider_id: str) -> Transfer:
        """The transfer as it is now, by its reference."""
        found = await self._find_transfer(provider_id)
        if found is None:
            raise ProviderUnavailable(f"Paystack has no transfer {provider_id}")
        return found

    async def find_transfer(self, payout_id: UUID) -> Transfer | None:
        """The transfer of a payout, by its reference."""
        return await self._find_transfer(payout_reference(payout_id))

    async def _find_transfer(self, reference: str) -> Transfer | None:
        try:
            shown = await self._get(f"/transfer/verify/{reference}")
            # Only this answer tells the fee.
            whole = await self._get(f"/transfer/{shown['transfer_code']}")
        except Missing:
            return None
        return transfer_of(whole, whole["fee_charged"])

    async def list_charges(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[Charge]:
        """Transactions."""
        return await self._page("/transaction", "per_page", charge_of, since, until, after)

    async def list_refunds(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[ProviderRefund]:
        """Refunds."""
        return await self._page("/refund", "perPage", refund_of, since, until, after)

    async def list_transfers(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[Transfer]:
        """Transfers."""

        def show(shown: dict[str, Any]) -> Transfer:
            return transfer_of(shown, shown["fee_charged"])

        return await self._page("/transfer", "per_page", show, since, until, after)

    async def list_disputes(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[ProviderDispute]:
        """Disputes."""
        return await self._page("/dispute", "perPage", dispute_of, since, until, after)

    async def list_movements(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[Movement]:
        """Entries of the balance's ledger whose cause is in no other list."""
        return await self._page("/balance/ledger", "perPage", movement_of, since, until, after)

    async def _page(
        self,
        path: str,
        size: str,
        show: Callable[[dict[str, Any]], T | None],
        since: datetime,
        until: datetime,
        after: str | None,
    ) -> Page[T]:
        """One page by its number: with its end in the past, the list stays as it is."""
        number = int(after or 1)
        window = {"from": since.isoformat(), "to": (until - AN_INSTANT).isoformat()}
        reply = await self.http.ask(path, **window, **{size: PAGE, "page": number})
        shown = (show(one) for one in reply.data)
        following = str(number + 1) if number < reply.meta["pageCount"] else None
        return Page([one for one in shown if one is not None], following)

    async def balances(self) -> Mapping[str, int]:
        """What can be transferred. Paystack tells of nothing that is held back."""
        return {
            line["currency"]: from_paystack(line["balance"], line["currency"])
            for line in await self._get("/balance")
        }

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> Webhook:
        """Verify the `x-paystack-signature` and read the event."""
        paystack_webhook.verify(raw, headers.get("x-paystack-signature", ""), self._keys)
        return self.read_webhook(raw)

    def read_webhook(self, raw: bytes) -> Webhook:
        """Read an event that was verified before."""
        return paystack_webhook.read(raw, live=self.live)

    async def close(self) -> None:
        """Close the connections."""
        await self.http.close()

    async def _get(self, path: str) -> Any:
        return (await self.http.ask(path)).data
