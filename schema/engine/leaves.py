"""Scalars and enums: the usual value passes in line, any other is graphql-core's to coerce."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time
from enum import Enum
from typing import Any, TypeVar

from graphql import GraphQLEnumType, GraphQLScalarType, Undefined
from graphql.type import scalars

from schema.engine.abandon import Abandoned

F = TypeVar("F", bound=Callable[..., Any])

# What is not exactly of the usual class and range goes through the coercion.
UNUSUAL: dict[Any, str] = {
    scalars.serialize_string: "{v}.__class__ is not str",
    scalars.serialize_id: "{v}.__class__ is not str",
    scalars.serialize_boolean: "{v} is not True and {v} is not False",
    scalars.serialize_int: "({v}.__class__ is not int or not -2147483648 <= {v} <= 2147483647)",
    # Infinity and NaN are the floats whose difference to themselves is not zero.
    scalars.serialize_float: "({v}.__class__ is not float or {v} - {v} != 0.0)",
    # Encoded as `isoformat` has it.
    date.isoformat: "{v}.__class__ is not date",
}

# What the standard library writes out is text whenever the value is of that very class.
WRITTEN_OUT: dict[Any, type] = {each.isoformat: each for each in (datetime, time)}

ATTRIBUTE = "__unusual__"


def unchanged_unless(condition: str) -> Callable[[F], F]:
    """Say which values a scalar's `serialize` does not return as they are.

    The condition is Python, on `{v}`; any value for which it is false passes in line.
    """

    def mark(serialize: F) -> F:
        setattr(serialize, ATTRIBUTE, condition)
        return serialize

    return mark


def coercion(
    type_: GraphQLScalarType | GraphQLEnumType, admit: Callable[[Any], None]
) -> Callable[[Any], Any]:
    """What a value is in the response. Raises Abandoned, or what the type raises."""
    coerce = type_.coerce_output_value

    def coerced(value: Any) -> Any:
        admit(value)
        result = coerce(value)
        if result is None or result is Undefined:
            raise Abandoned("null")
        return result

    return coerced


def check(
    type_: GraphQLScalarType | GraphQLEnumType,
    v: str,
    coerce: str,
    name: Callable[[Any], str],
    nullable: bool,
) -> list[str]:
    """Lines that turn the variable `v` into what is in the response."""
    unless_null = f"{v} is not None" if nullable else ""
    if isinstance(type_, GraphQLEnumType):
        names = name(enum_names(type_))
        then = f"{v} = {names}.get({v}) or {coerce}({v})"
        return [f"if {unless_null}: {then}" if nullable else then]
    coerces: Any = type_.coerce_output_value
    unusual = UNUSUAL.get(coerces) or getattr(coerces, ATTRIBUTE, None)
    if unusual is not None:
        condition = " and ".join(filter(None, (unusual.format(v=v), unless_null)))
        return [f"if {condition}: {v} = {coerce}({v})"]
    if coerces in WRITTEN_OUT:
        of = name(WRITTEN_OUT[coerces])
        then = f"{v} = {v}.isoformat() if {v}.__class__ is {of} else {coerce}({v})"
        return [f"if {unless_null}: {then}" if nullable else then]
    # A scalar of the application's own.
    own = name(type_.coerce_output_value)
    lines = [
        f"if {v}.__class__ not in plain: {coerce}({v})",
        f"{v} = {own}({v})",
        f"if {v} is None or {v} is undefined: raise Abandoned('null')",
    ]
    return [f"if {unless_null}:", *(f" {line}" for line in lines)] if nullable else lines


def enum_names(type_: GraphQLEnumType) -> dict[Any, str]:
    """The names of values that can be looked up: strings, and members that are no numbers."""
    members = [*getattr(type_, "wrapped_cls", ())]
    values = [*members, *(value.value for value in type_.values.values())]
    found = {}
    for value in values:
        if isinstance(value, str) or (isinstance(value, Enum) and not isinstance(value, int)):
            with suppress(Exception):
                found[value] = type_.coerce_output_value(value)
    return found
