"""How each field gets its value: from an attribute, by a plain call, or by a call to wait for."""

import inspect
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    VariableNode,
    Visitor,
    is_non_null_type,
    visit,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import get_argument_values
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from schema.engine import ahead
from schema.engine.batch import ATTRIBUTE

if TYPE_CHECKING:
    from graphql import FieldNode

    from schema.engine.plans import Engine
    from schema.engine.run import Run

# Shared by all parents of a level; anything else is made anew for each, as graphql-core does.
IMMUTABLE = (str, int, float, Enum, date, time, Decimal, UUID, type(None))
# Only a hint: a resolver that returns an awaitable unannounced is found out, and remembered.
AWAITABLE_WORDS = ("Awaitable", "Coroutine", "Future", "Task")
# Names of arguments with their variables and whether these may be null; and constant arguments.
Places: TypeAlias = tuple[tuple[tuple[str, str, bool], ...], dict[str, Any]]
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Field:
    """A field of the response, for one type of parent; deferred ones are steps of the plan."""

    __slots__ = (
        "_places",
        "_selection",
        "arguments",
        "attached",
        "attribute",
        "batch",
        "beneath",
        "call",
        "complete",
        "declared",
        "deferred",
        "definition",
        "details",
        "direct",
        "function",
        "index",
        "key",
        "parent_type",
        "shape",
        "wants_info",
    )

    def __init__(
        self,
        engine: "Engine",
        index: int,
        key: str,
        definition: GraphQLField,
        parent_type: GraphQLObjectType,
        details: list[FieldDetails],
    ) -> None:
        self.index = index
        self.key = key
        self.definition = definition
        self.parent_type = parent_type
        self.details = details
        self.arguments: dict[str, Any] | None = None
        self.attribute: str | None = None
        self.batch: Any = None
        self.shape = ""
        self.wants_info = False
        self.declared: StrawberryField | None = None
        self.direct: StrawberryField | None = None
        self.function: Any = None
        # The attribute of parents that may hold the value already.
        self.attached: str | None = None
        # Filled in by the compiler: what is asked of its objects; None: of no one type of them.
        self.beneath: list[Field] | None = None
        self._selection: ahead.Selection | None = None
        # Where its arguments come from; found out when they are first needed.
        self._places: Places | None = None
        # Filled in by the compiler, for deferred ones.
        self.call: Callable[[list[Any], Run], list[Any]]
        self.complete: Callable[[list[Any], list[dict[str, Any]], Run], None]
        self.deferred = self._choose(engine)

    @property
    def node(self) -> "FieldNode":
        return self.details[0].node

    @property
    def selection(self) -> ahead.Selection | None:
        """What is asked of its objects; put together when a resolver first wants to know."""
        if self._selection is None:
            self._selection = ahead.selection_of([self])
        return self._selection

    def _choose(self, engine: "Engine") -> bool:
        """Find out how it is resolved. Returns whether that is to be done for a whole level."""
        field = self.definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        kind = _made_by_strawberry(self.definition.resolve)
        if not isinstance(field, StrawberryField):
            return True
        self.declared = field
        if not kind or engine.handles_exceptions:
            return True
        if kind == "_get_basic_result":
            if field.default_resolver is getattr:
                self.attribute = field.python_name
            return self.attribute is None
        resolver = field.base_resolver
        if (
            resolver is None
            or field.extensions
            or field.is_subscription
            or type(field).get_result is not StrawberryField.get_result
        ):
            return True
        self.direct = field
        self.arguments = self._constant_arguments(engine, field)
        self.batch = getattr(resolver.wrapped_func, ATTRIBUTE, None)
        self.wants_info = resolver.info_parameter is not None
        self.shape = _call_shape(resolver)
        self.function = resolver.wrapped_func
        self.attached = getattr(self.function, ahead.ATTRIBUTE, None)
        return (
            field.is_async
            or _says_awaitable(resolver)
            or self.arguments is None
            or self.batch is not None
            or id(self.function) in engine.slow_resolvers
        )

    def _constant_arguments(
        self, engine: "Engine", field: StrawberryField
    ) -> dict[str, Any] | None:
        """The arguments of every call, when they are the same in every request."""
        if not self.definition.args:
            return {}
        finder = _VariableFinder()
        visit(self.node, finder)
        # Input types may ask for the info, or make mutable values.
        if finder.found:
            return None
        values = self._raw(None)
        if not all(map(_is_immutable, values.values())):
            return None
        values = engine.inputs.convert(field.arguments, values, None)
        return values if all(map(_is_immutable, values.values())) else None

    def _raw(self, variables: Any) -> dict[str, Any]:
        details = self.details[0]
        return get_argument_values(
            self.definition, details.node, variables, details.fragment_variable_values
        )

    def _from_variables(self, variables: Mapping[str, Any]) -> dict[str, Any] | None:
        """The arguments, if each is a variable or the same in every request; else None."""
        if self._places is None:
            self._places = self._find_places()
        places, same = self._places
        values = dict(same)
        for name, variable, nullable in places:
            value = variables.get(variable, Undefined)
            if value is Undefined or (value is None and not nullable):
                return None
            values[name] = value
        # Nothing at all: there was something that is neither.
        return values or None

    def _find_places(self) -> "Places":
        """By the argument's name, its variable and whether it may be null; and what is the same."""
        details = self.details[0]
        given = {node.name.value: node.value for node in details.node.arguments or ()}
        if details.fragment_variable_values is not None:
            return (), {}
        places, same = [], {}
        for name, argument in self.definition.args.items():
            known = argument.out_name or name
            value = given.get(name)
            if isinstance(value, (ListValueNode, ObjectValueNode)):
                # There may be variables in it.
                return (), {}
            if isinstance(value, VariableNode):
                places.append((known, value.name.value, not is_non_null_type(argument.type)))
                continue
            constant = (
                coerce_default_value(argument)
                if value is None
                else coerce_input_literal(value, argument.type)
            )
            if value is None and constant is Undefined:
                continue
            if not _is_immutable(constant):
                return (), {}
            same[known] = constant
        return tuple(places), same

    def arguments_for(self, run: "Run") -> dict[str, Any]:
        """The arguments of a call, of this request. Raises GraphQLError."""
        if self.arguments is not None:
            return self.arguments
        if not self.definition.args:
            return {}
        if self.direct is None:
            return self._raw(run.executor.variable_values)
        values = self._from_variables(run.executor.variable_values.coerced)
        if values is None:
            values = self._raw(run.executor.variable_values)
        return run.engine.inputs.convert(self.direct.arguments, values, run.info(self))

    def call_each(self, parents: list[Any], run: "Run") -> list[Any]:
        """Call the resolver for each parent, as graphql-core would."""
        function: Any = self.definition.resolve or run.executor.field_resolver
        info = run.raw_info(self)
        arguments = self.arguments_for(run)
        if len(parents) == 1 or is_shareable(arguments):
            return [function(parent, info, **arguments) for parent in parents]
        return [function(parent, info, **self.arguments_for(run)) for parent in parents]


