"""From a selection to Python: functions that complete values, as graphql-core would, in bulk.

What is generated for a level reads its parents' attributes, calls their plain resolvers and
checks every value, in one loop; fields to wait for are left open, as `None` in their place, and
their parents noted for the next level.
"""

import keyword
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    collect_fields,
    collect_subfields,
)
from graphql.pyutils import is_iterable

from schema.engine import leaves
from schema.engine.abandon import Abandoned, is_awaitable
from schema.engine.fields import Field, is_shareable
from schema.engine.kinds import kind_check, type_resolver
from schema.engine.source import INDENT, Function

if TYPE_CHECKING:
    from graphql.execution import Executor
    from graphql.execution.values import VariableValues

    from schema.engine.plans import Engine
    from schema.engine.run import Run

Complete = Callable[[list[Any], list[dict[str, Any]], "Run"], None]
# Response keys of one plan, over all types that an interface or a union can be.
MOST_FIELDS = 4_000


class Unsupported(Exception):
    """No plan can be made for this operation."""


class Compiler:
    """Makes the functions of one plan; later also those for types that turn up at run time."""

    def __init__(self, engine: "Engine", executor: "Executor[Any]") -> None:
        self.engine = engine
        self._schema = executor.schema
        self._fragments = executor.fragments
        # Only while compiling: a plan keeps nothing of the request that it was made for.
        self._variables: Any = executor.variable_values
        self._operation = executor.operation
        self._numbers = count()
        self._fields = 0
        self._called = 0  # How many of them are more than attributes.
        self._functions: list[Function] = []
        self._open: list[Field] = []
        self._names: dict[str, Any] = {
            "Abandoned": Abandoned,
            "absent": object(),
            "admit": engine.plain.admit,
            "listed": listed,
            "plain": engine.plain.classes,
            "undefined": Undefined,
        }

    # The three kinds of functions.

    def root(self, root_type: GraphQLObjectType) -> Complete:
        """Completes the operation's root into `data`."""
        collected = collect_fields(
            self._schema, self._fragments, self._variables, root_type, self._operation
        )
        function = self._function("root", "values, targets, run")
        function.line("for v, t in zip(values, targets):")
        function.depth += 1
        self._selection(function, None, root_type, collected.grouped_field_set, "v", "r")
        function.line("t['data'] = r")
        complete: Complete = self._load(function)
        return complete

    def field(self, parent: GraphQLObjectType, details: list[FieldDetails]) -> Complete:
        """Completes what a field's resolver returned, under the field's response key."""
        node = details[0].node
        field = self._field((node.alias or node.name).value, parent, details)
        complete: Complete = self._load(self._completion(field))
        return complete

    def of_type(
        self, field: Field, type_: GraphQLObjectType, variables: "VariableValues"
    ) -> Callable[[Any, "Run"], Any]:
        """Completes a value of a type that one of an interface's or union's is."""
        self._variables = variables
        function = self._function("of_type", "v, run")
        self._object(function, field, type_, "v", "r")
        function.line("return r")
        make: Callable[[Any, Run], Any] = self._load(function)
        return make

    def _load(self, function: Function) -> Any:
        """Compile what was asked for, and all steps that follow from it."""
        steps = []
        while self._open:
            step = self._open.pop()
            steps.append((step, self._call(step).name, self._completion(step).name))
        self._variables = None
        functions, self._functions = self._functions, []
        text = "\n".join(line for each in functions for line in (*each.head, *each.body))
        exec(compile(text, "<graphql plan>", "exec"), self._names)  # noqa: S102
        for step, call, complete in steps:
            step.call, step.complete = self._names[call], self._names[complete]
        return self._names[function.name]

    # Steps.

    def _call(self, field: Field) -> Function:
        """Calls a step's resolver for all parents."""
        function = self._function("call", "parents, run")
        name = self._name(field)
        if field.attached is not None:
            # Whoever reads parents attaches a value to all of them, or to none.
            function.line(f"if hasattr(parents[0], {field.attached!r}):")
            function.line(f"{INDENT}return [p.{field.attached} for p in parents]")
        if field.direct is None:
            function.line(f"return {name}.call_each(parents, run)")
            return function
        resolver = self._name(field.function)
        if field.wants_info or field.batch is not None:
            function.line(f"info = run.info({name})")
        if field.arguments is None:
            function.line(f"arguments = {name}.arguments_for(run)")
        else:
            function.line(f"arguments = {self._name(field.arguments)}")
        rest = ", **arguments" if field.definition.args else ""
        if field.batch is not None:
            function.line(f"return {self._name(field.batch)}(parents, info{rest})")
            return function
        shape = field.shape.format(p="p", i="info")
        if field.arguments is None:
            shareable = self._name(is_shareable)
            function.line(f"if len(parents) > 1 and not {shareable}(arguments):")
            own = f"{resolver}({_joined(shape, f'**{name}.arguments_for(run)')})"
            function.line(f"{INDENT}return [{own} for p in parents]")
        function.line(f"return [{resolver}({_joined(shape, rest[2:])}) for p in parents]")
        return function

    def _completion(self, field: Field) -> Function:
        function = self._function("complete", "values, targets, run")
        function.line("for v, t in zip(values, targets):")
        function.depth += 1
        result = self._value(function, field, field.definition.type, "v")
        function.line(f"t[{field.key!r}] = {result}")
        return function

    # Values. Each method writes lines that complete the variable `v`, and names the result.

    def _value(
        self,
        function: Function,
        field: Field,
        type_: GraphQLOutputType,
        v: str,
        nullable: bool = True,
    ) -> str:
        if is_non_null_type(type_):
            return self._value(function, field, type_.of_type, v, nullable=False)
        if is_leaf_type(type_):
            return self._leaf(function, field, type_, v, nullable)
        result = self._fresh("r")
        depth = function.depth
        if nullable:
            function.line(f"if {v} is None:")
            function.line(f"{INDENT}{result} = None")
            function.line("else:")
            function.depth += 1
        if is_list_type(type_):
            self._list(function, field, type_.of_type, v, result)
        elif is_object_type(type_):
            start, called = len(function.body), self._called
            self._object(function, field, type_, v, result)
            if not nullable and self._called == called:
                function.once_for(v, start)
        elif is_abstract_type(type_):
            self._abstract(function, field, type_, v, result)
        else:
            raise Unsupported
        function.depth = depth
        return result

    def _leaf(
        self,
        function: Function,
        field: Field,
        type_: GraphQLScalarType | GraphQLEnumType,
        v: str,
        nullable: bool,
    ) -> str:
        coerce = self._name(leaves.coercion(type_, self._admit(field)))
        for line in leaves.check(type_, v, coerce, self._name, nullable):
            function.line(line)
        return v

    def _list(
        self, function: Function, field: Field, type_: GraphQLOutputType, v: str, result: str
    ) -> None:
        item = self._fresh("v")
        function.line(f"{result} = []")
        function.line(f"for {item} in {v} if {v}.__class__ is list else listed({v}):")
        function.depth += 1
        function.line(f"{result}.append({self._value(function, field, type_, item)})")
        function.depth -= 1

    def _object(
        self, function: Function, field: Field, type_: GraphQLObjectType, v: str, result: str
    ) -> None:
        kinds, check = kind_check(self.engine, type_, self._admit(field))
        call = f"{self._name(check)}({v}, run, {self._name(field)})"
        if kinds is None:
            function.line(call)
        else:
            function.line(f"if {v}.__class__ not in {self._name(kinds)}: {call}")
        collected = collect_subfields(
            self._schema,
            self._fragments,
            self._variables,
            self._operation,
            type_,
            field.details,
        )
        # An interface's or a union's field is asked for other things of each type.
        of = field if get_named_type(field.definition.type) is type_ else None
        self._selection(function, of, type_, collected.grouped_field_set, v, result)

    def _abstract(
        self, function: Function, field: Field, type_: GraphQLAbstractType, v: str, result: str
    ) -> None:
        self._called += 1
        name_of = type_resolver(self.engine, type_)
        possible = {each.name: each for each in self._schema.get_possible_types(type_)}
        makers: dict[str, Callable[[Any, Run], Any]] = {}
        admit = self._admit(field)
        plain = self.engine.plain.classes

        def complete(value: Any, run: "Run") -> Any:
            if value.__class__ not in plain:
                admit(value)
            name = name_of(value, run, field)
            make = makers.get(name)
            if make is None:
                if name not in possible:
                    raise Abandoned("type")
                make = makers[name] = self.of_type(
                    field, possible[name], run.executor.variable_values
                )
            return make(value, run)

        function.line(f"{result} = {self._name(complete)}({v}, run)")

    def _selection(
        self,
        function: Function,
        of: Field | None,
        type_: GraphQLObjectType,
        grouped: dict[str, list[FieldDetails]],
        v: str,
        result: str,
    ) -> None:
        """The object itself, with `None` for what is still to come."""
        entries = []
        later = []
        beneath = []
        for key, details in grouped.items():
            if details[0].node.name.value == "__typename":
                entries.append(f"{key!r}: {type_.name!r}")
                continue
            field = self._field(key, type_, details)
            beneath.append(field)
            self._called += field.attribute is None
            if field.deferred:
                entries.append(f"{key!r}: None")
                later.append(field)
                continue
            value = self._fresh("v")
            function.line(f"{value} = {self._read(function, field, v)}")
            done = self._value(function, field, field.definition.type, value)
            entries.append(f"{key!r}: {done}")
        function.line(f"{result} = {{{', '.join(entries)}}}")
        if of is not None:
            of.beneath = beneath
        for field in later:
            name = self._name(field)
            function.first(f"parent{name}, target{name} = run.step({name})")
            function.line(f"parent{name}({v})")
            function.line(f"target{name}({result})")
            self._open.append(field)

    def _read(self, function: Function, field: Field, v: str) -> str:
        if field.attribute is not None:
            if field.attribute.isidentifier() and not keyword.iskeyword(field.attribute):
                return f"{v}.{field.attribute}"
            return f"getattr({v}, {field.attribute!r})"
        info = ""
        if field.wants_info and field.attached is not None:
            # Rarely called: it is not made in advance.
            info = f"run.info({self._name(field)})"
        elif field.wants_info:
            info = f"info{self._name(field)}"
            function.first(f"{info} = run.info({self._name(field)})")
        shape = field.shape.format(p=v, i=info)
        arguments = f"**{self._name(field.arguments)}" if field.arguments else ""
        call = f"{self._name(field.function)}({_joined(shape, arguments)})"
        if field.attached is None:
            return call
        there = self._fresh("v")
        function.line(f"{there} = getattr({v}, {field.attached!r}, absent)")
        return f"{call} if {there} is absent else {there}"

    # Names and numbers.

    def _field(self, key: str, parent: GraphQLObjectType, details: list[FieldDetails]) -> Field:
        self._fields += 1
        definition = parent.fields.get(details[0].node.name.value)
        if definition is None or self._fields > MOST_FIELDS:
            # Introspection, or more than is worth a plan.
            raise Unsupported
        return Field(self.engine, self._fields, key, definition, parent, details)

    def _admit(self, field: Field) -> Callable[[Any], None]:
        """Checks a value whose class is not known; finds out what has to be awaited."""
        if field.deferred or field.attribute is not None:
            return self.engine.plain.admit
        engine, resolver = self.engine, field.function

        def admit(value: Any) -> None:
            if is_awaitable(value):
                engine.slow_resolvers.add(id(resolver))
                if hasattr(value, "close"):
                    value.close()
            engine.plain.admit(value)

        return admit

    def _function(self, name: str, parameters: str) -> Function:
        function = Function(self._fresh(name), parameters)
        self._functions.append(function)
        return function

    def _fresh(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers)}"

    def _name(self, value: Any) -> str:
        """A name by which generated code finds `value`."""
        name = f"_{id(value)}"
        # The reference keeps the number from being used again.
        self._names[name] = value
        return name


def compile_root(engine: "Engine", executor: "Executor[Any]") -> Complete:
    """Raises Unsupported, and what Python's compiler raises for code that is nested too deeply."""
    root_type = executor.schema.get_root_type(executor.operation.operation)
    if root_type is None:
        raise Unsupported
    return Compiler(engine, executor).root(root_type)


def compile_field(
    engine: "Engine",
    executor: "Executor[Any]",
    parent: GraphQLObjectType,
    details: list[FieldDetails],
) -> Complete:
    """As `compile_root`, for the value of a field."""
    return Compiler(engine, executor).field(parent, details)


def listed(value: Any) -> Sequence[Any]:
    """The items of a list that is not a `list`. Raises Abandoned unless it can be read again."""
    if value.__class__ is tuple:
        return value
    if is_iterable(value) and hasattr(value, "__len__") and not hasattr(value, "__aiter__"):
        return list(value)
    raise Abandoned("list")


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
