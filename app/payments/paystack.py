"""Paystack, or the payment sandbox that speaks like it: cards, mobile money, and transfers.

Nothing here can be repeated under a key. A transaction and a transfer carry a reference made from
our row's id, which Paystack takes once; a refund carries our id in its note, and is looked for
before it is made.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from app.config import Settings
from app.payments import paystack_webhook
from app.payments.errors import ProviderRefused, ProviderUnavailable
from app.payments.paystack_amounts import from_paystack, to_paystack
from app.payments.paystack_http import Missing, PaystackHttp, slug
from app.payments.provider import (
    Charge,
    ChargeRequest,
    ChargeState,
    Fee,
    Institution,
    ProviderAccount,
    ProviderDispute,
    ProviderRefund,
    RecipientDetails,
    Transfer,
    TransferState,
    Webhook,
)
from db.enums import (
    DisputeStatus,
    PaymentMethod,
    PaymentProvider,
    PayoutAccountKind,
    PayoutAccountStatus,
    RefundStatus,
)

STATES = {
    # `failed` is one try; on the same page the guest may make another.
    "abandoned": ChargeState.OPEN,
    "failed": ChargeState.OPEN,
    "ongoing": ChargeState.OPEN,
    # A phone was asked, or a bank: it may come true at any moment.
    "pending": ChargeState.PROCESSING,
    "processing": ChargeState.PROCESSING,
    "queued": ChargeState.PROCESSING,
    "success": ChargeState.SUCCEEDED,
    # Taken, and given back since.
    "reversed": ChargeState.SUCCEEDED,
}
REFUNDS = {"processed": RefundStatus.SUCCEEDED, "failed": RefundStatus.FAILED}
# What Paystack waits for; a dispute that is resolved says in its `resolution` how.
DISPUTES = {
    "awaiting-merchant-feedback": DisputeStatus.NEEDS_RESPONSE,
    "resolved": DisputeStatus.LOST,
}
DISPUTE_WON = "declined"
TRANSFERS = {
    "success": TransferState.SENT,
    "reversed": TransferState.RETURNED,
    **dict.fromkeys(("failed", "abandoned", "blocked", "rejected"), TransferState.FAILED),
}
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
            reference = _reference(request.payment_id, number)
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
            return self._charge(await self._get(f"/transaction/verify/{provider_id}"))
        except Missing as error:
            raise ProviderUnavailable(f"Paystack has no {provider_id}") from error

    async def find_charge(self, payment_id: UUID) -> Charge | None:
        """A payment's transaction that was paid; the others nobody can reach, and they are none."""
        for number in range(1, REFERENCES):
            try:
                shown = await self._get(f"/transaction/verify/{_reference(payment_id, number)}")
            except Missing:
                return None
            charge = self._charge(shown)
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
        return _refund(
            await self.http.do(
                "/refund",
                {
                    "transaction": charge_id,
                    "amount": to_paystack(amount_minor, currency),
                    "currency": currency,
                    "merchant_note": _note(refund_id),
                },
            )
        )

    async def retrieve_refund(self, provider_id: str) -> ProviderRefund:
        """The refund as it is now."""
        try:
            return _refund(await self._get(f"/refund/{provider_id}"))
        except Missing as error:
            raise ProviderUnavailable(f"Paystack has no refund {provider_id}") from error

    async def find_refund(
        self, charge_id: str, refund_id: UUID, since: datetime
    ) -> ProviderRefund | None:
        """The refund whose note names ours, among those made since."""
        async for shown in self._refunds(since - CLOCK_SKEW):
            if shown["transaction_reference"] == charge_id and _own(shown) == refund_id:
                return _refund(shown)
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
            return _dispute(await self._get(f"/dispute/{provider_id}"))
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
            status=_recipient_status(made),
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
            user_id=_id_in(shown.get("metadata"), "user_id"),
            status=_recipient_status(shown),
        )

    async def transfer(
        self, account_id: str, payout_id: UUID, amount_minor: int, currency: str, key: str
    ) -> Transfer:
        """Transfer from our balance to a recipient; under way when this returns."""
        reference = _payout_reference(payout_id)
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
        return self._transfer({**made, "recipient": {"recipient_code": account_id}}, None)

    async def retrieve_transfer(self, provider_id: str) -> Transfer:
        """The transfer as it is now, by its reference."""
        found = await self._find_transfer(provider_id)
        if found is None:
            raise ProviderUnavailable(f"Paystack has no transfer {provider_id}")
        return found

    async def find_transfer(self, payout_id: UUID) -> Transfer | None:
        """The transfer of a payout, by its reference."""
        return await self._find_transfer(_payout_reference(payout_id))

    async def _find_transfer(self, reference: str) -> Transfer | None:
        try:
            shown = await self._get(f"/transfer/verify/{reference}")
            # Only this answer tells the fee.
            whole = await self._get(f"/transfer/{shown['transfer_code']}")
        except Missing:
            return None
        return self._transfer(whole, whole["fee_charged"])

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

    def _charge(self, shown: dict[str, Any]) -> Charge:
        currency, state = shown["currency"], STATES.get(shown["status"], ChargeState.PROCESSING)
        amount, fee = from_paystack(shown["amount"], currency), shown["fees"]
        taken = state is ChargeState.SUCCEEDED
        return Charge(
            provider_id=shown["reference"],
            payment_id=_id_in(shown["metadata"], "payment_id"),
            booking_id=_id_in(shown["metadata"], "booking_id"),
            state=state,
            amount_minor=amount,
            currency=currency,
            captured_minor=amount if taken else 0,
            live=shown["domain"] == "live",
            fee=Fee(from_paystack(fee, currency), currency) if taken and fee else None,
            failure_code=slug(shown["gateway_response"]) if shown["status"] == "failed" else None,
        )

    def _transfer(self, shown: dict[str, Any], fee: int | None) -> Transfer:
        currency = shown["currency"]
        state = TRANSFERS.get(shown["status"], TransferState.PENDING)
        return Transfer(
            provider_id=shown["reference"],
            payout_id=_payout_id(shown["reference"]),
            destination=shown["recipient"]["recipient_code"],
            state=state,
            amount_minor=from_paystack(shown["amount"], currency),
            currency=currency,
            live=shown["domain"] == "live",
            fee=Fee(from_paystack(fee, currency), currency) if fee else None,
            failure_code=None if state is TransferState.SENT else f"transfer_{shown['status']}",
        )


