"""Payments: how a guest pays, and how it went."""

from collections.abc import Awaitable
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import strawberry

from app.payments import policy
from app.payments.queries import DISPUTES, DisputeRow, PaymentRow
from db.enums import StaffActionKind
from schema.bookings.access import has_part
from schema.context import Context, Info
from schema.enums import DisputeStatus, PaymentMethod, PaymentProvider, PaymentStatus
from schema.money import Money
from schema.node import Node, shows
from schema.reading import joins, reads

Parent: TypeAlias = strawberry.Parent[PaymentRow]


@reads("guest_id", "status", "client_secret")
def client_secret(payment: Parent, info: Info) -> str | None:
    return payment.client_secret if policy.may_pay(payment, info.context.actor) else None


@reads("guest_id", "status", "provider")
def publishable_key(payment: Parent, info: Info) -> str | None:
    provider = info.context.runtime.providers.get(PaymentProvider(payment.provider))
    may_pay = policy.may_pay(payment, info.context.actor)
    return provider.publishable_key or None if may_pay and provider is not None else None


@reads("guest_id", "status", "redirect_url")
def redirect_url(payment: Parent, info: Info) -> str | None:
    return payment.redirect_url if policy.may_pay(payment, info.context.actor) else None


@reads("guest_id", "failure_code")
def failure_code(payment: Parent, info: Info) -> str | None:
    details = policy.may_see_details(payment, info.context.actor)
    return payment.failure_code if details else None


@joins(DISPUTES)
def disputes_of(payment: Parent, info: Info) -> Awaitable[list[DisputeRow]]:
    return info.context.loaders.disputes_of.load(payment.id)


@strawberry.type(
    description="A guest's bank wants money of a payment back. While it has not decided, nothing "
    "of the stay is paid out."
)
class Dispute:
    status: DisputeStatus = strawberry.field(description="Where it is in its life.")
    amount: Money = strawberry.field(description="What the bank wants back.")
    reason: str = strawberry.field(description="The provider's word for why: `fraudulent`.")
    evidence_due_at: datetime | None = strawberry.field(
        description="Until when it can be shown that the stay took place."
    )
    opened_at: datetime = strawberry.field(description="When the bank asked.")
    settled_at: datetime | None = strawberry.field(description="When it was decided.")


@strawberry.type(description="An attempt to pay for a booking.")
class Payment(Node):
    is_type_of = shows(PaymentRow)

    status: PaymentStatus = strawberry.field(description="Where it is in its life.")
    method: PaymentMethod = strawberry.field(description="How the guest pays.")
    provider: PaymentProvider = strawberry.field(description="Who moves the money.")
    amount: Money = strawberry.field(description="What is to be paid.")
    refunded_amount: Money = strawberry.field(description="What has been given back.")
    client_secret = strawberry.field(
        resolver=client_secret,
        description="What the guest's device confirms the payment with at the provider "
        "(Stripe.js); null where they are sent to `redirectUrl` instead. Only for the guest, while "
        "there is something to pay.",
    )
    publishable_key = strawberry.field(
        resolver=publishable_key,
        description="The provider's public key, to be used with `clientSecret`.",
    )
    redirect_url = strawberry.field(
        resolver=redirect_url,
        description="A page where the guest can pay, when the provider offers one. "
        "Only for the guest, while there is something to pay.",
    )
    failure_code = strawberry.field(
        resolver=failure_code,
        description="The provider's word for why the last try failed, e.g. `card_declined`; "
        "the guest may try again while the payment is pending. Not for the host.",
    )
    paid_at: datetime | None = strawberry.field(description="When the money was taken.")
    disputes = strawberry.field(
        resolver=disputes_of,
        graphql_type=list[Dispute],
        description="What the guest's bank wants back of it, oldest first.",
    )


async def visible_payment(context: Context, key: UUID) -> PaymentRow | None:
    """The payment, if the viewer may see it."""
    payment = await context.loaders.payments.load(key)
    if payment is None or policy.is_party(payment, context.actor):
        return payment
    booking = await context.loaders.bookings.load(payment.booking_id)
    if booking is not None and await has_part(context, booking):
        return payment
    looked = await context.look(
        StaffActionKind.PAYMENT_READ, payment.guest_id, payment.host_id, object_id=key
    )
    return payment if looked else None
