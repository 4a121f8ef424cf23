"""From a selection to Python: functions that complete values, as graphql-core would, in bulk.

What is generated for a level reads its parents' attributes, calls their plain resolvers and
checks every value, in one loop; fields to wait for are left open, as `None` in their place, and
their parents noted for the next level.
"""

import keyword
from collections.abc import Callable
from datetime import date
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec
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

from schema.engine import leaves
from schema.engine.abandon import Abandoned, is_awaitable, listed
from schema.engine.argument_values import is_shareable
from schema.engine.fields import Field
from schema.engine.kinds import kind_check, type_resolver
from schema.engine.objects import TOP, answered, place
from schema.engine.source import INDENT, Function

if TYPE_CHECKING:
    from graphql.execution import Executor
    from graphql.execution.values import VariableValues

    from schema.engine.plans import Engine
    from schema.engine.run import Run

# Completes values, and puts each into the struct of the answer that has a place for it.
Complete = Callable[[list[Any], list[Any], "Run"], None]
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
            "date": date,
            "listed": listed,
            "plain": engine.plain.classes,
            "ready": msgspec.Raw,
            "undefined": Undefined,
        }

    # The three kinds of functions.

    def root(self, root_type: GraphQLObjectType) -> Complete:
        """Completes the operation's root."""
        collected = collect_fields(
            self._schema, self._fragments, self._variables, root_type, self._operation
        )
        function = self._function("root", "values, targets, run")
        function.line("for v, t in zip(values, targets):")
        function.depth += 1
        self._selection(function, None, root_type, collected.grouped_field_set, "v", "r")
        function.line(f"t.{TOP} = r")
        complete: Complete = self._load(function)
        return complete

    def field(self, parent: GraphQLObjectType, details: list[FieldDetails]) -> Complete:
        """Completes what a field's resolver returned."""
        field = self._field(TOP, parent, details)
        complete: Complete = self._load(self._completion(field))
        return complete

    def of_type(
        self, field: Field, type_: GraphQLObjectType, variables: "VariableValues"
    ) -> Callable[[Any, "Run"], Any]:
        """Completes a value of a type that one of an interface's or union's is."""
        self._variables = variables
        function = self._function("of_type", "v, run")
        self._object(function, field, type_, "v", "r")
        function.last("return r")
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
        text = "\n".join(line for each in functions for line in each.lines)
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
        function.line(f"t.{field.place} = {self._result(function, field, 'v')}")
        return function

    # Values. Each method writes lines that complete the variable `v`, and names the result.

    def _result(self, function: Function, field: Field, v: str) -> str:
        """A field's value; JSON that has been written for it is taken as it is."""
        type_ = field.definition.type
        if is_leaf_type(get_named_type(type_)):
            return self._value(function, field, type_, v)
        result = self._fresh("r")
        function.line(f"if {v}.__class__ is ready: {result} = {v}")
        function.line("else:")
        function.depth += 1
        function.line(f"{result} = {self._value(function, field, type_, v)}")
        function.depth -= 1
        return result

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
                make = makers[name] = self.of_type(field, possible[name], run.variables)
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
        values = []
        later = []
        beneath: dict[str, Field | str] = {}
        for number, (key, details) in enumerate(grouped.items()):
            if details[0].node.name.value == "__typename":
                values.append(repr(type_.name))
                beneath[key] = type_.name
                continue
            field = beneath[key] = self._field(place(number), type_, details)
            self._called += field.attribute is None
            value = self._fresh("v")
            if not field.deferred:
                function.line(f"{value} = {self._read(function, field, v)}")
                values.append(self._result(function, field, value))
                continue
            later.append((field, value))
            if field.attached is None:
                values.append("None")
            else:
                function.line(f"{value} = getattr({v}, {field.attached!r}, absent)")
                values.append(f"{value} if {value}.__class__ is ready else None")
        made = self._name(answered(tuple(grouped)))
        function.line(f"{result} = {made}({', '.join(values)})")
        if of is not None:
            of.beneath = beneath
        for field, value in later:
            self._wait(function, field, value, v, result)

    def _wait(self, function: Function, field: Field, value: str, v: str, target: str) -> None:
        """Leave a field for the next level, with its parent and the struct that it is part of."""
        name = self._name(field)
        parents, targets = f"parents{name}", f"targets{name}"
        unless_ready = f"if {value}.__class__ is not ready: " if field.attached else ""
        function.first(f"{parents}, {targets} = [], []")
        function.line(f"{unless_ready}{parents}.append({v}); {targets}.append({target})")
        function.last(f"if {parents}: run.later({name}, {parents}, {targets})")
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

    def _field(self, place: str, parent: GraphQLObjectType, details: list[FieldDetails]) -> Field:
        self._fields += 1
        definition = parent.fields.get(details[0].node.name.value)
        if definition is None or self._fields > MOST_FIELDS:
            # Introspection, or more than is worth a plan.
            raise Unsupported
        return Field(self.engine, place, definition, parent, details)

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


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
