"""The export itself: one JSON document of everything that is held about a person."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, inspect, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.privacy.declaring import Part
from app.privacy.inventory import PARTS

# Rows of one statement: each of them is short, however much there is of somebody.
PAGE = 1_000


async def compose(connection: AsyncConnection, person: UUID, now: datetime) -> bytes:
    """The document: a list of rows for each part of the inventory, by its name."""
    members = [f'"generatedAt":{msgspec.json.encode(now).decode()}'.encode()]
    for part in PARTS:
        if part.exported or part.derived:
            rows = [msgspec.json.encode(row) async for row in _rows(connection, part, person)]
            members.append(f'"{part.name}":['.encode() + b",".join(rows) + b"]")
    return msgspec.json.format(b"{" + b",".join(members) + b"}", indent=2)


async def _rows(
    connection: AsyncConnection, part: Part, person: UUID
) -> AsyncIterator[dict[str, Any]]:
    keys = [str(column.key) for column in inspect(part.model).primary_key]
    names = [camel(name) for name in (*part.exported, *part.derived)]
    last: tuple[Any, ...] | None = None
    while True:
        found = await connection.execute(_page(part, keys, last), {"person": person})
        rows = [tuple(row) for row in found]
        for row in rows:
            yield dict(zip(names, row[len(keys) :], strict=True))
        if len(rows) < PAGE:
            return
        last = rows[-1][: len(keys)]


def _page(part: Part, keys: list[str], last: tuple[Any, ...] | None) -> Select[*tuple[Any, ...]]:
    """The keys and what is exported of the rows after `last`."""
    key = [getattr(part.model, name) for name in keys]
    columns = [
        *(column.label(f"key_{column.key}") for column in key),
        *(getattr(part.model, name) for name in part.exported),
        *(made.label(f"made_{name}") for name, made in part.derived.items()),
    ]
    page = select(*columns).where(part.whose).order_by(*key).limit(PAGE)
    return page if last is None else page.where(tuple_(*key) > last)


def camel(name: str) -> str:
    """`check_in_at` is checkInAt: the export speaks as the API does."""
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
