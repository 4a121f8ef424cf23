"""Paystack's objects (paystack.com/docs/api), as we see them, and where our ids are in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from app.payments.paystack_amounts import from_paystack
from app.payments.paystack_http import slug
from app.payments.provider import (
    Charge,
    ChargeState,
    Fee,
    Movement,
    MovementKind,
    ProviderDispute,
    ProviderRefund,
    Transfer,
    TransferState,
)
from db.enums import DisputeStatus, PayoutAccountStatus, RefundStatus

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


def charge_of(shown: dict[str, Any]) -> Charge:
    """A transaction."""
    currency, state = shown["currency"], STATES.get(shown["status"], ChargeState.PROCESSING)
    amount, fee = from_paystack(shown["amount"], currency), shown["fees"]
    taken = state is ChargeState.SUCCEEDED
    return Charge(
        provider_id=shown["reference"],
        payment_id=id_in(shown["metadata"], "payment_id"),
        booking_id=id_in(shown["metadata"], "booking_id"),
        state=state,
        amount_minor=amount,
        currency=currency,
        captured_minor=amount if taken else 0,
        # A part that was refunded is told by the refund alone.
        refunded_minor=amount if shown["status"] == "reversed" else 0,
        live=shown["domain"] == "live",
        created_at=instant(shown["created_at"]),
        fee=Fee(from_paystack(fee, currency), currency) if taken and fee else None,
        failure_code=slug(shown["gateway_response"]) if shown["status"] == "failed" else None,
    )


def transfer_of(shown: dict[str, Any], fee: int | None) -> Transfer:
    """A transfer, and what it costs, where that is known."""
    currency = shown["currency"]
    amount = from_paystack(shown["amount"], currency)
    state = TRANSFERS.get(shown["status"], TransferState.PENDING)
    return Transfer(
        provider_id=shown["reference"],
        payout_id=payout_id_in(shown["reference"]),
        destination=shown["recipient"]["recipient_code"],
        state=state,
        amount_minor=amount,
        currency=currency,
        returned_minor=amount if state is TransferState.RETURNED else 0,
        live=shown["domain"] == "live",
        created_at=instant(shown["createdAt"]),
        fee=Fee(from_paystack(fee, currency), currency) if fee else None,
        failure_code=None if state is TransferState.SENT else f"transfer_{shown['status']}",
    )


def refund_of(shown: dict[str, Any]) -> ProviderRefund:
    """A refund."""
    currency, status = shown["currency"], REFUNDS.get(shown["status"], RefundStatus.PENDING)
    return ProviderRefund(
        provider_id=str(shown["id"]),
        refund_id=refund_id_in(shown),
        # The answer that makes it has the transaction, others its reference.
        charge_id=shown.get("transaction_reference") or shown["transaction"]["reference"],
        status=status,
        amount_minor=from_paystack(shown["amount"], currency),
        currency=currency,
        failure_code="refund_failed" if status is RefundStatus.FAILED else None,
        created_at=instant(shown["createdAt"]),
    )


def dispute_of(shown: dict[str, Any]) -> ProviderDispute:
    """A dispute."""
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
        evidence_due_at=instant(due_at) if due_at else None,
        opened_at=instant(shown["createdAt"]),
    )


def recipient_status(shown: dict[str, Any]) -> PayoutAccountStatus:
    """Whether money can be sent there."""
    usable = shown["active"] and not shown["isDeleted"]
    return PayoutAccountStatus.ACTIVE if usable else PayoutAccountStatus.RESTRICTED


def reference_of(payment_id: UUID, number: int) -> str:
    """The reference of a payment's transaction: its first, its second …"""
    return f"{payment_id}.{number}"


def payout_reference(payout_id: UUID) -> str:
    """The reference of a payout's transfer."""
    return f"payout-{payout_id}"


def payout_id_in(reference: str) -> UUID | None:
    """Whose transfer a reference is; None: no payout's."""
    prefix, _, value = reference.partition("-")
    return _uuid(value) if prefix == "payout" else None


def note(refund_id: UUID) -> str:
    """What stands in a refund's note, where Paystack has no place for our id."""
    return f"refund {refund_id}"


def refund_id_in(shown: dict[str, Any]) -> UUID | None:
    """Ours, from the note; None when it was made by hand."""
    return _uuid((shown.get("merchant_note") or "").removeprefix("refund "))


def id_in(metadata: object, name: str) -> UUID | None:
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


# What the other lists show, by the model that an entry of the balance's ledger names.
LISTED = frozenset({"transaction", "refund", "transfer", "dispute"})
BANK = frozenset({"settlement", "topup"})


def movement_of(shown: dict[str, Any]) -> Movement | None:
    """An entry of the balance's ledger; None when a list has what caused it."""
    model = shown["model_responsible"].lower()
    if model in LISTED:
        return None
    currency = shown["currency"]
    return Movement(
        provider_id=str(shown["id"]),
        kind=MovementKind.BANK if model in BANK else MovementKind.OTHER,
        amount_minor=from_paystack(shown["difference"], currency),
        currency=currency,
        description=shown["reason"] or model,
        created_at=instant(shown["createdAt"]),
    )


def instant(text: str) -> datetime:
    """An instant as Paystack writes it."""
    return datetime.fromisoformat(text)
