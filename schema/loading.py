"""How each kind of loader loads: from the keys that were asked for to a value for each.

These know what they are given, and not the `Loaders` that they are for, which would know them and
be known by them: each operation would leave a circle for the garbage collector.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from app.actor import Actor
from app.availability import reasons
from app.availability.reasons import Explained
from app.bookings import queries as bookings
from app.bookings.queries import Access
from app.errors import DomainError
from app.identity import staff
from app.identity.staff import Look
from db import rows as reads
from db.rows import Listing, Slice
from db.session import Database
from db.shapes import Form, Shape
from db.statements import Reader
from schema.engine import Loader

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R", bound=msgspec.Struct)

Fetch: TypeAlias = Callable[[Reader, Sequence[K]], Awaitable[Mapping[K, V]]]
FetchRange: TypeAlias = Callable[
    [Reader, Sequence[UUID], date, date], Awaitable[Mapping[UUID, list[V]]]
]
ShapedFetch: TypeAlias = Callable[
    [Reader, Sequence[UUID], Form[R] | None], Awaitable[Mapping[UUID, R]]
]

# More keys than one level of an operation can have; bounds the size of a statement's arguments.
MAX_BATCH = 1_000

NO_ACCESS = Access()


def loader(load: Callable[..., Awaitable[Sequence[Any]]], *given: Any) -> Loader[Any, Any]:
    """One that loads by a function of these, which gets what is `given`, and the keys."""
    return Loader(partial(load, *given), max_batch_size=MAX_BATCH)


async def one(db: Database, fetch: Fetch[K, V], keys: list[K]) -> list[V | None]:
    found = await fetch(db, keys)
    return [found.get(key) for key in keys]


async def many(db: Database, fetch: Fetch[K, list[V]], keys: list[K]) -> list[list[V]]:
    found = await fetch(db, keys)
    return [found.get(key, []) for key in keys]


async def rows(
    db: Database, fetch: ShapedFetch[R], shape: Form[R] | None, keys: list[UUID]
) -> list[R | None]:
    found = await fetch(db, keys, shape)
    return [found.get(key) for key in keys]


async def ranges(
    db: Database, fetch: FetchRange[V], keys: list[tuple[UUID, date, date]]
) -> list[list[V] | BaseException]:
    parents: defaultdict[tuple[date, date], list[UUID]] = defaultdict(list)
    for key, start, end in keys:
        parents[start, end].append(key)
    found: dict[tuple[date, date], Mapping[UUID, list[V]] | DomainError] = {}
    for (start, end), ids in parents.items():
        try:
            found[start, end] = await fetch(db, ids, start, end)
        except DomainError as refusal:
            found[start, end] = refusal
    return [
        of if isinstance(of := found[start, end], DomainError) else of.get(key, [])
        for key, start, end in keys
    ]


async def pages(
    db: Database, listing: Listing[Any], shape: Shape[Any] | None, keys: list[tuple[UUID, Slice]]
) -> list[list[Any]]:
    parents: defaultdict[Slice, list[UUID]] = defaultdict(list)
    for parent, part in keys:
        parents[part].append(parent)
    found = {
        part: await reads.pages(db, listing, ids, part, shape) for part, ids in parents.items()
    }
    return [found[part].get(parent, []) for parent, part in keys]


async def counts(
    db: Database, listing: Listing[Any], keys: list[tuple[UUID, tuple[str, ...] | None]]
) -> list[int]:
    parents: defaultdict[tuple[str, ...] | None, list[UUID]] = defaultdict(list)
    for parent, statuses in keys:
        parents[statuses].append(parent)
    found = {
        statuses: await reads.counts(db, listing, ids, statuses)
        for statuses, ids in parents.items()
    }
    return [found[statuses].get(parent, 0) for parent, statuses in keys]


async def looks(db: Database, actor: Actor, now: datetime, keys: list[Look]) -> list[bool]:
    allowed = await staff.look(db, actor, keys, now)
    return [allowed[key] for key in keys]


async def access(db: Database, actor: Actor, now: datetime, keys: list[UUID]) -> list[Access]:
    if actor.user_id is None:
        return [NO_ACCESS] * len(keys)
    found = await bookings.access(db, actor.user_id, keys, now)
    return [found.get(key, NO_ACCESS) for key in keys]


async def explained(
    reader: Reader, ids: Sequence[UUID], start: date, end: date, now: datetime
) -> Mapping[UUID, list[Explained]]:
    found = await reasons.explained(reader, ids, start, end, now)
    return {key: [calendar] for key, calendar in found.items()}
