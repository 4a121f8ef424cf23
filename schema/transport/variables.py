"""Variables' values: what can be known of them from the operation alone is worked out once.

Only success is handled here. A value that does not fit, and types of which this knows nothing, are
graphql-core's to coerce, and to word errors about.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    assert_leaf_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities.coerce_input_value import coerce_default_value

Convert = Callable[[Any], Any]
Coerce = Callable[[Mapping[str, Any]], VariableValues | None]


class Unfit(Exception):
    """The value, or the type, is not for the short way. Never seen by a client."""


def coercion(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Coerce | None:
    """What coerces an operation's variables; it returns None for those that graphql-core has to.

    None: graphql-core has to coerce all of them.
    """
    variables = []
    try:
        for node in operation.variable_definitions or ():
            signature = get_variable_signature(schema, node)
            if isinstance(signature, GraphQLError):
                return None
            absent = VariableValueSource(signature)
            default = coerce_default_value(signature) if node.default_value else Undefined
            needed = node.default_value is None and is_non_null_type(signature.type)
            convert = _converter(signature.type, ())
            variables.append((signature.name, signature, absent, default, needed, convert))
    except (Unfit, TypeError):
        return None

    def coerce(given: Mapping[str, Any]) -> VariableValues | None:
        sources, coerced = {}, {}
        try:
            for name, signature, absent, default, needed, convert in variables:
                value = given.get(name, Undefined)
                if value is not Undefined:
                    sources[name] = VariableValueSource(signature, value)
                    coerced[name] = convert(value)
                    continue
                if needed:
                    return None
                sources[name] = absent
                if default is not Undefined:
                    coerced[name] = default
        except Exception:
            # Whatever a scalar raises at what it does not like.
            return None
        return VariableValues(sources, coerced)

    return coerce


def _converter(type_: GraphQLInputType, within: tuple[GraphQLInputType, ...]) -> Convert:
    """What coerces a value of a type, and raises when it does not fit.

    Raises Unfit for inputs that hold themselves: how deep these may go is graphql-core's to say.
    """
    if is_non_null_type(type_):
        return _nullable(type_.of_type, within)
    convert = _nullable(type_, within)
    return lambda value: None if value is None else convert(value)


def _nullable(type_: GraphQLInputType, within: tuple[GraphQLInputType, ...]) -> Convert:
    """The same for values that are not null, which it refuses."""
    if is_list_type(type_):
        return _list(_converter(type_.of_type, within))
    if is_input_object_type(type_):
        if type_ in within or type_.is_one_of:
            raise Unfit
        return _object(type_, (*within, type_))
    coerce: Convert = assert_leaf_type(type_).coerce_input_value

    def leaf(value: Any) -> Any:
        if value is None or (result := coerce(value)) is Undefined:
            raise Unfit
        return result

    return leaf


def _list(convert: Convert) -> Convert:
    def items(value: Any) -> list[Any]:
        if value.__class__ is not list:
            raise Unfit
        return [convert(item) for item in value]

    return items


def _object(type_: GraphQLInputObjectType, within: tuple[GraphQLInputType, ...]) -> Convert:
    out_type = type_.out_type
    fields = [
        (
            name,
            field.out_name or name,
            is_required_input_field(field),
            coerce_default_value(field),
            _converter(field.type, within),
        )
        for name, field in type_.fields.items()
    ]

    def build(value: Any) -> Any:
        if value.__class__ is not dict:
            raise Unfit
        built, seen = {}, 0
        for name, out_name, required, default, convert in fields:
            if name in value:
                seen += 1
                built[out_name] = convert(value[name])
            elif required:
                raise Unfit
            elif default is not Undefined:
                built[out_name] = default
        if seen != len(value):
            # It has a field that the type does not.
            raise Unfit
        return out_type(built)

    return build
