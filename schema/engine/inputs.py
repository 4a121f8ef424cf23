"""Arguments as Strawberry gives them to resolvers; what it looks up for each value, once."""

from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

from strawberry.relay.types import GlobalID
from strawberry.scalars import is_scalar
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryOptional,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.lazy_type import LazyType
from strawberry.types.unset import UNSET

Convert = Callable[[Any], Any]


class Inputs:
    """Converters of one schema's arguments, by the argument."""

    def __init__(self, converter: Any) -> None:
        self._config: Any = getattr(converter, "config", None)
        self._registry: Any = getattr(converter, "scalar_registry", {})
        self._types: dict[Any, Convert | None] = {}
        self._arguments: dict[int, tuple[StrawberryArgument, str, Convert | None]] = {}

    def convert(
        self, arguments: list[StrawberryArgument], values: dict[str, Any], info: Any
    ) -> dict[str, Any]:
        """What a resolver is called with. Raises what building an input raises."""
        converted = {}
        for argument in arguments:
            known = self._arguments.get(id(argument))
            if known is None:
                name = self._config.name_converter.from_argument(argument)
                known = self._arguments[id(argument)] = argument, name, self._of(argument.type)
            _, name, convert = known
            if name not in values:
                continue
            if convert is None:
                value = convert_argument(
                    values[name], argument.type, self._registry, self._config, info, path=(name,)
                )
            else:
                value = convert(values[name])
            converted[argument.python_name] = value
        return converted

    def _of(self, type_: Any) -> Convert | None:
        """How values of a type are converted; None: only Strawberry knows."""
        if isinstance(type_, StrawberryMaybe):
            return None
        if isinstance(type_, (StrawberryOptional, StrawberryList)):
            of = self._of(type_.of_type)
            if of is None or isinstance(type_, StrawberryOptional):
                return of
            return _list_of(of)
        if isinstance(type_, LazyType):
            return self._of(type_.resolve_type())
        if type_ is GlobalID:
            return None
        if (
            isinstance(type_, StrawberryEnumDefinition)
            or has_enum_definition(type_)
            or is_scalar(type_, self._registry)
        ):
            return _same
        if has_object_definition(type_):
            if type_ not in self._types:
                # An input that holds itself: Strawberry's own conversion follows it.
                self._types[type_] = None
                self._types[type_] = self._object(type_)
            return self._types[type_]
        return None

    def _object(self, type_: Any) -> Convert | None:
        definition = type_.__strawberry_definition__
        if definition.from_input is not None or not definition.is_input:
            return None
        fields = []
        absent: dict[str, None] = {}
        for field in definition.fields:
            convert = self._of(field.resolve_type(type_definition=definition))
            if convert is None:
                return None
            name = self._config.name_converter.from_field(field)
            fields.append((name, field.python_name, convert))
            if field.default_value is MISSING and field.default_factory is MISSING:
                absent[field.python_name] = None

        def build(value: Any) -> Any:
            if value is None or value is UNSET:
                return value
            given = {
                python_name: convert(value[name])
                for name, python_name, convert in fields
                if name in value
            }
            return type_(**(absent | given))

        return build


def _same(value: Any) -> Any:
    return value


def _list_of(convert: Convert) -> Convert:
    def items(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        # Always a new list: a default is the same object in every request.
        return list(value) if convert is _same else [convert(item) for item in value]

    return items
