"""What hosts do to their properties."""

from collections.abc import Awaitable
from datetime import date
from typing import Annotated, Protocol
from uuid import UUID

import strawberry

from app.errors import NotFound
from app.properties import lifecycle, service
from app.properties.queries import PropertyRow
from schema import ids
from schema.context import Info
from schema.errors import (
    ForbiddenError,
    HostRequiredError,
    IdempotencyConflictError,
    InvalidInputError,
    NotFoundError,
    PropertyIncompleteError,
    StaleVersionError,
)
from schema.mutations import mutation, union
from schema.properties.inputs import (
    IDEMPOTENCY_KEY,
    CreatePropertyInput,
    UpdatePropertyInput,
    to_listing,
)
from schema.properties.types import Property


@strawberry.input(description="A property to publish.")
class PublishPropertyInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")


@strawberry.input(description="A property to take down.")
class UnpublishPropertyInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")


@strawberry.input(description="A property to let sleep.")
class SnoozePropertyInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")
    until: date = strawberry.field(
        description="The date there on which it takes bookings again; within a year."
    )


@strawberry.input(description="A property to put away.")
class ArchivePropertyInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")


@strawberry.input(description="A draft to delete.")
class DeletePropertyInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")


@strawberry.input(description="A property to copy.")
class DuplicatePropertyInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


class Done(Protocol):
    """A success that is about a property."""

    property_id: UUID


def property_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[PropertyRow | None]:
    return info.context.loaders.properties.load(done.property_id)


@strawberry.type
class PropertySuccess:
    property_id: strawberry.Private[UUID]
    property = strawberry.field(
        resolver=property_of, graphql_type=Property, description="The property as it is now."
    )


@strawberry.type(description="The property is there, as a draft.")
class CreatePropertySuccess(PropertySuccess):
    pass


@strawberry.type(description="The property is changed.")
class UpdatePropertySuccess(PropertySuccess):
    pass


@strawberry.type(description="Everybody can see and book the property.")
class PublishPropertySuccess(PropertySuccess):
    pass


@strawberry.type(description="The property takes no new bookings.")
class UnpublishPropertySuccess(PropertySuccess):
    pass


@strawberry.type(description="It takes no new bookings until that date.")
class SnoozePropertySuccess(PropertySuccess):
    pass


@strawberry.type(description="It is put away.")
class ArchivePropertySuccess(PropertySuccess):
    pass


@strawberry.type(description="The property is the copy, a draft.")
class DuplicatePropertySuccess(PropertySuccess):
    pass


@strawberry.type(description="The draft is gone.")
class DeletePropertySuccess:
    deleted_id: strawberry.ID = strawberry.field(description="The id that it had.")


async def create_property(
    info: Info,
    input: Annotated[CreatePropertyInput, strawberry.argument(description="The property.")],
) -> CreatePropertySuccess:
    context = info.context
    key = await context.runtime.db.run(
        lambda session: service.create_property(
            session,
            context.actor,
            to_listing(input),
            context.now,
            idempotency_key=input.idempotency_key,
        )
    )
    return CreatePropertySuccess(property_id=key)


async def update_property(
    info: Info,
    input: Annotated[UpdatePropertyInput, strawberry.argument(description="The changes.")],
) -> UpdatePropertySuccess:
    context, key = info.context, require_property(input.property_id)
    await context.runtime.db.run(
        lambda session: service.update_property(
            session,
            context.actor,
            key,
            to_listing(input),
            context.now,
            expected_version=input.expected_version,
        )
    )
    return UpdatePropertySuccess(property_id=key)


async def publish_property(
    info: Info,
    input: Annotated[PublishPropertyInput, strawberry.argument(description="The property.")],
) -> PublishPropertySuccess:
    context, key = info.context, require_property(input.property_id)
    await context.runtime.db.run(
        lambda session: lifecycle.publish_property(session, context.actor, key, context.now)
    )
    return PublishPropertySuccess(property_id=key)


async def unpublish_property(
    info: Info,
    input: Annotated[UnpublishPropertyInput, strawberry.argument(description="The property.")],
) -> UnpublishPropertySuccess:
    context, key = info.context, require_property(input.property_id)
    await context.runtime.db.run(
        lambda session: lifecycle.unpublish_property(session, context.actor, key, context.now)
    )
    return UnpublishPropertySuccess(property_id=key)


