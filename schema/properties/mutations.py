"""What hosts do to their properties."""

from collections.abc import Awaitable
from typing import Annotated, Protocol
from uuid import UUID

import strawberry

from app.errors import NotFound
from app.properties import service
from app.properties.queries import PropertyRow
from schema import ids
from schema.context import Info
from schema.errors import (
    ForbiddenError,
    HostRequiredError,
    InvalidInputError,
    NotFoundError,
    PropertyIncompleteError,
    StaleVersionError,
)
from schema.mutations import mutation, union
from schema.properties.inputs import CreatePropertyInput, UpdatePropertyInput, to_listing
from schema.properties.types import Property


@strawberry.input(description="A property to publish.")
class PublishPropertyInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")


@strawberry.input(description="A property to take down.")
class UnpublishPropertyInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")


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


async def create_property(
    info: Info,
    input: Annotated[CreatePropertyInput, strawberry.argument(description="The property.")],
) -> CreatePropertySuccess:
    context = info.context
    key = await context.runtime.db.run(
        lambda session: service.create_property(
            session, context.actor, to_listing(input), context.now
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
        lambda session: service.publish_property(session, context.actor, key, context.now)
    )
    return PublishPropertySuccess(property_id=key)


async def unpublish_property(
    info: Info,
    input: Annotated[UnpublishPropertyInput, strawberry.argument(description="The property.")],
) -> UnpublishPropertySuccess:
    context, key = info.context, require_property(input.property_id)
    await context.runtime.db.run(
        lambda session: service.unpublish_property(session, context.actor, key, context.now)
    )
    return UnpublishPropertySuccess(property_id=key)


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
        union("CreatePropertyResult", CreatePropertySuccess, HostRequiredError, InvalidInputError),
        "Make a property, as a draft that only its host sees.",
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
