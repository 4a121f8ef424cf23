"""Looking ahead: what is asked for beneath a field, so that its resolver reads that and no more.

A resolver that wants to know takes its `info` to `selection`. Rows that it has read together with
what belongs to them carry it as attributes; the fields that show it say so by `attached`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from schema.engine.fields import Field

F = TypeVar("F", bound=Callable[..., Any])

ATTRIBUTE = "__attached__"


class Asked:
    """A field that an operation asks for, however often, of the objects in one place."""

    __slots__ = ("field", "has_arguments", "selection", "type_name")

    def __init__(self, fields: "list[Field]") -> None:
        first = fields[0]
        # Strawberry's; None: a field that is not of Strawberry's making.
        self.field = first.declared
        self.type_name = first.parent_type.name
        self.has_arguments = bool(first.definition.args)
        self.selection = selection_of(fields)


class Selection:
    """What an operation asks of the objects in one place, by the fields' names in Python.

    Belongs to a plan, whose choice of `@include` and `@skip` it is: the same in all requests.
    """

    __slots__ = ("asked",)

    def __init__(self, asked: Mapping[str, Asked]) -> None:
        self.asked = asked


def selection_of(fields: "Iterable[Field]") -> Selection | None:
    """Of what several fields return; None: of a leaf, or of an interface or a union."""
    asked: dict[str, list[Field]] = {}
    for field in fields:
        if field.beneath is None:
            return None
        for child in field.beneath:
            name = child.declared.python_name if child.declared else child.node.name.value
            asked.setdefault(name, []).append(child)
    return Selection({name: Asked(children) for name, children in asked.items()})


def selection(info: Any, *path: str) -> Selection | None:
    """What is asked of the objects that a resolver returns, or at a path of fields beneath them.

    `info` is the resolver's. None: it cannot be told, so everything has to be read; it never can
    where graphql-core executes. A path that is not asked for leads to an empty selection.
    """
    found: Selection | None = getattr(info._raw_info, "selection", None)
    for name in path:
        if found is None:
            return None
        asked = found.asked.get(name)
        found = NOTHING if asked is None else asked.selection
    return found


NOTHING = Selection({})


def attached(name: str) -> Callable[[F], F]:
    """Say that a field's value may be its parent's attribute `name` already.

    The engine takes it from there; only where parents have no such attribute, and where
    graphql-core executes, is the resolver called.
    """

    def mark(resolver: F) -> F:
        setattr(resolver, ATTRIBUTE, name)
        return resolver

    return mark
