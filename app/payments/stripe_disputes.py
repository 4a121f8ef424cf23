"""Stripe's disputes (docs.stripe.com/disputes), as we see them."""

from datetime import UTC, datetime

import stripe

from app.payments.provider import Fee, ProviderDispute
from app.payments.stripe_amounts import from_stripe
from db.enums import DisputeStatus

# A `warning_…` is a bank that asks before it takes anything.
STATUSES = {
    "warning_needs_response": DisputeStatus.NEEDS_RESPONSE,
    "warning_under_review": DisputeStatus.UNDER_REVIEW,
    "warning_closed": DisputeStatus.WON,
    "needs_response": DisputeStatus.NEEDS_RESPONSE,
    "under_review": DisputeStatus.UNDER_REVIEW,
    "won": DisputeStatus.WON,
    "prevented": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
}


def read(dispute: stripe.Dispute) -> ProviderDispute:
    """The dispute. What was taken, given back and kept is on its balance transactions."""
    currency = dispute.currency.upper()
    moved = dispute.balance_transactions
    intent = dispute.payment_intent
    due_by = dispute.evidence_details.due_by
    return ProviderDispute(
        provider_id=dispute.id,
        charge_id=intent.id if isinstance(intent, stripe.PaymentIntent) else intent,
        # An unknown one is new to Stripe, and not decided.
        status=STATUSES.get(dispute.status, DisputeStatus.UNDER_REVIEW),
        amount_minor=from_stripe(dispute.amount, currency),
        currency=currency,
        is_withdrawn=sum(one.amount for one in moved) < 0,
        fee=_fee(moved),
        reason=dispute.reason,
        evidence_due_at=datetime.fromtimestamp(due_by, UTC) if due_by else None,
        opened_at=datetime.fromtimestamp(dispute.created, UTC),
    )


def _fee(moved: list[stripe.BalanceTransaction]) -> Fee | None:
    """What Stripe has kept when the money was taken."""
    taken = [one for one in moved if one.fee > 0]
    if not taken:
        return None
    currency = taken[0].currency.upper()
    return Fee(from_stripe(sum(one.fee for one in taken), currency), currency)
