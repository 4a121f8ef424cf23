"""Resolvers that take all parents of a level at once."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from strawberry.parent import StrawberryParent

ATTRIBUTE = "__resolves_all__"


def batched(
    resolver: Callable[..., Awaitable[Sequence[Any]] | Sequence[Any]],
) -> Callable[..., Awaitable[Any]]:
    """Make a field's resolver of one that takes all parents: `(parents, info, **arguments)`.

    It returns as many values as it was given parents, in their order, at once as a list, or to be
    awaited. The engine calls it once
    for a level; graphql-core calls it for each parent alone, where loaders still batch what it
    loads. Its first parameters have to be the parents and the info.
    """

    signature = inspect.signature(resolver)
    parents, *others = signature.parameters.values()

    async def one(**arguments: Any) -> Any:
        arguments[parents.name] = [arguments[parents.name]]
        values = resolver(**arguments)
        (value,) = values if isinstance(values, list) else await values  # type: ignore[misc]
        return value

    parent = parents.replace(annotation=Annotated[Any, StrawberryParent()])
    one.__signature__ = signature.replace(parameters=[parent, *others])  # type: ignore[attr-defined]
    one.__name__ = resolver.__name__
    one.__module__ = resolver.__module__
    one.__doc__ = resolver.__doc__
    setattr(one, ATTRIBUTE, resolver)
    return one
