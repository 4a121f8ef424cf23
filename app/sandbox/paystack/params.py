"""What each operation takes. A field that is not here is refused, never ignored."""

from datetime import datetime
from typing import Any, Literal

import msgspec


class Params(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The parameters of a request, from its body or its query."""


class Nothing(Params):
    """For operations without parameters."""


class Initialize(Params):
    """A transaction to pay on Paystack's page. `amount` in subunits, `metadata` JSON in text."""

    email: str
    amount: int
    currency: str = "NGN"
    reference: str | None = None
    channels: list[str] | None = None
    callback_url: str | None = None
    metadata: str | dict[str, Any] | None = None


class ChargeAuthorization(Params):
    """A charge of a card that was paid with before."""

    email: str
    amount: int
    authorization_code: str
    currency: str = "NGN"
    reference: str | None = None
    metadata: str | dict[str, Any] | None = None


class MobileMoney(Params):
    """A phone, and the telco that keeps its money."""

    phone: str
    provider: str


class Charge(Params):
    """A charge without Paystack's page."""

    email: str
    amount: int
    currency: str = "NGN"
    reference: str | None = None
    mobile_money: MobileMoney | None = None
    authorization_code: str | None = None
    metadata: dict[str, Any] | None = None


class SubmitPin(Params):
    """The PIN that a charge waits for."""

    pin: str
    reference: str


class SubmitOtp(Params):
    """The one-time password that a charge waits for."""

    otp: str
    reference: str


class Refund(Params):
    """Money back. `transaction` is a reference or an id; without `amount`, all that is left."""

    transaction: str
    amount: int | None = None
    currency: str | None = None
    customer_note: str = ""
    merchant_note: str = ""


class CreateRecipient(Params):
    """Where a transfer may go."""

    type: Literal["nuban", "ghipss", "mobile_money", "basa"]
    name: str
    account_number: str
    bank_code: str
    description: str = ""
    currency: str | None = None
    metadata: dict[str, Any] | None = None


class UpdateRecipient(Params):
    """What may change of a recipient."""

    name: str | None = None
    email: str | None = None


class Transfer(Params):
    """Money to a recipient; `reference` makes it unique."""

    source: Literal["balance"]
    amount: int
    recipient: str
    reference: str
    reason: str = ""
    currency: str = "NGN"


class FinalizeTransfer(Params):
    """The one-time password that a transfer waits for."""

    transfer_code: str
    otp: str


class Page(Params):
    """Which part of a list. Paystack spells the page's size in two ways."""

    per_page: int | None = None
    perPage: int | None = None  # noqa: N815
    page: int = 1
    since: datetime | None = msgspec.field(default=None, name="from")
    until: datetime | None = msgspec.field(default=None, name="to")

    @property
    def size(self) -> int:
        return self.per_page or self.perPage or 50


class TransactionPage(Page):
    """A list of transactions."""

    status: Literal["success", "failed", "abandoned", "reversed"] | None = None
    amount: int | None = None


class TransferPage(Page):
    """A list of transfers."""

    status: str | None = None
    recipient: str | None = None


class DisputePage(Page):
    """A list of disputes."""

    status: str | None = None
    transaction: str | None = None


class Banks(Params):
    """A list of banks and telcos."""

    country: str | None = None
    currency: str | None = None
    type: str | None = None
    perPage: int | None = None  # noqa: N815


class Resolve(Params):
    """Whose account is it?"""

    account_number: str
    bank_code: str
