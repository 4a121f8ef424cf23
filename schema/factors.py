"""What a person signs in by besides a password.

Factors are made by REST: their secrets must not lie in the caches of GraphQL's clients.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Protocol, TypeAlias
from uuid import UUID

import strawberry

from app.errors import NotFound
from app.identity import enrollment, factors, policy
from app.identity.factors import Factors
from app.identity.queries import PasskeyRow, UserRow, passkeys_of
from app.identity.rules import MAX_LABEL
from schema import ids
from schema.context import Context, Info
from schema.errors import (
    InvalidInputError,
    LastSignInMethodError,
    NotFoundError,
    ProofRequiredError,
)
from schema.mutations import mutation, union
from schema.node import Node, shows
from schema.reading import reads

if TYPE_CHECKING:
    from schema.users import User

User_: TypeAlias = Annotated["User", strawberry.lazy("schema.users")]


@strawberry.type(
    description="A passkey (WebAuthn): it signs in by itself, or as the second factor. Added by "
    "`POST /auth/add-passkey`."
)
class Passkey(Node):
    is_type_of = shows(PasskeyRow)

    name: str = strawberry.field(description="What its owner calls it.")
    created_at: datetime = strawberry.field(description="When it was added.")
    last_used_at: datetime | None = strawberry.field(
        description="When it was last used; null: not yet."
    )


@strawberry.type(
    description="What the viewer is asked for besides the password; nothing while there is neither "
    "an authenticator app nor a passkey."
)
class SecondFactor:
    totp: bool = strawberry.field(description="Whether an authenticator app is on.")
    passkeys: int = strawberry.field(
        name="passkeyCount", description="How many passkeys there are."
    )
    recovery_codes: int = strawberry.field(
        name="recoveryCodesLeft",
        description="How many codes for emergencies are not used: `POST /auth/recovery-codes` "
        "makes ten new ones.",
    )


@reads("id")
async def own_passkeys(user: strawberry.Parent[UserRow], info: Info) -> list[PasskeyRow] | None:
    context = info.context
    own = policy.is_own(user.id, context.actor)
    return await passkeys_of(context.runtime.db, user.id) if own else None


@reads("id")
async def own_second_factor(user: strawberry.Parent[UserRow], info: Info) -> Factors | None:
    context = info.context
    own = policy.is_own(user.id, context.actor)
    return await factors.held_by(context.runtime.db, user.id) if own else None


async def visible_passkey(context: Context, key: UUID) -> PasskeyRow | None:
    """The passkey, if it is the viewer's."""
    row = await context.loaders.passkeys.load(key)
    return row if row and policy.is_own(row.user_id, context.actor) else None


@strawberry.input(description="Another name for a passkey.")
class RenamePasskeyInput:
    passkey_id: strawberry.ID = strawberry.field(description="Which of the viewer's passkeys.")
    name: str = strawberry.field(description=f"1 to {MAX_LABEL} characters.")


@strawberry.input(description="A passkey to delete.")
class DeletePasskeyInput:
    passkey_id: strawberry.ID = strawberry.field(description="Which of the viewer's passkeys.")
    proof: str = strawberry.field(
        description="From `POST /auth/proof`: that it is still the same person. Works once."
    )


class Done(Protocol):
    """A success that is about a passkey."""

    passkey_id: UUID


async def passkey_of(done: strawberry.Parent[Done], info: Info) -> PasskeyRow | None:
    return await info.context.loaders.passkeys.load(done.passkey_id)


async def viewer_of(info: Info) -> UserRow | None:
    return await info.context.loaders.users.load(info.context.actor.require_user())


@strawberry.type(description="The passkey has its name.")
class RenamePasskeySuccess:
    passkey_id: strawberry.Private[UUID]
    passkey = strawberry.field(
        resolver=passkey_of, graphql_type=Passkey, description="The passkey as it is now."
    )


@strawberry.type(description="The passkey signs nobody in any more.")
class DeletePasskeySuccess:
    deleted_passkey_id: strawberry.ID = strawberry.field(description="What may be forgotten.")
    user = strawberry.field(
        resolver=viewer_of, graphql_type=User_, description="The viewer, with what is left."
    )


def _key(text: str) -> UUID:
    key = ids.key_of("Passkey", text)
    if key is None:
        raise NotFound("There is no such passkey.")
    return key


async def rename_passkey(
    info: Info,
    input: Annotated[RenamePasskeyInput, strawberry.argument(description="The name.")],
) -> RenamePasskeySuccess:
    context, key = info.context, _key(input.passkey_id)
    await context.runtime.db.run(
        lambda session: enrollment.rename_passkey(
            session, context.actor, key, input.name, context.now
        )
    )
    return RenamePasskeySuccess(passkey_id=key)


async def delete_passkey(
    info: Info,
    input: Annotated[DeletePasskeyInput, strawberry.argument(description="The passkey.")],
) -> DeletePasskeySuccess:
    context, key = info.context, _key(input.passkey_id)
    await context.runtime.db.run(
        lambda session: enrollment.delete_passkey(
            session, context.actor, key, input.proof, context.client, context.now
        )
    )
    return DeletePasskeySuccess(deleted_passkey_id=input.passkey_id)


@strawberry.type
class FactorMutations:
    rename_passkey = mutation(
        rename_passkey,
        union("RenamePasskeyResult", RenamePasskeySuccess, InvalidInputError, NotFoundError),
        "Call one of the viewer's passkeys otherwise.",
    )
    delete_passkey = mutation(
        delete_passkey,
        union(
            "DeletePasskeyResult",
            DeletePasskeySuccess,
            ProofRequiredError,
            NotFoundError,
            LastSignInMethodError,
        ),
        "Delete one of the viewer's passkeys, unless nothing else signs in to the account. "
        "Recovery codes go with the last factor.",
    )
