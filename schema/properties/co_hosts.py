"""Co-hosts: who helps a host with a property, and what they may do."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Protocol, TypeAlias
from uuid import UUID

import strawberry

from app.errors import NotFound
from app.identity.policy import is_own
from app.identity.queries import UserRow
from app.properties import co_hosts, flows
from app.properties.queries import CoHostRow, PropertyRow
from schema import ids
from schema.context import Context, Info
from schema.enums import CoHostRight
from schema.errors import (
    EmailNotVerifiedError,
    InvalidInputError,
    NotFoundError,
)
from schema.mutations import mutation, union
from schema.node import Node, shows
from schema.properties.mutations import PropertySuccess, require_property
from schema.properties.types import Property
from schema.users import User

Parent: TypeAlias = strawberry.Parent[CoHostRow]


async def property_of(row: Parent, info: Info) -> PropertyRow | None:
    return await info.context.loaders.properties.load(row.property_id)


async def user_of(row: Parent, info: Info) -> UserRow | None:
    return None if row.user_id is None else await info.context.loaders.users.load(row.user_id)


@strawberry.type(
    description="Somebody's part in a property of somebody else: an invitation, until it is "
    "accepted. Visible to the host and to the co-host."
)
class CoHost(Node):
    is_type_of = shows(CoHostRow)

    property = strawberry.field(resolver=property_of, graphql_type=Property, description="Where.")
    user = strawberry.field(
        resolver=user_of,
        graphql_type=User | None,
        description="Who; null while nobody has accepted the invitation.",
    )
    email: str | None = strawberry.field(
        description="Whom the invitation was mailed to; null once it is accepted."
    )
    rights: list[CoHostRight] = strawberry.field(description="What they may do.")
    invited_at: datetime = strawberry.field(description="When it was mailed last.")
    expires_at: datetime | None = strawberry.field(
        description="Until when it can be accepted; null once it is."
    )
    accepted_at: datetime | None = strawberry.field(
        description="Since when they help; null for an invitation."
    )


async def visible_co_host(context: Context, key: UUID) -> CoHostRow | None:
    """The co-host, if they are the viewer, or the property is the viewer's."""
    row = await context.loaders.co_hosts.load(key)
    if row is None or (row.user_id is not None and is_own(row.user_id, context.actor)):
        return row
    owner = await context.loaders.properties.load(row.property_id)
    return row if owner is not None and is_own(owner.host_id, context.actor) else None


@strawberry.input(description="Somebody to invite.")
class InviteCoHostInput:
    property_id: strawberry.ID = strawberry.field(description="To help with which property.")
    email: str = strawberry.field(description="Where to mail the invitation.")
    rights: list[CoHostRight] = strawberry.field(description="What they may do; at least one.")


@strawberry.input(description="An invitation to accept.")
class AcceptCoHostInvitationInput:
    token: str = strawberry.field(description="The code from the mail.")


@strawberry.input(description="Other rights for a co-host.")
class UpdateCoHostInput:
    co_host_id: strawberry.ID = strawberry.field(description="Which co-host, or invitation.")
    rights: list[CoHostRight] = strawberry.field(description="What they may do; at least one.")


@strawberry.input(description="A co-host to part with, or an invitation to withdraw.")
class RemoveCoHostInput:
    co_host_id: strawberry.ID = strawberry.field(description="Which.")


@strawberry.input(description="A property that the viewer helps with no longer.")
class LeaveCoHostingInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")


class Done(Protocol):
    """A success that is about a co-host."""

    co_host_id: UUID


def co_host_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[CoHostRow | None]:
    return info.context.loaders.co_hosts.load(done.co_host_id)


@strawberry.type
class CoHostSuccess:
    co_host_id: strawberry.Private[UUID]
    co_host = strawberry.field(
        resolver=co_host_of, graphql_type=CoHost, description="As it is now."
    )


@strawberry.type(description="The invitation is on its way.")
class InviteCoHostSuccess(CoHostSuccess):
    pass


@strawberry.type(description="The viewer helps with the property from now on.")
class AcceptCoHostInvitationSuccess(PropertySuccess):
    pass


@strawberry.type(description="They have these rights now.")
class UpdateCoHostSuccess(CoHostSuccess):
    pass


