"""Stripe's refunds, transfers and movements (docs.stripe.com/api), as we see them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import stripe

from app.payments.provider import (
    Fee,
    Movement,
    MovementKind,
    ProviderRefund,
    Transfer,
    TransferState,
)
from app.payments.stripe_amounts import from_stripe
from db.enums import RefundStatus

REFUNDS = {
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}


def instant(seconds: int) -> datetime:
    """A Unix time."""
    return datetime.fromtimestamp(seconds, UTC)


def why(failure: Any) -> str | None:
    """Why the last try failed. The bank's word, if it was asked: failed 3-D Secure has none."""
    if failure is None:
        return None
    code: str = getattr(failure, "decline_code", None) or failure.code
    return code


def fee_of(charge: "str | stripe.Charge | None") -> Fee | None:
    """What Stripe has kept of an expanded charge."""
    if not isinstance(charge, stripe.Charge):
        return None
    settled = charge.balance_transaction
    if not isinstance(settled, stripe.BalanceTransaction):
        return None
    currency = settled.currency.upper()
    return Fee(from_stripe(settled.fee, currency), currency)


def refunded_of(charge: "str | stripe.Charge | None") -> int:
    """What has been given back of an expanded charge."""
    if not isinstance(charge, stripe.Charge):
        return 0
    return from_stripe(charge.amount_refunded, charge.currency.upper())


def refund_of(refund: stripe.Refund) -> ProviderRefund:
    """A refund."""
    currency = refund.currency.upper()
    return ProviderRefund(
        provider_id=refund.id,
        refund_id=own_id(refund, "refund_id"),
        charge_id=id_of(refund.payment_intent),
        # `pending` and `requires_action` are on their way.
        status=REFUNDS.get(refund.status or "", RefundStatus.PENDING),
        amount_minor=from_stripe(refund.amount, currency),
        currency=currency,
        failure_code=getattr(refund, "failure_reason", None),
        created_at=instant(refund.created),
    )


def transfer_of(transfer: stripe.Transfer) -> Transfer:
    """A transfer."""
    currency = transfer.currency.upper()
    return Transfer(
        provider_id=transfer.id,
        payout_id=own_id(transfer, "payout_id"),
        destination=id_of(transfer.destination) or "",
        # Stripe's arrive at once. One that was reversed in part is still sent.
        state=TransferState.RETURNED
        if transfer.amount_reversed >= transfer.amount
        else TransferState.SENT,
        amount_minor=from_stripe(transfer.amount, currency),
        currency=currency,
        returned_minor=from_stripe(transfer.amount_reversed, currency),
        live=transfer.livemode,
        created_at=instant(transfer.created),
    )


# What other lists show, by the type of the balance transaction: whatever became of a charge,
# a refund or a transfer.
LISTED = frozenset(
    {
        *("charge", "payment", "refund", "payment_refund", "transfer", "transfer_refund"),
        *("refund_failure", "payment_failure_refund", "transfer_cancel", "transfer_failure"),
    }
)
BANK = frozenset({"payout", "payout_cancel", "payout_failure", "topup", "topup_reversal"})
FEES = frozenset({"stripe_fee", "stripe_fx_fee", "tax_fee", "network_cost"})


def movement_of(entry: stripe.BalanceTransaction) -> Movement | None:
    """A balance transaction; None when the list of charges, refunds, transfers or disputes has
    what caused it. `source` must be expanded.
    """
    source: Any = entry.source
    # A charge without a PaymentIntent was not made by us, and is in no list of these.
    if entry.type in LISTED and getattr(source, "payment_intent", "") is not None:
        return None
    if getattr(source, "object", "") == "dispute":
        return None
    currency = entry.currency.upper()
    if entry.type in BANK:
        kind = MovementKind.BANK
    else:
        kind = MovementKind.FEE if entry.type in FEES else MovementKind.OTHER
    return Movement(
        provider_id=entry.id,
        kind=kind,
        amount_minor=from_stripe(entry.net, currency),
        currency=currency,
        description=entry.description or entry.type,
        created_at=instant(entry.created),
    )


def id_of(named: Any) -> str | None:
    """An object's id, whether it was expanded or not."""
    found: str | None = named if isinstance(named, str) or named is None else named.id
    return found


def own_id(carrier: Any, name: str) -> UUID | None:
    """An id of ours from an object's metadata; None when it has none, or something else there."""
    metadata = carrier.metadata
    value = metadata[name] if metadata and name in metadata else None
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
