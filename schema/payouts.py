"""Payouts: what hosts are sent, and where."""

from collections.abc import Awaitable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Protocol, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

import strawberry

from app.bookings.queries import BookingRow
from app.errors import Invalid
from app.payments.provider import Requirement
from app.payouts.accounts import account_link
from app.payouts.policy import may_see
from app.payouts.queries import PayoutAccountRow, PayoutItemRow, PayoutRow, at_provider
from app.payouts.requirements import RequirementKind, kind_of
from schema.context import Context, Info
from schema.enums import (
    PaymentProvider,
    PayoutAccountStatus,
    PayoutRequirementKind,
    PayoutRequirementState,
    PayoutStatus,
    PayoutStep,
    PayoutStop,
)
from schema.errors import HostRequiredError, InvalidInputError, PaymentUnavailableError
from schema.money import Money
from schema.mutations import mutation, union
from schema.node import Node, shows
from schema.paging import Page
from schema.scalars import CurrencyCode

if TYPE_CHECKING:
    from schema.bookings.types import Booking

LONGEST_ADDRESS = 2_000

Booked: TypeAlias = Annotated["Booking", strawberry.lazy("schema.bookings.types")]


@strawberry.type(description="What stands in the way of a payout, and what helps.")
class PayoutAdvice:
    step: PayoutStep = strawberry.field(description="What the host can do.")
    message: str = strawberry.field(description="The same in words, in English.")


def requirement_kind(requirement: strawberry.Parent[Requirement]) -> RequirementKind:
    return kind_of(requirement.code)


@strawberry.type(description="Something that the provider wants to know of a host.")
class PayoutRequirement:
    kind = strawberry.field(
        resolver=requirement_kind,
        graphql_type=PayoutRequirementKind,
        description="What is asked for.",
    )
    code: str = strawberry.field(description="The provider's own name for it.")
    state: PayoutRequirementState = strawberry.field(description="How pressing it is.")
    problem: str | None = strawberry.field(
        description="Why what was given was not accepted, in the provider's words."
    )


@strawberry.type(description="Where a host's earnings are sent.")
class PayoutAccount(Node):
    is_type_of = shows(PayoutAccountRow)

    provider: PaymentProvider = strawberry.field(description="Who sends them there.")
    status: PayoutAccountStatus = strawberry.field(description="Whether it can be paid to.")
    currency: CurrencyCode | None = strawberry.field(
        description="For earnings in which currency; null: an account at the provider, for all "
        "that no other account is for."
    )
    label: str | None = strawberry.field(
        description="By what the host knows a phone or bank account: `MTN ···· 4987`."
    )
    requirements: list[PayoutRequirement] = strawberry.field(
        description="What the provider wants to know: the host tells it there, see "
        "`createPayoutAccountLink`."
    )
    due_by: datetime | None = strawberry.field(
        name="requirementsDueBy",
        description="When payouts stop unless what is due was told by then.",
    )
    stop: PayoutStop | None = strawberry.field(
        description="Why the provider pays nothing to it; null: it does, or never could yet."
    )
    advice: PayoutAdvice | None = strawberry.field(
        description="What that means, and what helps; null: all is well."
    )


def paid_booking(
    item: strawberry.Parent[PayoutItemRow], info: Info
) -> Awaitable[BookingRow | None]:
    return info.context.loaders.bookings.load(item.booking_id)


@strawberry.type(description="What one booking adds to a payout.")
class PayoutItem:
    booking = strawberry.field(
        resolver=paid_booking, graphql_type=Booked, description="The booking."
    )
    amount: Money = strawberry.field(
        description="What it adds; negative: an earlier payout for it was too much."
    )


def payout_items(
    payout: strawberry.Parent[PayoutRow], info: Info
) -> Awaitable[list[PayoutItemRow]]:
    return info.context.loaders.payout_items_of.load(payout.id)


