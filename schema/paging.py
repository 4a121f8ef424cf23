"""Relay connections over keysets: stable while rows come and go, and as cheap on any page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Generic, TypeAlias, TypeVar
from uuid import UUID

import msgspec
import strawberry

from app.errors import Invalid
from app.storage import Addresses
from db.rows import END, Listing, Slice, page_within
from db.shapes import Computed
from schema.context import Info
from schema.engine import Asked, beneath
from schema.reading import Part, node_of, shape, shape_of

MAX_PAGE = 50
DEFAULT_PAGE = 20
# What a row's cursor is made of.
CURSOR = frozenset(["id"])

T = TypeVar("T")

First: TypeAlias = Annotated[
    int, strawberry.argument(description=f"How many to return: 1 to {MAX_PAGE}.")
]
After: TypeAlias = Annotated[
    str | None,
    strawberry.argument(description="The cursor of the last edge that the client has."),
]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    has_previous_page: bool = strawberry.field(
        description="Whether there is something before this page."
    )
    start_cursor: str | None = strawberry.field(description="The cursor of the first edge.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last edge: `after` of the next page."
    )


class Edge(msgspec.Struct, Generic[T], frozen=True):
    """A row in its place in a list; a search with dates adds the price of the stay."""

    cursor: str
    node: T
    quote: Any = None


class Connection(msgspec.Struct, Generic[T], frozen=True):
    """One page. The length of the whole list is only found when it is asked for."""

    edges: Sequence[Edge[T]]
    page_info: PageInfo
    count: Callable[[], Awaitable[int]]


async def total_count(connection: strawberry.Parent[Connection[Any]]) -> int:
    return await connection.count()


@strawberry.type
class Page:
    """The fields that every connection has besides its edges."""

    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")
    total_count: int = strawberry.field(
        resolver=total_count,
        description="How many there are in the whole list. Ask for it only where it is shown.",
    )


def require_first(first: int) -> int:
    """A page's size. Raises Invalid."""
    if not 1 <= first <= MAX_PAGE:
        raise Invalid(f"'first' must be between 1 and {MAX_PAGE}.", field="first")
    return first


def connect(
    edges: Sequence[Edge[T]],
    *,
    has_next: bool,
    after: str | None,
    count: Callable[[], Awaitable[int]],
) -> Connection[T]:
    """A connection of one page's edges."""
    info = PageInfo(
        has_next_page=has_next,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges, info, count)


def listed(
    info: Info,
    listing: Listing[Any],
    parent: UUID,
    first: int,
    after: str | None,
    statuses: Sequence[str] | None = None,
) -> Awaitable[Connection[Any]]:
    """One page of a parent's list, newest first. Raises Invalid for a bad size or cursor."""
    part = Slice(
        # One more than asked for tells whether there is a next page.
        require_first(first) + 1,
        None if after is None else decode_cursor(after),
        None if statuses is None else tuple(sorted(set(statuses))),
    )
    needs = CURSOR | {listing.parent.key}
    like = shape(info, listing.row, "edges", "node", needs=needs, model=listing.model)

    async def load() -> Connection[Any]:
        found = await info.context.loaders.pages(listing, like).load((parent, part))
        return _page(info, listing, parent, part, after, found)

    return load()


def listed_with(
    info: Info, listing: Listing[Any], row: Any, name: str, first: int, after: str | None
) -> Awaitable[Connection[Any]] | Connection[Any]:
    """The same of a row that may have been read with it, as `name`: see `page_part`."""
    found = getattr(row, name, None)
    if found is None:
        return listed(info, listing, row.id, first, after)
    return _page(info, listing, row.id, Slice(first + 1), after, found)


def page_part(listing: Listing[Any], name: str) -> Part:
    """A page of a row's list as a part of it, which can be read with it; without statuses."""

    row: Any = listing.row

    def column(asked: Asked, addresses: Addresses | None) -> Computed | None:
        nodes = beneath(asked.selection, "edges", "node")
        if nodes is None:
            return None
        like = shape_of(nodes, row, CURSOR, addresses, listing.model)
        return Computed(
            name,
            list[like.row],  # type: ignore[name-defined]
            lambda of: page_within(listing, of, like, name),
            is_json=True,
        )

    def values(first: int, after: str | None = None) -> dict[str, Any]:
        last = END if after is None else decode_cursor(after)
        return {f"{name}_first": require_first(first) + 1, f"{name}_after": last}

    return Part(column, values)


def _page(
    info: Info,
    listing: Listing[Any],
    parent: UUID,
    part: Slice,
    after: str | None,
    found: Sequence[Any],
) -> Connection[Any]:
    """The connection of what was found: one row more than the page has, if there is one."""
    size = part.first - 1
    rows = found[:size]
    return connect(
        [Edge(encode_cursor(row.id), node_of(row)) for row in rows],
        has_next=len(found) > size,
        after=after,
        count=lambda: info.context.loaders.counts(listing).load((parent, part.statuses)),
    )


def encode_cursor(key: UUID) -> str:
    return urlsafe_b64encode(key.bytes).decode().rstrip("=")


def decode_cursor(cursor: str) -> UUID:
    """The id in a cursor. Raises Invalid when it is not one of ours."""
    try:
        key = UUID(bytes=urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except ValueError:
        raise Invalid("This is not a cursor of this list.", field="after") from None
    return key