def _refund(shown: dict[str, Any]) -> ProviderRefund:
    currency, status = shown["currency"], REFUNDS.get(shown["status"], RefundStatus.PENDING)
    return ProviderRefund(
        provider_id=str(shown["id"]),
        refund_id=_own(shown),
        status=status,
        amount_minor=from_paystack(shown["amount"], currency),
        currency=currency,
        failure_code="refund_failed" if status is RefundStatus.FAILED else None,
    )


def _dispute(shown: dict[str, Any]) -> ProviderDispute:
    currency, paid = shown["currency"], shown["transaction"]
    status = DISPUTES.get(shown["status"], DisputeStatus.UNDER_REVIEW)
    if status is DisputeStatus.LOST and shown["resolution"] == DISPUTE_WON:
        status = DisputeStatus.WON
    due_at = shown["dueAt"]
    return ProviderDispute(
        provider_id=str(shown["id"]),
        charge_id=paid["reference"],
        status=status,
        amount_minor=from_paystack(shown["refund_amount"], currency),
        currency=currency,
        # Nothing is taken before it is decided.
        is_withdrawn=status is DisputeStatus.LOST,
        reason=shown["category"],
        evidence_due_at=datetime.fromisoformat(due_at) if due_at else None,
        opened_at=datetime.fromisoformat(shown["createdAt"]),
    )


def _recipient_status(shown: dict[str, Any]) -> PayoutAccountStatus:
    usable = shown["active"] and not shown["isDeleted"]
    return PayoutAccountStatus.ACTIVE if usable else PayoutAccountStatus.RESTRICTED


def _reference(payment_id: UUID, number: int) -> str:
    return f"{payment_id}.{number}"


def _payout_reference(payout_id: UUID) -> str:
    return f"payout-{payout_id}"


def _payout_id(reference: str) -> UUID | None:
    prefix, _, value = reference.partition("-")
    return _uuid(value) if prefix == "payout" else None


def _note(refund_id: UUID) -> str:
    return f"refund {refund_id}"


def _own(refund: dict[str, Any]) -> UUID | None:
    return _uuid((refund.get("merchant_note") or "").removeprefix("refund "))


def _id_in(metadata: object, name: str) -> UUID | None:
    """An id of ours from an object's metadata, which may come as text."""
    if isinstance(metadata, str):
        try:
            metadata = msgspec.json.decode(metadata)
        except msgspec.DecodeError:
            return None
    value = metadata.get(name) if isinstance(metadata, dict) else None
    return _uuid(value)


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
