"""What a payment provider must be able to do, and what it shows us of its objects.

A further provider implements `Provider`, and `Onboarding` or `Recipients` for paying hosts; then
test_conformance.py, test_lookups.py and test_lists.py of tests/payments hold it to all this.

Every call raises ProviderUnavailable when its outcome is unknown. Those that act raise
ProviderRefused when the provider has decided against it; those that ask never do. Amounts are in
our minor units, currencies ISO 4217 in upper case. Keys make a call idempotent: the same key again
has no second effect, for as long as the provider remembers it (Stripe: 24 h). A provider without
keys says so (`is_idempotent`): then whoever acts looks first, and never twice at once.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar, runtime_checkable
from uuid import UUID

import msgspec

from db.enums import (
    DisputeStatus,
    PaymentMethod,
    PaymentProvider,
    PayoutAccountKind,
    PayoutAccountStatus,
    RefundStatus,
)

T = TypeVar("T")


class ChargeState(StrEnum):
    """How far a charge has come at the provider."""

    # The guest can still pay, or try again.
    OPEN = "OPEN"
    # The guest has done their part; the bank has not answered yet.
    PROCESSING = "PROCESSING"
    AUTHORIZED = "AUTHORIZED"
    SUCCEEDED = "SUCCEEDED"
    CANCELLED = "CANCELLED"


class Fee(msgspec.Struct, frozen=True):
    """What the provider keeps, in the currency in which it settles."""

    amount_minor: int
    currency: str


class ChargeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A charge to open. The ids travel as metadata, and come back with every snapshot."""

    payment_id: UUID
    booking_id: UUID
    # The guest's; None unless the provider wants it.
    email: str | None
    method: PaymentMethod
    amount_minor: int
    currency: str
    manual_capture: bool
    created_at: datetime


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """A guest's payment as the provider shows it now."""

    provider_id: str
    # Ours, from the metadata; None when it was not made by us.
    payment_id: UUID | None
    booking_id: UUID | None
    state: ChargeState
    amount_minor: int
    currency: str
    captured_minor: int = 0
    # What has been given back of it; shown in lists at least.
    refunded_minor: int = 0
    live: bool
    created_at: datetime
    # Unknown until the provider has settled it.
    fee: Fee | None = None
    # The last failed try, e.g. `card_declined`.
    failure_code: str | None = None
    client_secret: str | None = None
    # Where a guest without a card form pays.
    redirect_url: str | None = None


class ProviderRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as the provider shows it now."""

    provider_id: str
    # Ours; None when it was made by hand at the provider.
    refund_id: UUID | None
    # The charge, as `Charge.provider_id`; None when it is no charge that we could have made.
    charge_id: str | None
    status: RefundStatus
    amount_minor: int
    currency: str
    failure_code: str | None = None
    created_at: datetime


class ProviderDispute(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute as the provider shows it now."""

    provider_id: str
    # The charge, as `Charge.provider_id`; None when it is no charge of ours.
    charge_id: str | None
    status: DisputeStatus
    amount_minor: int
    currency: str
    # Whether the money is with the guest's bank now. Stripe takes it at once, Paystack when lost.
    is_withdrawn: bool
    fee: Fee | None = None
    reason: str
    evidence_due_at: datetime | None
    opened_at: datetime


class RequirementState(StrEnum):
    """How pressing something is that a provider wants to know of a host."""

    # Payouts are stopped, or will be by a date, until it is given.
    PAST_DUE = "PAST_DUE"
    DUE = "DUE"
    # It was given, and is being looked at.
    IN_REVIEW = "IN_REVIEW"


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a provider wants to know of a host; `code` is its own name for it."""

    code: str
    state: RequirementState
    # Why what was given was not accepted, in the provider's words.
    problem: str | None = None


class ProviderAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A host's connected account, or where they are paid, as the provider shows it now."""

    provider_id: str
    user_id: UUID | None
    status: PayoutAccountStatus
    # By what the host knows it: `MTN ···· 4987`.
    label: str | None = None
    requirements: tuple[Requirement, ...] = ()
    # When payouts stop unless what is due was given by then.
    due_by: datetime | None = None
    # The provider's own word for why it has stopped them.
    disabled_reason: str | None = None


class RecipientDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Where a host wants to be paid. `institution` is the provider's code of a bank or telco."""

    kind: PayoutAccountKind
    currency: str
    name: str
    account_number: str
    institution: str


class Institution(msgspec.Struct, frozen=True, kw_only=True):
    """A bank or telco that can be paid to."""

    code: str
    name: str


class TransferState(StrEnum):
    """How far a transfer has come at the provider."""

    # On its way, or waiting for something.
    PENDING = "PENDING"
    SENT = "SENT"
    # It never went, and never will.
    FAILED = "FAILED"
    # It had been sent, and came back.
    RETURNED = "RETURNED"


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """Money sent to a host's account as the provider shows it now."""

    provider_id: str
    payout_id: UUID | None
    destination: str
    state: TransferState
    amount_minor: int
    currency: str
    # What has come back of it, by reversals.
    returned_minor: int = 0
    live: bool
    created_at: datetime
    # What the provider keeps for it; None: nothing, or not known yet.
    fee: Fee | None = None
    failure_code: str | None = None


