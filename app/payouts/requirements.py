"""What providers want to know of hosts, told in words of our own. Pure.

A provider's own names for it (Stripe: `individual.verification.document`) are many, and new ones
come; each falls under one kind.
"""

import re
from collections.abc import Collection
from enum import StrEnum

from app.payments.provider import Requirement, RequirementState
from app.payouts.advice import Advice, PayoutStep
from db.enums import PayoutAccountStatus


class RequirementKind(StrEnum):
    """What a host is asked for."""

    BANK_ACCOUNT = "BANK_ACCOUNT"
    DOCUMENT = "DOCUMENT"
    IDENTITY = "IDENTITY"
    ADDRESS = "ADDRESS"
    TAX_ID = "TAX_ID"
    CONTACT = "CONTACT"
    BUSINESS = "BUSINESS"
    TERMS = "TERMS"
    OTHER = "OTHER"


class PayoutStop(StrEnum):
    """Why a provider pays nothing to an account."""

    PAST_DUE = "PAST_DUE"
    IN_REVIEW = "IN_REVIEW"
    REJECTED = "REJECTED"
    OTHER = "OTHER"


# The first that is found decides.
_KINDS = (
    (RequirementKind.BANK_ACCOUNT, r"^external_account|bank_account"),
    (RequirementKind.TERMS, r"tos_acceptance|_agreement"),
    (RequirementKind.DOCUMENT, r"verification\.|^documents\.|document$|proof_of"),
    (RequirementKind.TAX_ID, r"\b(id_number|ssn_last_4|tax_id|vat_id)"),
    (RequirementKind.ADDRESS, r"\b(registered_)?address\b|address_"),
    (RequirementKind.CONTACT, r"\b(support_)?(email|phone)$"),
    (RequirementKind.BUSINESS, r"^(business_|company)|statement_descriptor"),
    (RequirementKind.IDENTITY, r"\b(dob|first_name|last_name|full_name|nationality)"),
    (RequirementKind.IDENTITY, r"\b(political_exposure|relationship|owners|directors|executives)"),
    (RequirementKind.IDENTITY, r"\brepresentative"),
)
_STOPS = (
    (PayoutStop.PAST_DUE, r"past_due$|^action_required"),
    (PayoutStop.IN_REVIEW, r"pending_verification$|^under_review$|^listed$"),
    (PayoutStop.REJECTED, r"^rejected"),
)
_WAIT = Advice(
    PayoutStep.WAIT, "The payment provider is looking at what you told it. You need do nothing."
)
_REJECTED = Advice(
    PayoutStep.ASK_US,
    "The payment provider has closed your account. Write to us: we tell you what can be done.",
)
_INCOMPLETE = Advice(
    PayoutStep.COMPLETE_ACCOUNT,
    "The payment provider needs something of you before you can be paid. Tell it there.",
)
_WILL_STOP = Advice(
    PayoutStep.COMPLETE_ACCOUNT,
    "You are paid for now. The payment provider needs something of you, and stops payouts if it "
    "does not have it in time.",
)
_RECIPIENT = Advice(
    PayoutStep.CHECK_RECIPIENT,
    "Nothing can be sent to this phone or bank account any more. Give it again, or another one.",
)


def kind_of(code: str) -> RequirementKind:
    """What a provider's requirement asks for."""
    return next(
        (kind for kind, pattern in _KINDS if re.search(pattern, code)), RequirementKind.OTHER
    )


def stop_of(disabled_reason: str | None) -> PayoutStop | None:
    """Why a provider pays nothing, from its own word for it."""
    if disabled_reason is None:
        return None
    found = (stop for stop, pattern in _STOPS if re.search(pattern, disabled_reason))
    return next(found, PayoutStop.OTHER)


def advice(
    status: PayoutAccountStatus,
    requirements: Collection[Requirement],
    stop: PayoutStop | None,
    *,
    is_recipient: bool,
) -> Advice | None:
    """What to tell a host of an account; None: all is well."""
    is_active = status is PayoutAccountStatus.ACTIVE
    if is_recipient:
        return None if is_active else _RECIPIENT
    if stop is PayoutStop.REJECTED and not is_active:
        return _REJECTED
    if any(each.state is not RequirementState.IN_REVIEW for each in requirements):
        return _WILL_STOP if is_active else _INCOMPLETE
    if is_active:
        return None
    is_reviewed = stop is PayoutStop.IN_REVIEW or bool(requirements)
    return _WAIT if is_reviewed else _INCOMPLETE
