"""How each field gets its value: from an attribute, by a plain call, or by a call to wait for."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import get_argument_values
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from schema.engine import ahead
from schema.engine.argument_values import Arguments, Unfit, arguments_of, is_immutable, is_shareable
from schema.engine.batch import ATTRIBUTE

if TYPE_CHECKING:
    from graphql import FieldNode

    from schema.engine.plans import Engine
    from schema.engine.run import Run

# Only a hint: a resolver that returns an awaitable unannounced is found out, and remembered.
AWAITABLE_WORDS = ("Awaitable", "Coroutine", "Future", "Task")
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Field:
    """A field of the response, for one type of parent; deferred ones are steps of the plan."""

    __slots__ = (
        "_make_arguments",
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
        "parent_type",
        "place",
        "shape",
        "wants_info",
    )

    def __init__(
        self,
        engine: "Engine",
        place: str,
        definition: GraphQLField,
        parent_type: GraphQLObjectType,
        details: list[FieldDetails],
    ) -> None:
        # Where its value is in the struct of the answer.
        self.place = place
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
        # Filled in by the compiler: what is asked of its objects, by response key, `__typename`
        # as the name that it is; None: of no one type of them.
        self.beneath: dict[str, Field | str] | None = None
        self._selection: ahead.Selection | None = None
        # What makes its arguments of variables; found out when they are first needed.
        self._make_arguments: Arguments | None = None
        # Filled in by the compiler, for deferred ones.
        self.call: Callable[[list[Any], Run], list[Any]]
        self.complete: Callable[[list[Any], list[Any], Run], None]
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
        if not all(map(is_immutable, values.values())):
            return None
        values = engine.inputs.convert(field.arguments, values, None)
        return values if all(map(is_immutable, values.values())) else None

    def _raw(self, variables: Any) -> dict[str, Any]:
        details = self.details[0]
        return get_argument_values(
            self.definition, details.node, variables, details.fragment_variable_values
        )

    def arguments_for(self, run: "Run") -> dict[str, Any]:
        """The arguments of a call, of this request. Raises GraphQLError."""
        if self.arguments is not None:
            return self.arguments
        if not self.definition.args:
            return {}
        if self.direct is None:
            return self._raw(run.variables)
        if self._make_arguments is None:
            self._make_arguments = arguments_of(self.definition, self.details[0]) or _unfit
        try:
            values = self._make_arguments(run.variables.coerced)
        except Unfit:
            values = self._raw(run.variables)
        return run.engine.inputs.convert(self.direct.arguments, values, run.info(self))

    def call_each(self, parents: list[Any], run: "Run") -> list[Any]:
        """Call the resolver for each parent, as graphql-core would."""
        function: Any = self.definition.resolve or run.executor.field_resolver
        info = run.raw_info(self)
        arguments = self.arguments_for(run)
        if len(parents) == 1 or is_shareable(arguments):
            return [function(parent, info, **arguments) for parent in parents]
        return [function(parent, info, **self.arguments_for(run)) for parent in parents]


def _unfit(_: Any) -> Any:
    raise Unfit


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
