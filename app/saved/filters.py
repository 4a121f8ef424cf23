"""How a search's filter is kept, and found again when searches have learnt more."""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.search.filters import Filter


class Outdated(ValueError):
    """What was kept says something that searches do not know any more."""


def kept(wanted: Filter) -> dict[str, Any]:
    """What to store of a filter: all that does not leave things open."""
    values, defaults = msgspec.to_builtins(wanted), msgspec.to_builtins(Filter())
    return {name: value for name, value in values.items() if value != defaults[name]}


def restored(stored: Mapping[str, Any]) -> Filter:
    """The filter again. What filters have learnt since is left open.

    Raises Outdated rather than look for something else than was wanted.
    """
    unknown = stored.keys() - set(Filter.__struct_fields__)
    if unknown:
        raise Outdated(f"searches know nothing of {', '.join(sorted(unknown))}")
    try:
        return msgspec.convert(stored, Filter)
    except msgspec.ValidationError as error:
        raise Outdated(str(error)) from error
