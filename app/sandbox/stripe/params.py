"""Stripe's form encoding (`metadata[a]=1&expand[0]=b`) and typed access to it."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from app.sandbox.stripe.errors import bad_param

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_MAX_FIELDS = 1_000
_MAX_DEPTH = 6
_MAX_INTEGER = 2**53 - 1


def pairs(encoded: bytes) -> list[tuple[str, str]]:
    """The decoded names and values, in the order sent.

    Raises:
        StripeError: there are more than a thousand.
    """
    text = encoded.decode("utf-8", "replace")
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise bad_param(f"At most {_MAX_FIELDS} parameters are allowed.", "") from error


def nest(items: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Names with brackets as nested dictionaries; `a[]=x` counts its places up.

    Raises:
        StripeError: a name is malformed, too deep, or both a value and a hash.
    """
    tree: dict[str, Any] = {}
    for name, value in items:
        match = _NAME.match(name)
        if match is None:
            raise bad_param(f"Invalid parameter name: {name}", name)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        if len(path) > _MAX_DEPTH:
            raise bad_param(f"Parameter nested too deeply: {match[1]}", match[1])
        node = tree
        for step in path[:-1]:
            node = node.setdefault(step or str(len(node)), {})
            if not isinstance(node, dict):
                raise bad_param("Invalid hash", match[1], "parameter_invalid_hash")
        last = path[-1] or str(len(node))
        if isinstance(node.get(last), dict):
            raise bad_param(f"Invalid string: {name}", match[1])
        node[last] = value
    return tree


class Params:
    """The parameters of one request. Every accessor raises StripeError, as Stripe words it."""

    def __init__(self, values: dict[str, Any], prefix: str = "") -> None:
        self._values = values
        self._prefix = prefix

    def _name(self, name: str) -> str:
        return f"{self._prefix}[{name}]" if self._prefix else name

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def is_text(self, name: str) -> bool:
        """Whether a value was sent, rather than a hash or nothing."""
        return isinstance(self._values.get(name), str)

    def drop(self, *names: str) -> None:
        """Leave out what has been dealt with already."""
        for name in names:
            self._values.pop(name, None)

    def only(self, *allowed: str) -> None:
        """Refuse what the operation does not know, instead of silently ignoring it."""
        for name in self._values:
            if name not in allowed:
                full = self._name(name)
                message = f"Received unknown parameter: {full}"
                raise bad_param(message, full, "parameter_unknown")

    def string(self, name: str, limit: int = 5_000) -> str | None:
        """Text, or None where it is absent or sent empty (Stripe's way to unset)."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise bad_param(f"Invalid string: {value}", self._name(name))
        if len(value) > limit:
            message = f"Invalid string; must be at most {limit} characters"
            raise bad_param(message, self._name(name), "parameter_invalid_string_length")
        return value

    def required(self, name: str) -> str:
        """Text that must be there."""
        self._present(name)
        value = self.string(name)
        if value is None:
            full = self._name(name)
            message = f"You passed an empty string for '{full}', which cannot be unset."
            raise bad_param(message, full, "parameter_invalid_empty")
        return value

    def _present(self, name: str) -> None:
        if name not in self._values:
            full = self._name(name)
            raise bad_param(f"Missing required param: {full}.", full, "parameter_missing")

    def integer(self, name: str) -> int | None:
        """A whole number, up to 2^53 − 1 in size."""
        text = self.string(name)
        if text is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,16}", text) or abs(int(text)) > _MAX_INTEGER:
            message = f"Invalid integer: {text}"
            raise bad_param(message, self._name(name), "parameter_invalid_integer")
        return int(text)

    def positive(self, name: str, maximum: int | None = None) -> int | None:
        """A whole number of at least 1: amounts and limits."""
        value = self.integer(name)
        if value is not None and value < 1:
            message = "This value must be greater than or equal to 1."
            raise bad_param(message, self._name(name), "parameter_invalid_integer")
        if value is not None and maximum is not None and value > maximum:
            message = f"This value must be less than or equal to {maximum}."
            raise bad_param(message, self._name(name), "parameter_invalid_integer")
        return value

    def required_positive(self, name: str) -> int:
        """A whole number of at least 1 that must be there."""
        self.required(name)
        value = self.positive(name)
        assert value is not None
        return value

    def boolean(self, name: str, default: bool = False) -> bool:
        """`true` or `false`."""
        text = self.string(name)
        if text is None:
            return default
        if text not in ("true", "false"):
            raise bad_param(f"Invalid boolean: {text}", self._name(name))
        return text == "true"

    def choice(self, name: str, *allowed: str) -> str | None:
        """One of a few words."""
        text = self.string(name)
        if text is not None and text not in allowed:
            known = ", ".join(allowed)
            raise bad_param(f"Invalid {name}: must be one of {known}", self._name(name))
        return text

    def nested(self, name: str) -> "Params":
        """A hash; empty where it is absent."""
        value = self._values.get(name, {})
        if value == "":
            value = {}
        if not isinstance(value, dict):
            raise bad_param("Invalid hash", self._name(name), "parameter_invalid_hash")
        return Params(value, self._name(name))

    def strings(self, name: str) -> list[str]:
        """An array of texts."""
        values = list(self.nested(name)._values.values())
        if not all(isinstance(value, str) for value in values):
            raise bad_param("Invalid array", self._name(name))
        return values

    def names(self) -> list[str]:
        """The names that were sent."""
        return list(self._values)

    def metadata(self, current: dict[str, str] | None = None) -> dict[str, str]:
        """`current` with the changes sent: an empty value removes its key, an empty hash all.

        At most 50 keys of 40 characters, values of 500 (docs.stripe.com/api/metadata).
        """
        if self._values.get("metadata") == "":
            return {}
        changed = dict(current or {})
        sent = self.nested("metadata")
        for key in sent.names():
            value = sent.string(key, limit=500)
            if len(key) > 40:
                raise bad_param("Metadata keys are at most 40 characters", f"metadata[{key}]")
            if value is None:
                changed.pop(key, None)
            else:
                changed[key] = value
        if len(changed) > 50:
            raise bad_param("Metadata is limited to 50 keys", "metadata")
        return changed


def currency(params: Params) -> str:
    """A lower-case ISO 4217 code, as Stripe documents it."""
    code = params.required("currency")
    if not re.fullmatch(r"[a-z]{3}", code):
        raise bad_param(f"Invalid currency: {code}", "currency")
    return code