@strawberry.type(description="They have no rights any more; the invitation leads nowhere.")
class RemoveCoHostSuccess(PropertySuccess):
    pass


def viewer_of(
    done: strawberry.Parent["LeaveCoHostingSuccess"], info: Info
) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(done.user_id)


@strawberry.type(description="The viewer has no rights there any more.")
class LeaveCoHostingSuccess:
    user_id: strawberry.Private[UUID]
    user = strawberry.field(resolver=viewer_of, graphql_type=User, description="The viewer.")


async def invite_co_host(
    info: Info,
    input: Annotated[InviteCoHostInput, strawberry.argument(description="Whom.")],
) -> InviteCoHostSuccess:
    context, key = info.context, require_property(input.property_id)
    co_host_id = await flows.invite_co_host(
        context.runtime.db,
        context.runtime.limiter,
        context.actor,
        key,
        input.email,
        input.rights,
        context.client,
        context.now,
    )
    return InviteCoHostSuccess(co_host_id=co_host_id)


async def accept_co_host_invitation(
    info: Info,
    input: Annotated[AcceptCoHostInvitationInput, strawberry.argument(description="Which.")],
) -> AcceptCoHostInvitationSuccess:
    context = info.context
    property_id = await flows.accept_invitation(
        context.runtime.db,
        context.runtime.limiter,
        context.keys,
        context.actor,
        input.token,
        context.client,
        context.now,
    )
    return AcceptCoHostInvitationSuccess(property_id=property_id)


async def update_co_host(
    info: Info,
    input: Annotated[UpdateCoHostInput, strawberry.argument(description="Who, and what.")],
) -> UpdateCoHostSuccess:
    context, key = info.context, _require_co_host(input.co_host_id)
    await context.runtime.db.run(
        lambda session: co_hosts.change(session, context.actor, key, input.rights)
    )
    return UpdateCoHostSuccess(co_host_id=key)


async def remove_co_host(
    info: Info,
    input: Annotated[RemoveCoHostInput, strawberry.argument(description="Whom.")],
) -> RemoveCoHostSuccess:
    context, key = info.context, _require_co_host(input.co_host_id)
    property_id = await context.runtime.db.run(
        lambda session: co_hosts.remove(session, context.actor, key)
    )
    return RemoveCoHostSuccess(property_id=property_id)


async def leave_co_hosting(
    info: Info,
    input: Annotated[LeaveCoHostingInput, strawberry.argument(description="Where.")],
) -> LeaveCoHostingSuccess:
    context, key = info.context, require_property(input.property_id)
    await context.runtime.db.run(lambda session: co_hosts.leave(session, context.actor, key))
    return LeaveCoHostingSuccess(user_id=context.actor.require_user())


def _require_co_host(text: str) -> UUID:
    key = ids.key_of("CoHost", text)
    if key is None:
        raise NotFound("There is no such co-host.")
    return key


@strawberry.type
class CoHostMutations:
    invite_co_host = mutation(
        invite_co_host,
        union(
            "InviteCoHostResult",
            InviteCoHostSuccess,
            NotFoundError,
            InvalidInputError,
            EmailNotVerifiedError,
        ),
        "Mail somebody an invitation to help with a property of the viewer's. It lasts a week. "
        "Again for the same address: these rights instead, and after a minute another mail.",
    )
    accept_co_host_invitation = mutation(
        accept_co_host_invitation,
        union(
            "AcceptCoHostInvitationResult",
            AcceptCoHostInvitationSuccess,
            NotFoundError,
            InvalidInputError,
            EmailNotVerifiedError,
        ),
        "Become a co-host by the code of a mailed invitation.",
    )
    update_co_host = mutation(
        update_co_host,
        union("UpdateCoHostResult", UpdateCoHostSuccess, NotFoundError, InvalidInputError),
        "Give a co-host of a property of the viewer's, or an invitation, other rights.",
    )
    remove_co_host = mutation(
        remove_co_host,
        union("RemoveCoHostResult", RemoveCoHostSuccess, NotFoundError),
        "Take all rights away from a co-host of a property of the viewer's, or withdraw an "
        "invitation.",
    )
    leave_co_hosting = mutation(
        leave_co_hosting,
        union("LeaveCoHostingResult", LeaveCoHostingSuccess, NotFoundError),
        "Help with somebody's property no longer.",
    )
