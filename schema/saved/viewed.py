"""What the viewer looked at lately."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from app.identity.queries import UserRow
from app.privacy.retention import VIEWS_KEPT
from app.properties.queries import PropertyRow, properties
from app.saved import viewed
from app.saved.queries import View
from app.saved.viewed import MAX_VIEWED
from schema.context import Info
from schema.errors import NotFoundError
from schema.mutations import mutation, union
from schema.properties.access import VISIBLE_BY
from schema.properties.mutations import require_property
from schema.properties.types import Property
from schema.reading import shape
from schema.users import User


async def viewed_property(view: strawberry.Parent[View], info: Info) -> PropertyRow | None:
    like = shape(info, PropertyRow, needs=VISIBLE_BY)
    return await info.context.loaders.rows(properties, like).load(view.property_id)


@strawberry.type(description="A place that the viewer has looked at.")
class ViewedProperty:
    property = strawberry.field(
        resolver=viewed_property, graphql_type=Property, description="The place."
    )
    viewed_at: datetime = strawberry.field(description="When last.")


@strawberry.input(description="A place that the viewer is looking at.")
class RecordPropertyViewInput:
    property_id: strawberry.ID = strawberry.field(description="Which property.")


@strawberry.input(description="Whether it is kept what the viewer looks at.")
class SetViewHistoryInput:
    is_on: bool = strawberry.field(description="False forgets what was kept, too.")


def user_of(done: strawberry.Parent["ViewHistorySuccess"], info: Info) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(done.user_id)


@strawberry.type
class ViewHistorySuccess:
    user_id: strawberry.Private[UUID]
    user = strawberry.field(resolver=user_of, graphql_type=User, description="The viewer.")


@strawberry.type(description="It is known now what the viewer is looking at, if they let it be.")
class RecordPropertyViewSuccess(ViewHistorySuccess):
    is_recorded: bool = strawberry.field(
        description="False: the viewer has switched it off, and nothing is kept."
    )


@strawberry.type(description="What the viewer looked at is forgotten.")
class ClearViewHistorySuccess(ViewHistorySuccess):
    pass


@strawberry.type(description="It is as the viewer wants it.")
class SetViewHistorySuccess(ViewHistorySuccess):
    pass


async def record_property_view(
    info: Info,
    input: Annotated[RecordPropertyViewInput, strawberry.argument(description="The place.")],
) -> RecordPropertyViewSuccess:
    context, key = info.context, require_property(input.property_id)
    recorded = await context.runtime.db.run(
        lambda session: viewed.record(session, context.actor, key, context.now)
    )
    return RecordPropertyViewSuccess(user_id=context.actor.require_user(), is_recorded=recorded)


async def clear_view_history(info: Info) -> ClearViewHistorySuccess:
    context = info.context
    await context.runtime.db.run(lambda session: viewed.clear(session, context.actor))
    return ClearViewHistorySuccess(user_id=context.actor.require_user())


async def set_view_history(
    info: Info,
    input: Annotated[SetViewHistoryInput, strawberry.argument(description="On or off.")],
) -> SetViewHistorySuccess:
    context = info.context
    await context.runtime.db.run(
        lambda session: viewed.switch(session, context.actor, context.now, on=input.is_on)
    )
    return SetViewHistorySuccess(user_id=context.actor.require_user())


@strawberry.type
class ViewMutations:
    record_property_view = mutation(
        record_property_view,
        union("RecordPropertyViewResult", RecordPropertyViewSuccess, NotFoundError),
        "Keep for `viewer.recentlyViewed` that the viewer is looking at a place: call it when its "
        f"page has been opened. The last {MAX_VIEWED} are kept, for {VIEWS_KEPT.days} days.",
    )
    clear_view_history = mutation(
        clear_view_history,
        union("ClearViewHistoryResult", ClearViewHistorySuccess, NotFoundError),
        "Forget what the viewer looked at.",
    )
    set_view_history = mutation(
        set_view_history,
        union("SetViewHistoryResult", SetViewHistorySuccess, NotFoundError),
        "Whether it is kept what the viewer looks at; off forgets what was kept.",
    )
