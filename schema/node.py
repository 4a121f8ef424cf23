"""The Node interface: objects with an id by which they can be found again.

The value behind a GraphQL object is the row itself (a struct of app.*.queries): a type only
declares which of the row's attributes are shown, and which fields need more than the row.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import msgspec
import strawberry

from db.shapes import Computed, whole
from schema import ids
from schema.reading import computes


class Keyed(Protocol):
    """A row with a key of its own."""

    @property
    def id(self) -> UUID: ...


@cache
def computed_id(kind: str) -> Computed:
    """The global ids of a type's rows, as PostgreSQL writes them."""
    return Computed("global_id", str, lambda of: ids.encoded(kind, of.id))


@computes("global_id", computed_id)
def global_id(row: strawberry.Parent[Keyed], info: strawberry.Info) -> strawberry.ID:
    return ids.encode(info._raw_info.parent_type.name, row.id)


@strawberry.interface(description="An object with a globally unique id, that `node` finds again.")
class Node:
    id: strawberry.ID = strawberry.field(
        resolver=global_id, description="Globally unique and stable. Opaque: do not take it apart."
    )


def shows(row: type[msgspec.Struct]) -> Callable[[Any, Any], bool]:
    """What a type's `is_type_of` is: how an interface or a union finds the type of a row."""

    def is_type_of(value: Any, _info: Any) -> bool:
        return whole(value.__class__) is row

    # So the engine asks once for a class, not for every row (schema.engine.kinds).
    is_type_of.by_class = True  # type: ignore[attr-defined]
    return staticmethod(is_type_of)
