"""Where hosts are paid by providers that ask us rather than them: a phone, or a bank account."""

from collections.abc import Awaitable
from typing import Annotated, Protocol
from uuid import UUID

import strawberry

from app.payments.provider import Institution, RecipientDetails
from app.payouts import recipients
from app.payouts.queries import PayoutAccountRow
from schema.context import Info
from schema.enums import PayoutAccountKind
from schema.errors import HostRequiredError, InvalidInputError, PaymentUnavailableError
from schema.mutations import mutation, union
from schema.payouts import PayoutAccount
from schema.scalars import CurrencyCode


@strawberry.type(description="A bank or telco that earnings can be sent to.")
class PayoutInstitution:
    code: str = strawberry.field(description="The provider's code for it.")
    name: str = strawberry.field(description="Its name.")


async def payout_institutions(
    info: Info,
    currency: Annotated[CurrencyCode, strawberry.argument(description="Of the earnings.")],
    kind: Annotated[PayoutAccountKind, strawberry.argument(description="Banks, or telcos.")],
) -> list[Institution]:
    info.context.actor.require_user()
    return await recipients.institutions(info.context.runtime.providers, currency, kind)


payout_institutions_field = strawberry.field(
    resolver=payout_institutions,
    graphql_type=list[PayoutInstitution],
    description="What a host can name in `setPayoutRecipient`. None: earnings in this currency are "
    "not sent so; see `createPayoutAccountLink`.",
)


@strawberry.input(description="A phone or a bank account of the host's own.")
class SetPayoutRecipientInput:
    currency: CurrencyCode = strawberry.field(description="Of the earnings that are sent there.")
    kind: PayoutAccountKind = strawberry.field(description="What it is.")
    institution_code: str = strawberry.field(
        description="The bank or telco, of `payoutInstitutions`."
    )
    account_number: str = strawberry.field(description="The phone's number, or the account's.")
    account_name: str = strawberry.field(description="Whose it is, as the bank or telco has it.")


class Named(Protocol):
    """A success that is about one account."""

    account_id: UUID


def account_of(done: strawberry.Parent[Named], info: Info) -> Awaitable[PayoutAccountRow | None]:
    return info.context.loaders.payout_accounts.load(done.account_id)


@strawberry.type(description="Earnings in this currency are sent there from now on.")
class SetPayoutRecipientSuccess:
    account_id: strawberry.Private[UUID]
    payout_account = strawberry.field(
        resolver=account_of, graphql_type=PayoutAccount, description="The account."
    )


async def set_payout_recipient(
    info: Info,
    input: Annotated[SetPayoutRecipientInput, strawberry.argument(description="Where to be paid.")],
) -> SetPayoutRecipientSuccess:
    runtime, user_id = info.context.runtime, info.context.actor.require_user()
    details = RecipientDetails(
        kind=input.kind,
        currency=input.currency,
        name=input.account_name.strip(),
        account_number=input.account_number.replace(" ", ""),
        institution=input.institution_code,
    )
    account_id = await recipients.set_recipient(runtime.db, runtime.providers, user_id, details)
    return SetPayoutRecipientSuccess(account_id=account_id)


@strawberry.type
class RecipientMutations:
    set_payout_recipient = mutation(
        set_payout_recipient,
        union(
            "SetPayoutRecipientResult",
            SetPayoutRecipientSuccess,
            HostRequiredError,
            PaymentUnavailableError,
            InvalidInputError,
        ),
        "Where to send a host's earnings in one currency: a phone or bank account. For currencies "
        "that have `payoutInstitutions`.",
    )
