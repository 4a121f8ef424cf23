"""What is held about the viewer, given to them on request; and leaving."""

from collections.abc import Awaitable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Protocol, TypeAlias
from uuid import UUID

import strawberry

from app.bookings.queries import BookingRow
from app.identity import policy
from app.identity.queries import UserRow
from app.privacy import service
from app.privacy.blockers import Blocker
from app.privacy.queries import DataExportRow
from schema.context import Context, Info
from schema.enums import DataExportStatus, DeletionBlockReason
from schema.errors import (
    DeletionBlockedError,
    EmailNotVerifiedError,
    ProofRequiredError,
    SignInAgainError,
)
from schema.money import Money
from schema.mutations import mutation, union
from schema.node import Node, shows

if TYPE_CHECKING:
    from schema.bookings.types import Booking
    from schema.users import User

Booked: TypeAlias = Annotated["Booking", strawberry.lazy("schema.bookings.types")]
Person: TypeAlias = Annotated["User", strawberry.lazy("schema.users")]


@strawberry.type(
    description="Everything that is held about the viewer, in one JSON document. The link to it is "
    "mailed."
)
class DataExport(Node):
    is_type_of = shows(DataExportRow)

    status: DataExportStatus = strawberry.field(description="Whether it can be fetched.")
    requested_at: datetime = strawberry.field(description="When the viewer asked for it.")
    ready_at: datetime | None = strawberry.field(description="When it was ready.")
    expires_at: datetime = strawberry.field(description="When it is deleted.")


async def visible_export(context: Context, key: UUID) -> DataExportRow | None:
    """The export, if it is the viewer's and has not expired."""
    row = await context.loaders.data_exports.load(key)
    if row is None or row.expires_at <= context.now:
        return None
    return row if policy.is_own(row.user_id, context.actor) else None


class Exported(Protocol):
    """A success that is about an export."""

    export_id: UUID


def export_of(done: strawberry.Parent[Exported], info: Info) -> Awaitable[DataExportRow | None]:
    return info.context.loaders.data_exports.load(done.export_id)


@strawberry.type(description="The data is being put together. A mail comes when it is ready.")
class RequestDataExportSuccess:
    export_id: strawberry.Private[UUID]
    data_export = strawberry.field(
        resolver=export_of, graphql_type=DataExport, description="The export."
    )


async def request_data_export(info: Info) -> RequestDataExportSuccess:
    context, runtime = info.context, info.context.runtime
    export_id = await runtime.db.run(
        lambda session: service.request_export(
            session, context.actor, runtime.settings, context.client, context.now
        )
    )
    return RequestDataExportSuccess(export_id=export_id)


def blocking_booking(
    blocker: strawberry.Parent[Blocker], info: Info
) -> Awaitable[BookingRow | None] | None:
    if blocker.booking_id is None:
        return None
    return info.context.loaders.bookings.load(blocker.booking_id)


@strawberry.type(description="One thing to settle before an account can go.")
class DeletionBlocker:
    reason: DeletionBlockReason = strawberry.field(description="What it is.")
    booking = strawberry.field(
        resolver=blocking_booking, graphql_type=Booked | None, description="The stay, if it is one."
    )
    amount: Money | None = strawberry.field(description="How much, if it is money.")


@strawberry.input(description="That it is the viewer who wants to go.")
class DeleteAccountInput:
    proof: str = strawberry.field(
        description="From `POST /auth/proof`: that it is still the same person. Works once."
    )


class Done(Protocol):
    """A success that is about a user."""

    user_id: UUID


def user_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(done.user_id)


@strawberry.type(
    description="The account goes at `user.deletionScheduledAt`. The viewer is signed out "
    "everywhere; signing in until then and `cancelAccountDeletion` keeps the account."
)
class DeleteAccountSuccess:
    user_id: strawberry.Private[UUID]
    user = strawberry.field(resolver=user_of, graphql_type=Person, description="The viewer.")


async def delete_account(
    info: Info,
    input: Annotated[DeleteAccountInput, strawberry.argument(description="The proof.")],
) -> DeleteAccountSuccess:
    context, runtime = info.context, info.context.runtime
    user_id = await runtime.db.run(
        lambda session: service.schedule_deletion(
            session, context.actor, input.proof, runtime.settings, context.client, context.now
        )
    )
    return DeleteAccountSuccess(user_id=user_id)


@strawberry.type(description="The account stays. Places are still hidden: publish them again.")
class CancelAccountDeletionSuccess:
    user_id: strawberry.Private[UUID]
    user = strawberry.field(resolver=user_of, graphql_type=Person, description="The viewer.")


async def cancel_account_deletion(info: Info) -> CancelAccountDeletionSuccess:
    context = info.context
    user_id = await context.runtime.db.run(
        lambda session: service.cancel_deletion(session, context.actor, context.client, context.now)
    )
    return CancelAccountDeletionSuccess(user_id=user_id)


@strawberry.type
class PrivacyMutations:
    request_data_export = mutation(
        request_data_export,
        union(
            "RequestDataExportResult",
            RequestDataExportSuccess,
            EmailNotVerifiedError,
            SignInAgainError,
        ),
        "Have everything that is held about the viewer put together, once a day. While one is "
        "being made, asking again gives that one.",
    )
    delete_account = mutation(
        delete_account,
        union(
            "DeleteAccountResult",
            DeleteAccountSuccess,
            ProofRequiredError,
            DeletionBlockedError,
        ),
        "Let the viewer's account go, after some days in which they can think better of it.",
    )
    cancel_account_deletion = mutation(
        cancel_account_deletion,
        union("CancelAccountDeletionResult", CancelAccountDeletionSuccess),
        "Keep the viewer's account after all. Does nothing when it was not about to go.",
    )
