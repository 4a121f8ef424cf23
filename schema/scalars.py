"""The contract's own scalars: what is not exactly of the form is refused, with a word why."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, GraphQLID, GraphQLScalarType, GraphQLString
from strawberry.types.scalar import ScalarDefinition

from app.errors import Invalid
from app.money import require_currency
from schema.engine import unchanged_unless

MinorUnits = NewType("MinorUnits", int)
CurrencyCode = NewType("CurrencyCode", str)
PropertyFilterJSON = NewType("PropertyFilterJSON", dict[str, Any])

# Every whole number up to here is exact in a JSON number as JavaScript reads it.
LARGEST = 2**53

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
TIME = re.compile(r"\d{2}:\d{2}", re.ASCII)


def parse_date(value: object) -> date:
    if isinstance(value, str) and DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise GraphQLError(f"Date '{value}' is not in the calendar.") from None
    raise GraphQLError("Date must be a string like '2026-07-14'.")


def parse_datetime(value: object) -> datetime:
    if isinstance(value, str):
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            instant = None
        if instant is not None and instant.tzinfo is not None:
            return instant
    raise GraphQLError(
        "DateTime must be a string with an offset, like '2026-07-14T15:00:00+00:00'."
    )


def parse_time(value: object) -> time:
    if isinstance(value, str) and TIME.fullmatch(value):
        try:
            return time.fromisoformat(value)
        except ValueError:
            raise GraphQLError(f"TimeOfDay '{value}' is not on the clock.") from None
    raise GraphQLError("TimeOfDay must be a string like '15:00'.")


def serialize_time(value: time) -> str:
    return value.strftime("%H:%M")


@unchanged_unless(f"({{v}}.__class__ is not int or not -{LARGEST} <= {{v}} <= {LARGEST})")
def parse_minor_units(value: object) -> int:
    # bool is an int to Python, and a JSON number with a point is a float even when it is whole.
    if not isinstance(value, int) or isinstance(value, bool):
        raise GraphQLError("MinorUnits must be a whole number, like 12050 for 120.50 EUR.")
    if not -LARGEST <= value <= LARGEST:
        raise GraphQLError("MinorUnits must lie within -2^53 and 2^53.")
    return value


def parse_currency(value: object) -> str:
    if not isinstance(value, str):
        raise GraphQLError("CurrencyCode must be a string like 'EUR'.")
    try:
        return require_currency(value)
    except Invalid:
        raise GraphQLError("CurrencyCode must be an ISO 4217 code like 'EUR'.") from None


def refuse_input(value: object) -> object:
    raise GraphQLError("PropertyFilterJSON is only read: pass it as a PropertyFilter.")


@unchanged_unless("{v}.__class__ is not dict")
def serialize_json(value: Any) -> Any:
    return value


@unchanged_unless("{v}.__class__ is not str")
def unchanged(value: Any) -> Any:
    return value


def _scalar(
    name: str,
    description: str,
    parse: Callable[[object], Any],
    serialize: Callable[[Any], Any] = unchanged,
    url: str | None = None,
) -> ScalarDefinition:
    return strawberry.scalar(
        name=name,
        description=description,
        parse_value=parse,
        serialize=serialize,
        specified_by_url=url,
    )


SCALARS: Mapping[object, ScalarDefinition] = {
    date: _scalar(
        "Date",
        "A calendar date without a time, ISO 8601: `2026-07-14`. "
        "For stays, in the property's time zone.",
        parse_date,
        date.isoformat,
    ),
    datetime: _scalar(
        "DateTime",
        "An instant, ISO 8601 with an offset: `2026-07-14T15:00:00+00:00`.",
        parse_datetime,
        datetime.isoformat,
        "https://scalars.graphql.org/andimarek/date-time.html",
    ),
    time: _scalar(
        "TimeOfDay",
        "A wall-clock time of day in the property's time zone: `15:00`.",
        parse_time,
        serialize_time,
    ),
    MinorUnits: _scalar(
        "MinorUnits",
        "An amount in minor units (cents; whole yen; thousandths of a dinar). "
        "A whole JSON number within ±2^53.",
        parse_minor_units,
        parse_minor_units,
    ),
    PropertyFilterJSON: _scalar(
        "PropertyFilterJSON",
        "A `PropertyFilter` as a JSON object, to be passed as the value of a variable.",
        refuse_input,
        serialize_json,
    ),
    CurrencyCode: _scalar(
        "CurrencyCode",
        "An ISO 4217 currency code: `EUR`.",
        parse_currency,
        url="https://en.wikipedia.org/wiki/ISO_4217",
    ),
}


def refuse_nul() -> None:
    """Make String and ID refuse the character U+0000, which PostgreSQL's text cannot hold.

    They are graphql-core's own objects, one each per process, and cannot be replaced in a schema.
    Doing it again changes nothing.
    """
    for scalar in (GraphQLString, GraphQLID):
        if not hasattr(scalar, "refuses_nul"):
            _refuse_nul(scalar)


def _refuse_nul(scalar: GraphQLScalarType) -> None:
    coerce_value, coerce_literal = scalar.coerce_input_value, scalar.coerce_input_literal
    assert coerce_literal is not None

    def checked(value: Any) -> Any:
        if isinstance(value, str) and "\x00" in value:
            raise GraphQLError(f"{scalar.name} cannot hold the character U+0000.")
        return value

    scalar.coerce_input_value = lambda value: checked(coerce_value(value))
    scalar.coerce_input_literal = lambda node: checked(coerce_literal(node))
    scalar.refuses_nul = True  # type: ignore[attr-defined]
