"""What answers are made of: structs, made and encoded several times as fast as dicts.

There is a class for the response keys of each selection. A struct's fields are named by their
place, because response keys need not be names that Python allows.
"""

from datetime import date
from typing import Any
from weakref import WeakValueDictionary

import msgspec


class Answered(msgspec.Struct, gc=False):
    """An object of an answer: a tree, which the garbage collector need not look into."""


# Shared by all plans that use them, and gone with the last.
_classes: WeakValueDictionary[tuple[str, ...], type[Answered]] = WeakValueDictionary()


def place(number: int) -> str:
    """The attribute of a struct that is its value of that number, from 0."""
    return f"v{number}"


def answered(keys: tuple[str, ...]) -> type[Answered]:
    """The class of objects with these response keys, in this order."""
    found: type[Answered] | None = _classes.get(keys)
    if found is None:
        names = {place(number): key for number, key in enumerate(keys)}
        fields = [(name, Any) for name in names]
        made: Any = msgspec.defstruct(
            "Answered", fields, bases=(Answered,), rename=names, gc=False, eq=False
        )
        found = _classes[keys] = made
    return found


# Where the value of an operation, or of a field, is put.
Top = answered(("data",))
TOP = place(0)


def as_plain(value: Any) -> Any:
    """What was answered as graphql-core has it: dicts, and dates as text."""
    if isinstance(value, Answered):
        kept = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return {key: as_plain(getattr(value, name)) for key, name in kept}
    if value.__class__ is list:
        return [as_plain(item) for item in value]
    return value.isoformat() if value.__class__ is date else value
