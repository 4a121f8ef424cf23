"""Answers that PostgreSQL writes: the JSON of what is asked of rows, where it writes it exactly.

What it writes is sent as it is, without anything made of it in between. It is to the letter what
resolvers and scalars would have made of the rows: that is known of the values below, and of
resolvers that say so by `@writes`. Whatever depends on who looks is never written.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec
from graphql import (
    GraphQLEnumType,
    GraphQLOutputType,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    SmallInteger,
    String,
    Text,
    Time,
    and_,
    case,
    func,
    literal_column,
)

from app.storage import Addresses
from db.base import Base
from db.shapes import Related, Value, Written, sql_of
from schema.engine import Asked, Selection
from schema.marks import COMPUTES, JOINS, SHOWS_ROW, WRITES, marks_of

Exactly: TypeAlias = Callable[[Any], ColumnElement[Any]]

# PostgreSQL cuts off what is longer.
LONGEST_NAME = 63


class NotWritten(Exception):
    """PostgreSQL cannot write this, or not exactly."""


def _constant(word: str) -> ColumnElement[str]:
    return literal_column(f"'{word}'", Text)


def _same(column: Any) -> ColumnElement[Any]:
    return column  # type: ignore[no-any-return]


def _instant(column: Any) -> ColumnElement[Any]:
    """As datetime.isoformat: microseconds where there are any, and then six digits."""
    at = func.timezone(_constant("UTC"), column)
    whole = func.date_trunc(_constant("second"), at) == at
    seconds = 'YYYY-MM-DD"T"HH24:MI:SS'
    form = case((whole, _constant(f'{seconds}"+00:00"')), else_=_constant(f'{seconds}.US"+00:00"'))
    return func.to_char(at, form)


def _time_of_day(column: Any) -> ColumnElement[Any]:
    return func.to_char(column, _constant("HH24:MI"))


TEXTS, WHOLE_NUMBERS = (String, Text), (Integer, SmallInteger)
# By scalar: the columns of which PostgreSQL writes the same, and how. Sums of money are far from
# what a MinorUnits cannot hold (app.properties.rules); floats are written differently.
EXACT: Mapping[str, tuple[tuple[type, ...], Exactly]] = {
    "ID": (TEXTS, _same),
    "String": (TEXTS, _same),
    "CurrencyCode": (TEXTS, _same),
    "Boolean": ((Boolean,), _same),
    "Int": (WHOLE_NUMBERS, _same),
    "MinorUnits": ((*WHOLE_NUMBERS, BigInteger), _same),
    "Date": ((Date,), _same),
    "DateTime": ((DateTime,), _instant),
    "TimeOfDay": ((Time,), _time_of_day),
}
NEVER: tuple[tuple[type, ...], Exactly] = (), _same


def written(
    found: Selection | None, row: type[msgspec.Struct], model: type[Base], addresses: Addresses
) -> Written | None:
    """What is asked of the rows of a model; None: PostgreSQL cannot write all of it."""
    try:
        return _Writer(row, model, addresses).object(found)
    except NotWritten:
        return None


class _Writer:
    """Finds the SQL of what is asked of a row."""

    def __init__(self, row: type[msgspec.Struct], model: type[Base], addresses: Addresses) -> None:
        self._row = row
        self._model = model
        self._addresses = addresses

    def object(self, found: Selection | None) -> Written:
        return _object(found, self._value)

    def _value(self, asked: Asked) -> Value:
        name = asked.name
        marks = marks_of(asked)
        if marks is None:
            if name in self._row.__struct_fields__:
                return _leaf(asked.type, lambda of: getattr(of, name), self._model)
            return self._derived(asked, sql_of(self._row, name))
        if JOINS in marks:
            return self._related(asked, marks[JOINS])
        if SHOWS_ROW in marks:
            given: tuple[str, ...] = marks[SHOWS_ROW]
            return _unless_null(
                asked,
                self.object(asked.selection),
                lambda of: [getattr(of, each) for each in given],
                self._model,
            )
        if COMPUTES in marks:
            sql: Value = marks[COMPUTES](asked.type_name).sql
            return sql
        if WRITES in marks and asked.arguments is not None:
            writes = marks[WRITES](self._addresses, **asked.arguments)
            if writes is not None:
                return _leaf(asked.type, writes, self._model)
        raise NotWritten

    def _derived(self, asked: Asked, sql: Callable[[Any], Any] | None) -> Value:
        if sql is None:
            raise NotWritten
        values = sql(self._model)
        if not isinstance(values, Mapping):
            return _leaf(asked.type, sql, self._model)

        def value(each: Asked) -> Value:
            name = each.name
            if marks_of(each) is not None or name not in values:
                raise NotWritten
            return _exactly(each.type, values[name], lambda of: sql(of)[name])

        made = _object(asked.selection, value)
        return _unless_null(asked, made, lambda of: list(sql(of).values()), self._model)

    def _related(self, asked: Asked, related: Related) -> Value:
        if is_list_type(get_nullable_type(asked.type)) is not related.many:
            raise NotWritten
        if is_non_null_type(asked.type) and not (related.many or _is_there(related, self._model)):
            raise NotWritten
        like = _Writer(related.row, related.model, self._addresses).object(asked.selection)
        return lambda of: related.column(of, like)


def _object(found: Selection | None, value: Callable[[Asked], Value]) -> Written:
    if found is None or found.shown is None:
        raise NotWritten
    entries: list[tuple[str, Value]] = []
    for key, asked in found.shown.items():
        if len(key) > LONGEST_NAME:
            raise NotWritten
        entries.append((key, _name(asked) if isinstance(asked, str) else value(asked)))
    return Written(entries)


def _name(type_name: str) -> Value:
    return lambda _: _constant(type_name)


def _unless_null(
    asked: Asked, made: Written, given: Callable[[Any], list[Any]], model: type[Base]
) -> Value:
    """An object, that is null where one of the columns `given` is."""
    places = [place for place, column in enumerate(given(model)) if _may_be_null(column)]
    if not places:
        return made.json
    if is_non_null_type(asked.type):
        raise NotWritten

    def value(of: Any) -> ColumnElement[Any]:
        columns = given(of)
        return case((and_(*(columns[place].is_not(None) for place in places)), made.json(of)))

    return value


def _leaf(type_: GraphQLOutputType, value: Value, model: type[Base]) -> Value:
    """A value as its scalar or enum writes it."""
    column = value(model)
    if is_non_null_type(type_) and _may_be_null(column):
        raise NotWritten
    return _exactly(type_, column, value)


def _exactly(type_: GraphQLOutputType, column: Any, value: Value) -> Value:
    """The same of a column that is known not to be null where it must not be."""
    named: Any = get_nullable_type(type_)
    kind = column.type
    if isinstance(named, GraphQLEnumType):
        # Its column holds the enum's values only, by a check where it is declared.
        as_named = all(name == each.value for name, each in named.values.items())
        kinds, exactly = EXACT["String"] if as_named else NEVER
    elif is_leaf_type(named):
        kinds, exactly = EXACT.get(named.name, NEVER)
    else:
        raise NotWritten
    if type(kind) not in kinds or (isinstance(kind, DateTime) and not kind.timezone):
        raise NotWritten
    return lambda of: exactly(value(of))


def _may_be_null(column: Any) -> bool:
    """An expression says itself that it is not (`db.shapes.in_sql`)."""
    columns = getattr(getattr(column, "property", None), "columns", None)
    return bool(columns and columns[0].nullable)


def _is_there(related: Related, model: type[Base]) -> bool:
    """Whether each row of the model has its related one."""
    parent = model.__table__.c[related.parent]
    key = related.model.__table__.c[related.key]
    return not parent.nullable and any(each.column is key for each in parent.foreign_keys)
