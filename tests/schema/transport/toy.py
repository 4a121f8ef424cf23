"""A schema that has nothing to do with the product: a library."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from typing import Any, NewType

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from schema.transport import ConnectionRejected, Limits, Schema

Day = NewType("Day", date)
SCALARS: dict[object, ScalarDefinition] = {
    Day: strawberry.scalar(name="Day", serialize=date.isoformat, parse_value=date.fromisoformat)
}

_numbers = count(1)
cancelled: list[str] = []
served: list[str] = []


class ShelfEmpty(Exception):
    """A failure whose words are the client's to read."""

    public = True
    code = "SHELF_EMPTY"
    extensions = {"shelf": 7}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__("secret detail")
        self.message = "The shelf is empty."


@dataclass
class Context:
    user: str | None = None
    expires_at: datetime | None = None
    session_id: str | None = None
    number: int = field(default_factory=lambda: next(_numbers))


class Door:
    """Makes contexts, and remembers how many. `token` decides what becomes of a connection."""

    def __init__(self) -> None:
        self.made: list[Context] = []
        self.expires_at: datetime | None = None

    async def __call__(self, connection: Any, params: Mapping[str, Any] | None) -> Context:
        header = (params or {}).get("Authorization") or connection.headers.get("authorization")
        if header == "Bearer bad":
            raise ConnectionRejected
        if header == "Bearer broken":
            raise RuntimeError("the users' table is gone")
        context = Context(header, self.expires_at, session_id=header)
        self.made.append(context)
        return context


@strawberry.type
class Author:
    name: str

    @strawberry.field
    def books(self, first: int = 10) -> "BookConnection":
        return connection(first)


@strawberry.type
class Book:
    id: strawberry.ID
    title: str

    @strawberry.field
    def author(self) -> Author:
        return Author(name="Ada")

    @strawberry.field
    def similar(self) -> "list[Book]":
        return [Book(id=strawberry.ID("9"), title="Nine")]


@strawberry.type
class BookEdge:
    cursor: str
    node: Book


@strawberry.type
class BookConnection:
    edges: list[BookEdge]
    total_count: int


def connection(first: int) -> BookConnection:
    books = [Book(id=strawberry.ID(str(n)), title=f"Book {n}") for n in range(first)]
    edges = [BookEdge(cursor=book.id, node=book) for book in books]
    return BookConnection(edges=edges, total_count=100)


@strawberry.input
class Wish:
    title: str
    copies: int = 1


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str:
        return "world"

    @strawberry.field
    def books(self, first: int | None = 20) -> BookConnection:
        return connection(20 if first is None else first)

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("password is hunter2")

    @strawberry.field
    def unserialisable(self) -> int | None:
        return "secret row"  # type: ignore[return-value]

    @strawberry.field
    def empty(self) -> str | None:
        raise ShelfEmpty

    @strawberry.field
    def echo(self, day: Day) -> Day:
        return day

    @strawberry.field
    def wish(self, wish: Wish) -> str:
        return wish.title

    @strawberry.field
    async def slow(self, seconds: float) -> str:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            cancelled.append("slow")
            raise
        return "done"

    @strawberry.field
    def context_number(self, info: strawberry.Info) -> int:
        number: int = info.context.number
        return number

    @strawberry.field
    def user(self, info: strawberry.Info) -> str | None:
        user: str | None = info.context.user
        return user


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, title: str) -> str:
        served.append(title)
        return title


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def countdown(self, start: int) -> AsyncIterator[int]:
        for number in range(start, 0, -1):
            yield number

    @strawberry.subscription
    async def forever(self) -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            cancelled.append("forever")

    @strawberry.subscription
    async def flood(self) -> AsyncIterator[str]:
        while True:
            served.append("flood")
            yield "x" * 100_000

    @strawberry.subscription
    async def breaks(self) -> AsyncIterator[int]:
        yield 1
        raise RuntimeError("password is hunter2")

    @strawberry.subscription
    async def number(self, info: strawberry.Info) -> AsyncIterator[int]:
        yield info.context.number


def make_schema(
    *, introspection: bool = True, limits: Limits | None = None, engine: bool = True
) -> Schema:
    return Schema(
        Query,
        Mutation,
        Subscription,
        limits=limits or Limits(),
        introspection=introspection,
        engine=engine,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
