"""What a host is told about money that has not reached them, and what they can do."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from app.payouts.rules import Hold


class PayoutStep(StrEnum):
    """What helps."""

    # At the provider: createPayoutAccountLink.
    COMPLETE_ACCOUNT = "COMPLETE_ACCOUNT"
    # The phone or bank account: setPayoutRecipient.
    CHECK_RECIPIENT = "CHECK_RECIPIENT"
    # It comes right by itself, or by us.
    WAIT = "WAIT"
    # Nothing that the host could do alone.
    ASK_US = "ASK_US"


class Advice(msgspec.Struct, frozen=True):
    """What stands in the way, in words, and what helps."""

    step: PayoutStep
    message: str


_AT_PROVIDER = Advice(
    PayoutStep.COMPLETE_ACCOUNT,
    "Your account at the payment provider cannot receive money. Complete it there; then we send "
    "what you are due by ourselves.",
)
_AT_BANK = Advice(
    PayoutStep.CHECK_RECIPIENT,
    "Your bank or telco did not take the money. Check the number and the name that you are paid "
    "to; we try again by ourselves.",
)
_UNHEARD = Advice(
    PayoutStep.WAIT,
    "The payment provider has not answered yet. Nothing is lost, and nothing is sent twice: we "
    "ask again by ourselves.",
)
_OURS = Advice(
    PayoutStep.WAIT,
    "The payment provider could not send the money. You need do nothing: we try again by "
    "ourselves.",
)

# The provider's words, or our own, for why a transfer failed or waits.
FAILURES: Mapping[str, Advice] = {
    **dict.fromkeys(
        (
            "account_not_active",
            "account_invalid",
            "insufficient_capabilities_for_transfer",
            "transfers_not_allowed",
        ),
        _AT_PROVIDER,
    ),
    **dict.fromkeys(
        (
            "invalid_transfer_recipient",
            "recipient_is_not_active",
            "transfer_failed",
            "transfer_rejected",
            "transfer_reversed",
        ),
        _AT_BANK,
    ),
    **dict.fromkeys(
        (
            "provider_unavailable",
            "transfer_otp",
            "transfer_pending",
            "transfer_processing",
            "transfer_queued",
            "transfer_received",
        ),
        _UNHEARD,
    ),
}

HOLDS: Mapping[Hold, Advice] = {
    Hold.OWES: Advice(
        PayoutStep.WAIT,
        "Guests got money back, or you owe a fee, after you had been paid. What your next stays "
        "bring goes towards it first.",
    ),
    Hold.NEW_HOST: Advice(
        PayoutStep.WAIT, "New hosts are paid once their first stay has been over for some days."
    ),
    Hold.BELOW_MINIMUM: Advice(
        PayoutStep.WAIT,
        "This is less than we send at once. It is added to your next payout, or sent when it has "
        "waited long enough.",
    ),
    Hold.REFUSED: Advice(
        PayoutStep.WAIT, "The last transfer failed; your latest payout says why. We try again."
    ),
    Hold.NO_ACCOUNT: Advice(
        PayoutStep.CHECK_RECIPIENT, "Say where you want to be paid in this currency."
    ),
    Hold.ACCOUNT_INCOMPLETE: Advice(
        PayoutStep.COMPLETE_ACCOUNT,
        "Complete your account at the payment provider, so that you can be paid.",
    ),
    Hold.ACCOUNT_RESTRICTED: _AT_PROVIDER,
}


def about_failure(code: str | None) -> Advice | None:
    """What to tell of a transfer that failed or waits for this reason; None: nothing is wrong."""
    return None if code is None else FAILURES.get(code, _OURS)
