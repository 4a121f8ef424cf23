"""Which object type a value is of."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLAbstractType, GraphQLObjectType
from graphql.execution import default_type_resolver

from schema.engine.abandon import Abandoned, is_awaitable

if TYPE_CHECKING:
    from schema.engine.fields import Field
    from schema.engine.plans import Engine
    from schema.engine.run import Run

# An `is_type_of` that has this attribute, true, depends on nothing but the value's class.
BY_CLASS = "by_class"
MOST_KINDS = 512

Check = Callable[[Any, "Run", "Field"], None]


def kind_check(
    engine: "Engine", type_: GraphQLObjectType, admit: Callable[[Any], None]
) -> tuple[set[type] | None, Check]:
    """Classes known to be of `type_`, and the check for others; None: check each value.

    The check raises Abandoned, or what `is_type_of` raises.
    """
    is_type_of: Any = type_.is_type_of
    if is_type_of is None:
        return engine.plain.classes, lambda value, _run, _field: admit(value)

    plain = engine.plain.classes
    by_class = getattr(is_type_of, BY_CLASS, False)
    kinds = engine.kinds.setdefault(type_.name, set()) if by_class else None

    def check(value: Any, run: "Run", field: "Field") -> None:
        if value.__class__ not in plain:
            admit(value)
        verdict = is_type_of(value, run.raw_info(field))
        if verdict is not True and (is_awaitable(verdict) or not verdict):
            raise Abandoned("not of the type")
        if kinds is not None:
            if len(kinds) >= MOST_KINDS:
                # Rows may have ever new classes: those in use come back at once.
                kinds.clear()
            kinds.add(value.__class__)

    return kinds, check


def type_resolver(
    engine: "Engine", type_: GraphQLAbstractType
) -> Callable[[Any, "Run", "Field"], Any]:
    """Tells the name of a value's type, as graphql-core would find it."""
    resolve: Any = type_.resolve_type or default_type_resolver
    possible = engine.schema.get_possible_types(type_)
    names: dict[type, str] = {}
    by_class = all(getattr(each.is_type_of, BY_CLASS, False) for each in possible)

    def name_of(value: Any, run: "Run", field: "Field") -> Any:
        kind = value.__class__
        name = names.get(kind)
        if name is not None:
            return name
        name = resolve(value, run.raw_info(field), type_)
        if not isinstance(name, str):
            raise Abandoned("type")
        # An object with attributes of its own, or with keys, may say itself what it is.
        if by_class and not hasattr(value, "__dict__") and not isinstance(value, Mapping):
            if len(names) >= MOST_KINDS:
                names.clear()
            names[kind] = name
        return name

    return name_of
