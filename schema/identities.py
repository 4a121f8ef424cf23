"""Whom a person can sign in through, besides a password: adding and removing it."""

from collections.abc import Awaitable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias
from uuid import UUID

import strawberry

from app.errors import NotFound
from app.identity import policy
from app.identity.oidc import flows
from app.identity.oidc.identities import unlink
from app.identity.oidc.registrations import provider_name
from app.identity.queries import IdentityRow, UserRow
from schema import ids
from schema.context import Context, Info
from schema.errors import (
    CodeRefusedError,
    IdentityTakenError,
    LastSignInMethodError,
    NotFoundError,
)
from schema.mutations import mutation, union
from schema.node import Node, shows

if TYPE_CHECKING:
    from schema.users import User

Person: TypeAlias = Annotated["User", strawberry.lazy("schema.users")]


def name_of(identity: strawberry.Parent[IdentityRow], info: Info) -> str:
    return provider_name(info.context.runtime.settings, identity.provider)


@strawberry.type(description="Who the viewer is to a provider that they can sign in through.")
class Identity(Node):
    is_type_of = shows(IdentityRow)

    provider: str = strawberry.field(description="Its key in addresses: `google`.")
    provider_name = strawberry.field(resolver=name_of, description="Its name, for people.")
    email: str | None = strawberry.field(
        description="The address that it told last, which need not be the account's."
    )
    created_at: datetime = strawberry.field(description="When it was added.")
    last_used_at: datetime = strawberry.field(description="When somebody last signed in by it.")


async def visible_identity(context: Context, key: UUID) -> IdentityRow | None:
    """The identity, if it is the viewer's."""
    row = await context.loaders.identities.load(key)
    return row if row and policy.is_own(row.user_id, context.actor) else None


@strawberry.input(
    description="What the viewer came back from a provider with, as for "
    "`POST /auth/oidc/exchange`, which would sign in by it instead."
)
class LinkIdentityInput:
    code: str = strawberry.field(description="From the address that was returned to.")
    code_verifier: str = strawberry.field(description="What the client kept (RFC 7636).")


@strawberry.input(description="An identity to remove.")
class UnlinkIdentityInput:
    identity_id: strawberry.ID = strawberry.field(description="Which of the viewer's identities.")


def identity_of(
    done: strawberry.Parent["LinkIdentitySuccess"], info: Info
) -> Awaitable[IdentityRow | None]:
    return info.context.loaders.identities.load(done.identity_id)


@strawberry.type(description="The viewer can sign in by it from now on.")
class LinkIdentitySuccess:
    identity_id: strawberry.Private[UUID]
    identity = strawberry.field(
        resolver=identity_of, graphql_type=Identity, description="The identity."
    )


def user_of(
    done: strawberry.Parent["UnlinkIdentitySuccess"], info: Info
) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(done.user_id)


@strawberry.type(description="Nobody signs in by it any more; other devices are signed out.")
class UnlinkIdentitySuccess:
    user_id: strawberry.Private[UUID]
    user = strawberry.field(resolver=user_of, graphql_type=Person, description="The viewer.")


async def link_identity(
    info: Info,
    input: Annotated[LinkIdentityInput, strawberry.argument(description="The way back.")],
) -> LinkIdentitySuccess:
    context = info.context
    identity_id = await flows.link(
        context.runtime.db,
        context.runtime.limiter,
        context.actor,
        input.code,
        input.code_verifier,
        context.client,
        context.now,
    )
    return LinkIdentitySuccess(identity_id=identity_id)


async def unlink_identity(
    info: Info,
    input: Annotated[UnlinkIdentityInput, strawberry.argument(description="The identity.")],
) -> UnlinkIdentitySuccess:
    context, key = info.context, ids.key_of("Identity", input.identity_id)
    if key is None:
        raise NotFound("There is no such identity.")
    user_id = await context.runtime.db.run(
        lambda session: unlink(session, context.actor, key, context.client, context.now)
    )
    return UnlinkIdentitySuccess(user_id=user_id)


@strawberry.type
class IdentityMutations:
    link_identity = mutation(
        link_identity,
        union("LinkIdentityResult", LinkIdentitySuccess, CodeRefusedError, IdentityTakenError),
        "Let the viewer sign in through a provider, too. Again changes nothing.",
    )
    unlink_identity = mutation(
        unlink_identity,
        union("UnlinkIdentityResult", UnlinkIdentitySuccess, NotFoundError, LastSignInMethodError),
        "Remove a provider from the viewer's ways to sign in, unless it is the last, and sign "
        "out all other devices.",
    )