async def snooze_property(
    info: Info,
    input: Annotated[SnoozePropertyInput, strawberry.argument(description="The property.")],
) -> SnoozePropertySuccess:
    context, key = info.context, require_property(input.property_id)
    await context.runtime.db.run(
        lambda session: lifecycle.snooze_property(
            session, context.actor, key, input.until, context.now
        )
    )
    return SnoozePropertySuccess(property_id=key)


async def archive_property(
    info: Info,
    input: Annotated[ArchivePropertyInput, strawberry.argument(description="The property.")],
) -> ArchivePropertySuccess:
    context, key = info.context, require_property(input.property_id)
    await context.runtime.db.run(
        lambda session: lifecycle.archive_property(session, context.actor, key, context.now)
    )
    return ArchivePropertySuccess(property_id=key)


async def delete_property(
    info: Info,
    input: Annotated[DeletePropertyInput, strawberry.argument(description="The draft.")],
) -> DeletePropertySuccess:
    context, key = info.context, require_property(input.property_id)
    await context.runtime.db.run(
        lambda session: lifecycle.delete_property(session, context.actor, key)
    )
    return DeletePropertySuccess(deleted_id=input.property_id)


async def duplicate_property(
    info: Info,
    input: Annotated[DuplicatePropertyInput, strawberry.argument(description="The property.")],
) -> DuplicatePropertySuccess:
    context, key = info.context, require_property(input.property_id)
    copy = await context.runtime.db.run(
        lambda session: lifecycle.duplicate_property(
            session, context.actor, key, context.now, idempotency_key=input.idempotency_key
        )
    )
    return DuplicatePropertySuccess(property_id=copy)


def require_property(text: str) -> UUID:
    """The key in a property's id. Raises NotFound for any other id."""
    key = ids.key_of("Property", text)
    if key is None:
        raise NotFound("There is no such property.")
    return key


@strawberry.type
class PropertyMutations:
    create_property = mutation(
        create_property,
        union(
            "CreatePropertyResult",
            CreatePropertySuccess,
            HostRequiredError,
            IdempotencyConflictError,
            InvalidInputError,
        ),
        "Make a property, as a draft that only its host sees: empty at first perhaps, and filled "
        "in step by step by `updateProperty`.",
    )
    update_property = mutation(
        update_property,
        union(
            "UpdatePropertyResult",
            UpdatePropertySuccess,
            StaleVersionError,
            NotFoundError,
            InvalidInputError,
        ),
        "Change a property of the viewer's.",
    )
    publish_property = mutation(
        publish_property,
        union(
            "PublishPropertyResult",
            PublishPropertySuccess,
            PropertyIncompleteError,
            NotFoundError,
            ForbiddenError,
        ),
        "Let guests find and book a property of the viewer's.",
    )
    unpublish_property = mutation(
        unpublish_property,
        union("UnpublishPropertyResult", UnpublishPropertySuccess, NotFoundError),
        "Take no new bookings for a property of the viewer's; those that exist stay.",
    )
    snooze_property = mutation(
        snooze_property,
        union(
            "SnoozePropertyResult",
            SnoozePropertySuccess,
            NotFoundError,
            ForbiddenError,
            InvalidInputError,
        ),
        "Take no new bookings for a published property until a date, when it is published again "
        "by itself; `publishProperty` wakes it earlier. Bookings that exist stay.",
    )
    archive_property = mutation(
        archive_property,
        union("ArchivePropertyResult", ArchivePropertySuccess, NotFoundError, ForbiddenError),
        "Put a property away: no new bookings, and in no list of its host's but that of the "
        "archived. `publishProperty` brings it back.",
    )
    delete_property = mutation(
        delete_property,
        union("DeletePropertyResult", DeletePropertySuccess, NotFoundError, ForbiddenError),
        "Delete a draft of the viewer's for good. What has been published can be archived.",
    )
    duplicate_property = mutation(
        duplicate_property,
        union(
            "DuplicatePropertyResult",
            DuplicatePropertySuccess,
            NotFoundError,
            IdempotencyConflictError,
            InvalidInputError,
        ),
        "Make a draft that says all that a property of the viewer's says, with its photos, taxes "
        "and set prices. Not copied: bookings, reviews, co-hosts, and other sites' calendars.",
    )
