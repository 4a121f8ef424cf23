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

    __slots__ = ("arguments", "field", "fields", "name", "selection", "type", "type_name")

    def __init__(self, fields: "list[Field]") -> None:
        first = fields[0]
        self.fields = tuple(fields)
        self.name = _name(first)
        # Strawberry's; None: a field that is not of Strawberry's making.
        self.field = first.declared
        self.type_name = first.parent_type.name
        self.type = first.definition.type
        # Of its resolver, when they are the same in every request; else None.
        self.arguments = first.arguments
        self.selection = selection_of(fields)


class Selection:
    """What an operation asks of the objects in one place, by the fields' names in Python.

    Belongs to a plan, whose choice of `@include` and `@skip` it is: the same in all requests.
    """

    __slots__ = ("asked", "shown")

    def __init__(
        self, asked: Mapping[str, Asked], shown: Mapping[str, Asked | str] | None = None
    ) -> None:
        self.asked = asked
        # By response key, in the response's order, `__typename` as the name that it is; None:
        # the objects are shown in several places, in different ways.
        self.shown = shown


def selection_of(fields: "Iterable[Field]") -> Selection | None:
    """Of what several fields return; None: of a leaf, or of an interface or a union."""
    fields = list(fields)
    asked: dict[str, list[Field]] = {}
    for field in fields:
        if field.beneath is None:
            return None
        for child in field.beneath.values():
            if not isinstance(child, str):
                asked.setdefault(_name(child), []).append(child)
    found = {name: Asked(children) for name, children in asked.items()}
    if len(fields) > 1:
        return Selection(found)
    shown: dict[str, Asked | str] = {}
    for key, child in (fields[0].beneath or {}).items():
        shown[key] = child if isinstance(child, str) else _shown(child, asked, found)
    return Selection(found, shown)


def _shown(child: "Field", asked: "Mapping[str, list[Field]]", found: Mapping[str, Asked]) -> Asked:
    """A field in one of its places."""
    name = _name(child)
    return found[name] if len(asked[name]) == 1 else Asked([child])


def _name(field: "Field") -> str:
    """In Python."""
    return field.declared.python_name if field.declared else field.node.name.value


def selection(info: Any, *path: str) -> Selection | None:
    """What is asked of the objects that a resolver returns, or at a path of fields beneath them.

    `info` is the resolver's. None: it cannot be told, so everything has to be read; it never can
    where graphql-core executes. A path that is not asked for leads to an empty selection.
    """
    return beneath(getattr(info._raw_info, "selection", None), *path)


def beneath(found: Selection | None, *path: str) -> Selection | None:
    """The same at a path beneath what is known to be asked."""
    for name in path:
        if found is None:
            return None
        asked = found.asked.get(name)
        found = NOTHING if asked is None else asked.selection
    return found


def arguments(info: Any, asked: Asked) -> Mapping[str, Any] | None:
    """What a field's resolver is going to be given in this request, besides its parent and info.

    `info` is that of a resolver above it. None: it is asked for more than once. Raises what a call
    of the resolver would for arguments that it cannot be given.
    """
    if len(asked.fields) > 1:
        return None
    found: Mapping[str, Any] = info._raw_info.arguments_of(asked.fields[0])
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
