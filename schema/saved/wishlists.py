"""Wishlists: the viewer's own, and those that somebody has shared by a link."""

from collections.abc import Awaitable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias
from uuid import UUID

import strawberry

from app.identity.policy import is_own
from app.properties.policy import is_public
from app.properties.queries import PropertyRow, properties
from app.saved import queries
from app.saved.queries import ITEMS_OF, WishlistItemRow, WishlistRow
from schema.context import Context, Info
from schema.guests import Guests
from schema.node import Node, shows
from schema.paging import DEFAULT_PAGE, After, Connection, First, Page, listed
from schema.properties.access import VISIBLE_BY
from schema.reading import reads, shape

if TYPE_CHECKING:
    from schema.properties.types import Property

Place: TypeAlias = Annotated["Property", strawberry.lazy("schema.properties.types")]
Item: TypeAlias = strawberry.Parent[WishlistItemRow]

SHARED_PAGE = "/wishlists/shared/"
GONE = "null while it is not let, or not any more"


@reads("property_id")
async def saved_property(item: Item, info: Info) -> PropertyRow | None:
    """The place, while everybody may see it: a list tells nothing about one that is hidden."""
    like = shape(info, PropertyRow, needs=VISIBLE_BY)
    row = await info.context.loaders.rows(properties, like).load(item.property_id)
    return row if row is not None and is_public(row, info.context.now) else None


@reads("adults", "children", "infants", "pets")
def item_guests(item: Item) -> object:
    return item.guests


@strawberry.type(description="A place on one of the viewer's wishlists.")
class WishlistItem(Node):
    is_type_of = shows(WishlistItemRow)

    property = strawberry.field(
        resolver=saved_property, graphql_type=Place | None, description=f"The place; {GONE}."
    )
    note: str = strawberry.field(description="What the viewer notes about it; may be empty.")
    check_in: date | None = strawberry.field(description="When the viewer would come.")
    check_out: date | None = strawberry.field(description="When they would leave.")
    guests = strawberry.field(
        resolver=item_guests, graphql_type=Guests | None, description="Who would come."
    )
    created_at: datetime = strawberry.field(name="addedAt", description="When it was put there.")


@strawberry.type(description="A place in its place on a wishlist.")
class WishlistItemEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: WishlistItem = strawberry.field(description="What is on the list.")


@strawberry.type(description="One page of what is on a wishlist.")
class WishlistItemConnection(Page):
    edges: list[WishlistItemEdge] = strawberry.field(description="The places, newest first.")


@reads("id")
async def items(
    row: strawberry.Parent[WishlistRow],
    info: Info,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[WishlistItemRow]:
    return await listed(info, ITEMS_OF, row.id, first, after)


@reads("share_token")
def share_url(row: strawberry.Parent[WishlistRow], info: Info) -> str | None:
    origins = info.context.runtime.settings.web_origins
    if row.share_token is None or not origins:
        return None
    return origins[0].rstrip("/") + SHARED_PAGE + row.share_token


@strawberry.type(description="A list of places that the viewer likes. Theirs alone until shared.")
class Wishlist(Node):
    is_type_of = shows(WishlistRow)

    name: str = strawberry.field(description="What it is called.")
    share_token: str | None = strawberry.field(
        description="What `sharedWishlist` finds it by, for whoever knows it; null: not shared."
    )
    share_url = strawberry.field(
        resolver=share_url,
        description="The page of the web app that shows it to whoever has the address; null while "
        "it is not shared, or where there is no web app.",
    )
    created_at: datetime = strawberry.field(description="When it was begun.")
    items = strawberry.field(
        resolver=items,
        graphql_type=WishlistItemConnection,
        description="What is on it, newest first.",
    )


@strawberry.type(description="A wishlist in its place in a list.")
class WishlistEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: Wishlist = strawberry.field(description="The wishlist.")


@strawberry.type(description="One page of wishlists.")
class WishlistConnection(Page):
    edges: list[WishlistEdge] = strawberry.field(description="The wishlists, newest first.")


async def visible_wishlist(context: Context, key: UUID) -> WishlistRow | None:
    """The list, if it is the viewer's."""
    row = await context.loaders.wishlists.load(key)
    return row if row and is_own(row.user_id, context.actor) else None


async def visible_item(context: Context, key: UUID) -> WishlistItemRow | None:
    """The place on a list, if that is the viewer's."""
    row = await context.loaders.wishlist_items.load(key)
    return row if row and is_own(row.user_id, context.actor) else None


@strawberry.type(description="A place on a wishlist that somebody has shared.")
class SharedWishlistItem:
    property = strawberry.field(
        resolver=saved_property, graphql_type=Place | None, description=f"The place; {GONE}."
    )
    created_at: datetime = strawberry.field(name="addedAt", description="When it was put there.")


@strawberry.type(description="A place in its place on a shared wishlist.")
class SharedWishlistItemEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: SharedWishlistItem = strawberry.field(description="What is on the list.")


@strawberry.type(description="One page of what is on a shared wishlist.")
class SharedWishlistItemConnection(Page):
    edges: list[SharedWishlistItemEdge] = strawberry.field(description="The places, newest first.")


async def shared_items(
    row: strawberry.Parent[queries.SharedWishlist],
    info: Info,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[WishlistItemRow]:
    return await listed(info, ITEMS_OF, row.id, first, after)


@strawberry.type(
    description="A wishlist as everybody sees it who has its token: which places are on it, and "
    "nothing of what its owner notes about them."
)
class SharedWishlist:
    name: str = strawberry.field(description="What it is called.")
    owner_first_name: str = strawberry.field(description="Whose it is.")
    items = strawberry.field(
        resolver=shared_items,
        graphql_type=SharedWishlistItemConnection,
        description="What is on it, newest first.",
    )


def shared_wishlist(
    info: Info,
    token: Annotated[str, strawberry.argument(description="`Wishlist.shareToken`.")],
) -> Awaitable[queries.SharedWishlist | None]:
    return queries.shared(info.context.runtime.db, token)


shared_wishlist_field = strawberry.field(
    resolver=shared_wishlist,
    graphql_type=SharedWishlist | None,
    description="A wishlist that somebody has shared; null when it is not, or not any more.",
)
