"""What a person keeps, as fields of themselves: theirs alone."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

from app.identity.policy import is_own
from app.identity.queries import UserRow
from app.saved.queries import (
    WISHLISTS_OF,
    SavedSearchRow,
    View,
    WishlistRow,
    keeps_views,
    searches_of,
    viewed,
)
from app.saved.searches import MAX_SEARCHES
from app.saved.viewed import MAX_VIEWED
from schema.context import Info
from schema.paging import DEFAULT_PAGE, After, Connection, First, listed, require_first
from schema.reading import reads

if TYPE_CHECKING:
    from schema.saved.searches import SavedSearch
    from schema.saved.viewed import ViewedProperty
    from schema.saved.wishlists import WishlistConnection

Wishlists: TypeAlias = Annotated["WishlistConnection", strawberry.lazy("schema.saved.wishlists")]
Viewed: TypeAlias = Annotated["ViewedProperty", strawberry.lazy("schema.saved.viewed")]
Searches: TypeAlias = Annotated["SavedSearch", strawberry.lazy("schema.saved.searches")]
User_: TypeAlias = strawberry.Parent[UserRow]
THEIRS = "Null unless the viewer is this person."


@reads("id")
async def own_wishlists(
    user: User_, info: Info, first: First = DEFAULT_PAGE, after: After = None
) -> Connection[WishlistRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await listed(info, WISHLISTS_OF, user.id, first, after)


@reads("id")
async def own_views(user: User_, info: Info, first: First = DEFAULT_PAGE) -> list[View] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await viewed(info.context.runtime.db, user.id, require_first(first))


@reads("id")
async def own_view_history(user: User_, info: Info) -> bool | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await keeps_views(info.context.runtime.db, user.id)


@reads("id")
async def own_searches(user: User_, info: Info) -> list[SavedSearchRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await searches_of(info.context.runtime.db, user.id)


@strawberry.type
class Keeping:
    """The fields of `User` that are about what they keep."""

    wishlists = strawberry.field(
        resolver=own_wishlists,
        graphql_type=Wishlists | None,
        description=f"Their wishlists, newest first. {THEIRS}",
    )
    recently_viewed = strawberry.field(
        resolver=own_views,
        graphql_type=list[Viewed] | None,
        description="Places that they looked at and that can still be looked at, the latest first, "
        f"{MAX_VIEWED} at most: see `recordPropertyView`. {THEIRS}",
    )
    keeps_view_history = strawberry.field(
        resolver=own_view_history,
        description=f"Whether it is kept what they look at: see `setViewHistory`. {THEIRS}",
    )
    saved_searches = strawberry.field(
        resolver=own_searches,
        graphql_type=list[Searches] | None,
        description=f"Searches that they keep, the newest first, {MAX_SEARCHES} at most. {THEIRS}",
    )
