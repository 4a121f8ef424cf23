"""Stripe, or the payment sandbox that speaks like it, through the official library."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

import stripe
from stripe.params import AccountListParams

from app import clock
from app.config import Settings
from app.payments import stripe_accounts, stripe_disputes, stripe_lists, stripe_webhook
from app.payments.errors import ProviderRefused
from app.payments.provider import (
    Charge,
    ChargeRequest,
    ChargeState,
    Movement,
    Page,
    ProviderAccount,
    ProviderDispute,
    ProviderRefund,
    Transfer,
    Webhook,
)
from app.payments.stripe_amounts import from_stripe, to_stripe
from app.payments.stripe_http import HttpClient, ask, call
from app.payments.stripe_objects import (
    fee_of,
    instant,
    movement_of,
    own_id,
    refund_of,
    refunded_of,
    transfer_of,
    why,
)
from db.enums import PaymentProvider

# The fee is on the balance transaction of the charge.
EXPAND = ["latest_charge.balance_transaction"]
STATES = {
    "requires_payment_method": ChargeState.OPEN,
    "requires_confirmation": ChargeState.OPEN,
    "requires_action": ChargeState.OPEN,
    "processing": ChargeState.PROCESSING,
    "requires_capture": ChargeState.AUTHORIZED,
    "succeeded": ChargeState.SUCCEEDED,
    "canceled": ChargeState.CANCELLED,
}
# The intent has moved on: what it is now is the answer.
MOVED_ON = "payment_intent_unexpected_state"
# Clocks differ: an account may look older than the row that it was opened for.
CLOCK_SKEW = timedelta(minutes=10)


class StripeProvider:
    """The Provider (app.payments.provider) for Stripe."""

    name = PaymentProvider.STRIPE
    wants_email = False
    is_idempotent = True
    closes_charges = True

    def __init__(self, settings: Settings) -> None:
        self.publishable_key = settings.stripe_publishable_key
        self.live = settings.stripe_secret_key.startswith(("sk_live_", "rk_live_"))
        self._secrets = settings.stripe_webhook_secrets
        self._sandbox = (settings.stripe_api_base or "").rstrip("/") or None
        self._return_url = settings.web_origins[0] if settings.web_origins else settings.public_url
        self._http = HttpClient(trust_env=self._sandbox is None)
        self._client = stripe.StripeClient(
            settings.stripe_secret_key,
            base_addresses={"api": self._sandbox} if self._sandbox else {},
            max_network_retries=0,
            http_client=self._http,
        )
        self._v1 = self._client.v1

    async def create_charge(self, request: ChargeRequest, key: str) -> Charge:
        """Open a PaymentIntent. Stripe offers whatever suits amount, currency and country."""
        amount = to_stripe(request.amount_minor, request.currency)
        intent = await call(
            lambda: self._v1.payment_intents.create_async(
                {
                    "amount": amount,
                    "currency": request.currency.lower(),
                    # Not `automatic_async`, whose fee is not known when the money is.
                    "capture_method": "manual" if request.manual_capture else "automatic",
                    "automatic_payment_methods": {"enabled": True},
                    "transfer_group": f"booking:{request.booking_id}",
                    "metadata": {
                        "payment_id": str(request.payment_id),
                        "booking_id": str(request.booking_id),
                    },
                    "expand": EXPAND,
                },
                {"idempotency_key": key},
            )
        )
        return self._charge(intent)

    async def retrieve_charge(self, provider_id: str) -> Charge:
        """The PaymentIntent as it is now."""
        return self._charge(
            await ask(
                lambda: self._v1.payment_intents.retrieve_async(provider_id, {"expand": EXPAND})
            )
        )

    async def find_charge(self, payment_id: UUID) -> Charge | None:
        """The PaymentIntent of a payment. Stripe's search lags by up to a minute."""
        found = await ask(
            lambda: self._v1.payment_intents.search_async(
                {"query": f"metadata['payment_id']:'{payment_id}'", "limit": 10}
            )
        )
        # More than one only if its key was forgotten between two tries. Nobody was ever told of
        # the others, so the one that is furthest along, or else the oldest, is the payment's.
        intents = sorted(
            found.data, key=lambda one: (STATES[one.status] is ChargeState.OPEN, one.created)
        )
        return await self.retrieve_charge(intents[0].id) if intents else None

    async def capture(self, charge_id: str, key: str) -> Charge:
        """Capture all that is authorised."""
        try:
            intent = await call(
                lambda: self._v1.payment_intents.capture_async(
                    charge_id, {"expand": EXPAND}, {"idempotency_key": key}
                )
            )
        except ProviderRefused as error:
            if error.code != MOVED_ON:
                raise
            return await self.retrieve_charge(charge_id)
        return self._charge(intent)

    async def void(self, charge_id: str) -> Charge:
        """Cancel the PaymentIntent. Its state makes this idempotent, without a key of ours."""
        try:
            intent = await call(
                lambda: self._v1.payment_intents.cancel_async(charge_id, {"expand": EXPAND})
            )
        except ProviderRefused as error:
            if error.code != MOVED_ON:
                raise
            return await self.retrieve_charge(charge_id)
        return self._charge(intent)

    async def refund(
        self, charge_id: str, refund_id: UUID, amount_minor: int, currency: str, key: str
    ) -> ProviderRefund:
        """Refund a part of a PaymentIntent."""
        amount = to_stripe(amount_minor, currency)
        return refund_of(
            await call(
                lambda: self._v1.refunds.create_async(
                    {
                        "payment_intent": charge_id,
                        "amount": amount,
                        "metadata": {"refund_id": str(refund_id)},
                    },
                    {"idempotency_key": key},
                )
            )
        )

    async def retrieve_refund(self, provider_id: str) -> ProviderRefund:
        """The refund as it is now."""
        return refund_of(await ask(lambda: self._v1.refunds.retrieve_async(provider_id)))

    async def find_refund(
        self, charge_id: str, refund_id: UUID, since: datetime
    ) -> ProviderRefund | None:
        """The refund of a PaymentIntent that carries our id."""
        # At most one per reason (RefundReason): a page is plenty.
        found = await ask(
            lambda: self._v1.refunds.list_async({"payment_intent": charge_id, "limit": 100})
        )
        refunds = (refund_of(one) for one in found.data)
        return next((one for one in refunds if one.refund_id == refund_id), None)

    async def retrieve_dispute(self, provider_id: str) -> ProviderDispute:
        """The dispute as it is now."""
        return stripe_disputes.read(
            await ask(lambda: self._v1.disputes.retrieve_async(provider_id))
        )

    async def create_account(self, user_id: UUID, email: str, key: str) -> ProviderAccount:
        """Open an Express account that may receive transfers."""
        return stripe_accounts.read(
            await call(
                lambda: self._v1.accounts.create_async(
                    {
                        "type": "express",
                        "email": email,
                        "capabilities": {"transfers": {"requested": True}},
                        "metadata": {"user_id": str(user_id)},
                    },
                    {"idempotency_key": key},
                )
            )
        )

    async def retrieve_account(self, provider_id: str) -> ProviderAccount:
        """The account as it is now."""
        return stripe_accounts.read(
            await ask(lambda: self._v1.accounts.retrieve_async(provider_id))
        )

    async def find_account(self, user_id: UUID, since: datetime) -> ProviderAccount | None:
        """The account that carries a user's id, among those opened since."""
        params: AccountListParams = {
            "created": {"gte": int((since - CLOCK_SKEW).timestamp())},
            "limit": 100,
        }
        while True:
            page = await ask(partial(self._v1.accounts.list_async, params))
            for account in page.data:
                if own_id(account, "user_id") == user_id:
                    return stripe_accounts.read(account)
            if not page.has_more:
                return None
            params = {**params, "starting_after": page.data[-1].id}

    async def account_link(self, provider_id: str, return_url: str, refresh_url: str) -> str:
        """The page on which Stripe asks the host for what is missing."""
        link = await call(
            lambda: self._v1.account_links.create_async(
                {
                    "account": provider_id,
                    "type": "account_onboarding",
                    "return_url": return_url,
                    "refresh_url": refresh_url,
                }
            )
        )
        return link.url

    async def transfer(
        self, account_id: str, payout_id: UUID, amount_minor: int, currency: str, key: str
    ) -> Transfer:
        """Transfer from our balance to a connected account."""
        amount = to_stripe(amount_minor, currency)
        return transfer_of(
            await call(
                lambda: self._v1.transfers.create_async(
                    {
                        "amount": amount,
                        "currency": currency.lower(),
                        "destination": account_id,
                        "transfer_group": _group(payout_id),
                        "metadata": {"payout_id": str(payout_id)},
                    },
                    {"idempotency_key": key},
                )
            )
        )

    async def retrieve_transfer(self, provider_id: str) -> Transfer:
        """The transfer as it is now."""
        return transfer_of(await ask(lambda: self._v1.transfers.retrieve_async(provider_id)))

    async def find_transfer(self, payout_id: UUID) -> Transfer | None:
        """The transfer of a payout, by its group: Stripe lists transfers by no other of our ids."""
        found = await ask(
            lambda: self._v1.transfers.list_async({"transfer_group": _group(payout_id)})
        )
        return transfer_of(found.data[0]) if found.data else None

    async def list_charges(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[Charge]:
        """PaymentIntents."""
        window = stripe_lists.window(since, until, after, [f"data.{path}" for path in EXPAND])
        return await stripe_lists.page(self._v1.payment_intents.list_async, window, self._charge)

    async def list_refunds(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[ProviderRefund]:
        """Refunds."""
        window = stripe_lists.window(since, until, after)
        return await stripe_lists.page(self._v1.refunds.list_async, window, refund_of)

    async def list_transfers(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[Transfer]:
        """Transfers, which say how much of them was reversed."""
        window = stripe_lists.window(since, until, after)
        return await stripe_lists.page(self._v1.transfers.list_async, window, transfer_of)

    async def list_disputes(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[ProviderDispute]:
        """Disputes."""
        window = stripe_lists.window(since, until, after)
        return await stripe_lists.page(self._v1.disputes.list_async, window, stripe_disputes.read)

    async def list_movements(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[Movement]:
        """Balance transactions whose cause is in no other list."""
        window = stripe_lists.window(since, until, after, ["data.source"])
        return await stripe_lists.page(
            self._v1.balance_transactions.list_async, window, movement_of
        )

    async def balances(self) -> Mapping[str, int]:
        """What is available, and what is not yet."""
        return stripe_lists.totals(await ask(self._v1.balance.retrieve_async))

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> Webhook:
        """Verify the `Stripe-Signature` and read the event."""
        signature = headers.get("stripe-signature", "")
        stripe_webhook.verify(raw, signature, self._secrets, clock.now())
        return self.read_webhook(raw)

    def read_webhook(self, raw: bytes) -> Webhook:
        """Read an event that was verified before."""
        return stripe_webhook.read(raw, live=self.live)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close_async()

    def _charge(self, intent: stripe.PaymentIntent) -> Charge:
        currency = intent.currency.upper()
        failure = intent.last_payment_error
        return Charge(
            provider_id=intent.id,
            payment_id=own_id(intent, "payment_id"),
            booking_id=own_id(intent, "booking_id"),
            state=STATES[intent.status],
            amount_minor=from_stripe(intent.amount, currency),
            currency=currency,
            captured_minor=from_stripe(intent.amount_received or 0, currency),
            refunded_minor=refunded_of(intent.latest_charge),
            live=intent.livemode,
            created_at=instant(intent.created),
            fee=fee_of(intent.latest_charge),
            failure_code=why(failure),
            client_secret=intent.client_secret,
            redirect_url=self._redirect_url(intent),
        )

    def _redirect_url(self, intent: stripe.PaymentIntent) -> str | None:
        """The sandbox's own page; Stripe's elements ask for no redirect to begin with."""
        if self._sandbox is None:
            return None
        query = {"client_secret": intent.client_secret, "return_url": self._return_url}
        return f"{self._sandbox}/pay/{intent.id}?{urlencode(query)}"


def _group(payout_id: UUID) -> str:
    return f"payout:{payout_id}"