def is_shareable(arguments: Mapping[str, Any]) -> bool:
    """Whether all parents may be given the same values."""
    return all(map(_is_immutable, arguments.values()))


def _is_immutable(value: Any) -> bool:
    return isinstance(value, IMMUTABLE)


class _VariableFinder(Visitor):
    found = False

    def enter_variable(self, node: VariableNode, *_: Any) -> Any:
        self.found = True
        return self.BREAK

    def enter_selection_set(self, *_: Any) -> Any:
        return self.SKIP


def _made_by_strawberry(resolve: Any) -> str | None:
    """Which of Strawberry's wrappers `resolve` is; None: somebody else's function."""
    if getattr(resolve, "__module__", None) != GraphQLCoreConverter.__module__:
        return None
    name: str = resolve.__name__
    return name if name in ("_get_basic_result", "_resolver", "_async_resolver") else None


def _says_awaitable(resolver: Any) -> bool:
    text = str(resolver.signature.return_annotation)
    return any(word in text for word in AWAITABLE_WORDS)


def _call_shape(resolver: Any) -> str:
    """The arguments of a call to the resolver but the field's own: `{p}` parent, `{i}` info."""
    places: dict[str, str] = {}
    for parameter, place in (
        (resolver.self_parameter, "{p}"),
        (resolver.root_parameter, "{p}"),
        (resolver.parent_parameter, "{p}"),
        (resolver.info_parameter, "{i}"),
    ):
        if parameter is not None:
            places[parameter.name] = place
    shape = []
    by_position = not inspect.ismethod(resolver.wrapped_func)
    self_name = resolver.self_parameter.name if resolver.self_parameter else None
    for parameter in resolver.signature.parameters.values():
        value = places.get(parameter.name)
        if value is None or parameter.kind not in POSITIONAL:
            # What follows a parameter that is not given by position has to be named.
            by_position = False
        if value is not None:
            named = not by_position and parameter.name != self_name
            shape.append(f"{parameter.name}={value}" if named else value)
    return ", ".join(shape)
