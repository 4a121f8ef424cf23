"""Searches that the viewer keeps, and may want mail about."""

from collections.abc import Awaitable
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Protocol
from uuid import UUID

import strawberry
from msgspec import UNSET as LEFT_OUT
from strawberry import UNSET
from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from app.errors import NotFound
from app.identity.policy import is_own
from app.identity.queries import UserRow
from app.properties.terms import fees_of
from app.saved import searches
from app.saved.queries import SavedSearchRow
from app.saved.searches import MAX_NAME, MAX_SEARCHES, Wanted
from schema import ids
from schema.context import Context, Info
from schema.errors import InvalidInputError, NotFoundError
from schema.mutations import mutation, union
from schema.node import Node, shows
from schema.properties.search import PropertyFilter
from schema.reading import reads
from schema.scalars import PropertyFilterJSON
from schema.users import User

NAME = f"What to call it, 1 to {MAX_NAME} characters."
WHICH = "Which of the viewer's saved searches."
ALERTS = (
    "Whether to mail the viewer each morning (8:00 in their time zone, else UTC) what is new: what "
    "matches then and did not before. A verified address is needed."
)


@reads("asked")
def asked_for(row: strawberry.Parent[SavedSearchRow]) -> dict[str, Any]:
    return row.asked


@strawberry.type(description="A search that the viewer keeps.")
class SavedSearch(Node):
    is_type_of = shows(SavedSearchRow)

    name: str = strawberry.field(description="What it is called.")
    filter = strawberry.field(
        resolver=asked_for,
        graphql_type=PropertyFilterJSON,
        description="What is looked for, as it was saved: `searchProperties` takes it as `filter`.",
    )
    email_alerts: bool = strawberry.field(
        description="Whether the viewer is mailed each morning what is new."
    )
    created_at: datetime = strawberry.field(description="When it was saved.")


async def visible_search(context: Context, key: UUID) -> SavedSearchRow | None:
    """The search, if it is the viewer's."""
    row = await context.loaders.saved_searches.load(key)
    return row if row and is_own(row.user_id, context.actor) else None


@strawberry.input(description="A search to keep.")
class SaveSearchInput:
    name: str = strawberry.field(description=NAME)
    filter: PropertyFilter = strawberry.field(
        description="What is looked for. `where` is made out now, and means that place from now on."
    )
    email_alerts: bool = strawberry.field(default=False, description=ALERTS)


@strawberry.input(description="Changes to a saved search. What is left out stays as it is.")
class UpdateSavedSearchInput:
    saved_search_id: strawberry.ID = strawberry.field(description=WHICH)
    name: str | None = strawberry.field(default=UNSET, description=f"{NAME} Null changes nothing.")
    filter: PropertyFilter | None = strawberry.field(
        default=UNSET,
        description="What is looked for; what matches now is not new. Null changes nothing.",
    )
    email_alerts: bool | None = strawberry.field(
        default=UNSET, description=f"{ALERTS} Null changes nothing."
    )


@strawberry.input(description="A saved search to forget.")
class DeleteSavedSearchInput:
    saved_search_id: strawberry.ID = strawberry.field(description=WHICH)


class Done(Protocol):
    """A success that is about a saved search."""

    search_id: UUID


def search_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[SavedSearchRow | None]:
    return info.context.loaders.saved_searches.load(done.search_id)


@strawberry.type
class SavedSearchSuccess:
    search_id: strawberry.Private[UUID]
    saved_search = strawberry.field(
        resolver=search_of, graphql_type=SavedSearch, description="The search as it is now."
    )


@strawberry.type(description="The search is kept.")
class SaveSearchSuccess(SavedSearchSuccess):
    pass


@strawberry.type(description="The search is changed.")
class UpdateSavedSearchSuccess(SavedSearchSuccess):
    pass


def user_of(
    done: strawberry.Parent["DeleteSavedSearchSuccess"], info: Info
) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(done.user_id)


@strawberry.type(description="The search is gone, and no more mail comes about it.")
class DeleteSavedSearchSuccess:
    user_id: strawberry.Private[UUID]
    user = strawberry.field(resolver=user_of, graphql_type=User, description="The viewer.")


async def save_search(
    info: Info,
    input: Annotated[SaveSearchInput, strawberry.argument(description="The search.")],
) -> SaveSearchSuccess:
    context, wanted = info.context, await _wanted(info.context, input.filter)
    key = await context.runtime.db.run(
        lambda session: searches.save(
            session,
            context.actor,
            input.name,
            wanted,
            context.now,
            fees_of(context.runtime.settings),
            email_alerts=input.email_alerts,
        )
    )
    return SaveSearchSuccess(search_id=key)


async def update_saved_search(
    info: Info,
    input: Annotated[UpdateSavedSearchInput, strawberry.argument(description="The changes.")],
) -> UpdateSavedSearchSuccess:
    context, key = info.context, _require_search(input.saved_search_id)
    wanted = await _wanted(context, input.filter) if input.filter else LEFT_OUT
    await context.runtime.db.run(
        lambda session: searches.change(
            session,
            context.actor,
            key,
            context.now,
            fees_of(context.runtime.settings),
            name=LEFT_OUT if input.name in (UNSET, None) else input.name,
            wanted=wanted,
            email_alerts=LEFT_OUT if input.email_alerts in (UNSET, None) else input.email_alerts,
        )
    )
    return UpdateSavedSearchSuccess(search_id=key)


async def delete_saved_search(
    info: Info,
    input: Annotated[DeleteSavedSearchInput, strawberry.argument(description="The search.")],
) -> DeleteSavedSearchSuccess:
    context, key = info.context, _require_search(input.saved_search_id)
    await context.runtime.db.run(lambda session: searches.remove(session, context.actor, key))
    return DeleteSavedSearchSuccess(user_id=context.actor.require_user())


async def _wanted(context: Context, filter: PropertyFilter) -> Wanted:
    return Wanted(await filter.value(context), as_json(filter))


def as_json(value: Any) -> Any:
    """An input as a client writes it, without what says nothing."""
    definition = get_object_definition(value)
    if definition is not None:
        given = {
            field.graphql_name or to_camel_case(field.python_name): getattr(
                value, field.python_name
            )
            for field in definition.fields
        }
        return {name: as_json(each) for name, each in given.items() if each not in (None, UNSET)}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    if isinstance(value, Enum):
        return value.name
    return value.isoformat() if isinstance(value, date) else value


def _require_search(text: str) -> UUID:
    key = ids.key_of("SavedSearch", text)
    if key is None:
        raise NotFound("There is no such saved search.")
    return key


@strawberry.type
class SavedSearchMutations:
    save_search = mutation(
        save_search,
        union("SaveSearchResult", SaveSearchSuccess, InvalidInputError),
        f"Keep a search; {MAX_SEARCHES} can be kept.",
    )
    update_saved_search = mutation(
        update_saved_search,
        union(
            "UpdateSavedSearchResult", UpdateSavedSearchSuccess, NotFoundError, InvalidInputError
        ),
        "Change a saved search of the viewer's, or switch its mails on or off.",
    )
    delete_saved_search = mutation(
        delete_saved_search,
        union("DeleteSavedSearchResult", DeleteSavedSearchSuccess, NotFoundError),
        "Forget a saved search of the viewer's.",
    )