@strawberry.type(description="A transfer of earnings to a host.")
class Payout(Node):
    is_type_of = shows(PayoutRow)

    amount: Money = strawberry.field(description="How much.")
    status: PayoutStatus = strawberry.field(description="Where it is in its life.")
    failure_code: str | None = strawberry.field(
        description="The provider's word for why it failed, or has not arrived yet."
    )
    advice: PayoutAdvice | None = strawberry.field(
        description="What that means, and what helps; null: nothing is wrong."
    )
    next_attempt_at: datetime | None = strawberry.field(
        description="When a failed one is tried again, by another payout; of one on its way, when "
        "the provider is asked again. A mended account is tried at once."
    )
    created_at: datetime = strawberry.field(description="When it was set aside.")
    paid_at: datetime | None = strawberry.field(description="When it was sent.")
    items = strawberry.field(
        resolver=payout_items,
        graphql_type=list[PayoutItem],
        description="The bookings that it is for.",
    )


@strawberry.type(description="A payout in its place in a list.")
class PayoutEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: Payout = strawberry.field(description="The payout.")


@strawberry.type(description="One page of a list of payouts.")
class PayoutConnection(Page):
    edges: list[PayoutEdge] = strawberry.field(description="The payouts, in order.")


async def visible_payout(context: Context, key: UUID) -> PayoutRow | None:
    """The payout, if it is the viewer's."""
    payout = await context.loaders.payouts.load(key)
    return payout if payout and may_see(payout, context.actor) else None


async def visible_payout_account(context: Context, key: UUID) -> PayoutAccountRow | None:
    """The account, if it is the viewer's."""
    account = await context.loaders.payout_accounts.load(key)
    return account if account and may_see(account, context.actor) else None


@strawberry.input(description="Where the provider's page sends the host back to.")
class CreatePayoutAccountLinkInput:
    return_url: str = strawberry.field(description="Afterwards: an http(s) address.")
    refresh_url: str = strawberry.field(
        description="When the link was used or is too old: an http(s) address that asks anew."
    )


class Done(Protocol):
    """A success that is about a user's account."""

    user_id: UUID


async def account_of(done: strawberry.Parent[Done], info: Info) -> PayoutAccountRow | None:
    return at_provider(await info.context.loaders.payout_accounts_of.load(done.user_id))


@strawberry.type(description="The host can go to the provider.")
class CreatePayoutAccountLinkSuccess:
    user_id: strawberry.Private[UUID]
    url: str = strawberry.field(description="The provider's page; good once, for some minutes.")
    payout_account = strawberry.field(
        resolver=account_of, graphql_type=PayoutAccount, description="The account."
    )


async def create_payout_account_link(
    info: Info,
    input: Annotated[
        CreatePayoutAccountLinkInput, strawberry.argument(description="Where to come back to.")
    ],
) -> CreatePayoutAccountLinkSuccess:
    runtime, user_id = info.context.runtime, info.context.actor.require_user()
    url = await account_link(
        runtime.db,
        runtime.providers,
        user_id,
        return_url=_web_address(input.return_url, "returnUrl"),
        refresh_url=_web_address(input.refresh_url, "refreshUrl"),
    )
    return CreatePayoutAccountLinkSuccess(user_id=user_id, url=url)


def _web_address(text: str, field: str) -> str:
    """The address itself. Raises Invalid."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and parts.hostname is not None
    except ValueError:
        valid = False
    if not valid or len(text) > LONGEST_ADDRESS or not text.isascii() or not text.isprintable():
        raise Invalid("Expected an http or https address.", field=field)
    return text


@strawberry.type
class PayoutMutations:
    create_payout_account_link = mutation(
        create_payout_account_link,
        union(
            "CreatePayoutAccountLinkResult",
            CreatePayoutAccountLinkSuccess,
            HostRequiredError,
            PaymentUnavailableError,
            InvalidInputError,
        ),
        "Where a host tells the provider who they are and where to send their earnings.",
    )