class MovementKind(StrEnum):
    """Why our balance has changed by something that is no charge, refund, transfer or dispute."""

    # To our own bank account, or from there.
    BANK = "BANK"
    # What the provider charges for its services as a whole.
    FEE = "FEE"
    OTHER = "OTHER"


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A change of our balance by what no other list shows; negative: it has become less."""

    provider_id: str
    kind: MovementKind
    amount_minor: int
    currency: str
    # The provider's own words for it.
    description: str
    created_at: datetime


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list. `next` asks for the part after it; None: this was the last."""

    items: list[T]
    next: str | None


class Subject(StrEnum):
    """What kind of object a webhook is about."""

    CHARGE = "CHARGE"
    REFUND = "REFUND"
    # The refunds of a charge: the webhook names the charge, and does not say which of them.
    REFUNDS = "REFUNDS"
    ACCOUNT = "ACCOUNT"
    TRANSFER = "TRANSFER"
    DISPUTE = "DISPUTE"
    OTHER = "OTHER"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A verified webhook. Only a hint: what is true is asked for by `object_id`."""

    event_id: str
    type: str
    subject: Subject
    object_id: str


class Provider(Protocol):
    """One payment provider. Implemented by app.payments.stripe and app.payments.paystack."""

    @property
    def name(self) -> PaymentProvider: ...

    @property
    def publishable_key(self) -> str: ...

    @property
    def live(self) -> bool:
        """Real money, not test mode."""

    @property
    def wants_email(self) -> bool:
        """It opens no charge without the payer's address."""

    @property
    def is_idempotent(self) -> bool:
        """Keys make a call that is repeated have no second effect."""

    @property
    def closes_charges(self) -> bool:
        """A charge that was given up cannot be paid any more; otherwise it may be, for a day."""

    async def create_charge(self, request: ChargeRequest, key: str) -> Charge:
        """Open a charge that the guest then pays."""

    async def retrieve_charge(self, provider_id: str) -> Charge:
        """The charge as it is now."""

    async def find_charge(self, payment_id: UUID) -> Charge | None:
        """The charge that was opened for a payment, by metadata; may lag by a minute."""

    async def capture(self, charge_id: str, key: str) -> Charge:
        """Take what is authorised. A charge past that is shown as it is."""

    async def void(self, charge_id: str) -> Charge:
        """Give up a charge that has not succeeded. One past that is shown as it is."""

    async def refund(
        self, charge_id: str, refund_id: UUID, amount_minor: int, currency: str, key: str
    ) -> ProviderRefund:
        """Give back a part of a charge, or all of it."""

    async def retrieve_refund(self, provider_id: str) -> ProviderRefund:
        """The refund as it is now."""

    async def find_refund(
        self, charge_id: str, refund_id: UUID, since: datetime
    ) -> ProviderRefund | None:
        """The refund that was made for our row at `since` or later. Never lags."""

    async def retrieve_dispute(self, provider_id: str) -> ProviderDispute:
        """The dispute as it is now."""

    async def retrieve_account(self, provider_id: str) -> ProviderAccount:
        """The account as it is now."""

    async def transfer(
        self, account_id: str, payout_id: UUID, amount_minor: int, currency: str, key: str
    ) -> Transfer:
        """Send money to a host's account."""

    async def retrieve_transfer(self, provider_id: str) -> Transfer:
        """The transfer as it is now."""

    async def find_transfer(self, payout_id: UUID) -> Transfer | None:
        """The transfer that was made for a payout. Never lags."""

    # Lists have everything that was created from `since` to before `until`, ours or not, newest
    # first, page by page: `after` is the page's `next`, which keeps its meaning for days. With
    # `until` in the past no object is left out and none comes twice.

    async def list_charges(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[Charge]:
        """Charges, the unpaid ones too."""

    async def list_refunds(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[ProviderRefund]:
        """Refunds, whatever became of them."""

    async def list_transfers(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[Transfer]:
        """Transfers, with what came back of each."""

    async def list_disputes(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[ProviderDispute]:
        """Disputes."""

    async def list_movements(
        self, since: datetime, until: datetime, after: str | None = None
    ) -> Page[Movement]:
        """What else has changed our balance. A page may be empty and yet have a next one."""

    async def balances(self) -> Mapping[str, int]:
        """What the provider holds for us now, by currency, what is not available yet included."""

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> Webhook:
        """Verify and read a webhook; header names in lower case. Raises InvalidWebhook."""

    def read_webhook(self, raw: bytes) -> Webhook:
        """Read a webhook that was verified before. Raises InvalidWebhook."""

    async def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Onboarding(Provider, Protocol):
    """A provider that asks hosts itself who they are and where their money goes."""

    async def create_account(self, user_id: UUID, email: str, key: str) -> ProviderAccount:
        """Open a host's account, which can do nothing before its owner has completed it."""

    async def find_account(self, user_id: UUID, since: datetime) -> ProviderAccount | None:
        """The account opened for a host at `since` or later, by metadata. Never lags."""

    async def account_link(self, provider_id: str, return_url: str, refresh_url: str) -> str:
        """Where the host completes the account: a URL for one use within minutes."""


@runtime_checkable
class Recipients(Provider, Protocol):
    """A provider that sends money wherever we tell it; hosts tell us."""

    async def create_recipient(self, user_id: UUID, details: RecipientDetails) -> ProviderAccount:
        """Note where a host is paid. The same details again have no second effect."""

    async def institutions(self, currency: str, kind: PayoutAccountKind) -> list[Institution]:
        """The banks or telcos that can be paid to in a currency; none: it cannot be done."""


Providers = Mapping[PaymentProvider, Provider]
