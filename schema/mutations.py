"""How a mutation is declared: signed in, refusals as data, fresh loaders afterwards."""

from collections.abc import Callable
from typing import Annotated, Any

import strawberry

from schema.errors import Changes


def mutation(resolver: Callable[..., Any], result: Any, description: str) -> Any:
    """A mutation's field. `result` is its union; see schema.errors for what lands in it.

    Anonymous callers get the GraphQL error UNAUTHENTICATED whatever else they sent.
    """
    return strawberry.mutation(
        resolver=resolver,
        graphql_type=result,
        description=description,
        extensions=[Changes()],
    )


def union(name: str, *types: Any) -> Any:
    """A mutation's result: its success, or one of its refusals."""
    members = types[0]
    for other in types[1:]:
        members = members | other
    description = "Success, or why it was refused."
    return Annotated[members, strawberry.union(name, description=description)]
