"""A field's arguments: what can be known of them from the operation alone is worked out once.

Only success is handled here. A value that is missing or does not fit, and whatever this knows
nothing of, is graphql-core's to coerce, and to word errors about.
"""

from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

# Shared by all parents of a level; anything else is made anew for each, as graphql-core does.
IMMUTABLE = (str, int, float, Enum, date, time, Decimal, UUID, type(None))

# Of the variables' values. Raises Unfit.
Build = Callable[[Mapping[str, Any]], Any]
Arguments = Callable[[Mapping[str, Any]], dict[str, Any]]


class Unfit(Exception):
    """The value, or the type, is not for the short way. Never seen by a client."""


def arguments_of(definition: GraphQLField, details: FieldDetails) -> Arguments | None:
    """What makes a field's arguments of an operation's variables, or raises Unfit.

    None: graphql-core has to.
    """
    if details.fragment_variable_values is not None:
        return None
    given = {node.name.value: node.value for node in details.node.arguments or ()}
    builds = []
    try:
        for name, argument in definition.args.items():
            value = given.get(name)
            if value is not None:
                builds.append((argument.out_name or name, _value(value, argument.type)))
            elif (default := coerce_default_value(argument)) is not Undefined:
                builds.append((argument.out_name or name, _same(default)))
    except Unfit:
        return None
    return lambda variables: {name: build(variables) for name, build in builds}


def is_shareable(arguments: Mapping[str, Any]) -> bool:
    """Whether all parents may be given the same values."""
    return all(map(is_immutable, arguments.values()))


def is_immutable(value: Any) -> bool:
    return isinstance(value, IMMUTABLE)


def _value(node: ValueNode, type_: GraphQLInputType) -> Build:
    if isinstance(node, VariableNode):
        return _variable(node.name.value, is_nullable=not is_non_null_type(type_))
    of: Any = type_.of_type if is_non_null_type(type_) else type_
    if isinstance(node, ListValueNode) and is_list_type(of):
        return _list([_value(item, of.of_type) for item in node.values])
    if isinstance(node, ObjectValueNode) and is_input_object_type(of):
        return _object(node, of)
    if isinstance(node, (ListValueNode, ObjectValueNode)):
        # A scalar's own: there may be variables in it.
        raise Unfit
    return _same(coerce_input_literal(node, type_))


def _same(value: Any) -> Build:
    # Nobody may be given an object that others have as well. Undefined is none of these, either.
    if value.__class__ is list and all(map(is_immutable, value)):
        return lambda _: list(value)
    if not is_immutable(value):
        raise Unfit
    return lambda _: value


def _variable(name: str, *, is_nullable: bool) -> Build:
    def build(variables: Mapping[str, Any]) -> Any:
        value = variables.get(name, Undefined)
        if value is Undefined or (value is None and not is_nullable):
            raise Unfit
        return value

    return build


def _list(builds: list[Build]) -> Build:
    return lambda variables: [build(variables) for build in builds]


def _object(node: ObjectValueNode, type_: GraphQLInputObjectType) -> Build:
    if type_.is_one_of:
        raise Unfit
    given = {field.name.value: field.value for field in node.fields}
    # With the variable by which a field may be left out, and its default, where it has these.
    parts: list[tuple[str, Build, str | None, Build | None]] = []
    for name, field in type_.fields.items():
        value, default = given.pop(name, None), coerce_default_value(field)
        known = field.out_name or name
        if isinstance(value, VariableNode) and not is_required_input_field(field):
            instead = None if default is Undefined else _same(default)
            parts.append((known, _value(value, field.type), value.name.value, instead))
        elif value is not None:
            parts.append((known, _value(value, field.type), None, None))
        elif default is not Undefined:
            parts.append((known, _same(default), None, None))
        elif is_required_input_field(field):
            raise Unfit
    if given:
        raise Unfit
    out_type = type_.out_type

    def build(variables: Mapping[str, Any]) -> Any:
        built = {}
        for known, part, variable, instead in parts:
            if variable is None or variable in variables:
                built[known] = part(variables)
            elif instead is not None:
                built[known] = instead(variables)
        return out_type(built)

    return build
