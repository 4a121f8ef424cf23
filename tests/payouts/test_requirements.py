"""What a host is told of what the provider wants, of every kind and in every state."""

import pytest

from app.payments.provider import Requirement, RequirementState
from app.payouts.advice import PayoutStep
from app.payouts.requirements import PayoutStop, RequirementKind, advice, kind_of, stop_of
from db.enums import PayoutAccountStatus

K, State, Status = RequirementKind, RequirementState, PayoutAccountStatus


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("external_account", K.BANK_ACCOUNT),
        ("tos_acceptance.date", K.TERMS),
        ("individual.verification.document", K.DOCUMENT),
        ("individual.verification.additional_document", K.DOCUMENT),
        ("company.verification.document", K.DOCUMENT),
        ("documents.bank_account_ownership_verification.files", K.BANK_ACCOUNT),
        ("individual.id_number", K.TAX_ID),
        ("individual.ssn_last_4", K.TAX_ID),
        ("company.tax_id", K.TAX_ID),
        ("individual.address.line1", K.ADDRESS),
        ("company.address.postal_code", K.ADDRESS),
        ("individual.email", K.CONTACT),
        ("business_profile.support_phone", K.CONTACT),
        ("business_profile.mcc", K.BUSINESS),
        ("business_type", K.BUSINESS),
        ("company.name", K.BUSINESS),
        ("settings.payments.statement_descriptor", K.BUSINESS),
        ("individual.dob.day", K.IDENTITY),
        ("individual.first_name", K.IDENTITY),
        ("person_8UayFKIMRJklog.last_name", K.IDENTITY),
        ("person_8UayFKIMRJklog.relationship.title", K.IDENTITY),
        ("interv_abc.something_new", K.OTHER),
        ("", K.OTHER),
    ],
)
def test_kinds(code: str, kind: RequirementKind) -> None:
    assert kind_of(code) is kind


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        (None, None),
        ("requirements.past_due", PayoutStop.PAST_DUE),
        ("action_required.requested_capabilities", PayoutStop.PAST_DUE),
        ("requirements.pending_verification", PayoutStop.IN_REVIEW),
        ("under_review", PayoutStop.IN_REVIEW),
        ("listed", PayoutStop.IN_REVIEW),
        ("rejected.fraud", PayoutStop.REJECTED),
        ("rejected.listed", PayoutStop.REJECTED),
        ("platform_paused", PayoutStop.OTHER),
        ("something.new", PayoutStop.OTHER),
    ],
)
def test_stops(reason: str | None, stop: PayoutStop | None) -> None:
    assert stop_of(reason) is stop


def wants(*states: RequirementState) -> list[Requirement]:
    return [Requirement(code=f"a.{number}", state=state) for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("status", "states", "stop", "step"),
    [
        (Status.ACTIVE, (), None, None),
        (Status.ACTIVE, (State.IN_REVIEW,), None, None),
        (Status.ACTIVE, (State.DUE,), None, PayoutStep.COMPLETE_ACCOUNT),
        (Status.PENDING, (), None, PayoutStep.COMPLETE_ACCOUNT),
        (Status.PENDING, (State.DUE,), PayoutStop.PAST_DUE, PayoutStep.COMPLETE_ACCOUNT),
        (Status.RESTRICTED, (State.PAST_DUE,), PayoutStop.PAST_DUE, PayoutStep.COMPLETE_ACCOUNT),
        # Part of it is being looked at, and part is missing.
        (
            Status.RESTRICTED,
            (State.IN_REVIEW, State.DUE),
            PayoutStop.IN_REVIEW,
            PayoutStep.COMPLETE_ACCOUNT,
        ),
        (Status.RESTRICTED, (State.IN_REVIEW,), PayoutStop.IN_REVIEW, PayoutStep.WAIT),
        (Status.RESTRICTED, (), PayoutStop.IN_REVIEW, PayoutStep.WAIT),
        (Status.RESTRICTED, (), PayoutStop.REJECTED, PayoutStep.ASK_US),
        (Status.RESTRICTED, (State.DUE,), PayoutStop.REJECTED, PayoutStep.ASK_US),
    ],
)
def test_advice(
    status: PayoutAccountStatus,
    states: tuple[RequirementState, ...],
    stop: PayoutStop | None,
    step: PayoutStep | None,
) -> None:
    told = advice(status, wants(*states), stop, is_recipient=False)
    assert (told and told.step) == step


def test_a_phone_that_nothing_can_be_sent_to() -> None:
    told = advice(Status.RESTRICTED, (), None, is_recipient=True)
    assert told is not None
    assert told.step is PayoutStep.CHECK_RECIPIENT
    assert advice(Status.ACTIVE, (), None, is_recipient=True) is None
