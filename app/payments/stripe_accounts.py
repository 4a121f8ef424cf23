"""Connected accounts as we see them: whether they can be paid to, and what Stripe still wants."""

from datetime import UTC, datetime
from typing import Any

import stripe

from app.payments.provider import ProviderAccount, Requirement, RequirementState
from app.payments.stripe_objects import own_id
from db.enums import PayoutAccountStatus


def read(account: stripe.Account) -> ProviderAccount:
    """An account as it is now. It counts as active when it can receive money and pass it on."""
    capabilities = account.capabilities
    can_receive = capabilities is not None and getattr(capabilities, "transfers", "") == "active"
    if can_receive and account.payouts_enabled:
        status = PayoutAccountStatus.ACTIVE
    elif account.details_submitted:
        status = PayoutAccountStatus.RESTRICTED
    else:
        status = PayoutAccountStatus.PENDING
    shown = account.requirements
    deadline = shown.current_deadline if shown is not None else None
    return ProviderAccount(
        provider_id=account.id,
        user_id=own_id(account, "user_id"),
        status=status,
        requirements=_requirements(shown),
        due_by=None if deadline is None else datetime.fromtimestamp(deadline, UTC),
        disabled_reason=shown.disabled_reason if shown is not None else None,
    )


def _requirements(shown: Any) -> tuple[Requirement, ...]:
    """What is due, the most pressing state of each once; what is due some day is left out."""
    if shown is None:
        return ()
    problems = {each.requirement: each.reason for each in shown.errors or ()}
    states = {
        **dict.fromkeys(shown.pending_verification or (), RequirementState.IN_REVIEW),
        **dict.fromkeys(shown.currently_due or (), RequirementState.DUE),
        **dict.fromkeys(shown.past_due or (), RequirementState.PAST_DUE),
    }
    return tuple(
        Requirement(code=code, state=state, problem=problems.get(code))
        for code, state in sorted(states.items())
    )
